"""Walking the blocks of a segment: what is damaged is named, and the walk goes on behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from runnel.store.log.layout import BLOCK_BYTES, BLOCK_MAGIC, SEGMENT_BYTES, BlockHead, SegmentHead, read_block

WINDOW = 1024 * 1024


@dataclass(frozen=True)
class Damage:
    """Bytes of a segment that hold no whole block; `next_first` is the number of the first record behind them, if any."""

    offset: int
    end: int
    next_first: int | None
    claimed: int = 0
    """How much of the segment a later block says was durable."""


def walk(descriptor: int, head: SegmentHead, start: int, end: int, expected: int) -> Iterator[BlockHead | Damage]:
    """Yield the blocks from an offset up to an end, and the damage between them; payloads are not looked at."""
    offset = max(start, SEGMENT_BYTES)
    while offset < end:
        block = read_block(descriptor, offset, end, head.salt)
        if block is not None and block.first >= expected:
            yield block
            offset, expected = block.end, block.first + block.count
            continue
        found = _next_block(descriptor, head, offset + 1, end, expected)
        if found is None:
            yield Damage(offset, end, None)
            return
        yield Damage(offset, found.offset, found.first, found.synced)
        offset = found.offset


def _next_block(descriptor: int, head: SegmentHead, start: int, end: int, expected: int) -> BlockHead | None:
    """Return the next block whose checksum is right, looking for it byte by byte."""
    place = start
    while place < end:
        window = os.pread(descriptor, min(WINDOW + BLOCK_BYTES, end - place), place)
        if not window:
            return None
        at = window.find(BLOCK_MAGIC)
        while at >= 0:
            block = read_block(descriptor, place + at, end, head.salt)
            if block is not None and block.first >= expected:
                return block
            at = window.find(BLOCK_MAGIC, at + 1)
        place += max(1, len(window) - len(BLOCK_MAGIC) + 1) if len(window) < WINDOW else WINDOW
    return None
