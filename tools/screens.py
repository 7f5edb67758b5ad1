"""Draws the pictures of the docs: drives a real server with the examples and writes docs/screens/NAME-THEME.png."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screens"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import Browser, expect  # noqa: E402

from browsing import Robot, browser, open_context, sales_csv  # noqa: E402
from running import Running, running, until  # noqa: E402

IN_CONTRAST = ("home", "editor-preview", "error", "run-failed", "share")
PASSWORD = "correct horse battery"
SALES = """\
runnel: 1
name: sales
title: Sales by region
description: Which region brings the most, of the orders that were paid?
nodes:
  sales:
    kind: source.file
    config: {path: sales.csv}
  paid:
    kind: table.filter
    title: Paid sales
    from: sales
    config: {where: "status = 'paid' and quantity > 5"}
  worth:
    kind: table.derive
    from: paid
    config: {columns: {worth: price * quantity, month: "date_trunc('month', day)"}}
  regions:
    kind: table.aggregate
    from: worth
    config: {group_by: [region], values: {revenue: sum(worth), orders: count(*)}}
  months:
    kind: table.aggregate
    from: worth
    config: {group_by: [month], values: {revenue: sum(worth)}}
  by_region:
    kind: chart.bar
    from: regions
    config: {x: region, y: revenue, title: Which region brings the most?}
  over_time:
    kind: chart.line
    from: months
    config: {x: month, y: revenue, title: How did the year go?}
  saved:
    kind: sink.dataset
    from: regions
    config: {name: revenue_by_region, mode: replace}
"""
BROKEN = SALES.replace("name: sales", "name: broken").replace("title: Sales by region", "title: Sales with a slip")
BROKEN = BROKEN.replace("status = 'paid' and", "statsu = 'paid' and")
FAILING = """\
runnel: 1
name: failing
title: Nightly import
nodes:
  sales:
    kind: source.file
    config: {path: sales.csv}
  typed:
    kind: table.cast
    from: sales
    config: {columns: {product: BIGINT}, on_error: fail}
  saved:
    kind: sink.dataset
    from: typed
    config: {name: nightly, mode: replace}
"""
LONG = """\
runnel: 1
name: long
title: Two hundred million rows
nodes:
  many:
    kind: source.generate
    config: {rows: 200000000, columns: {id: sequence}}
  hashed:
    kind: table.derive
    from: many
    config: {columns: {bucket: "id % 997", digest: "sha256(cast(id as varchar))"}}
  totals:
    kind: table.aggregate
    from: hashed
    config: {group_by: [bucket], values: {digests: count_distinct(digest)}}
  saved:
    kind: sink.file
    from: totals
    config: {path: buckets.csv}
"""
FARM = """\
runnel: 1
name: farm
title: Wind farm live
nodes:
  telemetry:
    kind: source.simulate
    title: Turbine telemetry
    config: {columns: {id: sequence, turbine: "choice(WT-02,WT-08,WT-17,WT-23,WT-31,WT-44)",
                       state: "choice(run,run,run,run,maintenance)", wind_ms: "number(7,15)", power_kw: "number(0,4200)"},
             rate_per_second: 2400, partitions: 4, watermark_delay_seconds: 2}
  running:
    kind: table.filter
    title: Turbines in service
    from: telemetry
    config: {where: "state = 'run'"}
  means:
    kind: stream.window
    title: Means per turbine
    from: running
    config: {size_seconds: 2, group_by: [turbine], values: {power_kw: avg(power_kw), wind_ms: avg(wind_ms), readings: count(*)}}
  saved:
    kind: sink.dataset
    title: Save turbine means
    from: means
    config: {name: turbine_means, mode: append}
  low:
    kind: table.filter
    title: Below the median
    from: means
    config: {where: "power_kw < 2100"}
  chart:
    kind: chart.line
    title: Below the farm now
    from: low
    config: {x: window_start, y: power_kw, series: turbine, title: Which turbines bring less than they could?}
