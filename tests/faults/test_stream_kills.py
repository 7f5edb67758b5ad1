"""Kill -9 of a stream's process, and of everything, at random: nothing lost, nothing doubled, the ledger exact (R1)."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from typing import Any

import duckdb
import pytest
from faulting import Tally
from stream_lives import (
    START,
    command,
    end,
    kill_when_it_appears,
    pipeline,
    rows_of_dataset,
    until_finished,
)

from building import fresh_folder
from runnel.connectors.simulate import SimulateSource

FIRST, _, LAST = os.environ.get("FAULT_SEEDS", "1-2").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)
KILLS = int(os.environ.get("FAULT_KILLS", "12"))
EVENTS = 160_000 * max(KILLS, 10)
CONFIG = {
    "events": EVENTS, "rate_per_second": None, "start": START, "interval_seconds": 0.001, "partitions": 3,
    "disorder_seconds": 2, "columns": {"id": "sequence", "user": "choice(a,b,c,d)", "v": "integer(1,100)"},
}  # fmt: skip
PIPELINE = f"""\
runnel: 1
name: killed
settings:
  lanes: LANES
nodes:
  ticks: {{kind: source.simulate, config: {CONFIG!r}}}
  some: {{kind: table.filter, from: ticks, config: {{where: "v > 10"}}}}
  totals:
    kind: stream.window
    from: some
    config: {{size_seconds: 5, group_by: [user], values: {{n: "count(*)", total: "sum(v)", least: "min(id)", mean: "avg(v)"}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals}}}}
""".replace("None", "null")


def expected() -> Counter[tuple[Any, ...]]:
    """The windows over all events at once, from the events' own definition."""
    source = SimulateSource(SimulateSource.Config.model_validate(CONFIG), {}, "ticks")
    events = source._whole(f"range({EVENTS})", ["id", "user", "v"], source._start())
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.execute(f"""
        SELECT "user", strftime(to_timestamp(s), '%Y-%m-%dT%H:%M:%SZ'), strftime(to_timestamp(s + 5), '%Y-%m-%dT%H:%M:%SZ'),
            count(*), sum(v)::BIGINT, min(id), avg(v)
        FROM (SELECT *, floor(epoch(_event_time) / 5) * 5 AS s FROM ({events})) WHERE v > 10 GROUP BY "user", s
    """).fetchall()
    names = ("user", "window_start", "window_end", "n", "total", "least", "mean")
    return Counter(tuple(zip(names, row, strict=True)) for row in rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_row_is_lost_or_doubled_however_often_it_is_killed(seed, tally: Tally):
    """Every other stream has two lanes: any of its three processes may die."""
    text = PIPELINE.replace("LANES", str(seed % 2 + 1))
    with fresh_folder() as folder:
        lives = until_finished(pipeline(folder, text), random.Random(seed), KILLS, (0.0, 0.5))
        tally.compare(expected(), rows_of_dataset(folder, "totals"))
    ledger = lives.report["ledger"]
    passed = {entry["node"]: entry for entry in ledger["nodes"]}
    tally.cases = lives.kills
    tally.note(of_everything=lives.whole, records=EVENTS)
    tally.clean()
    assert ledger["balanced"]
    assert passed["ticks"]["records"] == EVENTS
    assert passed["saved"]["absorbed"] == passed["totals"]["created"] == sum(expected().values())
    assert lives.kills >= KILLS / 3


def test_a_stream_that_died_before_its_first_epoch_goes_on_carefully_and_then_as_usual():
    """Twice dead without progress it takes few records at once; as nothing in them kills it, it is let go again."""
    events = 400_000
    text = PIPELINE.replace("LANES", "1").replace(f"'events': {EVENTS}", f"'events': {events}")
    with fresh_folder() as folder:
        process = subprocess.Popen(
            command(pipeline(folder, text), "--until-caught-up"), stdout=subprocess.PIPE, start_new_session=True
        )
        try:
            for _ in range(2):
                kill_when_it_appears(process.pid)
            out, _ = process.communicate(timeout=120)
        finally:
            end(process)
    report = json.loads(out)
    passed = {entry["node"]: entry for entry in report["ledger"]["nodes"]}
    assert process.returncode == 0
    assert passed["ticks"]["records"] == events
    assert report["dead_letters"] == {}
    assert report["starts"] == 4  # the two that died, a careful one, and one as usual
    assert 100 < report["epoch"] < 150
