"""A file that is read: how it is handled, where it is now, and how far it was read."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runnel.sdk.streaming import Position

LEAST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Handling:
    """How files are read and what becomes of them afterwards."""

    format: str
    start: Literal["earliest", "latest"] = "earliest"
    header: bool = True
    archive: Literal["keep", "move", "delete"] = "keep"
    archive_folder: str = ""
    removed: Literal["stop", "skip"] = "stop"
    columns: Mapping[str, str] = field(default_factory=dict)
    idle_seconds: float = 30.0


@dataclass
class Open:
    """One file that is read: where it is now, and how far."""

    partition: str
    path: str
    name: str
    at: int = 0
    head: tuple[int, str] = (0, "")
    descriptor: int | None = None
    header: bytes | None = None
    begun: bool = False
    ended: float | None = None
    told: float = 0.0
    parquet: Any = None
    gone: bool = False

    def position(self, whole: bool) -> Position:
        """Return where reading goes on."""
        detail: dict[str, Any] = {"name": self.name, "end": self.ended is not None}
        return Position(self.at, detail if whole else {**detail, "head_bytes": self.head[0], "head": self.head[1]})


def end(opened: Open) -> None:
    """Read nothing more of a file."""
    opened.gone, opened.path, opened.ended = True, "", opened.ended or time.monotonic()
    shut(opened)


def shut(opened: Open) -> None:
    """Give the file back."""
    opened.parquet = None
    if opened.descriptor is not None:
        os.close(opened.descriptor)
        opened.descriptor = None


def last_line_end(descriptor: int, at: int, size: int) -> int:
    """Return the place after the last line break, looked for from the end."""
    end = size
    while end > at:
        begin = max(at, end - LEAST_BYTES)
        found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return at
