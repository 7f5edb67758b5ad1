"""A real browser over a real server: a watched page, and a robot that counts what its hand does."""

from __future__ import annotations

import contextlib
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect, sync_playwright
from tools.services import chromium

from running import ENVIRONMENT, RUNNEL, Running

SIZE = {"width": 1440, "height": 900}
QUIET = re.compile(r"net::ERR_ABORTED|favicon")
REGIONS = ("north", "south", "east", "west", "centre")
CSP_WATCH = """addEventListener('securitypolicyviolation', e =>
  console.error('CSP refused ' + [e.violatedDirective, e.blockedURI, e.sourceFile, e.lineNumber, e.sample].join(' ')));"""


def sales_csv(rows: int = 2000, seed: int = 7) -> str:
    """Return sales as CSV, the same text each time."""
    made = random.Random(seed)
    lines = ["id,day,region,product,quantity,price,customer,status"]
    for number in range(rows):
        day = f"2025-{made.randint(1, 12):02}-{made.randint(1, 28):02}"
        quantity, price = made.randint(1, 20), made.randint(100, 99_999)
        status = made.choice(("paid", "open", "cancelled"))
        lines.append(
            f"{number},{day},{made.choice(REGIONS)},product-{made.randint(1, 40)},{quantity},"
            f"{price // 100}.{price % 100:02},customer {made.randint(1, 500)},{status}"
        )
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def browser(*arguments: str, **options: Any) -> Iterator[Browser]:
    """A headless Chromium that is closed whatever happens."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium.executable(), args=[*chromium.ARGUMENTS, *arguments], **options
        )
        yield started
        started.close()


def link(server: Running) -> str:
    """Return a link that logs in: the printed one works once, the program prints further ones."""
    command = [RUNNEL, "link"]
    done = subprocess.run(command, cwd=server.root, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.strip().split()[-1]


@dataclass
class Watch:
    """Notes what goes wrong in the pages of a context: console errors, page errors, refused policy, failed requests."""

    problems: list[str] = field(default_factory=list)
    allowed: list[re.Pattern[str]] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Expect a problem whose text fits a pattern."""
        self.allowed.append(re.compile(pattern))

    def attach(self, page: Page) -> None:
        """Listen to a page."""
        page.on(
            "console",
            lambda message: (
                message.type == "error" and self.note(f"console: {message.text} {message.location.get('url', '')}")
            ),
        )
        page.on("pageerror", lambda error: self.note(f"page error: {error}"))
        page.on("requestfailed", lambda request: self.note(f"failed: {request.method} {request.url} {request.failure}"))
        page.on("response", self.answered)

    def answered(self, answer: Response) -> None:
        """Keep an answer that is a refusal."""
        if answer.status >= 400:
            self.note(
                f"{answer.status} {answer.request.method} {answer.url} asked {(answer.request.post_data or '')[:3000]}"
            )

    def note(self, text: str) -> None:
        """Keep a problem."""
        if not QUIET.search(text):
            self.problems.append(text)

    def unexpected(self) -> list[str]:
        """Return the problems that nobody expected."""
        return [one for one in self.problems if not any(pattern.search(one) for pattern in self.allowed)]


def open_context(browser: Browser, watch: Watch | None = None, **options: Any) -> BrowserContext:
    """Return a fresh profile with a fixed size, language and time zone."""
    context = browser.new_context(**{"viewport": SIZE, "locale": "en-GB", "timezone_id": "UTC", **options})
    context.set_default_timeout(15_000)
    context.add_init_script(CSP_WATCH)
    if watch is not None:
        context.on("page", watch.attach)
    return context


