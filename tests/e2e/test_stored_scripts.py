"""Text of others stays text: scripts in every field, shown on every page, run nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from browsing import Robot, Watch, open_context
from running import Running

NAUGHTY = json.loads((Path(__file__).parents[1] / "data" / "strings" / "blns.json").read_text("utf-8"))
SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg/onload=alert(3)>',
    "javascript:alert(4)",
    "</title><iframe srcdoc='<script>parent.alert(5)</script>'></iframe>",
    "{{constructor.constructor('alert(6)')()}}",
    "<style>@import 'http://127.0.0.1:9/x'</style>",
    "[click](javascript:alert(7)) ![x](http://127.0.0.1:9/y.png)",
    '<a href="javascript:alert(8)" id=planted>x</a>',
    "<xss id=planted onfocus=alert(9) tabindex=0 autofocus>",
)
TITLE = " ".join(SCRIPTS)
MARK = "planted"


def document() -> dict[str, object]:
    """Return a pipeline with scripts wherever a text may stand."""
    rows = [{"id": place, "text": text} for place, text in enumerate((*SCRIPTS, *NAUGHTY[:120]))]
    column = "<img src=x onerror=alert('c')>"
    return {
        "runnel": 1, "name": "scripts", "title": TITLE[:200], "description": TITLE,
        "nodes": {
            "rows": {"kind": "source.rows", "title": SCRIPTS[0], "note": TITLE, "config": {"rows": rows}},
            "named": {"kind": "table.rename", "title": SCRIPTS[1], "from": "rows", "config": {"columns": {"text": column}}},
            "saved": {"kind": "sink.dataset", "from": "named", "config": {"name": "scripted", "mode": "replace"}},
            "counts": {"kind": "table.aggregate", "from": "named",
                       "config": {"group_by": [column], "values": {"n": "count(*)"}}},
            "chart": {"kind": "chart.bar", "title": SCRIPTS[2], "from": "counts",
                      "config": {"x": column, "y": "n", "title": SCRIPTS[1]}},
        },
        "ui": {"notes": {"n1": {"text": TITLE, "position": [40, 400]}}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def planted(server: Running) -> dict[str, str]:
    """Plant everything; returns the addresses of the pages that show it."""
    text = yaml.safe_dump(document(), allow_unicode=True, sort_keys=False)
    name = server.post("/pipelines", {"name": "scripts", "document": text})["name"]
    run = server.run(name)
    (server.root / "<img src=x onerror=alert('f')>.csv").write_text(
        "name,b\n<svg/onload=alert(1)>,2\n<script>alert('h')</script>,3\n"
    )
    config = {"base_url": "https://api.example/<img src=x onerror=alert(1)>".replace(" ", "%20"), "username": SCRIPTS[0][:100]}
    server.post("/connections", {"name": "scripted", "type": "http", "config": config})
    server.api.patch("/users/me", json={"first_name": SCRIPTS[1], "last_name": SCRIPTS[0]})
    share = server.post("/shares", {"pipeline": name, "nodes": ["chart"], "mode": "live", "expires_days": 1})["url"]
    return {
        "home": "/", "pipelines": "/pipelines", "editor": f"/pipelines/{name}?node=named", "chart": f"/pipelines/{name}?node=chart",
        "runs": "/runs", "run": f"/runs/{run['run_id']}", "datasets": "/datasets", "dataset": "/datasets/scripted",
        "dashboards": "/dashboards", "dashboard": f"/dashboards/{name}", "files": "/files", "transformations": "/transformations",
        "connections": "/connections",
        "profile": "/settings/profile", "users": "/settings/users", "audit": "/settings/audit", "help": "/help",
        "share": share.replace(server.url, ""),
    }  # fmt: skip


def test_scripts_in_every_text_run_on_no_page(
    chrome: Browser, server: Running, signed_in: object, planted: dict[str, str]
) -> None:
    watch = Watch()
    context = open_context(chrome, watch, storage_state=signed_in)
    page = context.new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    robot = Robot(page, server.url)
    for name, path in planted.items():
        robot.go(path)
        expect(page.get_by_role("main")).to_be_visible()
        page.wait_for_load_state("networkidle")
        if name == "files":
            robot.get("file-row").filter(has_text="onerror").get_by_role("button").first.click()
            expect(robot.get("file-preview")).to_contain_text("onload")
        if name == "editor":
            robot.press("Control+k")
            robot.write("script")
            expect(robot.get("command").first).to_be_visible()
            robot.press("Escape")
        assert foreign(page) == [], name
    assert dialogs == []
    context.close()
    assert watch.unexpected() == []


def foreign(page: Page) -> list[str]:
    """Return elements that only planted text could have made."""
    return page.evaluate(
        """() => [...document.querySelectorAll(`#planted, xss, iframe, img[src="x"], a[href^="javascript:"], [onerror], [onload],
           [onfocus], body script:not([src]), body style`)].map((one) => one.outerHTML.slice(0, 160))"""
    )
