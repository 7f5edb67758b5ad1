"""Upkeep of Delta tables: small files are joined, and files that no kept version needs are removed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError
from runnel.store.notes import hook, properties
from runnel.store.table_locks import compacting

SMALL_BYTES = 32 * 1024**2
TRIES = 5


def small_files(location: str) -> int:
    """Return how many small files the newest version of a table consists of."""
    from deltalake import DeltaTable

    sizes = DeltaTable(location).get_add_actions(flatten=True)["size_bytes"].to_pylist()
    return sum(size < SMALL_BYTES for size in sizes)


def compact(location: str, columns: Mapping[str, str], target: int | None = None) -> dict[str, Any]:
    """Join small files into few, as a version of its own with the same rows; older versions keep their files.

    Files of `target` bytes and more are left as they are (by default the table says so, 100 MB). Rows that others append
    meanwhile stay. Returns the files before and after, and the version, which is None when there was nothing to join, or
    when somebody else replaces or joins files just now.
    """
    with compacting(Path(location)) as may:
        return _compact(location, columns, target) if may else {"files_before": 0, "files_after": 0, "version": None}


def _compact(location: str, columns: Mapping[str, str], target: int | None) -> dict[str, Any]:
    from deltalake import DeltaTable
    from deltalake.exceptions import CommitFailedError, DeltaError

    note = {"run_id": None, "mode": "compact", "rows": 0, "columns": dict(columns)}
    for attempt in range(TRIES):
        table = DeltaTable(location)
        before = table.version()
        try:
            done = table.optimize.compact(
                target_size=target, commit_properties=properties(note), post_commithook_properties=hook()
            )
        except CommitFailedError as error:
            if attempt == TRIES - 1:
                what = f"compacting {location}: other writers were faster {TRIES} times"
                raise ConnectorError("RNL-DATASET-005", what, "Do it later.", retryable=True) from error
            continue
        except (DeltaError, OSError) as error:
            what = f"compacting {location}: {error}"
            raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.") from error
        added, removed = int(done["numFilesAdded"]), int(done["numFilesRemoved"])
        version = table.version() if table.version() > before and removed else None
        return {"files_before": removed, "files_after": added, "version": version}
    raise AssertionError("unreachable")


def expired(versions: Sequence[Mapping[str, Any]], before: datetime, pinned: Collection[int] | None) -> list[int]:
    """Return the versions (given newest first) that another one superseded before a time, without the pinned ones."""
    gone: list[int] = []
    if pinned is None:
        return gone
    for newer, entry in pairwise(versions):
        superseded = datetime.fromisoformat(newer["created_at"])
        superseded = superseded if superseded.tzinfo else superseded.replace(tzinfo=UTC)
        if superseded < before and entry["version"] not in pinned:
            gone.append(entry["version"])
    return sorted(gone)


def vacuum(location: str, before: datetime, kept: Sequence[int]) -> int:
    """Remove the files that no kept version needs and that are older than a time; returns bytes freed.

    Files younger than that stay even when no version names them: a write may be under way.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    hours = max(0, math.ceil((datetime.now(UTC) - before).total_seconds() / 3600))
    try:
        table = DeltaTable(location)
        given: dict[str, Any] = {"enforce_retention_duration": False, "full": True, "keep_versions": list(kept)}
        files = table.vacuum(hours, dry_run=True, **given)
        freed = sum(_size(Path(location, file)) for file in files)
        if files:
            table.vacuum(hours, dry_run=False, post_commithook_properties=hook(), **given)
    except (DeltaError, OSError) as error:
        what = f"removing old files of {location}: {error}"
        raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.") from error
    return freed


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
