"""Disks that err and disks that are full: a failed sync ends the process, a full disk holds the stream up; nothing is lost (R4, R5)."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from faulting import Tally, epoch_of, expected_windows, finish, lines_of, seeds, size, streaming, wait, windows
from stream_lives import pipeline, rows_of_dataset

from building import fresh_folder
from integration.server.test_ingest import sender
from running import running

EVENTS = 60_000 * size("FAULT_SIZE", 1)
SYNCS = size("FAULT_KILLS", 1)
FILE = "  file: {kind: sink.file, from: totals, config: {path: out.ndjson}}\n"


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("seed", seeds("1"))
def test_a_sync_that_fails_counts_as_if_nothing_had_been_written(seed, error, tally: Tally):
    """The process that it happened to ends; the next one goes on from the row before."""
    random_ = random.Random(f"{seed} {error}")
    starts = 0
    for _ in range(SYNCS):
        with fresh_folder() as folder:
            at = random_.randrange(1, 60)
            path = pipeline(folder, windows(EVENTS, FILE))
            report = finish(path, faults={"sync_error_at": at, "error": error}, most_records=4_000, epoch_seconds=0.0)
            starts += report["starts"] > 1
            tally.compare(expected_windows(EVENTS), rows_of_dataset(folder, "totals"))
            tally.compare(expected_windows(EVENTS), lines_of(folder / "out.ndjson"))
            assert report["ledger"]["balanced"], at
        tally.cases += 1
    tally.note(processes_that_ended=starts)
    tally.clean()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own at a folder; needs the right to mount."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        wait(lambda: subprocess.run(["umount", str(folder)], check=False).returncode == 0, 10, 0.2)


def fill_up(disk: Path, leave: int = 0) -> Path:
    """Take what is free on a disk, but for some bytes; also what came free since it was full."""
    path = disk / "ballast"
    with open(path, "ab", buffering=0) as file:
        for block in (1 << 20, 4096):
            with suppress(OSError):
                while file.write(b"\0" * block) == block:
                    pass
        file.truncate(max(0, file.tell() - leave))
    return path


can_mount = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk of its own")


@can_mount
@pytest.mark.parametrize("seed", seeds("1"))
def test_a_stream_on_a_full_disk_waits_and_goes_on_by_itself_when_there_is_room(seed, tally: Tally):
    random_ = random.Random(seed)
    with fresh_folder() as folder, small_disk(folder / "disk", 64) as disk:
        project = disk / "project"
        events = 300_000 * size("FAULT_KILLS", 1)
        path = pipeline(project, windows(events, FILE, rate=6_000))
        told = folder / "told.ndjson"
        with streaming(path, told=str(told)) as one:
            wait(lambda: epoch_of(project, "killed") > 3)
            for _ in range(size("FAULT_KILLS", 1)):
                told.unlink(missing_ok=True)
                ballast = fill_up(disk, random_.choice([0, 4096, 40_000]))
                stood = wait(lambda: fill_up(disk) and (blocked(told) or one.process.poll() is not None), 90, 0.2)
                assert one.process.poll() is None, one.report()
                before = epoch_of(project, "killed")
                ballast.unlink()
                began = time.monotonic()
                wait(lambda before=before: epoch_of(project, "killed") > before + 1, 60)
                took = time.monotonic() - began
                tally.note(most_seconds_back=max(took, tally.more.get("most_seconds_back", 0.0)), said=stood)
                tally.cases += 1
                wait(lambda before=before: epoch_of(project, "killed") > before + 15, 90)
            assert one.process.poll() is None
            one.signal(signal.SIGTERM)
            assert one.report(60)["how"] == "drained"
        pipeline(project, windows(events, FILE))
        finish(path)
        tally.compare(expected_windows(events), rows_of_dataset(project, "totals"))
        tally.compare(expected_windows(events), lines_of(project / "out.ndjson"))
    tally.clean()


def blocked(told: Path) -> str:
    """Return what a stream says while it is blocked."""
    lines = told.read_text().splitlines() if told.exists() else []
    return next((json.loads(line)["what"] for line in reversed(lines) if '"kind": "blocked"' in line), "")


INGEST = """\
runnel: 1
name: orders
nodes:
  events: {kind: source.ingest, config: {columns: {id: BIGINT}}}
  saved: {kind: sink.dataset, from: events, config: {name: kept, mode: append}}
"""


NDJSON = {"content-type": "application/x-ndjson"}


def lines(ids: Iterable[int]) -> str:
    return "\n".join(json.dumps({"id": one, "pad": os.urandom(600).hex()}) for one in ids)


@can_mount
@pytest.mark.parametrize("seed", seeds("1"))
def test_a_receiver_on_a_full_disk_refuses_and_loses_nothing_that_it_acknowledged(seed, tally: Tally):
    with fresh_folder() as folder, small_disk(folder / "disk", 48) as disk:
        project = disk / "project"
        path = pipeline(project, INGEST)
        accepted, refused = Counter[int](), Counter[int]()
        number = 0
        with running(project) as server, sender(server, "ingest:orders/events") as client:
            ballast: Path | None = None
            for turn in range(600):
                ids = range(number, number + 50)
                number += 50
                try:
                    answer = client.post("/ingest/orders/events", content=lines(ids), headers=NDJSON)
                except httpx.HTTPError:
                    refused[0] += 1
                    continue
                if answer.status_code == 200:
                    accepted.update(ids)
                else:
                    refused[answer.status_code] += 1
                    time.sleep(0.02)
                if turn == 60:
                    ballast = fill_up(disk)
                if ballast is not None and sum(refused.values()) == 15:
                    ballast.unlink()
                    ballast = None
                if turn > 60 and ballast is None:
                    break
            tally.cases += sum(refused.values())
            tally.note(accepted=len(accepted), **{f"answers_{status}": count for status, count in refused.items()})
            assert set(refused) <= {503, 507}, refused
            began = time.monotonic()
            wait(lambda: client.post("/ingest/orders/events", content=lines([number]), headers=NDJSON).status_code == 200, 10, 0.1)
            tally.note(most_seconds_back=time.monotonic() - began)
            accepted[number] += 1
            server.kill()
        finish(path)
        found = Counter(dict(row)["id"] for row in rows_of_dataset(project, "kept").elements())
        found.subtract({one: count for one, count in found.items() if one not in accepted})
        tally.compare(accepted, +found)
    tally.clean()
