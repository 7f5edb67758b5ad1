"""A stream's process dies at every durable step, one after the other: what it wrote is the same each time (R2)."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from faulting import Tally
from stream_lives import START, pipeline, rows_of_dataset, the_row

from building import fresh_folder
from runnel.app.pipelines import read
from runnel.app.project import Project
from runnel.app.streams.running import StreamRunOptions, run_stream

EVENTS = 30_000
PIPELINE = f"""\
runnel: 1
name: points
nodes:
  ticks:
    kind: source.simulate
    config: {{events: {EVENTS}, rate_per_second: null, start: "{START}", interval_seconds: 0.01, partitions: 2,
      columns: {{id: sequence, user: "choice(a,b)", v: "integer(1,100)"}}}}
  good: {{kind: table.validate, from: ticks, config: {{rules: [{{check: "v > 1", name: some, message: too little}}]}}}}
  totals: {{kind: stream.window, from: good.valid, config: {{size_seconds: 20, group_by: [user], values: {{n: "count(*)", s: "sum(v)"}}}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals}}}}
  file: {{kind: sink.file, from: totals, config: {{path: out/totals.csv}}}}
"""
EVERY = os.environ.get("FAULT_POINTS") == "all"
STEP = 17


def options(die_at: int | None) -> StreamRunOptions:
    """Many small epochs, and a base after every third of them."""
    return StreamRunOptions(until_caught_up=True, epoch_seconds=0.0, most_records=3000, deltas_per_base=3, die_at=die_at)


def run_once(folder: Any, die_at: int | None) -> tuple[int, Counter[Any], list[str], dict[str, Any]]:
    """Run the stream to its end; returns how often its process was started, and what stands in its targets."""
    path = pipeline(folder, PIPELINE)
    project = Project(folder, environ={})
    try:
        report = run_stream(project, read(path), options(die_at))
    finally:
        project.close()
    assert report.error is None, report.error
    stands = the_row(folder, "points").place.positions["ticks"]
    assert sum(at["next"] for at in stands.values()) == EVENTS, "it reads on where it stood, whoever starts it again"
    rows = rows_of_dataset(folder, "totals")
    lines = sorted((folder / "out" / "totals.csv").read_text().splitlines())
    return report.starts, rows, lines, dict(report.ledger)


@pytest.mark.parametrize("offset", range(STEP if EVERY else 1))
def test_it_may_die_at_any_durable_step(offset, tally: Tally):
    with fresh_folder() as folder:
        starts, wanted, lines, ledger = run_once(folder, None)
        assert starts == 1
        assert ledger["balanced"]
    for point in range(1 + offset, 2000, STEP):
        with fresh_folder() as folder:
            starts, rows, found, ledger = run_once(folder, point)
            tally.cases += 1
            tally.compare(wanted, rows)
            tally.clean()
            assert found == lines, f"died at step {point}"
            assert ledger["balanced"], f"died at step {point}"
            if starts == 1:  # there are not so many steps
                break
    else:
        raise AssertionError("the stream passes more steps than were tried")
    tally.note(most_steps=point)
    assert tally.cases > 5
