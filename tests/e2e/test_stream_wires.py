"""Wires of running streams by hand: paused and resumed, coloured by what waits, with the time of nodes and dead letters beside."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from browsing import Robot
from building import fresh_folder
from e2e.test_streams import begun, ended, wire
from integration.sinks.receiver import HttpReceiver
from running import ENVIRONMENT, RUNNEL, Running, running, until

MAKE = Callable[..., str]
PICTURES = Path("/tmp/runnel-e2e")
FARM = """\
runnel: 1
name: wires
title: Wires of a farm
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
    config: {size_seconds: 1, group_by: [turbine], values: {power_kw: "avg(power_kw)"}}
  kept:
    kind: sink.dataset
    title: All readings
    from: running
    config: {name: wires_readings, mode: append}
  saved:
    kind: sink.dataset
    title: Means in a table
    from: means
    config: {name: wires_means, mode: append}
"""
SLOW = """\
runnel: 1
name: slow
title: A shop that is slow
nodes:
  orders:
    kind: source.simulate
    title: Orders
    config: {columns: {id: sequence, note: "choice(TEXT)", word: "choice(1,2,3,4,5,6,7,8,9,x)"}, rate_per_second: 3000}
  typed:
    kind: table.cast
    title: Number of the word
    from: orders
    config: {columns: {word: BIGINT}}
  shop:
    kind: sink.http
    title: The shop
    from: typed
    config: {connection: slow_shop, path: /rows, outbox_mb: 2, when_full: wait, batch_rows: 5000}
  seen:
    kind: sink.dataset
    title: All orders
    from: typed
    config: {name: slow_orders, mode: append}
""".replace("TEXT", "x" * 90)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server that may reach this machine, where the slow target stands."""
    with fresh_folder() as folder:
        (folder / "runnel.toml").write_text('egress_allow = ["127.0.0.1"]\n', "utf-8")
        with running(folder) as made:
            yield made


@pytest.fixture
def farm(server: Running, pipeline: MAKE) -> Iterator[str]:
    ended(server, "wires")
    yield pipeline(FARM, "wires")
    for edge in ("running.output->kept.input", "telemetry.output->running.input"):
        server.api.post(f"/streams/wires/edges/{edge}/resume")
    ended(server, "wires")


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    made = HttpReceiver(answer=lambda sent: (503, {}, b""))
    yield made
    made.close()


def label(robot: Robot, start: str, end: str) -> Locator:
    """The label on a wire."""
    id = wire(robot, start, end).get_attribute("data-id")
    return robot.page.locator(f'[data-wire][data-id="{id}"] [data-testid="wire-rate"]')


