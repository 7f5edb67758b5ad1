"""Readers at work: each in a thread of its own, ahead of the epochs by a bounded number of bytes."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from runnel.errors import ConnectorError, InternalError, RunnelError
from runnel.sdk.streaming import Decoded, Position, Reader, Records

AHEAD_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 1.0
NAMES_SECONDS = 0.2
NOTHING_SECONDS = 0.01
MOST_MISFITS = 5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0


@dataclass(frozen=True)
class Seen:
    """How some of the records looked: the names that any of them had, those that every one had, and why some did not fit."""

    some: frozenset[str] = frozenset()
    every: frozenset[str] = frozenset()
    records: int = 0
    misfits: tuple[str, ...] = ()

    def and_then(self, other: Seen) -> Seen:
        """Return what both saw."""
        every = self.every & other.every if self.records and other.records else self.every | other.every
        misfits = tuple(dict.fromkeys([*self.misfits, *other.misfits]))[:MOST_MISFITS]
        return Seen(self.some | other.some, every, self.records + other.records, misfits)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"some": sorted(self.some), "every": sorted(self.every), "records": self.records, "misfits": self.misfits}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Seen:
        """Read the JSON form."""
        return Seen(frozenset(data["some"]), frozenset(data["every"]), int(data["records"]), tuple(data["misfits"]))


@dataclass
class SourceThread:
    """Polls one reader; what it gave waits in a queue. Errors that may pass are tried again from the same positions."""

    node: str
    reader: Reader
    most_bytes: int = 16 * 1024 * 1024
    most_records: int = 100_000
    queued: deque[Records] = field(default_factory=deque)
    queued_bytes: int = 0
    ends: Mapping[str, int] = field(default_factory=dict)
    error: RunnelError | None = None
    trouble: str = ""
    spent: float = 0.0
    """Seconds in which it decoded."""
    hold: bool = False
    paused: tuple[str, ...] = ()
    """Partitions that are held back."""
    decode: Callable[[Records], Decoded] | None = None
    """Decodes in this thread, beside what is computed from earlier records."""
    names: Callable[[pa.Table], Sequence[frozenset[str]]] | None = None
    """Returns the names of the fields of some of the records, to see when they change."""
    arrived: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _released: Mapping[str, Position] | None = None
    _thread: threading.Thread | None = None
    _next: dict[str, Position | None] = field(default_factory=dict)
    _seen: Seen = field(default_factory=Seen)
    _named: float = 0.0

    def start(self, positions: Mapping[str, Position], signal: threading.Event) -> None:
        """Open the reader and begin to poll; `signal` is set when something arrives. Raises ConnectorError."""
        self.arrived = signal
        self._open(positions)
        self._thread = threading.Thread(target=self._run, name=f"source {self.node}", daemon=True)
        self._thread.start()

    def _open(self, positions: Mapping[str, Position]) -> None:
        names = list(dict.fromkeys([*positions, *self.reader.partitions()]))
        self._next = {name: positions.get(name) for name in names}
        self.reader.open(self._next)
        self.ends = self.reader.ends()

    @property
    def partitions(self) -> Sequence[str]:
        """The partitions that are read."""
        return list(self._next)

    def take(self) -> Records | None:
        """Return what was read first, or None."""
        with self._lock:
            if not self.queued:
                return None
            found = self.queued.popleft()
            self.queued_bytes -= found.bytes
            return found

    def seen(self) -> Seen:
        """Return how records looked since the last call."""
        with self._lock:
            found, self._seen = self._seen, Seen()
            return found

    def release(self, positions: Mapping[str, Position]) -> None:
        """Let the reader know that nothing before these positions is read again."""
        self._released = positions

    def told(self) -> dict[str, Any]:
        """Return what is told of the source: what is wrong at the moment, and what its reader tells of itself."""
        tell = getattr(self.reader, "told", None)
        own: Mapping[str, Any] = tell() if tell is not None else {}
        trouble = self.trouble or str(getattr(self.reader, "trouble", ""))
        return {**own, "trouble": trouble, "queued_bytes": self.queued_bytes}

    def close(self) -> None:
        """End the thread and close the reader."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(30)
        self.reader.close()

    def _run(self) -> None:
        pause, looked = FIRST_PAUSE_SECONDS, time.monotonic()
        held: tuple[str, ...] = ()
        while not self._stop.is_set():
            try:
                if time.monotonic() - looked >= LOOK_SECONDS:
                    looked = time.monotonic()
                    self._look()
                if self.hold or self.queued_bytes > AHEAD_BYTES:
                    self._stop.wait(0.02)
                    continue
                if self.paused != held:
                    held = self.paused
                    self.reader.pause([name for name in held if name in self._next])
                self._take(self.reader.poll(self.most_bytes, self.most_records, 0.1))
                pause, self.trouble = FIRST_PAUSE_SECONDS, ""
            except ConnectorError as error:
                if not error.retryable:
                    return self._end(error)
                self.trouble = error.what
                self._stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                self._again()
            except RunnelError as error:
                return self._end(error)
            except BaseException as error:  # noqa: BLE001 - a library's own end must not pass unheard in a thread
                what = f"reading {self.node}: {type(error).__name__}: {error}"
                return self._end(InternalError("RNL-STREAM-022", what, "The stream's log has the place.", {"node": self.node}))

    def _end(self, error: RunnelError) -> None:
        self.error = error
        self.arrived.set()

    def _again(self) -> None:
        """Open the reader anew after an error: what was polled so far is not polled again."""
        try:
            self.reader.open(self._next)
        except ConnectorError as error:
            if not error.retryable:
                self.error = error
            self.trouble = error.what

    def _look(self) -> None:
        """Release what may be released, see where the ends are, and take up new partitions."""
        released, self._released = self._released, None
        if released is not None:
            self.reader.release(released)
        fresh = [name for name in self.reader.partitions() if name not in self._next]
        if fresh:
            self._next.update(dict.fromkeys(fresh))
            self.reader.open(self._next)
        self.ends = self.reader.ends()

    def _note(self, records: Records) -> None:
        """See how records look: of what was refused always, of the names of fields some records, a few times a second."""
        look = Seen()
        if records.decoded is not None and records.decoded.refused:
            look = Seen(misfits=tuple(dict.fromkeys(reason for _, reason in records.decoded.refused))[:MOST_MISFITS])
        if self.names is not None and time.monotonic() - self._named >= NAMES_SECONDS:
            self._named = time.monotonic()
            names = self.names(records.table)
            if names:
                look = replace(
                    look, some=frozenset[str]().union(*names), every=frozenset.intersection(*names), records=len(names)
                )
        if look.records or look.misfits:
            with self._lock:
                self._seen = self._seen.and_then(look)

    def _take(self, found: Sequence[Records]) -> None:
        if not found:
            self._stop.wait(NOTHING_SECONDS)
        for records in found:
            if self.decode is not None and records.table.num_rows:
                began = time.perf_counter()
                records = replace(records, decoded=self.decode(records))
                self.spent += time.perf_counter() - began
                self._note(records)
            self._next[records.partition] = records.position
            with self._lock:
                self.queued.append(records)
                self.queued_bytes += records.bytes
            self.arrived.set()
