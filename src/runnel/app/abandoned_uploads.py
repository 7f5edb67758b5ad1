"""Uploads that nobody goes on with: their bytes and rows go after a week without a new part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runnel.store.uploads import UploadStore

KEPT = timedelta(days=7)
FOLDER = "uploads"
"""The folder of parts below the state folder."""


def drop_abandoned(store: UploadStore, home: Path, before: datetime) -> int:
    """Drop the unfinished uploads that got nothing since a moment, and bytes that no upload needs; returns what that freed."""
    folder = home / FOLDER
    parts = {path.stem: path for path in folder.glob("*.part")} if folder.is_dir() else {}
    freed = 0
    for id, path in parts.items():
        upload = store.get(id)
        if (upload is None or upload.status == "completed") and _changed(path) < before:
            freed += _removed(path)
    for upload in store.unfinished(before):
        path = parts.get(upload.id)
        if path is None or _changed(path) < before:
            store.delete(upload.id)
            freed += 0 if path is None else _removed(path)
    return freed


def _changed(path: Path) -> datetime:
    """Return when a file got something last; the end of time for one that is gone."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC)


def _removed(path: Path) -> int:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0
    path.unlink(missing_ok=True)
    return size