def picture(robot: Robot, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    robot.page.screenshot(path=PICTURES / f"{name}.png")


def item(robot: Robot, name: str) -> Locator:
    return robot.page.locator(f'[role="menuitem"][data-item="{name}"]')


@pytest.mark.row("M-003-204")
def test_a_wire_is_paused_from_its_menu_its_tap_and_the_page_while_the_rest_goes_on(
    robot: Robot, server: Running, farm: str
) -> None:
    begun(server, farm)
    robot.edit(farm)
    into = wire(robot, "running.output", "kept.input")
    until(lambda: float(into.get_attribute("data-rate") or 0) > 50)
    label(robot, "running.output", "means.input").click(button="right")
    expect(item(robot, "pause-wire")).to_have_attribute("data-disabled", "")
    expect(item(robot, "pause-wire")).to_contain_text("only wires into a sink or out of a source")
    robot.press("Escape")
    label(robot, "running.output", "kept.input").click(button="right")
    item(robot, "pause-wire").click()
    expect(into).to_have_attribute("data-paused", "sink")
    until(lambda: server.get("/streams/wires")["outbox"]["kept"]["held"])
    expect(into.locator(".wire-line")).to_have_attribute("data-paused", "sink")
    expect(into.locator(".wire-line")).not_to_have_attribute("data-moving", "true")
    expect(robot.node("kept")).to_contain_text("wire paused")
    expect(robot.node("kept")).to_have_attribute("data-state", "queued")
    delivered = server.get("/streams/wires")["outbox"]["saved"]["delivered"]
    stood = server.get("/streams/wires")["outbox"]["kept"]["delivered"]
    until(lambda: server.get("/streams/wires")["outbox"]["saved"]["delivered"] > delivered + 2)
    now = server.get("/streams/wires")
    assert now["outbox"]["kept"]["delivered"] == stood and now["outbox"]["kept"]["epochs"] > 0
    assert now["ledger"]["balanced"] and now["status"] == "running"
    assert [(one["node"], one["end"], bool(one["actor"])) for one in now["pauses"]] == [("kept", "sink", True)]
    picture(robot, "paused-wire")
    label(robot, "running.output", "kept.input").click()
    tap = robot.get("tap", node="running")
    expect(tap.get_by_test_id("pause-wire")).to_have_attribute("data-paused", "true")
    expect(tap.get_by_test_id("grid")).to_be_visible(timeout=20_000)
    picture(robot, "paused-wire-tapped")
    robot.click(tap.get_by_test_id("pause-wire"))
    expect(into).not_to_have_attribute("data-paused", "sink")
    until(lambda: server.get("/streams/wires")["outbox"]["kept"]["epochs"] <= 1)
    robot.go("/streams/wires")
    source = robot.get("stream-source").first
    robot.click(source.get_by_test_id("pause-edge"))
    paused = robot.get("stream-pause", node="telemetry")
    expect(paused).to_contain_text("The wire out of “Turbine telemetry” is paused")
    until(lambda: server.get("/streams/wires")["sources"]["telemetry"]["held"])
    expect(paused).to_contain_text("the watermark of “Means per turbine” waits for it")
    picture(robot, "paused-source-page")
    read = server.get("/streams/wires")["positions"]["telemetry"]
    at = server.get("/streams/wires")["at"]
    until(lambda: server.get("/streams/wires")["at"] > at + 1)
    assert server.get("/streams/wires")["positions"]["telemetry"] == read
    robot.click(paused.get_by_test_id("resume-edge"))
    expect(robot.get("stream-pauses")).to_have_count(0)
    until(lambda: server.get("/streams/wires")["positions"]["telemetry"] != read)
    noted = [one for one in server.get("/audit")["items"] if one["action"] in ("streams.pause_edge", "streams.resume_edge")]
    assert len(noted) == 4 and all(one["actor"] for one in noted)


@pytest.mark.row("M-001-17")
def test_each_node_tells_how_long_it_works_and_a_window_of_live_rows_is_frozen(
    robot: Robot, server: Running, farm: str
) -> None:
    begun(server, farm)
    robot.edit(farm)
    expect(robot.node("running")).to_contain_text(re.compile(r"\d ms/s"), timeout=20_000)
    expect(robot.node("means").locator(".node-foot")).to_have_attribute("title", re.compile(r"works .*ms/s"))
    robot.go("/streams/wires")
    work = robot.get("stream-work")
    for node in ("telemetry", "running", "means", "kept", "saved"):
        row = work.locator(f'[data-testid="node-work"][data-node="{node}"]')
        expect(row).to_be_visible(timeout=20_000)
        expect(row).to_contain_text("ms/s")
    nodes = ("telemetry", "running", "means", "kept", "saved")
    until(lambda: all(server.get("/streams/wires")["spent"].get(node, 0) > 0 for node in nodes))
    now = server.get("/streams/wires")
    text = server.api.get(f"{server.url}/metrics").text
    assert re.search(r'runnel_stream_node_busy_seconds_total\{.*node="means".*stream="wires".*\} [0-9.e-]+', text), text[-2000:]
    picture(robot, "time-by-node")
    robot.edit(farm)
    label(robot, "running.output", "kept.input").click()
    tap = robot.get("tap", node="running")
    grid = tap.get_by_test_id("grid")
    expect(grid).to_be_visible(timeout=20_000)
    robot.click(tap.get_by_test_id("tap-hold"))
    held, read = grid.inner_text(), now["ports"]["running.output"]
    until(lambda: server.get("/streams/wires")["ports"]["running.output"] > read + 300)
    assert grid.inner_text() == held, "the stream goes on, and the frozen rows stay"
    robot.click(tap.get_by_test_id("tap-hold"))
    until(lambda: grid.inner_text() != held)


@pytest.mark.row("M-004-10", "M-004-08")
def test_a_slow_sink_colours_its_wire_and_node_and_dead_letters_stand_in_the_drawer(
    robot: Robot, server: Running, pipeline: MAKE, receiver: HttpReceiver
) -> None:
    command = [RUNNEL, "connections", "add", "slow_shop", "--kind", "http", "--replace", "--option", f"base_url={receiver.url}"]
    subprocess.run(command, cwd=server.root, env=ENVIRONMENT, input=b"{}", check=True, capture_output=True)
    name = pipeline(SLOW, "slow")
    begun(server, name)
    try:
        robot.edit(name)
        into = wire(robot, "typed.output", "shop.input")
        expect(into).to_have_attribute("data-pressure", "warning", timeout=60_000)
        picture(robot, "pressure-warning")

        def share() -> float:
            box = server.get("/streams/slow")["outbox"]["shop"]
            return box["bytes"] / box["limit"]

        until(lambda: share() > 0.85, 60)
        began = time.monotonic()
        expect(into).to_have_attribute("data-pressure", "error", timeout=1_500)
        print(f"red {time.monotonic() - began:.2f} s after it was full")
        pill = label(robot, "typed.output", "shop.input")
        expect(pill).to_have_attribute("data-pressure", "error")
        tone = "getComputedStyle(document.documentElement).getPropertyValue('--err').trim()"
        assert into.locator(".wire-line").evaluate(f"(line) => [line.style.stroke, {tone}]")[0] == "var(--err)"
        expect(robot.node("shop")).to_contain_text("of outbox")
        expect(robot.node("shop")).to_have_attribute("data-state", "warning")
        other = wire(robot, "typed.output", "seen.input")
        assert other.get_attribute("data-pressure") == "ok"
        expect(robot.get("run-panel")).to_contain_text("The shop")
        picture(robot, "pressure-error")
        robot.page.get_by_role("tab", name=re.compile("^Dead letters")).click()
        drawer = robot.page.locator('[data-region="drawer"]')
        expect(drawer.get_by_test_id("stream-letters").get_by_role("row").nth(1)).to_contain_text('"x"', timeout=30_000)
        picture(robot, "letters-in-drawer")
        receiver.answer = lambda sent: (200, {}, b"")
        expect(into).to_have_attribute("data-pressure", "ok", timeout=60_000)
        robot.click(drawer.get_by_test_id("open-bench"))
        expect(robot.page).to_have_url(re.compile("/streams/slow/dead-letters"))
    finally:
        ended(server, name)
