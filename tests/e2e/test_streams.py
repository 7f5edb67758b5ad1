"""Streams by hand: drawn, started, watched on wires and nodes, tapped, paused, changed, restarted, drained; their pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from browsing import Robot, Watch, open_context
from running import Running, until

MAKE = Callable[..., str]
AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FARM = """\
runnel: 1
name: farm
title: Wind farm live
nodes:
  telemetry:
    kind: source.simulate
    title: Turbine telemetry
    config: {columns: {id: sequence, turbine: "choice(WT-02,WT-08,WT-17)", state: "choice(run,run,stop)",
                       power_kw: "number(0,4200)"}, rate_per_second: 300, partitions: 2, watermark_delay_seconds: 0.5}
  running:
    kind: table.filter
    title: Turbines in service
    from: telemetry
    config: {where: "state = 'run'"}
  means:
    kind: stream.window
    title: Means per turbine
    from: running
    config: {size_seconds: 1, group_by: [turbine], values: {power_kw: "avg(power_kw)", readings: "count(*)"}}
  saved:
    kind: sink.dataset
    from: means
    config: {name: turbine_means, mode: append}
  chart:
    kind: chart.bar
    from: means
    config: {x: turbine, y: readings}
"""
BAD_ROWS = """\
runnel: 1
name: odd
title: Odd records
nodes:
  events:
    kind: source.simulate
    config: {columns: {id: sequence, word: "choice(1,2,x)"}, rate_per_second: 50}
  typed:
    kind: table.cast
    from: events
    config: {columns: {word: BIGINT}}
  saved:
    kind: sink.dataset
    from: typed
    config: {name: odd_words, mode: append}
