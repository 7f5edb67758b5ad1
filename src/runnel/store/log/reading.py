"""Reading a log in any process: only what is durable, in order, with every gap by name."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from runnel.errors import ConnectorError
from runnel.sdk.log import LogGap, LogPosition, LogRecords
from runnel.store.log import retaining
from runnel.store.log.cutting import FORMATS, cut
from runnel.store.log.framing import Framing
from runnel.store.log.layout import (
    SEGMENT_BYTES,
    BlockHead,
    Segment,
    SegmentHead,
    read_payload,
    segments,
    unpack_payload,
)
from runnel.store.log.scanning import Damage, walk
from runnel.store.log.synced import Synced, SyncedFile

_LOOKS = 40
"""So often is looked again while a writer ends a segment, begins the next and publishes it: about two seconds in all."""


@dataclass(frozen=True)
class Part:
    """A segment as a reader may see it: up to `length`, its records end before `end`."""

    segment: Segment
    length: int
    end: int


@dataclass
class _Found:
    """What a read has collected."""

    tables: list[Any] = field(default_factory=list)
    gaps: list[LogGap] = field(default_factory=list)
    bytes: int = 0


def _rest(look: int) -> None:
    """Let the writer go on, which may be without a processor for a while; the longer, the more often one has looked."""
    time.sleep(min(0.05, 0.0002 * 2 ** min(look, 12)))


class SegmentLogReader:
    """Reads one log; several may, in as many processes, while it is written. Implements `LogReader`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._synced: SyncedFile | None = None
        self._heads: dict[Segment, SegmentHead | None] = {}
        self._open: tuple[Segment, int, SegmentHead | None] | None = None
        self._place: tuple[Segment, int, int] | None = None
        """Where the last read began its last block: segment, offset of the block, number of its first record."""

    def begin(self) -> LogPosition:
        """Return the oldest position that is kept."""
        every = segments(self.folder)
        return LogPosition(every[0].generation, every[0].first) if every else LogPosition(0, 0)

    def end(self) -> LogPosition:
        """Return the position after the last durable record."""
        known = self._published()
        return LogPosition(known.generation, known.end) if known else self.begin()

    def read(self, position: LogPosition, max_bytes: int) -> LogRecords:
        """Return records from a position on, about so many bytes; raises ConnectorError for one never given out."""
        parts = self._parts()
        found = _Found()
        at = self._checked(position, parts, found)
        generation = position.generation
        for part in parts:
            if part.end <= at:
                continue
            generation = part.segment.generation
            at, full = self._read_part(part, at, max_bytes, found)
            if full:
                break
        self._forget_gone(parts)
        table = _united(found.tables)
        return LogRecords(table, LogPosition(generation, at), tuple(found.gaps), found.bytes)

    def release(self, reader: str, position: LogPosition) -> None:
        """Say that a reader needs nothing before a position, and remove what nobody needs."""
        retaining.release(self.folder, reader, position.generation, position.sequence)
        retaining.collect(self.folder)

    def forget(self, reader: str) -> None:
        """Say that a reader is gone for good."""
        retaining.forget(self.folder, reader)

    def close(self) -> None:
        """Give the files back."""
        if self._synced is not None:
            self._synced.close()
            self._synced = None
        self._shut()

    def _published(self) -> Synced | None:
        """Return the published end; both of its places may be under way at once only for a moment."""
        if self._synced is None:
            try:
                self._synced = SyncedFile(self.folder)
            except FileNotFoundError:
                return None
        for look in range(_LOOKS):
            if (known := self._synced.read()) is not None:
                return known
            _rest(look)
        return None

    def _parts(self) -> list[Part]:
        """Return the segments with how far each may be read.

        The end is read before the segments are listed; when that segment was ended and removed in between, or one goes
        while it is looked at, the end is old, and is read again.
        """
        for look in range(_LOOKS):
            known = self._published()
            with contextlib.suppress(FileNotFoundError):
                parts = self._listed(known)
                if known is None or (parts and (parts[-1].segment.first, parts[-1].segment.generation) == (
                    known.first, known.generation
                )):  # fmt: skip
                    return parts
            _rest(look)
        return self._listed(self._published())

    def _listed(self, known: Synced | None) -> list[Part]:
        if known is None:
            return []
        made: list[Part] = []
        every = [
            segment for segment in segments(self.folder)
            if (segment.first, segment.generation) <= (known.first, known.generation)
        ]  # fmt: skip
        for segment, following in pairwise(every):
            head = self._head_of(following)
            length = head.before_length if head else _size(segment)
            made.append(Part(segment, length, head.before_end if head else following.first))
        if every:
            last, mine = every[-1], (every[-1].first, every[-1].generation) == (known.first, known.generation)
            made.append(Part(last, known.length if mine else _size(last), known.end))
        return made

    def _checked(self, position: LogPosition, parts: list[Part], found: _Found) -> int:
        """Return the number to read from; what was removed below it, or cut above it, becomes a gap or an error."""
        at = position.sequence
        end = parts[-1].end if parts else 0
        if at > max(end, parts[-1].segment.first if parts else 0):
            what = f"the log {self.folder.name} ends at record {end}, and is to be read from {at}"
            hint = "It was replaced or restored from a backup; start the stream anew from a position that it has."
            raise ConnectorError("RNL-LOG-008", what, hint)
        if not parts:
            return at
        oldest = parts[0].segment
        if at < oldest.first:
            reason = "the segments that held them are not there"
            if position.sequence or position.generation:
                found.gaps.append(LogGap(at, oldest.first, reason, oldest.path.name, 0))
            return oldest.first
        for part in parts:
            if 0 < position.generation < part.segment.generation and part.segment.first < at:
                reason = f"generation {position.generation} was cut below record {at}, later ones took the numbers"
                found.gaps.append(LogGap(at, at, reason, part.segment.path.name, 0))
                return part.segment.first
        return at

    def _read_part(self, part: Part, at: int, max_bytes: int, found: _Found) -> tuple[int, bool]:
        """Read a segment from a record on; returns the next record, and whether enough was read."""
        segment = part.segment
        at = max(at, segment.first)
        descriptor, head = self._opened(segment)
        if head is None:
            return self._missing(found, at, part.end, "the head of the segment is damaged", segment, 0)
        offset, expected = SEGMENT_BYTES, segment.first
        if self._place is not None and self._place[0] == segment and self._place[2] <= at:
            _, offset, expected = self._place
        size = min(part.length, os.fstat(descriptor).st_size)
        for item in walk(descriptor, head, offset, size, expected):
            if isinstance(item, Damage):
                until = part.end if item.next_first is None else item.next_first
                if until > at:
                    return self._missing(found, at, until, "its bytes are damaged", segment, item.offset)
                continue
            last = item.first + item.count
            if last <= at:
                continue
            if item.first > at:
                return self._missing(found, at, item.first, "its bytes are damaged", segment, item.offset)
            payload = read_payload(descriptor, item, head.salt)
            if payload is None:
                return self._missing(found, at, last, "the checksum of its block is not right", segment, item.offset)
            found.tables.append(_table(payload, item, at))
            found.bytes += item.raw
            self._place = (segment, item.offset, item.first)
            at = last
            if found.bytes >= max_bytes:
                return at, True
        if at < part.end:
            return self._missing(found, at, part.end, "the segment is cut short", segment, size)
        return at, False

    def _missing(
        self, found: _Found, at: int, until: int, reason: str, segment: Segment, offset: int
    ) -> tuple[int, bool]:
        """Note a gap; records that were found before it are given out first, alone."""
        if found.tables:
            return at, True
        found.gaps.append(LogGap(at, until, reason, segment.path.name, offset))
        return until, True

    def _opened(self, segment: Segment) -> tuple[int, SegmentHead | None]:
        if self._open is None or self._open[0] != segment:
            self._shut()
            descriptor = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
            self._open = (segment, descriptor, SegmentHead.read(os.pread(descriptor, SEGMENT_BYTES, 0)))
        return self._open[1], self._open[2]

    def _head_of(self, segment: Segment) -> SegmentHead | None:
        """Return the head of a segment; heads never change."""
        if segment not in self._heads:
            with open(segment.path, "rb") as file:
                self._heads[segment] = SegmentHead.read(file.read(SEGMENT_BYTES))
        return self._heads[segment]

    def _forget_gone(self, parts: list[Part]) -> None:
        for segment in self._heads.keys() - {part.segment for part in parts}:
            del self._heads[segment]
        if self._open is not None and all(part.segment != self._open[0] for part in parts):
            self._shut()

    def _shut(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _size(segment: Segment) -> int:
    return segment.path.stat().st_size


def _table(payload: bytes, block: BlockHead, at: int) -> Any:
    """Return the records of a block, from a number on, as a table."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute

    values, formats, headers = list[Any](), list[Any](), list[Any]()
    for framing, count, part in unpack_payload(payload):
        records, header = cut(framing, part, count)
        if len(records) != count:
            what = f"a block at record {block.first} says that a request holds {count} records, and it holds {len(records)}"
            raise ConnectorError("RNL-LOG-009", what, "Please report it.")
        values.append(records)
        formats.append(pa.repeat(pa.scalar(FORMATS[Framing(framing)]), count))
        headers.append(pa.repeat(pa.scalar(header, pa.binary()), count))
    moment = pa.scalar(block.time, pa.timestamp("us", tz="UTC"))
    numbers = pc.add(pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), block.count)), block.first - 1)
    columns = {
        "value": pa.chunked_array(values), "sequence": numbers, "ingest_time": pa.repeat(moment, block.count),
        "format": pa.chunked_array(formats), "header": pa.chunked_array(headers), "headers": _headers(block),
    }  # fmt: skip
    return pa.table(columns).slice(max(0, at - block.first))


def _headers(block: BlockHead) -> Any:
    """Return what came with the requests, as JSON per record."""
    import pyarrow as pa

    pieces = list[Any]()
    place = 0
    for offset, count, headers in orjson.loads(block.meta) if block.meta else ():
        shown = {name: value for name, value in headers.items() if name not in ("keys", "body")}
        pieces.append(pa.nulls(offset - place, pa.string()))
        pieces.append(pa.repeat(pa.scalar(orjson.dumps(shown).decode()), count))
        place = offset + count
    pieces.append(pa.nulls(block.count - place, pa.string()))
    return pa.chunked_array(pieces, pa.string())


def _united(tables: list[Any]) -> Any:
    import pyarrow as pa

    if tables:
        return pa.concat_tables(tables)
    fields = {
        "value": pa.large_binary(), "sequence": pa.int64(), "ingest_time": pa.timestamp("us", tz="UTC"),
        "format": pa.string(), "header": pa.binary(), "headers": pa.string(),
    }  # fmt: skip
    return pa.schema(list(fields.items())).empty_table()


def iterate(reader: SegmentLogReader, position: LogPosition, max_bytes: int) -> Iterator[LogRecords]:
    """Yield what stands from a position up to the present end."""
    end = reader.end()
    while position.sequence < end.sequence:
        found = reader.read(position, max_bytes)
        if found.next == position and not found.gaps:
            return
        yield found
        position = found.next
