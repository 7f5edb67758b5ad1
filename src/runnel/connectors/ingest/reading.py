"""Reads the log of a source as a stream does: one partition, positions that are numbers of records, gaps by name."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runnel.errors import ConnectorError
from runnel.sdk.log import LogPosition, LogReader
from runnel.sdk.streaming import Position, Records

PARTITION = "0"
_LOOK_SECONDS, _SELDOM_SECONDS = 0.01, 0.05
_OFTEN = 100
"""After so many looks in vain the log is looked at less and less often: a stream at rest costs next to nothing."""
_ODD = re.compile(r"[^A-Za-z0-9_.@-]")


class IngestReader:
    """Reads one log; see `runnel.sdk.streaming.Reader`. `name` is under which it releases what it no longer needs."""

    def __init__(
        self, log: LogReader, name: str, start: str = "earliest", *, mine: bool = True, shape: Callable[[Any], Any] | None = None
    ) -> None:
        self._log = log
        self._shape = shape or _named
        self._name = _ODD.sub("_", name)[:150]
        self._start = start
        self._mine = mine
        self._at = LogPosition(0, 0)
        self._paused = False
        self._vain = 0

    def partitions(self) -> Sequence[str]:
        """Return the one partition, unless it belongs to another lane."""
        return (PARTITION,) if self._mine else ()

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin to read; at the first start what is kept from here on is held for this reader."""
        if PARTITION not in positions:
            return
        known = positions[PARTITION]
        if known is None:
            self._at = self._log.end() if self._start == "latest" else self._log.begin()
            self._log.release(self._name, self._at)
        else:
            self._at = LogPosition(int(known.detail.get("generation", 0)), known.next)
            self._checked(self._log.read(self._at, 1))

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return records; raises ConnectorError for a gap."""
        if self._paused or not self._mine:
            return ()
        until = time.monotonic() + wait_seconds
        while True:
            found = self._checked(self._log.read(self._at, most_bytes))
            table = found.table
            if table.num_rows:
                break
            self._vain += 1
            if time.monotonic() >= until:
                return (Records(PARTITION, self._shape(table), self._position(), at_end=True),)
            time.sleep(min(_LOOK_SECONDS * max(1.0, self._vain / _OFTEN), _SELDOM_SECONDS))
        self._vain = 0
        following = found.next
        if table.num_rows > most_records:
            table = table.slice(0, most_records)
            following = LogPosition(following.generation, table.column("sequence")[most_records - 1].as_py() + 1)
        self._at = following
        return (Records(PARTITION, self._shape(table), self._position(), bytes=table.get_total_buffer_size()),)

    def ends(self) -> Mapping[str, int]:
        """Return the number of the next record."""
        return {PARTITION: max(self._log.end().sequence, self._at.sequence)} if self._mine else {}

    def pause(self, partitions: Sequence[str]) -> None:
        """Hold back."""
        self._paused = PARTITION in partitions

    def release(self, positions: Mapping[str, Position]) -> None:
        """Let go of what stands before a position."""
        if (position := positions.get(PARTITION)) is not None:
            generation = int(position.detail.get("generation", 0))
            self._log.release(self._name, LogPosition(generation, position.next))

    def forget(self) -> None:
        """Hold nothing any more for this reader, which does not come again."""
        self._log.forget(self._name)

    def close(self) -> None:
        """Give the files back."""
        self._log.close()

    def _position(self) -> Position:
        return Position(self._at.sequence, {"generation": self._at.generation})

    def _checked(self, found: Any) -> Any:
        """Return what was read; raises ConnectorError when acknowledged records are missing before it."""
        if found.gaps:
            hint = "Restore the log, or start the source anew from a later position (what lies between is lost)."
            raise ConnectorError("RNL-INGEST-003", f"reading the log of the source: {found.gaps[0]}", hint)
        return found


def _named(table: Any) -> Any:
    """Return a table of the log with the columns that a stream knows; `_format` and `_header` are for the decoder."""
    import pyarrow as pa

    names = {
        "value": "value",
        "sequence": "_position",
        "ingest_time": "_ingest_time",
        "format": "_format",
        "header": "_header",
    }
    made = table.select(list(names)).rename_columns(list(names.values()))
    made = made.set_column(0, "value", made.column("value").cast(pa.binary()))
    type = pa.map_(pa.string(), pa.string())
    headers = table.column("headers")
    if headers.null_count == len(headers):
        return made.append_column("_headers", pa.nulls(len(headers), type))
    maps = [None if text is None else list(json.loads(text).items()) for text in headers.to_pylist()]
    return made.append_column("_headers", pa.array(maps, type))
