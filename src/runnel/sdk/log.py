"""The durable log as writers and readers see it: records in order, each with one number that is never given twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from runnel.errors import AuthoringError


@dataclass(frozen=True, order=True)
class LogPosition:
    """A place in a log: the number of the next record, and the generation of the segment that holds it.

    `sequence` alone is in order and unique; `generation` tells whether the log was cut and written anew below it.
    """

    generation: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.generation}-{self.sequence}"

    @staticmethod
    def parse(text: str) -> LogPosition:
        """Read the written form; raises AuthoringError for anything else."""
        generation, _, sequence = text.partition("-")
        if not (generation.isdecimal() and sequence.isdecimal()):
            hint = "A position looks like 1-1000: the generation, and the number of a record."
            raise AuthoringError("RNL-LOG-001", f"`{text[:60]}` is no position in a log", hint)
        return LogPosition(int(generation), int(sequence))


@dataclass(frozen=True)
class LogGap:
    """Records that were acknowledged and cannot be read: those from `first` up to, but not including, `end`."""

    first: int
    end: int
    reason: str
    file: str
    offset: int

    @property
    def records(self) -> int:
        """How many records are missing."""
        return self.end - self.first

    def __str__(self) -> str:
        return f"records {self.first} to {self.end - 1} are missing: {self.reason} ({self.file} at byte {self.offset})"


@dataclass(frozen=True)
class LogRecords:
    """What one read gave: an Arrow table with a row per record, the gaps before its first record, where to go on.

    Columns: `value` (binary), `sequence` (int64), `ingest_time` (timestamp in µs, UTC), `format` (json, csv, text,
    bytes), `header` (the header line of a CSV record), `headers` (JSON of what came with the request, or null).
    """

    table: Any
    next: LogPosition
    gaps: Sequence[LogGap] = ()
    bytes: int = 0


class LogReader(Protocol):
    """Reads a log in any process; sees only what is durable."""

    def begin(self) -> LogPosition:
        """Return the oldest position that is kept."""
        ...

    def end(self) -> LogPosition:
        """Return the position after the last durable record."""
        ...

    def read(self, position: LogPosition, max_bytes: int) -> LogRecords:
        """Return records from a position on, about so many bytes (at least one block); empty at the end.

        Raises ConnectorError for a position that the log never gave out.
        """
        ...

    def release(self, reader: str, position: LogPosition) -> None:
        """Say that a reader needs nothing before a position; kept durably. What no reader needs is removed."""
        ...

    def forget(self, reader: str) -> None:
        """Say that a reader is gone for good; it holds nothing any more."""
        ...

    def close(self) -> None:
        """Give the files back."""
        ...


class LogReceipt(Protocol):
    """What an append gave: the records from `sequence` on, `records` of them, are durable."""

    @property
    def generation(self) -> int:
        """The generation of the segment."""
        ...

    @property
    def sequence(self) -> int:
        """The number of the first record."""
        ...

    @property
    def records(self) -> int:
        """How many records."""
        ...


class LogWriter(Protocol):
    """The one writer of a log; safe to use from several threads."""

    def append(self, body: bytes, count: int, framing: int, headers: Mapping[str, Any] | None = None) -> Future[Any]:
        """Append the records of one request; the future gives a `LogReceipt` when they are durable.

        It fails with LimitError (over the log's budget) or ConnectorError (the disk did not take it), and then nothing
        of the request is kept.
        """
        ...

    def flush(self) -> None:
        """Wait until everything that was appended is durable or has failed."""
        ...

    def close(self) -> None:
        """Make durable what was appended and give the files back."""
        ...
