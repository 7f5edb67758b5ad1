"""What a file is: its digest, remembered by inode, size and time, so that an unchanged file is not read again."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

WHOLE_BYTES = 256 * 1024 * 1024
"""Files up to this size are known by the digest of all their bytes; larger ones by size, time, head and tail."""


class FileIdentities:
    """Digests of files, kept in one JSON file of the state folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, str] | None = None
        self._lock = threading.Lock()

    def of(self, files: Sequence[str]) -> str:
        """Return one digest over the given files and their names."""
        parts = [f"{os.path.basename(file)}:{self._digest(file)}" for file in files]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _digest(self, file: str) -> str:
        stat = os.stat(file)
        key = f"{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}"
        with self._lock:
            known = self._load()
            if key not in known:
                known[key] = _read_digest(file, stat.st_size, stat.st_mtime_ns)
                self._save(known)
            return known[key]

    def _load(self) -> dict[str, str]:
        if self._known is None:
            try:
                self._known = dict(json.loads(self.path.read_text("utf-8")))
            except (FileNotFoundError, ValueError):
                self._known = {}
        return self._known

    def _save(self, known: dict[str, str]) -> None:
        while len(known) > 10_000:
            known.pop(next(iter(known)))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(known), "utf-8")
        os.replace(part, self.path)


def _read_digest(file: str, size: int, changed: int) -> str:
    with open(file, "rb") as handle:
        if size <= WHOLE_BYTES:
            return hashlib.file_digest(handle, "sha256").hexdigest()
        head = handle.read(1 << 20)
        handle.seek(size - (1 << 20))
        tail = handle.read()
    return hashlib.sha256(head + tail + f"{size}:{changed}".encode()).hexdigest()
