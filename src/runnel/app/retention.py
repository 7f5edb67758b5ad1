"""Retention: what `runnel gc` removes, within byte budgets and ages, oldest first, and what that freed.

What somebody may be using stays: whatever was touched since the oldest live run began, and within the last hour. Rows go
before the files that they name, so that a `gc` that is killed leaves files without rows, and the next one removes those.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from runnel.app.abandoned_uploads import KEPT, drop_abandoned
from runnel.app.recovering import recover
from runnel.app.versions_in_use import versions_in_use
from runnel.store.files import needed
from runnel.store.letters import PREFIX
from runnel.store.removal import sweep
from runnel.store.tables import dead_letters, runs

if TYPE_CHECKING:
    from runnel.app.project import Project

IN_USE = timedelta(hours=1)
COMPACT_FILES = 16
"""A dataset with at least this many small files is compacted."""


@dataclass(frozen=True)
class Moment:
    """When a collection happens, and since when things may be in use: nothing touched later is removed."""

    now: datetime
    used_since: datetime

    def days_ago(self, days: float) -> datetime:
        """Return the moment before which things are too old; never later than what may be in use."""
        return min(self.now - timedelta(days=days), self.used_since)

    @property
    def in_use_seconds(self) -> float:
        """How far back things may be in use."""
        return (self.now - self.used_since).total_seconds()


def collect(project: Project, now: datetime | None = None) -> dict[str, Any]:
    """Apply retention as of a moment (default: now); returns what was removed and how many bytes that freed."""
    recovered = [run.id for run in recover(project)]
    moment = _moment(project, now or datetime.now(UTC))
    cache_days = float(project.setting("cache_days"))
    removed = _old_runs(project, moment)
    datasets = _datasets(project, moment)
    for folder in ("streams", "logs"):
        sweep(project.home / folder)
    return {
        "cache_bytes": project.cache.collect(
            int(project.setting("cache_bytes")), cache_days * 86400, moment.in_use_seconds, moment.now.timestamp()
        ),
        "recovered_runs": recovered,
        "removed_runs": removed,
        "log_bytes": _run_folders(project, moment),
        "letter_bytes": _letters_over_budget(project),
        "object_bytes": _unneeded_objects(project, moment),
        "upload_bytes": drop_abandoned(project.store.uploads, project.home, min(moment.now - KEPT, moment.used_since)),
        "scratch_bytes": _old_entries(project.scratch, moment.used_since)
        + _old_entries(project.home / "sniff", moment.days_ago(cache_days)),
        **datasets,
    }


def _moment(project: Project, now: datetime) -> Moment:
    live = project.store.runs.live_since()
    begun = now if live is None else min(live, now)
    return Moment(now, begun - IN_USE)


def _old_runs(project: Project, moment: Moment) -> list[str]:
    """Remove the runs that ended long ago, with ledger, tasks, dead letters, logs and results of their own."""
    before = moment.now - timedelta(days=float(project.setting("runs_days")))
    ended = runs.c.finished_at.is_not(None) & (runs.c.finished_at < before)
    with project.store.engine.connect() as connection:
        found = list(connection.execute(sa.select(runs.c.id).where(ended)).scalars())
    for id in found:
        project.store.letters.remove(id)
        with project.store.engine.begin() as connection:
            connection.execute(runs.delete().where(runs.c.id == id))
        shutil.rmtree(project.store.runs.folder(id), ignore_errors=True)
    return found


def _run_folders(project: Project, moment: Moment) -> int:
    """Remove folders without a run, and those of the oldest ended runs beyond the budget for logs."""
    budget = int(project.setting("log_bytes"))
    with project.store.engine.connect() as connection:
        known = {row[0]: row[1] for row in connection.execute(sa.select(runs.c.id, runs.c.finished_at))}
    folder = project.home / "runs"
    kept = freed = 0
    for entry in sorted(folder.iterdir() if folder.exists() else (), key=lambda item: item.name, reverse=True):
        size = _size(entry)
        kept += size
        lost = entry.name not in known and _changed(entry) < moment.used_since
        if lost or (known.get(entry.name) is not None and kept > budget):
            shutil.rmtree(entry, ignore_errors=True)
            freed += size
    return freed


def _letters_over_budget(project: Project) -> int:
    """Drop the stored records of each pipeline's oldest dead letters; how many there were stays known."""
    budget = int(project.setting("letter_bytes"))
    columns = dead_letters.c
    query = sa.select(columns.pipeline, columns.run_id, sa.func.sum(columns.bytes)).where(columns.bytes > 0)
    newest = sa.func.max(columns.created_at).desc()
    with project.store.engine.connect() as connection:
        found = connection.execute(query.group_by(columns.pipeline, columns.run_id).order_by(newest)).all()
    replaying = {run_id for run_id, _, _ in project.store.letters.claims()}
    kept: dict[str, int] = {}
    freed = 0
    for pipeline, run_id, size in found:
        kept[pipeline] = kept.get(pipeline, 0) + int(size)
        if kept[pipeline] > budget and run_id not in replaying:
            project.store.letters.drop(run_id)
            freed += int(size)
    return freed