class Robot:
    """A hand on a page that counts: every click, drag, key chord and field entry is one action."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.actions: list[str] = []

    # -- what counts

    def click(self, target: str | Locator, **how: Any) -> None:
        """Click once."""
        self.actions.append(f"click {target}")
        self._at(target).click(**how)

    def double(self, target: str | Locator, **how: Any) -> None:
        """Double-click, which counts as one."""
        self.actions.append(f"double-click {target}")
        self._at(target).dblclick(**how)

    def press(self, chord: str) -> None:
        """Press a key or chord."""
        self.actions.append(f"press {chord}")
        self.page.keyboard.press(chord)

    def enter(self, target: str | Locator, text: str) -> None:
        """Write into a field, replacing what it held."""
        self.actions.append(f"enter {text}")
        self._at(target).fill(text)

    def write(self, text: str) -> None:
        """Type where the focus is, which is one field entry."""
        self.actions.append(f"type {text}")
        self.page.keyboard.insert_text(text)

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        """Drag with the pointer from a point to another."""
        self.actions.append(f"drag {start} to {end}")
        self.hold(start, end, steps)
        self.page.mouse.up()

    def hold(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        """Drag, and keep the button down."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=steps)

    def drop(self, file: Path, at: tuple[float, float]) -> None:
        """Drop a file of the disk, as the system does it."""
        self.actions.append(f"drop {file.name}")
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": at[0], "y": at[1], "data": data})
        session.detach()

    def choose(self, target: str | Locator, file: Path) -> None:
        """Click what opens the system's file dialog, and choose a file there: two actions."""
        self.actions += [f"click {target}", f"choose {file.name}"]
        with self.page.expect_file_chooser() as waiting:
            self._at(target).click()
        waiting.value.set_files(file)

    @property
    def count(self) -> int:
        """How many actions were made."""
        return len(self.actions)

    # -- where things are

    def go(self, path: str) -> None:
        """Open a page of the server."""
        self.page.goto(self.base + path)

    def edit(self, name: str, query: str = "") -> None:
        """Open a pipeline and wait until its canvas is there and analysed."""
        self.go(f"/pipelines/{name}{query}")
        expect(self.get("canvas")).to_be_visible()
        expect(self.get("saved")).to_have_attribute("data-state", "saved")

    def get(self, testid: str, **attributes: str) -> Locator:
        """Return what has a test id, and the given `data-` attributes."""
        more = "".join(f'[data-{name.strip("_").replace("_", "-")}="{value}"]' for name, value in attributes.items())
        return self.page.locator(f'[data-testid="{testid}"]{more}')

    def node(self, id: str) -> Locator:
        """Return a node of the canvas."""
        return self.get("node", id=id)

    def port(self, node: str, port: str, side: str = "output") -> Locator:
        """Return a port of a node."""
        return self.node(node).locator(f'[data-testid="port"][data-port="{port}"][data-side="{side}"]')

    def field(self, name: str) -> Locator:
        """Return a field of the inspector."""
        return self.get("inspector").locator(f'[data-testid="field"][data-name="{name}"]')

    def middle(self, target: str | Locator) -> tuple[float, float]:
        """Return the middle of what is shown."""
        box = self._at(target).bounding_box()
        assert box is not None, f"{target} is not shown"
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def box(self, target: str | Locator) -> dict[str, float]:
        """Return where something is shown."""
        box = self._at(target).bounding_box()
        assert box is not None, f"{target} is not shown"
        return dict(box)

    def saved(self) -> None:
        """Wait until the draft is at the server."""
        expect(self.get("saved")).to_have_attribute("data-state", "saved")

    def ready(self, rows: int | None = None) -> Locator:
        """Wait until the grid shows its rows; returns it."""
        grid = self.page.locator('[data-region="drawer"] [data-testid="grid"]')
        expect(grid).to_have_attribute("data-state", "ready")
        if rows is not None:
            expect(grid).to_have_attribute("data-rows", str(rows))
        return grid

    def _at(self, target: str | Locator) -> Locator:
        return self.page.locator(target).first if isinstance(target, str) else target


def chart_values(robot: Robot, inside: str = '[data-region="drawer"]') -> tuple[str, list[tuple[Any, ...]]]:
    """Return the kind of the chart that is shown and the rows that it draws, numbers as numbers."""
    chart = robot.page.locator(f'{inside} [data-testid="chart"]').first
    rows = chart.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return chart.get_attribute("data-kind") or "", [tuple(_number(cell) for cell in row) for row in rows]


def _number(text: str) -> Any:
    try:
        return float(text.replace(",", "").replace("−", "-"))
    except ValueError:
        return text


def paste(robot: Robot, text: str) -> None:
    """Paste as the keyboard does, with a clipboard of its own."""
    robot.page.evaluate(
        """text => { const data = new DataTransfer(); data.setData('text/plain', text);
        (document.activeElement ?? document.body).dispatchEvent(
          new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }""",
        text,
    )
