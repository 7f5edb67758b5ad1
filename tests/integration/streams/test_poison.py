"""A record that ends the stream's process is found, set aside with its place, and the others are delivered (R14)."""

from __future__ import annotations

import json

import pytest
from flowing import entry, folder, runnel, write

__all__ = ["folder"]


@pytest.mark.row("M-004-08")
def test_a_record_that_takes_all_memory_becomes_a_dead_letter_and_the_rest_goes_on(folder):
    path = write(folder, """\
  big: {kind: table.derive, from: ticks, config: {columns: {n: "length(repeat('0123456789', CASE WHEN id = 777 THEN 60000000 ELSE 1 END))"}}}
  out: {kind: sink.file, from: big, config: {path: out.ndjson}}
settings: {memory: 512MB}
""", events=3000)
    report = runnel(folder, "run", str(path), "--until-caught-up")
    ids = [json.loads(line)["id"] for line in (folder / "out.ndjson").read_text().splitlines()]
    assert sorted(ids) == [number for number in range(1, 3001) if number != 777]
    assert report["dead_letters"] == {"ticks": 1}
    assert entry(report, "ticks")["records"] == 3000
    assert report["ledger"]["balanced"]
    letter = runnel(folder, "dead-letters", "show", "flow", "ticks")["letters"][0]
    assert letter["row"]["id"] == 777
    assert "ends the stream's process" in letter["reason"]
    assert report["starts"] <= 12
