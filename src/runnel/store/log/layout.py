"""The bytes of a log on disk: segments, their headers, and blocks with checksums that nobody outside can forge."""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".log"
VERSION = 1
SEGMENT_MAGIC = b"RnlS"
BLOCK_MAGIC = b"RnlB"
_SEGMENT = struct.Struct("<4sHHIQQQQI")
_BLOCK = struct.Struct("<4sBBHIIQIIIIqQ")
_PART = struct.Struct("<BxxxII")
_COUNT = struct.Struct("<I")
SEGMENT_BYTES = 1024
"""Where the first block stands; the head of a segment stands twice before it, so that one flipped bit does not cost a segment."""
_SECOND = 512
BLOCK_BYTES = _BLOCK.size
MOST_META = 64 * 1024 * 1024
PLAIN, ZSTD = 0, 1


@dataclass(frozen=True)
class SegmentHead:
    """The beginning of a segment: what it continues, so that a lost end of the one before shows.

    `salt` is random and goes into every checksum of the segment: bytes that a client sent never pass for a block.
    `before_end` is the number after the last durable record before it, `before_length` the bytes that its predecessor
    may have.
    """

    generation: int
    first: int
    before_end: int
    before_length: int
    salt: int

    def packed(self) -> bytes:
        """Return its bytes, all that stand before the first block."""
        text = _SEGMENT.pack(
            SEGMENT_MAGIC, VERSION, 0, self.salt, self.generation, self.first, self.before_end, self.before_length, 0
        )
        text = text[:-4] + _COUNT.pack(zlib.crc32(text[:-4]))
        return text.ljust(_SECOND, b"\0") + text.ljust(SEGMENT_BYTES - _SECOND, b"\0")

    @staticmethod
    def read(text: bytes) -> SegmentHead | None:
        """Return the head that the first bytes of a segment hold, None where both of its places are damaged."""
        for start in (0, _SECOND):
            part = text[start : start + _SEGMENT.size]
            if len(part) < _SEGMENT.size or part[:4] != SEGMENT_MAGIC:
                continue
            _, version, _, salt, generation, first, end, length, check = _SEGMENT.unpack(part)
            if version == VERSION and zlib.crc32(part[:-4]) == check:
                return SegmentHead(generation, first, end, length, salt)
        return None


@dataclass(frozen=True)
class Segment:
    """A segment file; number and generation stand in its name, so that an order exists even if its head is damaged."""

    path: Path
    first: int
    generation: int

    @staticmethod
    def named(folder: Path, first: int, generation: int) -> Segment:
        """Return the segment with its path."""
        return Segment(folder / f"{first:020d}-{generation:08d}{SUFFIX}", first, generation)


def segments(folder: Path) -> list[Segment]:
    """Return the segments of a log in order."""
    found: list[Segment] = []
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    for name in names:
        first, _, generation = name.removesuffix(SUFFIX).partition("-")
        if name.endswith(SUFFIX) and first.isdecimal() and generation.isdecimal():
            found.append(Segment(folder / name, int(first), int(generation)))
    return sorted(found, key=lambda segment: (segment.first, segment.generation))


def kept_bytes(folder: Path) -> int:
    """Return how many bytes the segments of a log have; one that a reader removes meanwhile has none."""
    found = 0
    for segment in segments(folder):
        with contextlib.suppress(FileNotFoundError):
            found += segment.path.stat().st_size
    return found


@dataclass(frozen=True, slots=True)
class BlockHead:
    """The head of a block: `count` records from `first` on; `offset` is where it stands in its segment.

    `meta` is the JSON of what came with requests. `synced` is the length of the segment that was durable when the block
    was written.
    """

    offset: int
    codec: int
    payload_check: int
    first: int
    count: int
    raw: int
    stored: int
    meta: bytes
    time: int
    synced: int

    @property
    def payload_offset(self) -> int:
        """Where its payload stands."""
        return self.offset + BLOCK_BYTES + len(self.meta)

    @property
    def end(self) -> int:
        """Where the next block stands."""
        return self.payload_offset + self.stored


def pack_block(
    salt: int, first: int, count: int, parts: tuple[int, int, bytes, bytes], moments: tuple[int, int]
) -> bytes:
    """Return head and meta of a block; `parts`: codec, raw length, payload, meta; `moments`: time, synced."""
    codec, raw, stored, meta = parts
    time, synced = moments
    payload_check = zlib.crc32(stored, salt)
    head = _BLOCK.pack(
        BLOCK_MAGIC, VERSION, codec, 0, 0, payload_check, first, count, raw, len(stored), len(meta), time, synced
    )
    check = zlib.crc32(meta, zlib.crc32(head, salt))
    return head[:8] + _COUNT.pack(check) + head[12:] + meta


def read_block(descriptor: int, offset: int, end: int, salt: int) -> BlockHead | None:
    """Return the head of the block at an offset, None where no whole block with a right checksum stands."""
    text = os.pread(descriptor, min(BLOCK_BYTES, end - offset), offset)
    if len(text) < BLOCK_BYTES or text[:4] != BLOCK_MAGIC:
        return None
    _, version, codec, _, check, payload_check, first, count, raw, stored, meta_bytes, time, synced = _BLOCK.unpack(
        text
    )
    if version != VERSION or meta_bytes > MOST_META or offset + BLOCK_BYTES + meta_bytes + stored > end:
        return None
    meta = os.pread(descriptor, meta_bytes, offset + BLOCK_BYTES) if meta_bytes else b""
    bare = text[:8] + b"\0\0\0\0" + text[12:]
    if zlib.crc32(meta, zlib.crc32(bare, salt)) != check:
        return None
    return BlockHead(offset, codec, payload_check, first, count, raw, stored, meta, time, synced)


def read_payload(descriptor: int, head: BlockHead, salt: int) -> bytes | None:
    """Return the payload of a block as it was before it was packed, None when its checksum is not right."""
    stored = os.pread(descriptor, head.stored, head.payload_offset)
    if len(stored) != head.stored or zlib.crc32(stored, salt) != head.payload_check:
        return None
    if head.codec == PLAIN:
        return stored
    import zstandard

    return zstandard.ZstdDecompressor().decompress(stored, max_output_size=head.raw)


def pack_payload(parts: Sequence[tuple[int, int, int]], bodies: Sequence[bytes]) -> bytes:
    """Return the payload of a block: a table of (framing, records, bytes), then the bytes."""
    table = b"".join([_PART.pack(*part) for part in parts])
    return b"".join([_COUNT.pack(len(parts)), table, *bodies])


def unpack_payload(payload: bytes) -> list[tuple[int, int, memoryview]]:
    """Return (framing, records, bytes) of every part of a payload."""
    view = memoryview(payload)
    (number,) = _COUNT.unpack_from(payload)
    place = _COUNT.size + number * _PART.size
    made: list[tuple[int, int, memoryview]] = []
    for framing, count, length in _PART.iter_unpack(view[_COUNT.size : place]):
        made.append((framing, count, view[place : place + length]))
        place += length
    return made


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
