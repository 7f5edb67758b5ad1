"""Upkeep of Delta tables: small files are joined, and files that no kept version needs, and old logs, are removed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError
from runnel.store.delta_log import actions, commit_file, log_folder, path_of
from runnel.store.notes import dataset_of, hook, properties
from runnel.store.table_locks import compacting

SMALL_BYTES = 32 * 1024**2
_IN_LOG = re.compile(r"(?P<version>\d{20})\.(?P<kind>json|checkpoint\.parquet|crc)")
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

    name = dataset_of(location)
    note = {"run_id": None, "mode": "compact", "rows": 0, "columns": dict(columns), **({"dataset": name} if name else {})}
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


def expired(
    versions: Sequence[Mapping[str, Any]], before: datetime, pinned: Collection[int] | None, streamed: datetime | None = None
) -> list[int]:
    """Return the versions (given newest first) that another one superseded before a time, without the pinned ones.

    For those that a stream made, and that joined files, the time is `streamed`: there may be one for each second.
    """
    gone: list[int] = []
    if pinned is None:
        return gone
    for newer, entry in pairwise(versions):
        superseded = datetime.fromisoformat(newer["created_at"])
        superseded = superseded if superseded.tzinfo else superseded.replace(tzinfo=UTC)
        of_stream = entry["mode"] == "compact" or entry["epoch"] is not None
        limit = streamed if of_stream and streamed is not None else before
        if superseded < limit and entry["version"] not in pinned:
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
        if not _has_old_files(table, location, before):
            return 0
        needed = _with_all_files(location, kept)
        given: dict[str, Any] = {"enforce_retention_duration": False, "full": True, "keep_versions": needed}
        files = table.vacuum(hours, dry_run=True, **given)
        freed = sum(_size(Path(location, file)) for file in files)
        if files:
            table.vacuum(hours, dry_run=False, post_commithook_properties=hook(), **given)
    except (DeltaError, OSError) as error:
        what = f"removing old files of {location}: {error}"
        raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.") from error
    return freed


def _has_old_files(table: Any, location: str, before: datetime) -> bool:
    """Tell whether there are files, older than a time, that the newest version does not need."""
    live = {Path(uri).name for uri in table.file_uris()}
    old = (file for file in Path(location).rglob("*.parquet") if file.name not in live and "_delta_log" not in file.parts)
    return any(file.stat().st_mtime < before.timestamp() for file in old)


def _with_all_files(location: str, kept: Sequence[int]) -> list[int]:
    """Return those of the kept versions that together have the files of all: one that the next only adds to is left out."""
    known = set(kept)

    def only_adds(version: int) -> bool:
        return commit_file(location, version).exists() and not any(actions(location, version, "remove"))

    return [version for version in kept if not (version + 1 in known and only_adds(version + 1))]


def cut_log(location: str, oldest: int) -> int:
    """Remove the log before the checkpoint from which the oldest kept version is read, and the files that it took away.

    What a commit took away no later version has; what is not committed yet is not touched. Returns bytes freed.
    """
    freed = 0
    try:
        for version, kind, file in _before(location, oldest):
            removed = actions(location, version, "remove") if kind == "json" else ()
            for gone in [*(Path(location, path_of(action)) for _, action in removed), file]:
                freed += _size(gone)
                gone.unlink(missing_ok=True)
    except OSError as error:
        what = f"cutting the log of {location}: {error}"
        raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.") from error
    return freed


def _before(location: str, oldest: int) -> list[tuple[int, str, Path]]:
    """Return the files of the log before the checkpoint that a version is read from, oldest first: version, kind, file."""
    files = log_folder(location).iterdir()
    found = [(int(known["version"]), known["kind"], file) for file in files if (known := _IN_LOG.fullmatch(file.name))]
    base = max((version for version, kind, _ in found if kind == "checkpoint.parquet" and version <= oldest), default=0)
    return sorted(entry for entry in found if entry[0] < base)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
