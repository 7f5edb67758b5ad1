"""Results kept by content key: the Parquet file of a segment with what was counted when it was made."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = "data.parquet"
META = "meta.json"
LETTERS = "letters.ndjson"


@dataclass(frozen=True)
class Kept:
    """One result in the cache: its file, the exact column types, and the counts of the run that made it."""

    folder: Path
    types: Mapping[str, str]
    meta: Mapping[str, Any]

    @property
    def data(self) -> str:
        """The Parquet file."""
        return str(self.folder / DATA)


class ResultCache:
    """A folder of results by content key; an entry appears whole, by one rename, or not at all."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def find(self, key: str) -> Kept | None:
        """Return the entry of a key and note that it was used."""
        folder = self.root / key
        try:
            meta = json.loads((folder / META).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not (folder / DATA).exists():
            return None
        os.utime(folder / META)
        return Kept(folder, meta["types"], meta)

    def keep(self, key: str, staged: str | Path, meta: Mapping[str, Any]) -> Kept:
        """Move a staged folder (data, letters) into the cache under its key; an entry that is there wins."""
        folder = Path(staged)
        (folder / META).write_text(json.dumps(meta, ensure_ascii=False), "utf-8")
        for file in folder.iterdir():
            _sync(file)
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder, self.root / key)
        except OSError:
            found = self.find(key)
            if found is None:
                shutil.rmtree(self.root / key, ignore_errors=True)
                os.rename(folder, self.root / key)
        kept = self.find(key)
        assert kept is not None, f"the cache entry {key} vanished"
        return kept

    def collect(self, budget_bytes: int, max_age_seconds: float, keep_seconds: float = 0) -> int:
        """Remove the entries that were not used for the longest time until the budget holds; returns bytes freed.

        Entries used within `keep_seconds` stay: a run may be reading them.
        """
        entries = [(meta.stat().st_mtime, meta.parent) for meta in self.root.glob(f"*/{META}")]
        sized = sorted((used, folder, _size(folder)) for used, folder in entries)
        total = sum(size for _, _, size in sized)
        freed = 0
        now = time.time()
        for used, folder, size in sized:
            if now - used < keep_seconds:
                continue
            if total - freed > budget_bytes or now - used > max_age_seconds:
                shutil.rmtree(folder)
                freed += size
        return freed


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
