"""Progress of a run: events while a long query runs, none for short ones, a bar on terminals and nothing in pipes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from building import document, fresh_folder, fresh_project, node, rows
from runnel.app.runs import RunOptions, run
from runnel.model.saving import to_yaml

RUNNEL = [sys.executable, "-m", "runnel.cli.main"]
ROWS = 1_500_000


def slow(source: Mapping[str, Any]) -> dict[str, Any]:
    """Nodes that keep two processors busy for some seconds."""
    values = {"n": "count(distinct md5(to_text(id)))", "m": "count(distinct sha256(to_text(id)))"}
    return {
        "read": dict(source), "sums": node("table.aggregate", "read", group_by=[], values=values),
        "saved": node("sink.file", "sums", path="out.csv"),
    }  # fmt: skip


@pytest.fixture(params=["parquet", "csv", "generated"])
def source(request, tmp_path):
    if request.param == "generated":
        return node("source.generate", rows=ROWS, columns={"id": "sequence"})
    file = tmp_path / f"in.{request.param}"
    duckdb.sql(f"COPY (SELECT i AS id FROM range({ROWS}) t(i)) TO '{file}' (FORMAT {request.param})")
    return node("source.file", path=str(file))


def told(project: Any, nodes: dict[str, Any]) -> tuple[Any, list[Mapping[str, Any]]]:
    seen: list[Mapping[str, Any]] = []
    report = run(
        project, document(project, nodes), RunOptions(use_cache=False),
        lambda kind, data: seen.append(data) if kind == "progress" else None,
    )  # fmt: skip
    return report, seen


def test_a_long_query_tells_how_far_it_is_and_ends_at_a_hundred_percent(source):
    with fresh_project() as project:
        report, seen = told(project, slow(source))
        assert report.status == "success" and report.ledger.balanced
        assert report.ledger.entry("read").rows_out == ROWS, "counting is not disturbed"
    percents = [event["percent"] for event in seen]
    assert len(percents) >= 2 and percents == sorted(percents) and percents[-1] == 100
    assert all(percent <= 99 for percent in percents[:-1])
    assert {(event["segment"], event["node"]) for event in seen} == {("sums", "sums")}
    assert seen[-1]["seconds_left"] == 0 and seen[0]["seconds"] >= 0.5
    seconds = [event["seconds"] for event in seen]
    assert all(later - first >= 1 for first, later in zip(seconds, seconds[5:], strict=False)), "five a second at most"
    sizes = {event["bytes"] for event in seen}
    if source["kind"] == "source.generate":
        assert sizes == {None}
    else:
        (size,) = sizes
        assert 0 < size <= os.path.getsize(source["config"]["path"])
        assert seen[-1]["bytes_read"] == size and all(0 <= event["bytes_read"] <= size for event in seen)


def test_short_queries_say_nothing():
    with fresh_project() as project:
        nodes = {"rows": rows({"id": 1}), "saved": node("sink.file", "rows", path="out.csv")}
        assert told(project, nodes)[1] == []


@pytest.fixture
def folder():
    with fresh_folder() as made, fresh_project() as project:
        nodes = slow(node("source.generate", rows=ROWS, columns={"id": "sequence"}))
        pipeline = document(project, nodes).pipeline
        assert pipeline is not None
        (made / "slow.runnel.yaml").write_text(to_yaml(pipeline))
        yield made


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(folder):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*RUNNEL, "run", "slow.runnel.yaml"], cwd=folder, stdout=subprocess.DEVNULL, stderr=follower, stdin=follower,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other side of a terminal is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait() == 0, shown
    text = shown.decode("utf-8", "replace")
    assert "█" in text or "░" in text
    assert "sums" in text and "%" in text
    before, _, after = text.rpartition("\x1b[K")
    assert "░" in before and "░" not in after and "the ledger balances" in after


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_pipe_gets_no_bar(folder, flags):
    done = subprocess.run([*RUNNEL, "run", "slow.runnel.yaml", *flags], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"█", "░", "\x1b", "\r"} & set(done.stderr + done.stdout)
