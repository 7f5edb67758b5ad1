"""A stream that pauses by itself: for what it refuses, and for records that look otherwise than before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flowing import folder, printed, runnel, wait_for

__all__ = ["folder"]

PIPELINE = """\
runnel: 1
name: flow
SETTINGS
nodes:
  lines:
    kind: source.files
    config: {path: in, pattern: "*.ndjson", mode: tail, format: ndjson, columns: {id: BIGINT, v: INTEGER}, schema_change: POLICY}
  good: {kind: table.validate, from: lines, config: {rules: [{check: "v > 0", name: positive, message: not positive}]}}
  out: {kind: sink.file, from: good.valid, config: {path: out.ndjson, mode: append}}
"""


def started(folder: Path, policy: str, settings: str = "") -> Path:
    (folder / "in").mkdir()
    (folder / "in" / "a.ndjson").write_text("", "utf-8")
    text = PIPELINE.replace("POLICY", policy).replace("SETTINGS", settings)
    (folder / "flow.runnel.yaml").write_text(text, "utf-8")
    return folder / "in" / "a.ndjson"


def append(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def delivered(folder: Path) -> list[int]:
    path = folder / "out.ndjson"
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@pytest.mark.row("M-004-08")
def test_too_many_refused_records_pause_a_stream_until_a_person_resumes_it(folder):
    file = started(folder, "evolve", "settings: {dead_letters: {max_count: 3}}")
    append(file, [{"id": number, "v": 1} for number in range(5)])
    runnel(folder, "stream", "start", "flow")
    try:
        wait_for(folder, lambda status: status["outbox"].get("out", {}).get("delivered") and len(delivered(folder)) == 5)
        append(file, [{"id": number, "v": -1} for number in range(5, 9)])
        paused = wait_for(folder, lambda status: status["status"] == "paused" and status["paused_because"])
        assert paused["paused_because"]["code"] == "RNL-STREAM-061"
        assert "4 records were refused, and the pipeline bears 3" in paused["paused_because"]["what"]
        assert paused["dead_letters"] == {"good": 4}
        append(file, [{"id": 9, "v": 1}])
        runnel(folder, "stream", "resume", "flow")
        wait_for(folder, lambda status: status["status"] == "running" and delivered(folder)[-1:] == [9])
        wait_for(folder, lambda status: status["paused_because"] is None)
        append(file, [{"id": number, "v": -1} for number in range(10, 13)])
        wait_for(folder, lambda status: status["dead_letters"] == {"good": 7} and status["status"] == "running")
    finally:
        runnel(folder, "stream", "stop", "flow")


def test_a_run_to_the_end_fails_where_too_much_is_refused_and_keeps_what_it_refused(folder):
    file = started(folder, "evolve", "settings: {dead_letters: {max_share: 0.1}}")
    append(file, [{"id": number, "v": number % 2} for number in range(100)])
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up", code=4)
    assert report["error"]["code"] == "RNL-STREAM-061"
    assert "50 of 100 records" in report["error"]["what"]
    assert runnel(folder, "dead-letters", "show", "flow", "good")["letters"]


def test_a_source_may_pause_the_stream_when_its_records_change(folder):
    file = started(folder, "pause")
    append(file, [{"id": number, "v": 1} for number in range(5)])
    runnel(folder, "stream", "start", "flow")
    try:
        wait_for(folder, lambda status: len(delivered(folder)) == 5)
        append(file, [{"id": 5, "v": 1, "colour": "red"}])
        paused = wait_for(folder, lambda status: status["status"] == "paused" and status["paused_because"])
        assert paused["paused_because"]["where"] == {"node": "lines", "column": "colour"}
        assert paused["changes"][-1]["kind"] == "new"
        runnel(folder, "stream", "resume", "flow")
        append(file, [{"id": 6, "v": 1, "colour": "red"}])
        wait_for(folder, lambda status: delivered(folder) == list(range(7)) and status["status"] == "running")
        append(file, [{"id": 7, "v": "many"}])
        paused = wait_for(folder, lambda status: status["status"] == "paused" and status["paused_because"])
        assert "v is no INTEGER" in paused["paused_because"]["what"]
    finally:
        runnel(folder, "stream", "stop", "flow")


def test_a_source_may_refuse_records_with_fields_that_are_no_columns_and_go_on(folder):
    file = started(folder, "dead_letter")
    append(file, [{"id": 0, "v": 1}, {"id": 1, "v": 1, "colour": "red"}, {"id": 2, "v": 2}])
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up")
    assert delivered(folder) == [0, 2]
    assert report["dead_letters"] == {"lines": 1}
    letter = runnel(folder, "dead-letters", "show", "flow", "lines")["letters"][0]
    assert "colour" in letter["reason"]


def test_a_change_is_told_where_the_stream_goes_on(folder):
    file = started(folder, "evolve")
    append(file, [{"id": number, "v": 1, "note": "x"} for number in range(5)])
    runnel(folder, "stream", "start", "flow")
    try:
        wait_for(folder, lambda status: len(delivered(folder)) == 5)
        append(file, [{"id": number, "v": 1} for number in range(5, 9)])
        told = wait_for(folder, lambda status: status["changes"])
        assert told["changes"][-1]["column"] == "note"
        assert told["changes"][-1]["kind"] == "gone"
        assert told["changes"][-1]["read"] is False and "hits" not in told["changes"][-1]
        assert told["status"] == "running"
        append(file, [{"id": number} for number in range(9, 12)])
        told = wait_for(folder, lambda status: status["changes"][-1]["column"] == "v" and status)
        assert told["changes"][-1]["read"] and told["changes"][-1]["hits"] == ["good", "out"]
        assert "the field `v` is gone; this hits good, out" in printed(folder, "stream", "status", "flow")
    finally:
        runnel(folder, "stream", "stop", "flow")
