"""A stream whose disk is full: its status, its page and its metrics say so and where, and it goes on by itself when there is room."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browsing import Robot
from building import fresh_folder
from faults.test_stream_disks import can_mount, fill_up, small_disk
from running import ENVIRONMENT, RUNNEL, Running, running, until

PICTURES = Path("/tmp/runnel-e2e")
FLOW = """\
runnel: 1
name: filling
title: A stream that fills its disk
nodes:
  events:
    kind: source.simulate
    title: Events
    config: {columns: {id: sequence, user: "choice(a,b,c)"}, rate_per_second: 400}
  kept:
    kind: sink.dataset
    title: All events
    from: events
    config: {name: filling, mode: append}
"""

pytestmark = can_mount


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """A small disk of its own, on which the streams of a project lie."""
    with fresh_folder() as folder, small_disk(folder / "project" / ".runnel" / "streams", 24) as made:
        yield made


@pytest.fixture(scope="module")
def server(disk: Path) -> Iterator[Running]:
    with running(disk.parent.parent) as made:
        yield made


def ids(server: Running) -> list[int]:
    command = [RUNNEL, "datasets", "read", "filling", "--format", "json"]
    done = subprocess.run(command, cwd=server.root, env=ENVIRONMENT, capture_output=True, check=True)
    return sorted(row["id"] for row in json.loads(done.stdout))


@pytest.mark.row("M-004-30")
def test_a_full_disk_is_told_on_the_page_and_the_stream_goes_on_by_itself(
    robot: Robot, server: Running, disk: Path, pipeline
) -> None:
    name = pipeline(FLOW, "filling")
    server.post(f"/streams/{name}/start")
    until(lambda: server.api.get("/streams/filling").json().get("epoch", 0) > 3, 90)
    robot.go("/streams/filling")
    expect(robot.get("stream-page")).to_have_attribute("data-state", "running")
    for turn in range(2):
        ballast = fill_up(disk)
        until(lambda: fill_up(disk) and server.get("/streams/filling")["status"] == "blocked", 90)
        told = server.get("/streams/filling")
        assert re.search(rf"^blocked: disk full \(.*{re.escape(str(disk))}", told["blocked"]["what"]), told["blocked"]
        assert told["error"] is None and told["wanted"] == "running"
        banner = robot.get("stream-blocked")
        expect(banner).to_contain_text("Blocked: disk full", timeout=30_000)
        expect(banner).to_contain_text(str(disk))
        expect(robot.get("stream-facts")).to_contain_text("Blocked")
        assert 'runnel_stream_blocked{stream="filling"} 1.0' in server.api.get(f"{server.url}/metrics").text
        stood = told["epoch"]
        for _ in range(30):  # it stays so while it tries again and again
            assert server.get("/streams/filling")["status"] == "blocked"
            robot.page.wait_for_timeout(200)
        if turn == 0:
            PICTURES.mkdir(exist_ok=True)
            robot.page.screenshot(path=PICTURES / "blocked-page.png")
            robot.go("/streams")
            row = robot.get("stream-row", name="filling")
            expect(row).to_have_attribute("data-status", "blocked")
            expect(row).to_contain_text("disk full")
            robot.go("/streams/filling")
            expect(banner).to_be_visible()
        ballast.unlink()
        until(lambda stood=stood: server.get("/streams/filling")["epoch"] > stood + 1, 60)
        until(lambda: server.get("/streams/filling")["status"] == "running", 30)
        expect(banner).to_have_count(0, timeout=30_000)
        expect(robot.get("stream-page")).to_have_attribute("data-state", "running")
    server.post("/streams/filling/drain")
    until(lambda: server.get("/streams/filling")["status"] == "drained", 60)
    assert server.get("/streams/filling/ledger")["balanced"]
    found = ids(server)
    assert found and found == [*range(found[0], found[0] + len(found))], "a row was lost or doubled"
