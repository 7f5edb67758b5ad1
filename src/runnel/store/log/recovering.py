"""What a writer does before its first append: finds the durable end, cuts a torn tail, and makes the rest durable anew."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from runnel.store.log.layout import SEGMENT_BYTES, SegmentHead, read_payload, segments, sync_folder
from runnel.store.log.retaining import releases
from runnel.store.log.scanning import Damage, walk
from runnel.store.log.synced import Synced, SyncedFile

_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True)
class Recovered:
    """Where a log goes on: `first` is the number of its next record, `generation` the one that new segments get.

    `end` is the number after the last record that was promised, `length` what the last segment holds of it; `cut` says
    how many bytes of a torn tail were removed.
    """

    generation: int
    first: int
    end: int
    length: int
    cut: int = 0


def recover(folder: Path, published: SyncedFile) -> Recovered:
    """Bring a log that nobody writes into order; the caller holds its lock."""
    known = published.read()
    floor = max([known.end if known else 0, *(sequence for _, sequence in releases(folder).values())])
    every = segments(folder)
    generation = max([known.generation if known else 0, *(segment.generation for segment in every)]) + 1
    while every:
        last = every[-1]
        mine = known if known is not None and (known.generation, known.first) == (last.generation, last.first) else None
        descriptor = os.open(last.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            head = SegmentHead.read(os.pread(descriptor, SEGMENT_BYTES, 0))
            if head is None and mine is None:
                last.path.unlink()
                sync_folder(folder)
                every.pop()
                continue
            size = os.fstat(descriptor).st_size
            length, end = _tail(descriptor, head, mine, size) if head else (size, mine.end if mine else 0)
        finally:
            os.close(descriptor)
        published.publish(last.generation, last.first, length, end)
        return Recovered(generation, max(end, floor), end, length, max(0, size - length))
    return Recovered(generation, floor, floor, 0)


def _tail(descriptor: int, head: SegmentHead, known: Synced | None, size: int) -> tuple[int, int]:
    """Return the durable length of the last segment and the number after its last record; cuts what is torn.

    A block below what was durable is never cut, whatever it looks like: a reader names it as a gap. What stands behind
    was never acknowledged, or its publishing was lost; whole blocks of it are written again, for a page that a failed
    sync left behind may look whole and not be on the disk.
    """
    start, end = (known.length, known.end) if known else (SEGMENT_BYTES, head.first)
    if size < start:
        return size, end
    whole = [
        item for item in walk(descriptor, head, start, size, end)
        if not isinstance(item, Damage) and read_payload(descriptor, item, head.salt) is not None
    ]  # fmt: skip
    claimed = max([start, *(block.synced for block in whole)])
    good = start
    for block in whole:
        if block.offset != good and good >= claimed:
            break
        good, end = block.end, block.first + block.count
    if good < size:
        os.ftruncate(descriptor, good)
    _write_again(descriptor, start, good)
    return good, end


def _write_again(descriptor: int, start: int, end: int) -> None:
    """Write a part of a file over itself and sync it."""
    place = start
    while place < end:
        text = os.pread(descriptor, min(_CHUNK, end - place), place)
        done = 0
        while done < len(text):
            done += os.pwrite(descriptor, text[done:], place + done)
        place += len(text)
    os.fsync(descriptor)
