"""Clocks that jump, and runs of the same input: the time of epochs never goes back, and the rows are the same bytes (R21, R32)."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise
from pathlib import Path

import pytest
from faulting import (
    Tally,
    epoch_of,
    expected_windows,
    finish,
    lines_of,
    record_of,
    seeds,
    size,
    streaming,
    wait,
    windows,
)
from stream_lives import pipeline, rows_of_dataset, until_finished

from building import fresh_folder
from runnel.store.streams import StreamStore

DAY = 86_400.0
EVENTS = 30_000 * size("FAULT_SIZE", 1)
TIMES = size("FAULT_TIMES", 2)
KILLS = size("FAULT_KILLS", 2)
FILE = "  file: {kind: sink.file, from: totals, config: {path: out.ndjson}}\n"
JUMPS = {
    "a day ahead": DAY,
    "two hours back": -7200.0,
    "to 2038": 12 * 365 * DAY,
    "a year back": -365 * DAY,
    "an instant back": -0.01,
}


def epoch_times(folder: Path) -> list[int]:
    home = folder / ".runnel"
    store = StreamStore.attach(f"sqlite:///{home / 'streams' / 'streams.db'}", home)
    try:
        found = store.boundaries("killed", record_of(folder, "killed")["incarnation"], 100_000)
        return [int(one["at"]) for one in reversed(found)]
    finally:
        store.close()


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_clock_that_jumps_changes_no_row_and_no_epoch_is_before_another(seed, tally: Tally):
    random_ = random.Random(seed)
    with fresh_folder() as folder:
        path = pipeline(folder, windows(EVENTS, FILE))
        steps = sorted(random_.sample(range(5, 120), len(JUMPS)))
        jumps = [*zip(steps, random_.sample(list(JUMPS.values()), len(JUMPS)), strict=True)]
        finish(path, faults={"jumps": jumps}, most_records=2_000, epoch_seconds=0.0)
        times = epoch_times(folder)
        tally.unexplained += sum(after < before for before, after in pairwise(times))
        tally.compare(expected_windows(EVENTS), rows_of_dataset(folder, "totals"))
        tally.compare(expected_windows(EVENTS), lines_of(folder / "out.ndjson"))
        span = (max(times) - min(times)) / 1e6
        assert span > DAY, "the clock of the stream did jump"
    tally.cases += len(jumps)
    tally.clean()


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_lease_does_not_hang_on_the_clock_of_the_day(seed, tally: Tally):
    """Whoever lives keeps its stream although its clock is another one; the next owner goes on with later epochs."""
    jump, events = sorted(JUMPS)[seed % len(JUMPS)], 15_000
    with fresh_folder() as folder:
        path = pipeline(folder, windows(events, FILE, rate=8_000))
        with streaming(path, faults={"jumps": [(4, JUMPS[jump])]}, lease_seconds=1.0) as one:
            wait(lambda: epoch_of(folder, "killed") > 2)
            one.process.terminate()
            assert one.report(30)["how"] == "drained"
        pipeline(folder, windows(events, FILE))
        finish(path)
        times = epoch_times(folder)
        tally.unexplained += sum(after < before for before, after in pairwise(times))
        tally.compare(expected_windows(events), rows_of_dataset(folder, "totals"))
    tally.cases += 1
    tally.clean()


@pytest.mark.parametrize("seed", seeds("1"))
def test_the_same_input_gives_the_same_bytes_every_time(seed, tally: Tally):
    """Runs cut as the clock wants, with and without kills, in one and in two processes: in the order of the rows, equal."""
    random_ = random.Random(seed)
    digests: set[str] = set()
    for turn in range(TIMES):
        with fresh_folder() as folder:
            text = windows(EVENTS, FILE) + ("settings: {lanes: 2}\n" if turn % 4 == 1 else "")
            path = pipeline(folder, text)
            if turn % 2:
                until_finished(path, random_, KILLS, (0.0, 0.8))
            else:
                finish(path)
            digests.add(digest(folder))
        tally.cases += 1
    tally.unexplained += len(digests) - 1
    tally.note(digest=min(digests))
    tally.clean()


def digest(folder: Path) -> str:
    """The rows in their canonical order: windows that close together may leave in any order, and their bytes are compared."""
    made = hashlib.sha256()
    for line in sorted((folder / "out.ndjson").read_bytes().splitlines()):
        made.update(line + b"\n")
    for row in sorted(map(repr, rows_of_dataset(folder, "totals").elements())):
        made.update(row.encode())
    return made.hexdigest()
