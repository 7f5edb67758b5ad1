"""The published end: how far a log is durable, written after each sync in one of two places, read by other processes."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

NAME = "synced"
_SLOT = struct.Struct("<QQQQQI")


@dataclass(frozen=True)
class Synced:
    """How far a log is durable: `length` bytes of the segment (`first`, `generation`), which end before record `end`."""

    turn: int
    generation: int
    first: int
    length: int
    end: int


class SyncedFile:
    """The file with two slots; the writer fills them in turn, so that one is always whole."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        flags = os.O_RDWR | os.O_CREAT if write else os.O_RDONLY
        self._descriptor = os.open(folder / NAME, flags | os.O_CLOEXEC, 0o600)
        self._turn = 0

    def publish(self, generation: int, first: int, length: int, end: int) -> None:
        """Tell readers how far they may read; called after the sync, never before."""
        self._turn += 1
        text = _SLOT.pack(self._turn, generation, first, length, end, 0)
        text = text[:-4] + struct.pack("<I", zlib.crc32(text[:-4]))
        os.pwrite(self._descriptor, text, (self._turn & 1) * 64)

    def read(self) -> Synced | None:
        """Return what was published last, None when neither slot is whole."""
        text = os.pread(self._descriptor, 64 + _SLOT.size, 0)
        found = [slot for start in (0, 64) if (slot := _slot(text[start : start + _SLOT.size])) is not None]
        latest = max(found, key=lambda slot: slot.turn, default=None)
        if latest is not None:
            self._turn = max(self._turn, latest.turn)
        return latest

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


def _slot(text: bytes) -> Synced | None:
    if len(text) < _SLOT.size:
        return None
    turn, generation, first, length, end, check = _SLOT.unpack(text)
    return Synced(turn, generation, first, length, end) if zlib.crc32(text[:-4]) == check and turn else None
