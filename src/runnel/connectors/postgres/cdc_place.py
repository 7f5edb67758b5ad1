"""How far a source has followed its database: what is durable in the log, and beside it what the log alone does not tell."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from runnel.connectors.postgres.cdc_snapshot import Progress
from runnel.connectors.receiving.receiver import KeptState
from runnel.sdk.log import LogPosition, LogReader

At = tuple[int, int]
"""The commit's place in the database's log, and the number of the change within its transaction."""
WHOLE = 1 << 40


@dataclass
class Place:
    """What is kept: the last change, the greatest place that was confirmed, the snapshot, who the database is."""

    at: At = (0, 0)
    sent: int = 0
    system: str = ""
    timeline: int = 0
    slot: str = ""
    resnapshot: str = ""
    chunks: int = 0
    snapshot: dict[str, Progress] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        return {
            "at": list(self.at), "sent": self.sent, "system": self.system, "timeline": self.timeline, "slot": self.slot,
            "resnapshot": self.resnapshot, "chunks": self.chunks, "schemas": dict(self.schemas),
            "snapshot": {name: {"last": one.last, "done": one.done} for name, one in list(self.snapshot.items())},
        }  # fmt: skip


class Places:
    """Reads and writes the place of one source; safe to use from two threads."""

    def __init__(self, log: LogReader, kept: KeptState) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._written = ""
        self.place = self._read(log)

    def _read(self, log: LogReader) -> Place:
        """Return what was kept, and what the last record of the log knows beyond that."""
        data = self._kept.read()
        made = Place(
            tuple(data["at"]), data["sent"], data["system"], data["timeline"], data["slot"], data["resnapshot"], data["chunks"],
            {name: Progress(one["last"], one["done"]) for name, one in data["snapshot"].items()}, data["schemas"],
        ) if data else Place()  # fmt: skip
        headers = _last_headers(log)
        if headers is None or headers.get("slot") != made.slot:
            return made
        made.at = max(made.at, tuple(headers["at"]))
        chunk = headers.get("chunk")
        if chunk is not None and chunk[0] > made.chunks:
            made.chunks = chunk[0]
            made.snapshot[chunk[1]] = Progress(chunk[2], chunk[3])
        return made

    def save(self) -> None:
        """Make the place durable; nothing is written where nothing changed."""
        with self._lock:
            text = json.dumps(self.place.to_json(), sort_keys=True)
            if text != self._written:
                self._kept.write(json.loads(text))
                self._written = text


def _last_headers(log: LogReader) -> dict[str, Any] | None:
    """Return what came with the last record of a log."""
    begin, end = log.begin(), log.end()
    if end.sequence <= begin.sequence:
        return None
    found = log.read(LogPosition(end.generation, end.sequence - 1), 1).table
    text = found.column("headers")[found.num_rows - 1].as_py() if found.num_rows else None
    return json.loads(text) if text else None
