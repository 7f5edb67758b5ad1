"""Streams from the command line: run to their end, started and stopped, their ledger, dead letters, savepoints and targets."""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import pytest
from flowing import entry, folder, runnel, wait_for, write

__all__ = ["folder"]

@pytest.mark.row("M-003-223", "M-003-240", "M-003-13")
def test_a_stream_runs_to_the_end_that_its_source_had_and_closes_its_windows(folder):
    path = write(folder, """\
  counts: {kind: stream.window, from: ticks, config: {size_seconds: 10, group_by: [user], values: {n: count(*)}}}
  saved: {kind: sink.dataset, from: counts, config: {name: counts}}
""")
    report = runnel(folder, "run", str(path), "--until-caught-up")
    assert report["how"] == "finished"
    assert report["ledger"]["balanced"]
    assert entry(report, "ticks")["records"] == 20_000
    assert entry(report, "counts")["absorbed"] == 20_000
    done = subprocess.run([sys.executable, "-m", "runnel.cli.main", "datasets", "read", "counts", "--format", "json"],
                          cwd=folder, capture_output=True, check=True)  # fmt: skip
    rows = json.loads(done.stdout)
    assert sum(row["n"] for row in rows) == 20_000
    assert len(rows) == entry(report, "saved")["absorbed"] == 20 * 3


def test_files_are_targets_that_hold_every_row_once(folder):
    path = write(folder, """\
  csv: {kind: sink.file, from: ticks, config: {path: out/all.csv}}
  lines: {kind: sink.file, from: ticks, config: {path: out/all.ndjson}}
  parts: {kind: sink.file, from: ticks, config: {path: out/parts, format: parquet, partition_by: [user]}}
""")
    runnel(folder, "run", str(path), "--until-caught-up")
    for place in ("out/all.csv", "out/all.ndjson", "out/parts/**/*.parquet"):
        reader = "read_parquet" if place.endswith("parquet") else "read_csv" if place.endswith("csv") else "read_json"
        found = duckdb.sql(f"SELECT count(*), count(DISTINCT id), sum(v) FROM {reader}('{folder / place}')").fetchall()
        assert found[0][:2] == (20_000, 20_000), place


def test_a_finished_stream_reads_on_and_one_that_is_rewound_reads_again(folder):
    nodes = "  out: {kind: sink.file, from: ticks, config: {path: out.ndjson, mode: append}}\n"
    path = write(folder, nodes, events=1000)
    runnel(folder, "run", str(path), "--until-caught-up")
    write(folder, nodes, events=1500)
    second = runnel(folder, "run", str(path), "--until-caught-up")
    assert entry(second, "ticks")["records"] == 500
    assert len((folder / "out.ndjson").read_text().splitlines()) == 1500
    made = runnel(folder, "stream", "rewind", "flow", "--to", "start")
    assert made["epoch"] == second["epoch"]
    third = runnel(folder, "run", str(path), "--until-caught-up")
    assert entry(third, "ticks")["records"] == 1500
    assert third["epoch"] > second["epoch"]


def test_a_savepoint_keeps_state_that_a_rewound_stream_goes_on_with(folder):
    nodes = """\
  counts: {kind: stream.window, from: ticks, config: {size_seconds: 1000, values: {n: count(*)}}}
  out: {kind: sink.file, from: counts, config: {path: out.ndjson}}
"""
    path = write(folder, nodes, events=5_000_000, rate="5000")
    runnel(folder, "stream", "start", "flow")
    wait_for(folder, lambda status: status["epoch"] >= 2)
    assert runnel(folder, "stream", "savepoint", "flow", "first")["epoch"] >= 2
    stopped = runnel(folder, "stream", "stop", "flow")
    assert stopped["status"] in ("stopped", "drained")
    before = runnel(folder, "stream", "status", "flow")
    runnel(folder, "stream", "rewind", "flow", "--to", "first")
    write(folder, nodes, events=200, rate="null")
    report = runnel(folder, "run", str(path), "--until-caught-up")
    read_before = sum(before["positions"]["ticks"].values())
    counted = sum(json.loads(line)["n"] for line in (folder / "out.ndjson").read_text().splitlines())
    assert 0 < counted <= read_before
    assert report["ledger"]["balanced"]


@pytest.mark.row("M-003-204", "M-004-32", "M-001-15")
def test_a_stream_is_started_paused_resumed_and_drained(folder):
    write(folder, """\
  counts: {kind: stream.window, from: ticks, config: {size_seconds: 1, group_by: [user], values: {n: count(*)}}}
  saved: {kind: sink.dataset, from: counts, config: {name: counts}}
""", events="null", rate="2000")
    runnel(folder, "stream", "start", "flow")
    status = wait_for(folder, lambda status: status["status"] == "running" and status["epoch"] > 1 and bool(status["positions"].get("ticks")))
    assert status["guarantee"] == {"saved": "exactly_once"}
    assert set(status["positions"]["ticks"]) == {"0", "1"}
    assert status["watermark"] is not None
    assert runnel(folder, "stream", "pause", "flow")["status"] == "paused"
    assert runnel(folder, "stream", "resume", "flow")["status"] == "running"
    runnel(folder, "stream", "drain", "flow")
    ended = runnel(folder, "stream", "status", "flow")
    assert ended["status"] == "drained"
    assert ended["outbox"]["saved"]["epochs"] == 0
    proof = runnel(folder, "stream", "ledger", "flow", "--from", "1")
    assert proof["balanced"]
    assert proof["from"] == 1
    assert proof["to"] == ended["epoch"]


