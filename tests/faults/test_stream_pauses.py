"""Paused wires: a sink is given nothing and a source is held while the rest goes on, through kills; nothing is lost or doubled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from faulting import OneStream, Tally, connect, finish, record_of, seeds, streaming, wait
from proxies import proxied
from stream_lives import START, pipeline, rows_of_dataset

from building import fresh_folder

EVENTS = 24_000
RATE = 2_000
SOURCE = {
    "events": EVENTS, "rate_per_second": RATE, "start": START, "interval_seconds": 0.001, "partitions": 2,
    "columns": {"id": "sequence", "user": "choice(a,b,c,d)", "v": "integer(1,100)"}, "idle_timeout_seconds": 1,
}  # fmt: skip
TWO_SINKS = f"""\
runnel: 1
name: paused
nodes:
  ticks: {{kind: source.simulate, config: {SOURCE!r}}}
  some: {{kind: table.filter, from: ticks, config: {{where: "v > 10"}}}}
  few: {{kind: table.filter, from: some, config: {{where: "v > 20"}}}}
  out: {{kind: sink.file, from: few, config: {{path: out.ndjson}}}}
  seen: {{kind: sink.dataset, from: some, config: {{name: seen, mode: append}}}}
"""
TWO_SOURCES = f"""\
runnel: 1
name: paused
settings: {{lanes: LANES}}
nodes:
  left: {{kind: source.simulate, config: {SOURCE!r}}}
  right: {{kind: source.simulate, config: {SOURCE!r}}}
  both: {{kind: table.union, from: [left, right]}}
  counted:
    kind: stream.window
    from: both
    config: {{size_seconds: 1, group_by: [user], values: {{n: "count(*)"}}}}
  saved: {{kind: sink.dataset, from: counted, config: {{name: counted}}}}
  alone: {{kind: sink.dataset, from: right, config: {{name: alone, mode: append}}}}
"""
TO_POSTGRES = f"""\
runnel: 1
name: paused
nodes:
  ticks: {{kind: source.simulate, config: {SOURCE!r}}}
  saved: {{kind: sink.dataset, from: ticks, config: {{name: kept, mode: append}}}}
  table: {{kind: sink.postgres, from: ticks, config: {{connection: store, table: TABLE}}}}
"""


def runnel(path: Path, *arguments: str) -> dict[str, Any]:
    """Run the program; returns its document."""
    done = ran(path, *arguments)
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    return json.loads(done.stdout)


def ran(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runnel.cli.main", *arguments, "--json"]
    return subprocess.run(command, cwd=path.parent, capture_output=True, timeout=120, check=False, text=True)


def told(path: Path) -> dict[str, Any]:
    return record_of(path.parent, "paused").get("told") or {}


def read(path: Path, port: str) -> int:
    return told(path).get("ports", {}).get(port, 0)


def idle(path: Path, source: str) -> set[bool]:
    return {partition["idle"] for partition in told(path)["sources"][source]["partitions"].values()}


def entry(path: Path, node: str) -> dict[str, Any]:
    ledger = runnel(path, "stream", "ledger", "paused")
    assert ledger["balanced"], ledger
    return next(item for item in ledger["nodes"] if item["node"] == node)


def killed(path: Path, one: OneStream) -> None:
    """Kill the stream's process, and wait until another one tells of itself."""
    worker, at = one.wait_for_worker(), told(path).get("at", 0)
    worker.kill()
    worker.wait(10)
    wait(lambda: told(path).get("at", 0) > at and one.worker() is not None, 30)


