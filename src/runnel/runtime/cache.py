"""Results kept by content key: the Parquet file of a segment with what was counted when it was made."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError
from runnel.sdk.objects import ObjectInfo, ObjectRef, Objects

DATA = "data.parquet"
META = "meta.json"
LETTERS = "letters.ndjson"


@dataclass(frozen=True)
class Kept:
    """One result: its Parquet file, the exact column types, the counts of the run that made it, its dead letters."""

    data: str
    types: Mapping[str, str]
    meta: Mapping[str, Any]
    letters: str | None = None


class ResultCache:
    """Results as objects: `KEY/meta.json` names the data and the letters, and is written last.

    Data lie under names of their own, so that two runs that keep the same key at once never change what a third one is
    reading. `root` is the folder below which local files of results lie: what a worker that reads them must be granted.
    """

    def __init__(self, objects: Objects, root: str | Path) -> None:
        self.objects = objects
        self.root = Path(root)
        self._handed_out = ExitStack()
        self._paths: dict[str, str] = {}

    def find(self, key: str) -> Kept | None:
        """Return the entry of a key and note that it was used; its files can be read until the cache is closed."""
        name = f"{key}/{META}"
        known = self.objects.stat(name)
        if known is None:
            return None
        try:
            with self.objects.open(ObjectRef(name, known.bytes)) as file:
                meta = json.loads(file.read())
            kept = self._local(meta)
        except (ConnectorError, KeyError, ValueError):  # removed or replaced meanwhile, or made by another version
            return None
        self.objects.touch(name)
        return kept

    def keep(self, key: str, staged: str | Path, meta: Mapping[str, Any]) -> Kept:
        """Move a staged folder (data, letters) into the cache under its key; an entry that is there wins."""
        folder = Path(staged)
        found = self.find(key)
        if found is None:
            nonce = uuid.uuid4().hex[:12]
            named = dict(meta)
            named["data"] = self.objects.adopt(f"{key}/{nonce}.parquet", folder / DATA).to_json()
            if (folder / LETTERS).exists():
                named["letters_file"] = self.objects.adopt(f"{key}/{nonce}.ndjson", folder / LETTERS).to_json()
            self.objects.put(f"{key}/{META}", json.dumps(named, ensure_ascii=False).encode("utf-8", "surrogatepass"))
            found = self._local(named)
        shutil.rmtree(folder, ignore_errors=True)
        return found

    def close(self) -> None:
        """Give back what was handed out."""
        self._paths.clear()
        self._handed_out.close()

    def collect(self, budget_bytes: int, max_age_seconds: float, keep_seconds: float = 0, now: float = 0) -> int:
        """Remove the entries that were not used for the longest time until the budget holds; returns bytes freed.

        Entries used within `keep_seconds` stay: a run may be reading them. Data that no entry names go after that time.
        `now` is in seconds since 1970 (default: the system's clock).
        """
        now = now or time.time()
        entries: dict[str, list[ObjectInfo]] = {}
        for item in self.objects.list():
            entries.setdefault(item.key.partition("/")[0], []).append(item)
        used = {key: _used(items) for key, items in entries.items()}
        total = sum(item.bytes for items in entries.values() for item in items)
        freed = self.objects.sweep(keep_seconds)
        for key in sorted(entries, key=lambda key: used[key]):
            age = now - used[key]
            if age < keep_seconds:
                continue
            whole = total - freed > budget_bytes or age > max_age_seconds
            freed += self._remove(key, entries[key] if whole else self._orphans(entries[key]))
        return freed

    def _remove(self, key: str, items: list[ObjectInfo]) -> int:
        """Remove objects, the one that names the others first."""
        first = sorted(items, key=lambda item: item.key != f"{key}/{META}")
        return sum(item.bytes for item in first if self.objects.delete(item.key))

    def _orphans(self, items: list[ObjectInfo]) -> list[ObjectInfo]:
        """Return the objects of an entry that its meta does not name: another run kept the same result at once."""
        meta = next((item for item in items if item.key.endswith(f"/{META}")), None)
        if meta is None or len(items) == 1:
            return items if meta is None else []
        try:
            with self.objects.open(ObjectRef(meta.key, meta.bytes)) as file:
                named = json.loads(file.read())
        except (ConnectorError, ValueError):
            return []
        keys = {meta.key, *(named[part]["key"] for part in ("data", "letters_file") if part in named)}
        return [item for item in items if item.key not in keys]

    def _local(self, meta: Mapping[str, Any]) -> Kept:
        letters = self._path(meta["letters_file"]) if "letters_file" in meta else None
        return Kept(self._path(meta["data"]), meta["types"], meta, letters)

    def _path(self, given: Mapping[str, Any]) -> str:
        """Return a local file of an object; it is asked for once, and looked at whenever the result is used."""
        ref = ObjectRef.from_json(given)
        path = self._paths.get(ref.key)
        if path is None or not _is_whole(path, ref.bytes):
            path = self._paths[ref.key] = str(self._handed_out.enter_context(self.objects.local(ref)))
        return path


def _is_whole(path: str, size: int) -> bool:
    try:
        return Path(path).stat().st_size == size
    except FileNotFoundError:
        return False


def _used(items: list[ObjectInfo]) -> float:
    """Return when an entry was used last: the time of its meta, or of its newest part while there is none yet."""
    meta = [item.modified for item in items if item.key.endswith(f"/{META}")]
    return meta[0] if meta else max(item.modified for item in items)
