"""Runs on the canvas and on their pages: states while they happen, causes, data of past runs, long logs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browsing import Robot, Watch
from running import Running

MAKE = Callable[..., str]
GOOD = """\
runnel: 1
name: good
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
"""
BAD = """\
runnel: 1
name: bad
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  typed:
    kind: table.cast
    from: sales
    config: {columns: {product: BIGINT}, on_error: fail}
  saved:
    kind: sink.dataset
    from: typed
    config: {name: never, mode: replace}
"""


@pytest.mark.row("M-000-27", "M-003-462", "M-003-460", "M-003-135")
def test_a_run_shows_its_states_and_rows_and_a_reload_shows_the_same(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(GOOD, "good"))
    robot.click(robot.get("run"))
    expect(robot.get("run-panel")).to_have_attribute("data-state", re.compile("running|pending|success"))
    expect(robot.get("run-panel")).to_have_attribute("data-state", "success", timeout=20_000)
    expect(robot.node("totals")).to_have_attribute("data-state", "ok")
    expect(robot.get("edge", _from="sales.output")).to_have_attribute("data-rows", "2000")
    expect(robot.get("edge", _from="paid.output")).to_have_attribute("data-rows", "671")
    expect(robot.page.locator(".wire-label").filter(has_text="33.6")).to_be_visible()
    robot.page.reload()
    expect(robot.get("run-panel")).to_have_attribute("data-state", "success")
    expect(robot.node("totals")).to_have_attribute("data-state", "ok")
    expect(robot.get("edge", _from="paid.output")).to_have_attribute("data-rows", "671")


@pytest.mark.row("M-001-27", "M-003-454", "M-003-468")
def test_a_failed_run_says_its_cause_with_the_value_on_the_node_and_two_clicks_from_the_list(
    robot: Robot, watch: Watch, pipeline: MAKE
) -> None:
    watch.allow("422|Unprocessable")  # the rows after the failing node cannot be shown either
    robot.edit(pipeline(BAD, "bad"))
    robot.click(robot.get("run"))
    expect(robot.get("run-panel")).to_have_attribute("data-state", "failed", timeout=20_000)
    expect(robot.node("typed")).to_have_attribute("data-state", "error")
    expect(robot.node("typed")).to_contain_text("product-")
    robot.go("/runs")
    robot.actions.clear()
    robot.click(robot.get("run-row", status="failed").first.get_by_role("link").first)
    cause = robot.get("cause")
    expect(cause).to_contain_text("product-")
    expect(cause).to_contain_text("Nothing was written")
    assert robot.count <= 2
    assert cause.get_by_role("link").count() + cause.get_by_role("button").count() >= 1
    assert "Traceback" not in robot.page.locator("body").inner_text()
    robot.click(cause.get_by_role("link", name="Open this run’s data in the editor"))
    expect(robot.node("typed")).to_be_visible()
    assert "run=" in robot.page.url


def test_the_data_of_a_past_run_opens_in_two_clicks(robot: Robot, server: Running, pipeline: MAKE) -> None:
    pipeline(GOOD, "past")
    for _ in range(3):
        run = server.run("past", use_cache=False)
    robot.go("/runs")
    rows = robot.get("run-row").filter(has_text="past")
    expect(rows).to_have_count(3)
    robot.actions.clear()
    robot.click(rows.last.get_by_role("link").first)
    robot.click(robot.page.get_by_role("link", name="Open pipeline"))
    expect(robot.get("edge", _from="paid.output")).to_have_attribute("data-rows", "671")
    assert robot.count <= 2 and run["status"] == "success"


@pytest.mark.row("M-003-478")
def test_the_page_of_a_run_has_a_timeline_a_ledger_and_a_log_that_is_searched(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(GOOD, "logged")
    run = server.run("logged", use_cache=False)
    robot.go(f"/runs/{run['run_id']}")
    page = robot.page
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()
    expect(page.get_by_text("every row is accounted for")).to_be_visible()
    log = page.get_by_role("log")
    expect(log).to_contain_text("totals")
    robot.enter(page.get_by_role("searchbox", name="Search the log"), "no such words")
    expect(log).to_contain_text("No line fits")


def test_a_run_can_be_stopped(robot: Robot, pipeline: MAKE) -> None:
    text = """\
runnel: 1
name: long
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
"""
    robot.edit(pipeline(text, "long"))
    robot.click(robot.get("run"))
    expect(robot.get("run", state="running")).to_be_visible()
    robot.click(robot.get("run", state="running"))
    expect(robot.get("run-panel")).to_have_attribute("data-state", "cancelled", timeout=20_000)


@pytest.mark.row("M-003-472", "M-003-259")
def test_ctrl_s_makes_a_version_that_can_be_compared_and_gone_back_to(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    robot.edit(pipeline(GOOD, "versions"))
    robot.press("Control+s")
    expect(robot.get("toast")).to_contain_text("Saved as a version")
    robot.click(robot.node("paid"))
    robot.press("Delete")
    expect(robot.node("paid")).to_have_count(0)
    robot.saved()
    robot.click(robot.page.get_by_role("button", name="More", exact=True))
    robot.click(robot.page.get_by_role("menuitem", name="Versions…"))
    dialog = robot.page.get_by_role("dialog")
    expect(dialog).to_contain_text("removed")
    robot.click(dialog.get_by_role("button", name="Go back to this version"))
    expect(robot.node("paid")).to_be_visible()


def test_what_a_past_run_ran_and_saw_stands_on_the_canvas_and_the_draft_is_one_click_away(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    (server.root / "past.csv").write_text("region,price\nnorth,1\nsouth,2\n", "utf-8")
    text = GOOD.replace("name: good", "name: past").replace("sales_2k.csv", "past.csv").replace("status = 'paid'", "price > 1")
    name = pipeline(text, "past")
    run = server.run(name)
    edit = {"op": "set", "path": ["nodes", "paid", "config", "where"], "value": "price > 0"}
    revision = server.get(f"/pipelines/{name}/draft")["revision"]
    server.post(f"/pipelines/{name}/draft/edits", {"revision": revision, "edits": [edit]})
    robot.go(f"/runs/{run['run_id']}")
    robot.go(f"/pipelines/{name}?run={run['run_id']}&node=paid")
    strip = robot.get("past-run")
    expect(strip).to_contain_text("What ran on")
    expect(robot.node("paid")).to_contain_text("price > 1")
    expect(robot.node("paid")).to_contain_text("1 row")
    robot.ready(1)
    expect(robot.get("run")).to_have_count(0)
    (server.root / "past.csv").write_text("region,price\nnorth,1\nsouth,2\nwest,3\n", "utf-8")
    robot.page.reload()
    expect(strip).to_contain_text("has changed since: sales had 2 rows and would have 3 now")
    robot.click(strip.get_by_role("link", name="Back to the draft"))
    expect(robot.get("past-run")).to_have_count(0)
    expect(robot.node("paid")).to_contain_text("price > 0")
    expect(robot.get("run")).to_be_visible()