"""
expect.set_options(timeout=30_000)
Shot = Callable[[Robot, Running], None]


def _canvas(robot: Robot, name: str, query: str = "") -> None:
    robot.edit(name, query)
    expect(robot.get("node").first).to_be_visible()


def _counted(robot: Robot) -> None:
    robot.ready()
    expect(robot.page.locator('[data-testid="column"][data-distinct]').first).to_be_visible()
    robot.page.wait_for_load_state("networkidle")


def home(robot: Robot, _: Running) -> None:
    """The first page."""
    robot.go("/")
    expect(robot.get("template").locator("svg").first).to_be_visible(timeout=60_000)
    expect(robot.page.locator('[data-testid="template"] [aria-hidden="true"].animate-pulse')).to_have_count(0)
    robot.page.wait_for_load_state("networkidle", timeout=60_000)


def empty(robot: Robot, _: Running) -> None:
    """A canvas without nodes."""
    robot.edit("blank")
    expect(robot.get("drop-zone")).to_be_visible()


def preview(robot: Robot, _: Running) -> None:
    """The editor with the rows after a node."""
    _canvas(robot, "sales", "?node=regions")
    _counted(robot)


def add_menu(robot: Robot, server: Running) -> None:
    """The menu that adds a node."""
    _canvas(robot, "sales", "?node=worth")
    _counted(robot)
    robot.page.locator('[data-testid="canvas"]').focus()
    robot.press("Tab")
    robot.write("group")
    expect(robot.get("add-item").first).to_be_visible()


def expression(robot: Robot, server: Running) -> None:
    """An expression with completion and its value on real rows."""
    server.api.delete("/pipelines/written/draft")
    _canvas(robot, "written", "?node=paid")
    _counted(robot)
    code = robot.field("where").locator(".cm-content")
    robot.click(code)
    robot.page.keyboard.press("Control+End")
    robot.page.keyboard.type(" and pr")
    robot.press("Control+Space")
    expect(robot.page.locator(".cm-tooltip-autocomplete li").first).to_be_visible()


def error(robot: Robot, _: Running) -> None:
    """A wrong name with the fix."""
    _canvas(robot, "broken", "?node=paid")
    expect(robot.field("where").locator('[data-testid="fix"]')).to_be_visible()


def left_out(robot: Robot, _: Running) -> None:
    """Why rows did not go on."""
    _canvas(robot, "sales", "?node=paid")
    _counted(robot)
    robot.click(robot.page.get_by_role("tab", name="Left out"))
    expect(robot.page.get_by_role("tabpanel", name="Left out").get_by_test_id("grid")).to_be_visible()


def run_live(robot: Robot, server: Running) -> None:
    """A run while it is under way."""
    _canvas(robot, "long", "?node=many")
    robot.ready()
    robot.click(robot.get("run"))
    expect(robot.get("run", state="running")).to_be_visible()
    expect(robot.node("totals")).to_have_attribute("data-state", "running", timeout=30_000)


def _streaming(server: Running) -> None:
    """Let the wind farm run until its windows have closed."""
    known = server.api.get("/streams/farm")
    if known.status_code != 200 or known.json()["status"] != "running":
        server.post("/streams/farm/start")
    until(lambda: server.api.get("/streams/farm").json().get("ports", {}).get("low.output", 0) >= 12, 90)


def stream(robot: Robot, server: Running) -> None:
    """A stream while it runs, with a wire that is tapped."""
    _streaming(server)
    _canvas(robot, "farm")
    robot.page.locator(".wire-label-stream").nth(1).click()
    expect(robot.get("tap").get_by_test_id("grid")).to_be_visible()
    robot.page.mouse.move(1439, 899)
    until(lambda: "200" in robot.get("tap-rows").inner_text())


def stream_page(robot: Robot, server: Running) -> None:
    """The page of a stream."""
    _streaming(server)
    robot.go("/streams/farm")
    expect(robot.get("stream-ledger")).to_be_visible()
    until(lambda: robot.get("stream-rate").inner_text() != "0/s")


def run_failed(robot: Robot, server: Running) -> None:
    """The page of a failed run."""
    run = server.get("/runs", pipeline="failing")["items"][0]
    robot.go(f"/runs/{run['run_id']}")
    expect(robot.get("cause")).to_be_visible()


def run_list(robot: Robot, _: Running) -> None:
    """All runs."""
    robot.go("/runs")
    expect(robot.get("run-row").nth(4)).to_be_visible()


def diff(robot: Robot, _: Running) -> None:
    """Two versions side by side."""
    _canvas(robot, "sales")
    robot.click(robot.page.get_by_role("button", name="More", exact=True))
    robot.click(robot.page.get_by_role("menuitem", name="Versions…"))
    dialog = robot.page.get_by_role("dialog")
    robot.click(dialog.get_by_role("listitem").last.get_by_role("button").first)
    expect(dialog.get_by_text("Paid sales").first).to_be_visible()
    robot.page.wait_for_load_state("networkidle")


def pipelines(robot: Robot, _: Running) -> None:
    """The list of pipelines."""
    robot.go("/pipelines")
    expect(robot.get("pipeline-row").nth(3)).to_be_visible()


def dataset(robot: Robot, _: Running) -> None:
    """A dataset."""
    robot.go("/datasets/revenue_by_region")
    expect(robot.get("column").first).to_have_attribute("data-nulls", "0")


def share(robot: Robot, server: Running) -> None:
    """What a stranger with a link sees."""
    body = {"pipeline": "sales", "nodes": ["by_region", "over_time"], "mode": "live", "expires_days": 30}
    url = server.post("/shares", body)["url"]
    robot.page.goto(url)
    expect(robot.get("chart").nth(1)).to_be_visible()
    expect(robot.page.locator("canvas").nth(1)).to_be_visible()


def users(robot: Robot, server: Running) -> None:
    """Users and roles."""
    _sign_in(robot, "ada")
    robot.go("/settings/users")
    expect(robot.get("user-row").nth(2)).to_be_visible()


def denied(robot: Robot, server: Running) -> None:
    """A page that the role does not open."""
    _sign_in(robot, "vic")
    robot.go("/settings/users")
    expect(robot.get("access-denied")).to_be_visible()


def _sign_in(robot: Robot, name: str) -> None:
    robot.go("/")
    robot.enter(robot.page.get_by_label("User name"), name)
    robot.enter(robot.page.get_by_label("Password"), PASSWORD)
    robot.click(robot.page.get_by_role("button", name="Sign in"))
    expect(robot.page.get_by_role("navigation", name="Sections")).to_be_visible()


SCREENS: dict[str, Shot] = {
    "home": home, "empty": empty, "editor-preview": preview, "add-menu": add_menu, "expression": expression,
    "error": error, "left-out": left_out, "run-live": run_live, "run-failed": run_failed, "runs": run_list,
    "diff": diff, "pipelines": pipelines, "dataset": dataset, "share": share, "stream": stream, "stream-page": stream_page,
}  # fmt: skip
PEOPLE: dict[str, Shot] = {"users": users, "denied": denied}
"""They need users, so that they come last: login is asked from then on."""


def main() -> None:
    """Write the pictures, all or those named."""
    wanted = set(sys.argv[1:])
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        running(_folder(Path(name)), "--examples") as server,
        browser() as chrome,
    ):
        _prepare(server)
        context = open_context(chrome)
        context.new_page().goto(server.link)
        state = context.storage_state()
        context.close()
        for screen, shot in SCREENS.items():
            if not wanted or screen in wanted:
                _draw(chrome, server, screen, shot, state)
        if not wanted or wanted & set(PEOPLE):
            for person, role in (("ada", "admin"), ("eve", "editor"), ("vic", "viewer")):
                server.post("/users", {"username": person, "password": PASSWORD, "role": role})
        for screen, shot in PEOPLE.items():
            if not wanted or screen in wanted:
                _draw(chrome, server, screen, shot, None)
    _shrink()


def _folder(root: Path) -> Path:
    (root / "sales.csv").write_text(sales_csv(), "utf-8")
    return root


def _prepare(server: Running) -> None:
    written = SALES.replace("name: sales", "name: written").replace("Sales by region", "Large sales")
    for name, text in (
        ("sales", SALES),
        ("written", written),
        ("broken", BROKEN),
        ("failing", FAILING),
        ("long", LONG),
        ("farm", FARM),
    ):
        server.post("/pipelines", {"name": name, "document": text})
    server.post("/pipelines", {"name": "blank", "title": "Blank pipeline"})
    for name in ("unified_orders", "penguins", "weather"):
        server.run(name)
    server.run("sales")
    server.run("failing")
    server.post("/pipelines/sales/draft/edits", {
        "revision": server.get("/pipelines/sales/draft")["revision"], "client": "screens", "label": "Change the filter",
        "edits": [{"op": "set", "path": ["nodes", "paid", "config", "where"], "value": "status = 'paid' and quantity > 10"}],
    })  # fmt: skip
    server.run("sales")


def _draw(chrome: Browser, server: Running, screen: str, shot: Shot, state: object) -> None:
    themes = ("light", "dark", "contrast") if screen in IN_CONTRAST else ("light", "dark")
    for theme in themes:
        context = open_context(chrome, storage_state=state, reduced_motion="reduce")
        context.add_init_script(f"localStorage.setItem('runnel.theme', '{theme}')")
        robot = Robot(context.new_page(), server.url)
        try:
            shot(robot, server)
            robot.page.mouse.move(1439, 899)
            robot.page.evaluate("document.fonts.ready")
            robot.page.screenshot(path=TARGET / f"{screen}-{theme}.png", animations="disabled")
            print(f"{screen}-{theme}", flush=True)
        finally:
            if screen == "run-live":
                for run in server.get("/runs", pipeline="long", status="running")["items"]:
                    server.api.post(f"/runs/{run['run_id']}/cancel")
            context.close()


def _shrink() -> None:
    """Make the pictures smaller where a quantiser is at hand."""
    program = shutil.which("pngquant")
    if program:
        pictures = sorted(TARGET.glob("*.png"))
        subprocess.run(
            [program, "--ext", ".png", "--force", "--skip-if-larger", "--quality", "80-98", *pictures], check=False
        )


if __name__ == "__main__":
    main()
