"""A stream joins with a dataset that gets new versions: each epoch has one of them, also when it is computed again (STREAMS 5)."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from faulting import Tally, finish, record_of, row_of, seeds, streaming, wait
from stream_lives import command, pipeline, rows_of_dataset

from building import fresh_folder

RATE = 1000
JOINED = """\
runnel: 1
name: joined
settings: {{lanes: {lanes}}}
params: {{rate: {{type: number, default: 1000}}}}
nodes:
  ticks:
    kind: source.simulate
    config: {{events: {events}, rate_per_second: "${{params.rate}}", start: "2026-01-01T00:00:00Z", interval_seconds: 0.001, partitions: 2, columns: {{id: sequence, k: "choice(a,b)"}}}}
  names: {{kind: source.dataset, config: {{name: names}}}}
  both: {{kind: table.join, from: {{left: ticks, right: names}}, config: {{how: left, on: [k]}}}}
  totals: {{kind: stream.window, from: both, config: {{size_seconds: 86400, group_by: [k, name], values: {{n: "count(*)"}}}}}}
  rows: {{kind: sink.dataset, from: both, config: {{name: rows}}}}
  sums: {{kind: sink.dataset, from: totals, config: {{name: sums}}}}
"""
NAMES = """\
runnel: 1
name: names
nodes:
  file: {kind: source.file, config: {path: names.csv}}
  saved: {kind: sink.dataset, from: file, config: {name: names}}
"""


def write_names(folder: Path, version: int, extra: str = "") -> None:
    """Save the next version of the dataset."""
    (folder / "names.csv").write_text(f"k,name\na,alpha {version}\nb,beta {version}\n{extra}", "utf-8")
    subprocess.run(command(folder / "names.runnel.yaml"), cwd=folder, capture_output=True, check=True)


def counted(rows: Counter[tuple[Any, ...]]) -> Counter[str]:
    """Rows by the name that they were joined with."""
    found: Counter[str] = Counter()
    for row, times in rows.items():
        values = dict(row)
        found[values["name"]] += times * int(values.get("n", 1))
    return found


def joined_with(folder: Path) -> int:
    told = (record_of(folder, "joined") or {}).get("told") or {}
    return int(((told.get("joins") or {}).get("versions") or {}).get("names", -1))


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("seed", seeds("1"))
def test_a_stream_follows_the_dataset_that_it_joins_with_and_epochs_keep_the_version_that_they_had(seed, lanes, tally: Tally):
    random_ = random.Random(seed)
    with fresh_folder() as folder:
        (folder / "names.runnel.yaml").write_text(NAMES, "utf-8")
        path = pipeline(folder, JOINED.format(events=200_000, lanes=lanes))
        write_names(folder, 0)
        with streaming(path, look_seconds=0.2, deltas_per_base=1000, params={"rate": RATE}) as one:
            wait(lambda: joined_with(folder) >= 0, 30)
            first = joined_with(folder)
            reached = record_of(folder, "joined")["epoch"]
            wait(lambda: record_of(folder, "joined")["epoch"] > reached + 2, 20)
            for version in (1, 2):
                write_names(folder, version)
                wait(lambda version=version: joined_with(folder) == first + version, 30)
                reached = record_of(folder, "joined")["epoch"]
                wait(lambda reached=reached: record_of(folder, "joined")["epoch"] > reached + 1, 20)
            one.signal(9, all=True)
        row = row_of(folder, "joined")
        held = {table["file"] for kept in row.deltas for table in kept.place.held.values()}
        assert len(held) == 3, "each epoch says which table it had"
        home = folder / ".runnel" / "streams" / "joined" / row.incarnation
        victim = random_.choice([kept.file.name for kept in row.deltas[1:4] if kept.file])
        (home / victim).write_bytes((home / victim).read_bytes()[:-10])
        write_names(folder, 3)
        report = finish(path, deltas_per_base=1000, params={"rate": 10_000_000})
        rows, sums = counted(rows_of_dataset(folder, "rows")), counted(rows_of_dataset(folder, "sums"))
        tally.cases += 1
        tally.compare(rows, sums)
        assert report["ledger"]["balanced"] and sum(rows.values()) == 200_000
        assert {name.split()[1] for name in rows} == {"0", "1", "2", "3"}, "the rest was joined with the newest version"
        entries = {entry["node"]: entry for entry in report["ledger"]["nodes"]}
        assert entries["names"]["created"] == 2 * 4, "what was read to join with was counted each time"
        assert (home / "damaged" / victim).exists()
    tally.clean()


def test_a_table_with_other_columns_is_not_taken_and_the_stream_goes_on_with_the_one_it_has():
    with fresh_folder() as folder:
        (folder / "names.runnel.yaml").write_text(NAMES, "utf-8")
        path = pipeline(folder, JOINED.format(events=200_000, lanes=1))
        write_names(folder, 0)
        with streaming(path, look_seconds=0.2, params={"rate": RATE}) as one:
            wait(lambda: joined_with(folder) >= 0, 30)
            first = joined_with(folder)
            (folder / "names.csv").write_text("k,title\na,x\nb,y\n", "utf-8")
            subprocess.run(command(folder / "names.runnel.yaml"), cwd=folder, capture_output=True, check=True)
            told = wait(lambda: (found := record_of(folder, "joined")["told"]["joins"])["trouble"] and found, 30)
            assert "name" in told["trouble"], told
            assert joined_with(folder) == first
            reached = record_of(folder, "joined")["epoch"]
            wait(lambda: record_of(folder, "joined")["epoch"] > reached + 1, 20)
            write_names(folder, 1)
            wait(lambda: joined_with(folder) > first, 30)
            assert record_of(folder, "joined")["told"]["joins"]["trouble"] == ""
            one.process.terminate()
            assert one.report(60)["how"] == "drained"
