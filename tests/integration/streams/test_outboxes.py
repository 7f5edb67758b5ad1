"""What waits for a target that does not answer: the sources wait for it, or it lies on disk, or rows are left out and counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.sinks.receiver import HttpReceiver
from integration.streams.flowing import entry, folder, runnel, wait_for

__all__ = ["folder"]

PIPELINE = """\
runnel: 1
name: flow
nodes:
  ticks:
    kind: source.simulate
    config: {rate_per_second: RATE, start: "2026-01-01T00:00:00Z", interval_seconds: 0.001, events: EVENTS,
             columns: {id: sequence, text: "choice(TEXT)"}}
  out: {kind: sink.http, from: ticks, config: {connection: shop, path: /rows, outbox_mb: 1, when_full: POLICY, batch_rows: 5000}}
  seen: {kind: sink.dataset, from: ticks, config: {name: seen, mode: append}}
"""


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    made = HttpReceiver(answer=lambda sent: (503, {}, b""))
    yield made
    made.close()


def written(folder: Path, receiver: HttpReceiver, policy: str, events: int | str = "null", rate: str = "20000") -> Path:
    path = folder / "flow.runnel.yaml"
    text = PIPELINE.replace("POLICY", policy).replace("EVENTS", str(events)).replace("RATE", rate).replace("TEXT", "x" * 80)
    path.write_text(text, "utf-8")
    subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "connections", "add", "shop", "--kind", "http", "--option", f"base_url={receiver.url}"],
        cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return path


def box(status: dict[str, Any]) -> dict[str, Any]:
    return status["outbox"].get("out", {"bytes": 0, "left_out": 0})


def started(folder: Path) -> None:
    runnel(folder, "stream", "start", "flow")
    wait_for(folder, lambda status: box(status)["bytes"] > 1024**2)


@pytest.mark.row("M-004-10")
def test_by_default_the_sources_wait_until_the_target_has_caught_up(folder, receiver):
    written(folder, receiver, "wait")
    started(folder)
    held = wait_for(folder, lambda status: status["rates"].get("ticks.output") == 0)
    assert box(held)["limit"] == 1024**2 and box(held)["bytes"] < 8 * 1024**2
    receiver.answer = lambda sent: (200, {}, b"")
    wait_for(folder, lambda status: status["ports"]["ticks.output"] > held["ports"]["ticks.output"])
    runnel(folder, "stream", "drain", "flow")
    end = wait_for(folder, lambda status: status["status"] == "drained")
    assert end["ledger"]["balanced"] and receiver.counted("id").total() == end["ports"]["ticks.output"]


def test_rows_may_lie_on_disk_meanwhile(folder, receiver):
    written(folder, receiver, "spill")
    started(folder)
    wait_for(folder, lambda status: box(status)["bytes"] > 12 * 1024**2)
    receiver.answer = lambda sent: (200, {}, b"")
    runnel(folder, "stream", "drain", "flow")
    end = wait_for(folder, lambda status: status["status"] == "drained")
    assert end["ledger"]["balanced"] and receiver.counted("id").total() == end["ports"]["ticks.output"]


def test_rows_may_be_left_out_and_the_ledger_counts_them(folder, receiver):
    written(folder, receiver, "drop")
    started(folder)
    told = wait_for(folder, lambda status: box(status)["left_out"] > 20_000)
    assert told["guarantee"] == {"out": "best_effort", "seen": "exactly_once"}
    receiver.answer = lambda sent: (200, {}, b"")
    wait_for(folder, lambda status: box(status)["bytes"] < 1024**2)
    runnel(folder, "stream", "drain", "flow")
    end = wait_for(folder, lambda status: status["status"] == "drained")
    of_sink = entry({"ledger": end["ledger"]}, "out")
    assert end["ledger"]["balanced"] and of_sink["filtered"] == box(end)["left_out"] > 0
    assert receiver.counted("id").total() == of_sink["absorbed"]
    assert of_sink["in"] == of_sink["absorbed"] + of_sink["filtered"] == end["ports"]["ticks.output"]
    proof = runnel(folder, "stream", "ledger", "flow")
    assert proof["balanced"], json.dumps(proof)[:2000]
