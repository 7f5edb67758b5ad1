"""The durable log under faults: kill -9, torn and flipped bytes, a failing sync, a full disk. Acknowledged is readable."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from building import fresh_folder
from faults.log_writer import body_of
from integration.store.logs import all_and_gaps, everything, opened, put
from runnel.store.log.layout import SEGMENT_BYTES, segments
from runnel.store.log.outcomes import LogDiskError
from runnel.store.log.reading import SegmentLogReader
from running import until

WRITER = str(Path(__file__).parent / "log_writer.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
KILLS = int(os.environ.get("FAULT_KILLS", "30"))


@dataclass
class Told:
    """What writers said was acknowledged: (seed, number) → (generation, sequence, records); and what was refused."""

    acknowledged: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def hear(self, seed: int, text: str) -> None:
        for line in text.splitlines(keepends=True):
            words = line.split()
            if not line.endswith("\n") or words == ["ready"]:
                continue
            if words[0] == "refused":
                self.refused[words[2]] = self.refused.get(words[2], 0) + 1
            else:
                number, generation, sequence, records = map(int, words)
                self.acknowledged[seed, number] = (generation, sequence, records)


def check(folder: Path, told: Told) -> None:
    """Every acknowledged record stands where it was said to stand; no request stands in the log twice or in part."""
    found = everything(folder)
    values = list(found.values())
    assert len(values) == len(set(values))
    taken: set[int] = set()
    for (seed, number), (_, sequence, records) in told.acknowledged.items():
        body, count = body_of(number, seed)
        assert records == count
        assert [found[sequence + part] for part in range(count)] == body.splitlines()
        assert taken.isdisjoint(range(sequence, sequence + count))
        taken.update(range(sequence, sequence + count))


@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_read_after_every_kill():
    chance = random.Random(4)
    told = Told()
    with fresh_folder() as root:
        folder = root / "log"
        for seed in range(KILLS):
            process = subprocess.Popen(
                [sys.executable, WRITER, str(folder), str(seed), "30"], stdout=subprocess.PIPE, env=ENVIRONMENT
            )
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(chance.random() * 0.25)  # the moment of the kill is what is being varied
            process.kill()
            told.hear(seed, process.stdout.read().decode())
            process.wait()
            process.stdout.close()
            if seed % 5 == 4:
                check(folder, told)
        with opened(folder) as log:
            put(log, "after all")
        check(folder, told)
        generations = [generation for generation, _, _ in told.acknowledged.values()]
        assert (
            len(told.acknowledged) > KILLS
            and max(generations) == len({segment.generation for segment in segments(folder)}) - 1
        )


def small_log(folder: Path) -> dict[int, bytes]:
    """A log of one segment with some thirty blocks; the last ones are synced."""
    chance = random.Random(7)
    with opened(folder) as log:
        for number in range(30):
            put(log, *(f"{number}.{part} {chance.randbytes(100).hex()}" for part in range(3)))
    return everything(folder)


@pytest.fixture(scope="module")
def small():
    with fresh_folder() as root:
        yield root / "log", small_log(root / "log")


def accounted(folder: Path, whole: dict[int, bytes]) -> int:
    """Every record is read as it was, or stands in a gap that was named; returns how many are missing."""
    found, gaps = all_and_gaps(folder)
    missing = {number for gap in gaps for number in range(gap.first, gap.end)}
    assert missing.isdisjoint(found)
    assert {number: value for number, value in whole.items() if number not in missing} == {
        number: value for number, value in found.items() if number in whole
    }
    return len(missing)


def places(folder: Path) -> list[int]:
    size = segments(folder)[0].path.stat().st_size
    return sorted({*range(0, size, 512), *range(SEGMENT_BYTES, size, 97), size - 1})


@pytest.mark.parametrize("recovered", [False, True], ids=["read as it is", "after a writer came back"])
def test_a_flipped_bit_anywhere_is_a_named_gap_and_the_rest_is_read(small, recovered):
    source, whole = small
    missing = []
    with fresh_folder() as root:
        for place in places(source):
            folder = root / "log"
            shutil.copytree(source, folder)
            path = segments(folder)[0].path
            text = bytearray(path.read_bytes())
            text[place] ^= 1 << (place % 8)
            path.write_bytes(text)
            if recovered:
                with opened(folder) as log:
                    assert put(log, "new").sequence == len(whole)
                assert everything_after(folder, len(whole)) == [b"new"]
            missing.append(accounted(folder, whole))
            shutil.rmtree(folder)
    assert max(missing) <= 3  # one block
    assert missing.count(0) <= SEGMENT_BYTES // 512 + 1  # only what stands twice may be flipped without loss
    assert all(count == 3 for place, count in zip(places(source), missing, strict=True) if place >= SEGMENT_BYTES)


@pytest.mark.parametrize("recovered", [False, True], ids=["read as it is", "after a writer came back"])
def test_a_log_that_is_cut_anywhere_names_what_is_missing(small, recovered):
    source, whole = small
    with fresh_folder() as root:
        for place in places(source):
            folder = root / "log"
            shutil.copytree(source, folder)
            path = segments(folder)[0].path
            os.truncate(path, place)
            if recovered:
                with opened(folder) as log:
                    assert put(log, "new").sequence == len(whole)
                assert everything_after(folder, len(whole)) == [b"new"]
            assert accounted(folder, whole) > 0
            shutil.rmtree(folder)


def everything_after(folder: Path, sequence: int) -> list[bytes]:
    found, _ = all_and_gaps(folder)
    return [value for number, value in found.items() if number >= sequence]


def test_a_torn_tail_is_cut_and_its_numbers_are_free(small):
    source, whole = small
    with fresh_folder() as root:
        for extra in (b"RnlB", b"\0" * 5000, os.urandom(3000)):
            folder = root / "log"
            shutil.copytree(source, folder)
            path = segments(folder)[0].path
            size = path.stat().st_size
            with open(path, "ab") as file:
                file.write(extra)
            with opened(folder) as log:
                assert path.stat().st_size == size
                assert put(log, "new").sequence == len(whole)
            assert everything(folder) == {**whole, len(whole): b"new"}
            shutil.rmtree(folder)


@pytest.mark.parametrize("lost", ["removed", "emptied", "flipped"])
def test_the_published_end_may_be_lost(small, lost):
    source, whole = small
    with fresh_folder() as root:
        folder = root / "log"
        shutil.copytree(source, folder)
        if lost == "removed":
            (folder / "synced").unlink()
        else:
            (folder / "synced").write_bytes(
                b"" if lost == "emptied" else bytes(255 - byte for byte in (folder / "synced").read_bytes())
            )
        with opened(folder) as log:
            assert put(log, "new").sequence == len(whole)
        assert everything(folder) == {**whole, len(whole): b"new"}


def test_bytes_of_a_client_that_look_like_a_block_are_data():
    with fresh_folder() as root:
        with opened(root / "one") as log:
            put(log, "x" * 10)
        forged = segments(root / "one")[0].path.read_bytes()[SEGMENT_BYTES:]
        folder = root / "log"
        with opened(folder) as log:
            log.append(forged * 3, 1, 4).result(5)
            put(log, "last")
        path = segments(folder)[0].path
        text = bytearray(path.read_bytes())
        text[SEGMENT_BYTES + 5] ^= 1
        path.write_bytes(text)
        found, gaps = all_and_gaps(folder)
        assert found == {1: b"last"} and [(gap.first, gap.end) for gap in gaps] == [(0, 1)]


def run_writer(folder: Path, seed: int, *before: str, seconds: float = 1.5) -> Told:
    told = Told()
    command = [*before, sys.executable, WRITER, str(folder), str(seed), str(seconds)]
    done = subprocess.run(
        command, capture_output=True, env=ENVIRONMENT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told.hear(seed, done.stdout.decode())
    return told


@pytest.mark.parametrize("kind", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
@pytest.mark.parametrize("when", ["3", "8+5"])
def test_a_failing_disk_fails_who_waits_and_loses_nobody_else(kind, call, when):
    with fresh_folder() as root:
        folder = root / "log"
        strace = (
            "strace",
            "-f",
            "-qq",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:error={kind}:when={when}",
            "-o",
            "/dev/null",
        )
        told = run_writer(folder, 1, *strace, seconds=3.0 if "+" in when else 2.0)
        assert set(told.refused) == {"RNL-LOG-003"}
        assert len(told.acknowledged) > 3, "it must have gone on after the fault"
        assert max(generation for generation, _, _ in told.acknowledged.values()) > 1
        check(folder, told)
        number_of_refused = sum(told.refused.values())
        records = everything(folder)
        requests = {value.split()[0].rsplit(b".", 1)[0] for value in records.values()}
        assert len(requests) == len(told.acknowledged), f"of {number_of_refused} refused requests some were kept"


@contextlib.contextmanager
def small_disk(megabytes: int):
    """A file system of its own that is soon full."""
    folder = Path(tempfile.mkdtemp(prefix="runnel-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)], capture_output=True, check=False
    )
    assert made.returncode == 0, f"this test mounts a small file system and needs to be root: {made.stderr.decode()}"
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk_refuses_and_goes_on_when_there_is_space_again():
    with small_disk(4) as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 3_000_000)
        folder = disk / "log"
        sent = []
        with opened(folder) as log:
            with pytest.raises(LogDiskError) as refused:
                for number in range(1000):
                    text = f"{number} {os.urandom(20_000).hex()}"
                    put(log, text)
                    sent.append(text.encode())
            assert refused.value.http_status == 503 and "No space left" in refused.value.what
            assert list(everything(folder).values()) == sent
            ballast.unlink()

            def takes():
                with contextlib.suppress(LogDiskError):
                    return put(log, "again")

            until(takes, 10)
            assert list(everything(folder).values()) == [*sent, b"again"]


@pytest.mark.timeout(60)
def test_two_processes_write_in_turn_and_a_third_reads_meanwhile():
    with fresh_folder() as root:
        folder = root / "log"
        told = run_writer(folder, 1, seconds=0.3)
        heard = root / "heard"
        with open(heard, "wb") as file:
            process = subprocess.Popen([sys.executable, WRITER, str(folder), "2", "2"], stdout=file, env=ENVIRONMENT)
        until(lambda: heard.stat().st_size > 0)
        refused = subprocess.run(
            [sys.executable, WRITER, str(folder), "3", "1"], capture_output=True, env=ENVIRONMENT, check=False
        )
        assert b"has a writer already" in refused.stderr
        reader, read = SegmentLogReader(folder), []
        place = reader.begin()
        while process.poll() is None or place.sequence < reader.end().sequence:
            found = reader.read(place, 100_000)
            assert not found.gaps
            numbers = found.table["sequence"].to_pylist()
            assert numbers == list(range(place.sequence, found.next.sequence))
            read += found.table["value"].to_pylist()
            place = found.next
        told.hear(2, heard.read_text())
        assert read == list(everything(folder).values())
        check(folder, told)
