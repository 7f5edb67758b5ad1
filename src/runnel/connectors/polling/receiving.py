"""Polls again and again and keeps what is new in a log; after a crash the log tells what was kept already."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runnel.connectors.polling.state import Seen
from runnel.connectors.receiving.appending import LINES, Appending, Piece
from runnel.connectors.receiving.receiver import KeptState, Receiver
from runnel.sdk.log import LogPosition, LogReader

PIECE_BYTES, PIECE_ROWS = 1024 * 1024, 20_000
LOOK_SECONDS = 0.05
READ_BYTES = 16 * 1024 * 1024


class Polled(Protocol):
    """What is asked: its rows now, each as a JSON object in one line."""

    def lines(self, after: str | None) -> Sequence[bytes]:
        """Return the rows, at least those whose cursor is not less than `after`; raises ConnectorError."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


@dataclass(frozen=True)
class Wanted:
    """How often is asked, whether the rows of the first time count, and of what the kept state is."""

    every_seconds: float
    first: bool
    of: str

    @staticmethod
    def digest(text: str) -> str:
        """Return what tells one thing that is polled from another."""
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class PollReceiver(Receiver):
    """Asks one thing at a time that is set; what it gave, and the log up to which that was noted, are kept together."""

    def __init__(
        self, name: str, appending: Appending, log: LogReader, kept: KeptState, polled: Polled, seen: Any, wanted: Wanted
    ) -> None:
        super().__init__(name, appending)
        appending.one_by_one = True
        self._log, self._kept, self._polled, self._wanted = log, kept, polled, wanted
        self._seen: Any = seen
        self._polls = self._rows = 0
        self._known = False
        self._note: Mapping[str, Any] = {}
        self._written: Mapping[str, Any] = {}

    def told(self) -> Mapping[str, Any]:
        """Return how often was asked, and how many records that gave."""
        return {"polls": self._polls, "received": self._rows}

    def save(self) -> None:
        """Keep what was given; the note is replaced as a whole, never changed."""
        note = self._note
        if note and note is not self._written:
            self._kept.write(note)
            self._written = note

    def _remember(self) -> None:
        self._note = {"of": self._wanted.of, "log": str(self._log.end()), "seen": self._seen.to_json()}

    def _restore(self) -> None:
        """Take what was kept, and what the log has beyond that."""
        data = self._kept.read()
        if data.get("of") != self._wanted.of:
            return
        self._seen.restore(data["seen"])
        at, end = LogPosition.parse(data["log"]), self._log.end()
        at = max(at, self._log.begin())
        while at < end:
            found = self._log.read(at, READ_BYTES)
            if found.table.num_rows:
                self._seen.note(found.table.column("value").cast("binary").to_pylist())
            if found.next <= at:
                break
            at = found.next
        self._known = True
        self._remember()

    def receive(self) -> None:
        """Ask until told to stop."""
        self.appending.wait()
        self.appending.settled()
        self._restore()
        due = time.monotonic()
        while not self.stopping.is_set():
            self._poll()
            self.trouble = ""
            self.settled = self.at_end = True
            due = max(due + self._wanted.every_seconds, time.monotonic())
            while not self.stopping.is_set() and time.monotonic() < due:
                self.stopping.wait(min(1.0, due - time.monotonic()))

    def _poll(self) -> None:
        lines = self._polled.lines(getattr(self._seen, "newest", None))
        fresh = self._seen.fresh(lines)
        self._polls += 1
        if not self._known and not self._wanted.first:
            self._seen.note(fresh)
            fresh = []
        for piece in _pieces(fresh):
            self._append(piece)
        if fresh or not self._known:
            self._known = True
            self._remember()
            self.save()
        self._rows += len(fresh)

    def _append(self, lines: Sequence[bytes]) -> None:
        """Append records and wait until they are durable; only then they count as given."""
        self.at_end = False
        self.appending.offer(Piece(None, b"\n".join(lines) + b"\n", len(lines), LINES, {}))
        while not self.appending.empty and not self.stopping.is_set():
            self.appending.settled()
            if self.appending.refused:
                self.trouble = f"nothing more is taken: {self.appending.refused}"
            self.stopping.wait(0.002 if not self.appending.refused else LOOK_SECONDS)
        if self.stopping.is_set():
            self.appending.wait()
            self.appending.settled()
        if self.appending.empty:
            self._seen.note(lines)

    def stop(self) -> None:
        """End the thread, and give back what was asked."""
        super().stop()
        self._polled.close()


def _pieces(lines: Sequence[bytes]) -> list[list[bytes]]:
    """Cut records into what is appended at once."""
    made: list[list[bytes]] = []
    size = 0
    for line in lines:
        if not made or size + len(line) > PIECE_BYTES or len(made[-1]) >= PIECE_ROWS:
            made.append([])
            size = 0
        made[-1].append(line)
        size += len(line) + 1
    return made


__all__ = ["PollReceiver", "Polled", "Seen", "Wanted"]