def ids(lines: list[str]) -> Counter[int]:
    return Counter(json.loads(line)["id"] for line in lines)


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_paused_wire_into_a_sink_keeps_what_comes_through_kills_and_a_new_start(seed, tally: Tally):
    with fresh_folder() as folder:
        path = pipeline(folder, TWO_SINKS)
        file = folder / "out.ndjson"
        with streaming(path) as one:
            wait(lambda: file.exists() and file.stat().st_size > 0, 60)
            made = runnel(path, "stream", "pause", "paused", "--edge", "few.output->out")
            assert made["edges"] == ["few.output->out.input"] and made["changed"] and made["end"] == "sink"
            stood, came = file.read_bytes(), read(path, "few.output")
            wait(lambda: read(path, "few.output") > came + RATE / 2, 30)
            for _ in range(2):
                killed(path, one)
                tally.cases += 1
            assert file.read_bytes() == stood
            before = read(path, "some.output")
            wait(lambda: told(path)["outbox"]["seen"]["delivered"] > 3 and read(path, "some.output") >= before, 30)
            one.signal(signal.SIGKILL, all=True)
        with streaming(path) as one:  # a start by hand lets the wire stay paused
            wait(lambda: read(path, "ticks.output") == EVENTS, 120)
            wait(lambda: told(path)["outbox"]["seen"]["epochs"] == 0, 30)
            assert told(path)["outbox"]["out"]["held"]
            assert file.read_bytes() == stood
            waits = entry(path, "out")
            assert waits["in_flight"] > 0
            assert waits["in"] == waits["absorbed"] + waits["in_flight"]
            assert told(path)["ledger"]["balanced"]
            one.signal(signal.SIGTERM)
            assert one.report(30)["how"] == "drained"
        assert file.read_bytes() == stood
        with streaming(path) as one:
            one.wait_for_worker()
            runnel(path, "stream", "resume", "paused", "--edge", "few->out")
            wait(lambda: told(path).get("outbox", {}).get("out", {"epochs": 1})["epochs"] == 0, 60)
            one.signal(signal.SIGTERM)
            assert one.report(30)["how"] == "drained"
        seen = rows_of_dataset(folder, "seen")
        expected = Counter(dict(row)["id"] for row in seen.elements() if dict(row)["v"] > 20)
        assert len(seen) == sum(seen.values())
        tally.compare(expected, ids(file.read_text().splitlines()))
        last = entry(path, "out")
        assert last["in_flight"] == 0 and last["absorbed"] == sum(expected.values())
    tally.clean()


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_paused_source_stands_still_and_holds_the_windows_that_wait_for_it(lanes, tally: Tally):
    with fresh_folder() as folder:
        path = pipeline(folder, TWO_SOURCES.replace("LANES", str(lanes)))
        with streaming(path) as one:
            wait(lambda: read(path, "left.output") > RATE / 4, 60)
            made = runnel(path, "stream", "pause", "paused", "--edge", "left->both")
            assert made["end"] == "source" and made["edges"] == ["left.output->both.inputs"]
            held = wait(lambda: told(path)["sources"]["left"]["held"] and told(path), 10)
            positions, mark = held["positions"]["left"], held["watermarks"]["counted"]
            wait(lambda: read(path, "right.output") == EVENTS, 120)
            killed(path, one)
            tally.cases += 1
            wait(lambda: idle(path, "right") == {True}, 30)
            now = told(path)
            assert now["positions"]["left"] == positions
            assert now["held_by"] == {"counted": ["left"]}
            assert idle(path, "left") == {False}, "what is held is not idle"
            assert (now["watermarks"]["counted"] or 0) - (mark or 0) < 2_000_000
            assert now["lag"]["left"] > 0
            status = runnel(path, "stream", "status", "paused")
            assert [(item["node"], item["end"], item["in_effect"]) for item in status["pauses"]] == [("left", "source", True)]
            assert entry(path, "counted")["in"] > EVENTS and told(path)["state"]["counted"]["rows"] > 0
            runnel(path, "stream", "resume", "paused", "--edge", "left.output->both.inputs")
            wait(lambda: read(path, "left.output") == EVENTS, 120)
            one.signal(signal.SIGTERM)
            assert one.report(30)["how"] == "drained"
        report = finish(path)
        assert report["ledger"]["balanced"]
        alone = Counter(dict(row)["id"] for row in rows_of_dataset(folder, "alone").elements())
        tally.compare(Counter(range(1, EVENTS + 1)), alone)
        counted = sum(dict(row)["n"] * times for row, times in rows_of_dataset(folder, "counted").items())
        assert counted == 2 * EVENTS, "a row was late, lost or counted twice"
    tally.clean()


def test_a_target_may_be_away_while_its_wire_is_paused(postgres_server, toxiproxy, tally: Tally):
    with fresh_folder() as folder, proxied(toxiproxy, postgres_server) as proxy:
        path = pipeline(folder, TO_POSTGRES.replace("TABLE", proxy.table))
        connect(folder, "store", "postgres", **proxy.options)
        with streaming(path) as one:
            wait(lambda: told(path).get("outbox", {}).get("table", {}).get("delivered"), 60)
            runnel(path, "stream", "pause", "paused", "--edge", "ticks.output->table.input")
            proxy.cut()
            killed(path, one)
            tally.cases += 1
            wait(lambda: read(path, "ticks.output") == EVENTS, 120)
            proxy.mend()
            runnel(path, "stream", "resume", "paused", "--edge", "ticks.output->table.input")
            wait(lambda: told(path)["outbox"]["table"]["epochs"] == 0, 60)
            one.signal(signal.SIGTERM)
            assert one.report(30)["how"] == "drained"
        with psycopg.connect(postgres_server.address) as connection:
            found = Counter(row[0] for row in connection.execute(f'SELECT id FROM "{proxy.table}"').fetchall())
        tally.compare(Counter(range(1, EVENTS + 1)), found)
    tally.clean()


def test_a_wire_between_two_nodes_is_refused_with_the_nearest_ones_that_can_be_paused():
    with fresh_folder() as folder:
        path = pipeline(folder, TWO_SINKS)
        with streaming(path) as one:
            one.wait_for_worker()
            wait(lambda: record_of(path.parent, "paused"), 30)
            refused = ran(path, "stream", "pause", "paused", "--edge", "some.output->few.input")
            assert refused.returncode == 3 and "RNL-STREAM-068" in refused.stderr
            assert "ticks.output->some.input" in refused.stderr and "few.output->out.input" in refused.stderr
            assert "seen.input" not in refused.stderr
            unknown = ran(path, "stream", "pause", "paused", "--edge", "ticks->out")
            assert unknown.returncode == 3 and "RNL-STREAM-067" in unknown.stderr
            assert "some.output->seen.input" in unknown.stderr
