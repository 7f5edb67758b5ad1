"""axe-core finds nothing serious on thirteen screens in three themes; nothing moves for those who ask for that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import Robot, open_context
from running import Running

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
MAKE = Callable[..., str]
TEXT = """\
runnel: 1
name: axed
title: Axed sales
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  paid:
    kind: table.filter
    from: sales
    config: {where: "status = 'paid'"}
  totals:
    kind: table.aggregate
    from: paid
    config: {group_by: [region], values: {revenue: sum(price)}}
  chart:
    kind: chart.bar
    from: totals
    config: {x: region, y: revenue, title: Which region brings the most?}
  saved:
    kind: sink.dataset
    from: totals
    config: {name: axed, mode: replace}
"""


@pytest.fixture(scope="module")
def places(server: Running) -> dict[str, str]:
    """Addresses of the thirteen screens."""
    server.post("/pipelines", {"name": "axed", "document": TEXT})
    broken = TEXT.replace("name: axed", "name: broken", 1).replace("status = ", "statsu = ")
    server.post("/pipelines", {"name": "broken", "document": broken})
    failing = TEXT.replace("name: axed", "name: failing", 1).replace(
        "kind: table.filter", "kind: table.cast"
    ).replace("{where: \"status = 'paid'\"}", "{columns: {region: BIGINT}, on_error: fail}")  # fmt: skip
    server.post("/pipelines", {"name": "failing", "document": failing})
    config = {"host": "127.0.0.1", "port": 1, "database": "shop", "user": "reader"}
    server.post("/connections", {"name": "shop", "type": "postgres", "config": config})
    server.post("/connections/shop/test")
    server.run("axed")
    failed = server.run("failing")
    assert failed["status"] == "failed"
    body = {"pipeline": "axed", "nodes": ["chart"], "mode": "live", "expires_days": 1}
    share = server.post("/shares", body)["url"].replace(server.url, "")
    return {
        "home": "/", "pipelines": "/pipelines", "editor": "/pipelines/axed?node=paid", "chart": "/pipelines/axed?node=chart",
        "error": "/pipelines/broken?node=paid", "runs": "/runs", "failed run": f"/runs/{failed['run_id']}",
        "dataset": "/datasets/axed", "dashboard": "/dashboards/axed", "files": "/files", "share": share,
        "settings": "/settings/users", "connections": "/connections",
    }  # fmt: skip


@pytest.fixture(params=["light", "dark", "contrast"])
def themed(
    request: pytest.FixtureRequest, chrome: Browser, server: Running, signed_in: Any
) -> Iterator[tuple[str, Page]]:
    """A page in a theme; the policy is off in it, so that axe can be put in."""
    context = open_context(chrome, storage_state=signed_in, bypass_csp=True, reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('runnel.theme', '{request.param}')")
    yield request.param, context.new_page()
    context.close()


@pytest.mark.row("M-003-475", "M-003-477")
def test_axe_finds_nothing_serious_on_thirteen_screens(
    themed: tuple[str, Page], server: Running, places: dict[str, str]
) -> None:
    theme, page = themed
    found: list[str] = []
    for name, path in places.items():
        page.goto(server.url + path)
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.wait_for_load_state("networkidle")
        page.add_script_tag(path=AXE)
        answer = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        for one in answer["violations"]:
            if one["impact"] in ("serious", "critical"):
                shown = [
                    f"{node['html'][:150]} {node['failureSummary'].splitlines()[1:2]}" for node in one["nodes"][:3]
                ]
                found.append(f"{name}: {one['id']} ×{len(one['nodes'])}: {shown}")
    assert found == [], "\n".join(found)


def test_nothing_moves_when_motion_is_not_wanted(
    chrome: Browser, server: Running, signed_in: Any, places: dict[str, str]
) -> None:
    context = open_context(chrome, storage_state=signed_in, reduced_motion="reduce")
    page = context.new_page()
    robot = Robot(page, server.url)
    for path in (places["home"], places["editor"], places["failed run"]):
        robot.go(path)
        expect(page.get_by_role("main")).to_be_visible()
        moving = page.evaluate(
            """() => document.getAnimations().filter((one) => one.playState === 'running'
               && one.effect.getComputedTiming().duration > 1).map((one) => one.effect.target?.outerHTML?.slice(0, 120))"""
        )
        assert moving == [], path
    context.close()