"""


@pytest.fixture
def farm(server: Running, pipeline: MAKE) -> Iterator[str]:
    """A stream that is drawn and not started; it is stopped whatever happens."""
    ended(server, "farm")
    yield pipeline(FARM, "farm")
    ended(server, "farm")


def status(server: Running, name: str) -> str:
    answer = server.api.get(f"/streams/{name}")
    return answer.json()["status"] if answer.status_code == 200 else ""


def ended(server: Running, name: str) -> None:
    """Stop a stream, if there is one, and wait until it has."""
    if status(server, name) in ("", "failed"):
        return
    server.api.post(f"/streams/{name}/stop")
    until(lambda: status(server, name) not in ("starting", "running", "paused"), 60)


def begun(server: Running, name: str) -> None:
    """Start a stream and wait until it has counted something."""
    server.post(f"/streams/{name}/start")
    until(lambda: status(server, name) == "running" and server.get(f"/streams/{name}")["ports"], 60)


def number(target: Locator) -> float:
    """Return the number that something shows."""
    return float(re.sub(r"[^\d.]", "", target.inner_text()) or 0)


def wire(robot: Robot, start: str, end: str) -> Locator:
    return robot.get("edge", _from=start, to=end)


@pytest.mark.row("M-001-15", "M-001-26", "M-003-29", "M-003-120", "M-004-32")
def test_a_stream_is_started_and_its_wires_nodes_and_bar_tell_what_it_does(
    robot: Robot, server: Running, farm: str
) -> None:
    robot.edit(farm)
    edge = wire(robot, "telemetry.output", "running.input")
    expect(edge).to_have_attribute("data-stream", "true")
    expect(edge.locator(".wire-line")).not_to_have_attribute("data-moving", "true")
    expect(edge.locator(".wire-head")).not_to_have_count(0)
    expect(robot.get("run")).to_have_text(re.compile("Start stream"))
    robot.click(robot.get("run"))
    expect(robot.get("run-panel")).to_have_attribute("data-state", "running", timeout=60_000)
    expect(edge.locator(".wire-line")).to_have_attribute("data-moving", "true")
    page = robot.page
    until(lambda: 200 < float(edge.get_attribute("data-rate") or 0) < 400)
    kept = wire(robot, "running.output", "means.input")
    until(lambda: 100 < float(kept.get_attribute("data-rate") or 0) < 300)
    expect(robot.node("telemetry")).to_have_attribute("data-state", "running")
    expect(robot.node("telemetry")).to_contain_text("lag")
    expect(robot.node("means")).to_contain_text("watermark")
    expect(robot.node("saved")).to_contain_text("exactly once")
    expect(robot.get("stream-state")).to_contain_text("Streaming")
    expect(robot.get("run-panel")).to_contain_text("ledger balances")
    label = page.get_by_test_id("wire-rate").first
    expect(label).to_have_attribute("title", re.compile(r"[\d,]+ rows since it began"))
    robot.page.get_by_role("tab", name="Stream", exact=True).click()
    panel = robot.get("stream-panel")
    expect(panel).to_have_attribute("data-state", "running")
    expect(panel.get_by_test_id("stream-ledger")).to_have_attribute("data-balanced", "true")
    before = number(panel.get_by_test_id("stream-epoch"))
    until(lambda: number(panel.get_by_test_id("stream-epoch")) > before)


@pytest.mark.row("M-003-121")
def test_counters_change_two_to_four_times_a_second(robot: Robot, server: Running, farm: str) -> None:
    begun(server, farm)
    robot.edit(farm)
    expect(robot.get("wire-rate").first).to_be_visible()
    title = """(seconds) => new Promise((done) => {
      const shown = [...document.querySelectorAll('[data-testid="wire-rate"]')]; const changes = shown.map(() => 0);
      shown.forEach((one, at) => new MutationObserver(() => changes[at]++)
        .observe(one, {attributes: true, attributeFilter: ['title']}));
      setTimeout(() => done(Math.max(...changes) / seconds), seconds * 1000); })"""
    until(lambda: robot.node("telemetry").get_by_test_id("node-rate").inner_text() != "0/s")
    assert 1.5 <= robot.page.evaluate(title, 6) <= 4.5


def test_a_wire_is_tapped_its_rows_are_filtered_and_held(robot: Robot, server: Running, farm: str) -> None:
    begun(server, farm)
    robot.edit(farm)
    expect(robot.get("wire-rate").first).to_be_visible()
    robot.page.locator(".wire-label-stream").nth(1).click()
    tap = robot.get("tap", node="running")
    grid = tap.get_by_test_id("grid")
    expect(grid).to_be_visible(timeout=20_000)
    expect(tap.get_by_test_id("column").filter(has_text="turbine")).to_be_visible()
    first = grid.locator('[role="row"]').nth(1)
    before = first.inner_text()
    until(lambda: first.inner_text() != before)
    robot.enter(tap.get_by_role("searchbox", name="Rows that contain"), "WT-08")

    def turbines() -> set[str]:
        cells = grid.locator('[role="row"] [role="gridcell"]').all_inner_texts()
        return set(re.findall(r"WT-\d\d", " ".join(cells)))

    until(lambda: turbines() == {"WT-08"})
    robot.click(tap.get_by_test_id("tap-hold"))
    expect(tap).to_have_attribute("data-held", "true")
    held = grid.inner_text()
    robot.page.wait_for_timeout(1_200)
    assert grid.inner_text() == held
    robot.click(tap.get_by_test_id("tap-hold"))
    until(lambda: grid.inner_text() != held)
    robot.click(robot.node("means"), position={"x": 60, "y": 15})
    expect(robot.get("tap", node="means")).to_be_visible()
    expect(robot.get("tap", node="means").get_by_test_id("column").filter(has_text="readings")).to_be_visible(timeout=20_000)


@pytest.mark.row("M-003-29", "M-003-121")
def test_a_chart_behind_a_window_moves_on_its_node_in_the_drawer_and_on_the_dashboard(
    robot: Robot, server: Running, farm: str
) -> None:
    begun(server, farm)
    robot.edit(farm, "?node=chart")
    chart = robot.page.locator('[data-region="drawer"] [data-testid="chart"]')
    expect(chart).to_be_visible()

    def total() -> float:
        cells = chart.locator("tbody tr td:last-child").all_text_contents()
        return sum(float(cell.replace(",", "")) for cell in cells)

    robot.page.get_by_role("tab", name="Data", exact=True).click()
    live = "() => fetch('/api/v1/streams/farm/charts/chart').then(r => r.json()).then(c => c.rows.length)"
    until(lambda: robot.page.evaluate(live) == 3)
    seen = total()
    until(lambda: total() > seen, 60)
    expect(robot.node("chart").get_by_test_id("thumb")).to_be_visible()
    robot.go("/dashboards/farm")
    expect(robot.page.get_by_text("Live: the last rows of the running stream")).to_be_visible(timeout=20_000)
    tile = robot.page.locator('[data-node="chart"] [data-testid="chart"]')

    def shown() -> str:
        return " ".join(tile.locator("tbody tr").all_text_contents())

    before = shown()
    until(lambda: shown() != before, 60)


@pytest.mark.row("M-003-204")
def test_a_stream_is_paused_resumed_changed_restarted_and_drained(robot: Robot, server: Running, farm: str) -> None:
    robot.edit(farm)
    robot.press("Control+Enter")
    state = robot.get("stream-state")
    expect(state).to_have_attribute("data-state", "running", timeout=60_000)
    robot.click(robot.get("stream-pause"))
    expect(state).to_have_attribute("data-state", "paused", timeout=20_000)
    expect(wire(robot, "telemetry.output", "running.input").locator(".wire-line")).not_to_have_attribute(
        "data-moving", "true"
    )
    robot.click(robot.get("stream-resume"))
    expect(state).to_have_attribute("data-state", "running", timeout=20_000)
    until(lambda: (found := server.get("/streams/farm"))["epoch"] > 0 and found["ports"].get("telemetry.output", 0) > 100)
    counted = server.get("/streams/farm")
    robot.click(robot.node("running"), position={"x": 60, "y": 15})
    field = robot.field("where").locator("[contenteditable], textarea, input").first
    robot.click(field)
    robot.press("Control+a")
    robot.write("state = 'run' and power_kw >= 0")
    expect(robot.node("running")).to_contain_text("power_kw")
    robot.saved()
    expect(state).to_have_attribute("data-changed", "true")
    robot.click(robot.get("stream-menu"))
    robot.click(robot.page.get_by_role("menuitem", name="Restart with these changes"))
    dialog = robot.get("restart-dialog")
    expect(robot.get("change-lines")).to_contain_text("what comes to it is computed otherwise")
    expect(dialog.get_by_role("radio", name="Keep them")).to_be_checked()
    robot.click(robot.get("confirm-restart"))
    until(lambda: server.get("/streams/farm")["version"] != counted["version"], 60)
    expect(state).to_have_attribute("data-state", "running", timeout=60_000)
    expect(state).not_to_have_attribute("data-changed", "true")
    after = server.get("/streams/farm")
    assert after["incarnation"] == counted["incarnation"] and after["epoch"] >= counted["epoch"]
    robot.click(robot.get("run"))
    expect(state).to_have_attribute("data-state", "drained", timeout=60_000)
    expect(robot.get("run")).to_have_text(re.compile("Start stream"))
    ledger = server.get("/streams/farm/ledger")
    assert ledger["balanced"]


@pytest.mark.row("M-001-16", "M-001-26", "M-001-27")
def test_refused_records_stand_on_the_node_and_on_the_page_of_the_stream(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    name = pipeline(BAD_ROWS, "odd")
    begun(server, name)
    try:
        robot.edit(name)
        expect(robot.node("typed")).to_contain_text("dead letter", timeout=30_000)
        expect(robot.node("typed")).to_have_attribute("data-state", "warning")
        robot.go(f"/streams/{name}")
        letters = robot.get("stream-letters")
        expect(letters.get_by_role("row").nth(1)).to_contain_text("typed", timeout=30_000)
        expect(letters.get_by_role("row").nth(1)).to_contain_text('"x"')
    finally:
        ended(server, name)


@pytest.mark.row("M-004-32", "M-003-204")
def test_the_pages_of_streams_show_and_ask_all_of_it(robot: Robot, server: Running, farm: str) -> None:
    begun(server, farm)
    robot.go("/pipelines")
    listed = robot.get("pipeline-row", name="farm").get_by_role("link", name="Running")
    until(lambda: 200 < number(listed) < 400)
    expect(listed).to_have_attribute("href", "/streams/farm")
    robot.click(robot.page.get_by_role("radio", name="Not run yet"))
    expect(robot.get("pipeline-row", name="farm")).to_have_count(0)
    robot.click(robot.page.get_by_role("radio", name="Running"))
    expect(robot.get("pipeline-row", name="farm")).to_have_count(1)
    robot.go("/")
    expect(robot.page.get_by_role("region", name="Recent work").get_by_role("link", name=re.compile(r"^Running \d"))).to_be_visible()
    robot.click(robot.page.get_by_role("navigation", name="Sections").get_by_role("link", name="Streams"))
    row = robot.get("stream-row", name="farm")
    expect(row).to_have_attribute("data-status", "running")
    expect(row).to_contain_text("exactly once")
    until(lambda: 200 < number(row.get_by_test_id("row-rate")) < 400)
    robot.click(row.get_by_test_id("stream-pause"))
    expect(row).to_have_attribute("data-status", "paused", timeout=20_000)
    robot.click(row.get_by_test_id("stream-resume"))
    expect(row).to_have_attribute("data-status", "running", timeout=20_000)
    robot.click(row.get_by_role("link"))
    page = robot.get("stream-page", state="running")
    expect(page.get_by_test_id("stream-source").first).to_contain_text("Turbine telemetry")
    expect(page.get_by_test_id("stream-sink").first).to_contain_text("exactly once")
    until(lambda: number(page.get_by_test_id("stream-epoch")) >= 3)
    between = page.get_by_test_id("between").get_by_role("combobox")
    until(lambda: between.first.locator("option").count() > 2, 30)
    between.first.select_option(index=between.first.locator("option").count() - 1)
    expect(page.get_by_test_id("stream-ledger")).to_have_attribute("data-balanced", "true")
    robot.click(page.get_by_test_id("stream-drain"))
    expect(robot.get("stream-page")).to_have_attribute("data-state", "drained", timeout=60_000)
    robot.click(robot.get("stream-start"))
    expect(robot.get("stream-page")).to_have_attribute("data-state", "running", timeout=60_000)
    actions = {entry["action"] for entry in server.get("/audit")["items"]}
    assert {"streams.start_stream", "streams.pause_stream", "streams.resume_stream", "streams.drain_stream"} <= actions


@pytest.mark.parametrize("look", ["light", "dark", "contrast"])
def test_axe_finds_nothing_on_the_pages_of_streams_and_a_phone_needs_no_sideways_scrolling(
    chrome: Browser, server: Running, signed_in: Any, farm: str, look: str
) -> None:
    begun(server, farm)
    watch = Watch()
    context = open_context(chrome, watch, storage_state=signed_in, color_scheme="dark" if look == "dark" else "light",
                           contrast="more" if look == "contrast" else "no-preference")  # fmt: skip
    robot = Robot(context.new_page(), server.url)
    for path, testid in (("/streams", "stream-row"), ("/streams/farm", "stream-facts"), ("/pipelines/farm", "wire-rate")):
        robot.go(path)
        expect(robot.get(testid).first).to_be_visible()
        robot.page.evaluate(AXE.read_text("utf-8"))
        found = robot.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        wrong = [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in serious]
        assert wrong == [], f"{path}: {wrong}"
    robot.page.set_viewport_size({"width": 390, "height": 844})
    for path, testid in (("/streams", "stream-row"), ("/streams/farm", "stream-facts")):
        robot.go(path)
        expect(robot.get(testid).first).to_be_visible()
        wide = robot.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    problems = watch.unexpected()
    context.close()
    assert not problems, problems
