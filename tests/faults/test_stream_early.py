"""Early results and kill -9: targets hold the newest row of each window, and none is told as new twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from faulting import Tally, connect, size
from stream_lives import START, command, differences, pipeline, rows_of_dataset, until_finished
from test_stream_damage import damage, wait_for_epochs

from building import fresh_folder
from runnel.connectors.simulate import SimulateSource

KILLS = size("FAULT_KILLS", 6)
EVENTS = 120_000 * KILLS
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
  totals:
    kind: stream.window
    from: ticks
    config: {{size_seconds: 120, slide_seconds: 60, emit: early, every_seconds: 0, group_by: [user],
      values: {{n: "count(*)", total: "sum(v)", least: "min(id)"}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals, mode: upsert, key: [user, window_start]}}}}
  said: {{kind: table.rename, from: totals, config: {{columns: {{_op: said}}}}}}
  log: {{kind: sink.dataset, from: said, config: {{name: log, mode: append}}}}
SINKS
""".replace("None", "null")


def expected() -> Counter[tuple[Any, ...]]:
    """The windows over all events at once, from the events' own definition."""
    source = SimulateSource(SimulateSource.Config.model_validate(CONFIG), {}, "ticks")
    events = source._whole(f"range({EVENTS})", ["id", "user", "v"], source._start())
    rows = duckdb.connect().execute(f"""
        SELECT "user", count(*), sum(v)::BIGINT, min(id) FROM (
            SELECT *, unnest([floor(epoch(_event_time) / 60) * 60 - 60, floor(epoch(_event_time) / 60) * 60]) AS s FROM ({events})
        ) GROUP BY "user", s
    """).fetchall()
    return Counter(rows)


def held(folder: Path, name: str = "totals") -> Counter[tuple[Any, ...]]:
    rows = [dict(row) for row in rows_of_dataset(folder, name).elements()]
    assert all("_op" not in row for row in rows)
    return Counter((row["user"], row["n"], row["total"], row["least"]) for row in rows)


def told(folder: Path) -> Counter[str]:
    """How often each operation was told; a window is told as new once, whatever happened."""
    rows = [dict(row) for row in rows_of_dataset(folder, "log").elements()]
    new = Counter((row["user"], row["window_start"]) for row in rows if row["said"] == "insert")
    assert set(new.values()) == {1} and len(new) == len(expected())
    return Counter(row["said"] for row in rows)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.row("M-004-16")
def test_the_newest_row_of_each_window_stands_in_both_targets_however_often_it_is_killed(lanes, postgres_server, tally: Tally):
    server = psycopg.conninfo.conninfo_to_dict(postgres_server.address)
    table = f"early_{os.getpid()}_{lanes}"
    sink = f"  table: {{kind: sink.postgres, from: totals, config: {{connection: store, table: {table}, mode: upsert, key: [user, window_start]}}}}"
    with fresh_folder() as folder, psycopg.connect(postgres_server.address, autocommit=True) as connection:
        path = pipeline(folder, PIPELINE.replace("LANES", str(lanes)).replace("SINKS", sink))
        connect(folder, "store", "postgres", host=server["host"], port=server["port"], database=server["dbname"],
                user=server["user"], tls="disable")  # fmt: skip
        try:
            lives = until_finished(path, random.Random(lanes), KILLS, (0.0, 0.6))
            rows = connection.execute(f'SELECT "user", n, total::bigint, least FROM "{table}"').fetchall()
        finally:
            connection.execute(f'DROP TABLE IF EXISTS "{table}"')
        operations = told(folder)
        for rows_there in (held(folder), Counter(rows)):
            tally.compare(expected(), rows_there)
    tally.cases = lives.kills
    tally.clean()
    assert lives.report["ledger"]["balanced"] and lives.kills >= KILLS / 3
    assert operations["update"] > 0


def test_epochs_that_are_computed_again_tell_the_same(tmp_path):
    """Files of epochs are damaged between lives: their rows are told again from the same records, and counted the same."""
    random_ = random.Random(1)
    text = PIPELINE.replace("LANES", "1").replace("SINKS", "")
    with fresh_folder() as folder:
        path = pipeline(folder, text.replace("rate_per_second': null", "rate_per_second': 2500"))
        damaged: list[str] = []
        again: list[Path] = []
        for life in range(4):
            with (tmp_path / "said").open("wb") as said:
                process = subprocess.Popen(command(path), stdout=said, stderr=said, start_new_session=True)
                try:
                    wait_for_epochs(folder, random_.randint(3, 14), process)
                    assert process.poll() is None, (tmp_path / "said").read_text()[-2000:]
                finally:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if life == 1:  # what was computed again has a base of its own at once
                again = list((folder / ".runnel" / "streams" / "killed").glob("*/*-base-*"))
            if life < 3:  # the last one mends them: another version, which follows, could not
                damaged.append(damage(folder, random_))
        pipeline(folder, text)
        done = subprocess.run(command(path, "--until-caught-up"), capture_output=True, timeout=200, check=False)
        assert done.returncode == 0, (damaged, done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
        operations = told(folder)
        found = differences(expected(), held(folder))
    print(damaged, dict(operations))
    assert found == {"lost": 0, "doubled": 0, "wrong": 0} and operations["update"] > 0 and again