def test_every_wire_tells_its_rows_and_their_rate_also_within_a_segment(folder):
    write(folder, """\
  some: {kind: table.filter, from: ticks, config: {where: "v > 50"}}
  twice: {kind: table.derive, from: some, config: {columns: {w: "v * 2"}}}
  named: {kind: table.derive, from: twice, config: {columns: {x: "w + 1"}}}
  saved: {kind: sink.dataset, from: named, config: {name: counts}}
""", events="null", rate="2000")
    runnel(folder, "stream", "start", "flow")
    inner = ("some.output", "twice.output", "named.output")
    status = wait_for(folder, lambda status: all(status["rates"].get(port, 0) > 500 for port in inner))
    assert len({status["ports"][port] for port in inner}) == 1
    assert len({status["rates"][port] for port in inner}) == 1
    runnel(folder, "stream", "drain", "flow")
    ended = runnel(folder, "stream", "status", "flow")
    assert {ended["ports"][port] for port in inner} == {ended["ports"]["saved"]}


@pytest.mark.row("M-004-08", "M-004-15", "M-004-07")
def test_refused_rows_enter_again_once_where_they_were_refused(folder):
    nodes = """\
  good: {kind: table.validate, from: ticks, config: {rules: [{check: "v > LEAST", name: enough, message: too little}]}}
  out: {kind: sink.file, from: good.valid, config: {path: out.ndjson, mode: append}}
  all: {kind: sink.file, from: ticks, config: {path: all.ndjson, mode: append}}
"""
    path = write(folder, nodes.replace("LEAST", "50"), events=1000)
    first = runnel(folder, "run", str(path), "--until-caught-up")
    refused = first["dead_letters"]["good"]
    assert refused == entry(first, "good")["dead_lettered"] > 100
    shown = runnel(folder, "dead-letters", "show", "flow", "good")["letters"][0]
    assert shown["reason"] == "too little"
    assert set(shown["position"]) == {"partition", "position"}
    write(folder, nodes.replace("LEAST", "0"), events=1000)
    assert runnel(folder, "dead-letters", "replay", "flow", "good")["letters"] == refused
    second = runnel(folder, "run", str(path), "--until-caught-up")
    assert second["ledger"]["balanced"]
    ids = [json.loads(line)["id"] for line in (folder / "out.ndjson").read_text().splitlines()]
    assert sorted(ids) == list(range(1, 1001))
    assert len((folder / "all.ndjson").read_text().splitlines()) == 1000
    listed = next(item for item in runnel(folder, "dead-letters", "list")["streams"] if item["node"] == "good")
    assert listed["replayed"] == refused
    assert listed["open"] == 0


def test_a_discarded_letter_is_settled_with_its_reason(folder):
    path = write(folder, """\
  good: {kind: table.validate, from: ticks, config: {rules: [{check: "v > 50", name: enough, message: too little}]}}
  out: {kind: sink.file, from: good.valid, config: {path: out.ndjson}}
""", events=200)
    refused = runnel(folder, "run", str(path), "--until-caught-up")["dead_letters"]["good"]
    assert runnel(folder, "dead-letters", "discard", "flow", "good", "--reason", "a test")["discarded"] == refused
    listed = runnel(folder, "dead-letters", "list")["streams"][0]
    assert (listed["open"], listed["discarded"]) == (0, refused)


@pytest.mark.parametrize("node", ["table.sort", "table.aggregate", "table.limit"])
def test_a_node_that_waits_for_the_end_says_so(folder, node):
    config = {"table.sort": "{by: [v]}", "table.aggregate": "{values: {n: count(*)}}", "table.limit": "{rows: 3}"}[node]
    path = write(folder, f"  n: {{kind: {node}, from: ticks, config: {config}}}\n  o: {{kind: sink.file, from: n, config: {{path: o.csv}}}}\n")
    found = runnel(folder, "validate", str(path), code=3)["findings"]
    assert [item["code"] for item in found if item["severity"] == "error"] == ["RNL-STREAM-001"]


def test_a_file_that_is_replaced_keeps_its_rows_until_there_are_others(folder):
    nodes = "  out: {kind: sink.file, from: ticks, config: {path: out.ndjson, mode: replace}}\n"
    path = write(folder, nodes, events=100)
    runnel(folder, "run", str(path), "--until-caught-up")
    first = (folder / "out.ndjson").read_text()
    runnel(folder, "run", str(path), "--until-caught-up")
    assert len(first.splitlines()) == 100
    assert (folder / "out.ndjson").read_text() == first, "nothing new came"
    write(folder, nodes, events=130)
    runnel(folder, "run", str(path), "--until-caught-up")
    lines = (folder / "out.ndjson").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == list(range(101, 131))