def _unneeded_objects(project: Project, moment: Moment) -> int:
    """Remove objects that no row names, and what killed puts left."""
    objects = project.store.objects
    freed = objects.sweep(IN_USE.total_seconds())
    old = [item for item in objects.list(PREFIX) if item.modified < moment.used_since.timestamp()]
    with project.store.engine.connect() as connection:
        kept = needed(connection, PREFIX)
    return freed + sum(item.bytes for item in old if item.key not in kept and objects.delete(item.key))


def _datasets(project: Project, moment: Moment) -> dict[str, Any]:
    """Join small files, and let versions go that are past retention and that nothing names."""
    from runnel.store.upkeep import small_files

    store = project.store.datasets
    store.sweep()
    store.catch_up()
    before = moment.days_ago(float(project.setting("dataset_days")))
    streamed = max(before, moment.days_ago(float(project.setting("stream_version_hours")) / 24))
    in_use = versions_in_use(project)
    compacted: list[str] = []
    removed: dict[str, list[int]] = {}
    freed = 0
    for item in store.list():
        name = item["name"]
        if small_files(str(store.place(name))) >= COMPACT_FILES and _joined(project, name):
            compacted.append(name)
        gone = store.retire(name, before, in_use.get(name, set()), streamed)
        freed += gone["bytes"]
        if gone["versions"]:
            removed[name] = gone["versions"]
    return {"dataset_bytes": freed, "removed_versions": removed, "compacted_datasets": compacted}


def _joined(project: Project, name: str) -> bool:
    """Join the small files of a dataset, or fold its changes in; returns whether that made a new version."""
    from runnel.engines.duckdb.folding import folding_connection

    store = project.store.datasets
    if store.compact(name)["version"] is not None:
        return True
    project.scratch.mkdir(parents=True, exist_ok=True)
    with folding_connection(str(project.scratch), [store.show(name)["location"]]) as connection:
        return store.fold(name, connection, str(project.scratch)) is not None


def _old_entries(folder: Path, before: datetime) -> int:
    """Remove files and folders that were not changed since a moment."""
    freed = 0
    for entry in folder.iterdir() if folder.exists() else ():
        if _changed(entry) >= before:
            continue
        freed += _size(entry)
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return freed


def _changed(entry: Path) -> datetime:
    """Return when something in a file or folder was changed last."""
    latest = max((os.stat(path).st_mtime for path in _parts(entry)), default=0.0)
    return datetime.fromtimestamp(latest, UTC)


def _size(entry: Path) -> int:
    return sum(os.path.getsize(path) for path in _parts(entry) if os.path.isfile(path))


def _parts(entry: Path) -> Iterator[str]:
    """Return a file, or a folder with everything in it; what vanishes meanwhile is left out."""
    paths = [str(entry)]
    if entry.is_dir():
        paths += [os.path.join(root, name) for root, folders, files in os.walk(entry) for name in (*folders, *files)]
    return (path for path in paths if os.path.exists(path))
