"""The dead-letter box of a worker: counts every refused record and stores as many as its byte budget allows."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from runnel.errors import LimitError

DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024


class LetterBox:
    """Writes refused records as lines of JSON; counting never stops, storing stops at the budget.

    Each line has `node`, `reason`, `position` and either `row` (the row as a JSON value, written first and with every
    digit as the engine gave it) or `raw` (base64 of the bytes as they stood). With `max_count` the record after the last
    allowed one raises LimitError, which stops the query.
    """

    def __init__(
        self,
        path: str | Path,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        max_count: int | None = None,
    ) -> None:
        self.path = Path(path)
        self.budget_bytes = budget_bytes
        self.max_count = max_count
        self.counts: dict[str, int] = {}
        self.stored: dict[str, int] = {}
        self.bytes = 0
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()

    def refuse(self, node: str, raw: bytes, reason: str, position: Mapping[str, Any], row: bool) -> None:
        """Keep one refused record; the engine calls this from all its threads."""
        with self._lock:
            self.counts[node] = self.counts.get(node, 0) + 1
            self._store(node, raw, reason, position, row)
        if self.max_count is not None and self.total > self.max_count:
            what = f"{self.total} records were refused; the last one by {node}: {reason}"
            hint = f"`settings: {{dead_letters: {{max_count: {self.max_count}}}}}` stops the run here."
            raise LimitError("RNL-LIMIT-020", what, hint, {"node": node})

    @property
    def total(self) -> int:
        """The number of refused records so far."""
        return sum(self.counts.values())

    def count(self, node: str) -> int:
        """Return how many records of a node were refused."""
        return self.counts.get(node, 0)

    def _store(self, node: str, raw: bytes, reason: str, position: Mapping[str, Any], row: bool) -> None:
        if self.bytes >= self.budget_bytes:
            return
        letter: dict[str, Any] = {"node": node, "reason": reason, "position": dict(position)}
        if not row:
            letter["raw"] = base64.b64encode(raw).decode("ascii")
        line = json.dumps(letter, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        if row:
            line = b'{"row": ' + raw.replace(b"\n", b" ") + b", " + line[1:]
        if self.bytes + len(line) > self.budget_bytes:
            self.bytes = self.budget_bytes
            return
        if self._file is None:
            self._file = self.path.open("ab")
        self._file.write(line)
        self.bytes += len(line)
        self.stored[node] = self.stored.get(node, 0) + 1

    def close(self) -> None:
        """Flush and close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
