"""A pipeline that is changed while its stream runs: state is kept, closed or begun anew by choice, and the ledger stays exact."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from integration.sinks.receiver import HttpReceiver
from integration.streams.flowing import entry, folder, refused, runnel, wait_for, write

__all__ = ["folder"]

EVENTS = 24_000
WINDOW = """\
  some: {kind: table.filter, from: ticks, config: {where: "v > 10"}}
  totals: {kind: stream.window, from: some, config: {size_seconds: 60, group_by: [user], values: {n: "count(*)", total: "sum(v)"}}}
  saved: {kind: sink.dataset, from: totals, config: {name: totals, mode: append}}
"""


def running(folder: Path, nodes: str, **more: Any) -> None:
    """Start a stream that takes sixteen seconds for four minutes of events, and wait until it is on its way."""
    write(folder, nodes, EVENTS, rate="1500", **more)
    runnel(folder, "stream", "start", "flow")
    wait_for(folder, lambda status: sum(status["positions"].get("ticks", {}).values()) > 2000)


def ended(folder: Path, source: str = "ticks") -> dict[str, Any]:
    """Let the rest come, let open windows leave, and return the ledger."""
    wait_for(folder, lambda status: sum(status["positions"].get(source, {}).values()) == EVENTS)
    runnel(folder, "stream", "stop", "flow", "--close-windows")
    return runnel(folder, "stream", "ledger", "flow")


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    import json

    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "datasets", "read", name, "--format", "json"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def expected(folder: Path, where: str = "v > 10") -> int:
    """Count the events by running a pipeline over all of them at once, elsewhere."""
    other = folder / "other"
    other.mkdir()
    (other / "runnel.toml").write_text("", "utf-8")
    path = write(other, f'  some: {{kind: table.filter, from: ticks, config: {{where: "{where}"}}}}\n'
                 "  out: {kind: sink.dataset, from: some, config: {name: all, mode: append}}\n", EVENTS)  # fmt: skip
    return int(entry(runnel(other, "run", str(path), "--until-caught-up"), "out")["absorbed"])


def given(ledger: dict[str, Any], node: str, what: str) -> int:
    return next(item[what] for item in ledger["nodes"] if item["node"] == node)


def test_how_much_a_run_may_take_is_no_other_version(folder):
    running(folder, WINDOW)
    with (folder / "flow.runnel.yaml").open("a") as file:
        file.write("settings: {memory: 900MB, timeout_seconds: 86400}\n")
    look = runnel(folder, "stream", "change", "flow", "--look")
    assert not look["needs_choice"] and not look["changed"]
    runnel(folder, "stream", "change", "flow")
    ledger = ended(folder)
    assert ledger["balanced"] and ledger["from"] == 0
    assert given(ledger, "some", "passed") == sum(row["n"] for row in rows(folder, "totals")) == expected(folder)


def test_renamed_nodes_keep_state_and_positions_and_a_new_sink_begins_with_the_next_epoch(folder):
    running(folder, WINDOW)
    text = (folder / "flow.runnel.yaml").read_text()
    text = text.replace("ticks", "events").replace("totals:", "sums:").replace("from: totals", "from: sums")
    text += "  more: {kind: sink.dataset, from: some, config: {name: more, mode: append}}\n"
    (folder / "flow.runnel.yaml").write_text(text)
    look = runnel(folder, "stream", "change", "flow", "--look")
    assert look["renamed"] == {"events": "ticks", "sums": "totals"}
    assert not look["needs_choice"] and look["sources_begun"] == look["sources_left"] == []
    runnel(folder, "stream", "change", "flow")
    ledger = ended(folder, "events")
    made = rows(folder, "totals")
    assert max(Counter((row["user"], row["window_start"]) for row in made).values()) == 1
    assert sum(row["n"] for row in made) == expected(folder)
    assert ledger["balanced"] and ledger["from"] > 0
    assert given(ledger, "more", "absorbed") == given(ledger, "some", "passed") == len(rows(folder, "more"))


def test_a_state_that_no_longer_fits_is_refused_while_the_stream_runs_on_and_forgotten_by_choice(folder):
    running(folder, WINDOW)
    path = folder / "flow.runnel.yaml"
    path.write_text(path.read_text().replace('total: "sum(v)"', 'total: "sum(v)", most: "max(v)"'))
    look = runnel(folder, "stream", "change", "flow", "--look")
    assert [one["node"] for one in look["changed"]] == ["totals"] and look["needs_choice"]
    assert "RNL-STREAM-014" in refused(folder, "stream", "change", "flow")
    assert runnel(folder, "stream", "status", "flow")["status"] == "running"
    runnel(folder, "stream", "change", "flow", "--state", "forget")
    ledger = ended(folder)
    kept = [one["label"] for one in runnel(folder, "stream", "status", "flow").get("savepoints", [])]
    assert ledger["balanced"], ledger["findings"]
    made = [row for row in rows(folder, "totals") if row.get("most") is not None]
    assert sum(row["n"] for row in made) == given(ledger, "some", "passed")
    assert kept == [] or kept[0].startswith("before change at ")


def test_open_windows_leave_under_the_version_that_made_them_where_that_is_chosen(folder):
    running(folder, WINDOW)
    path = folder / "flow.runnel.yaml"
    path.write_text(path.read_text().replace("size_seconds: 60", "size_seconds: 30"))
    runnel(folder, "stream", "change", "flow", "--state", "close")
    ledger = ended(folder)
    assert sum(row["n"] for row in rows(folder, "totals")) == expected(folder)
    assert ledger["balanced"]


@pytest.mark.row("M-004-12")
def test_rows_that_wait_for_a_sink_which_is_gone_are_not_lost_without_a_word(folder):
    receiver = HttpReceiver(answer=lambda sent: (503, {}, b""))
    subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "connections", "add", "shop", "--kind", "http", "--option", f"base_url={receiver.url}"],
        cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        running(folder, WINDOW + "  out: {kind: sink.http, from: some, config: {connection: shop, path: /rows}}\n")
        write(folder, WINDOW, EVENTS, rate="2000")
        look = runnel(folder, "stream", "change", "flow", "--look")
        assert look["waiting"]["out"] > 0
        assert "RNL-STREAM-015" in refused(folder, "stream", "change", "flow")
        runnel(folder, "stream", "change", "flow", "--discard")
        ledger = ended(folder)
    finally:
        receiver.close()
    assert sum(row["n"] for row in rows(folder, "totals")) == expected(folder)
    assert ledger["balanced"]
