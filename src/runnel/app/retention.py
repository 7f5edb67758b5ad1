"""Retention: what `runnel gc` removes, within byte budgets and ages, oldest first, and what that freed."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from runnel.store.tables import dead_letters, runs

if TYPE_CHECKING:
    from runnel.app.project import Project

IN_USE_SECONDS = 3600.0


def collect(project: Project) -> dict[str, Any]:
    """Apply retention; returns what was removed and how many bytes that freed."""
    freed_cache = project.cache.collect(
        int(project.setting("cache_bytes")), float(project.setting("cache_days")) * 86400, IN_USE_SECONDS
    )
    recovered = [run.id for run in project.store.runs.recover()]
    old_runs = _old_runs(project)
    return {
        "cache_bytes": freed_cache,
        "recovered_runs": recovered,
        "removed_runs": old_runs,
        "letter_bytes": _letters_over_budget(project),
        "scratch_bytes": _old_scratch(project.scratch),
    }


def _old_runs(project: Project) -> list[str]:
    before = datetime.now(UTC) - timedelta(days=float(project.setting("runs_days")))
    query = sa.select(runs.c.id).where(runs.c.started_at < before, runs.c.finished_at.is_not(None))
    with project.store.engine.begin() as connection:
        found = list(connection.execute(query).scalars())
        for id in found:
            connection.execute(dead_letters.delete().where(dead_letters.c.run_id == id))
            connection.execute(runs.delete().where(runs.c.id == id))
    for id in found:
        shutil.rmtree(project.store.runs.folder(id), ignore_errors=True)
        shutil.rmtree(project.store.letters.folder(id), ignore_errors=True)
    return found


def _letters_over_budget(project: Project) -> int:
    """Drop the stored records of the oldest dead letters; how many there were stays known."""
    budget = int(project.setting("letter_bytes"))
    query = sa.select(dead_letters.c.run_id, sa.func.sum(dead_letters.c.bytes)).group_by(dead_letters.c.run_id)
    newest = sa.func.max(dead_letters.c.created_at).desc()
    kept = freed = 0
    with project.store.engine.begin() as connection:
        for run_id, size in connection.execute(query.order_by(newest)).all():
            kept += int(size or 0)
            if kept <= budget or not size:
                continue
            shutil.rmtree(project.store.letters.folder(run_id), ignore_errors=True)
            values = {"stored": 0, "bytes": 0, "file": None}
            connection.execute(dead_letters.update().where(dead_letters.c.run_id == run_id).values(**values))
            freed += int(size)
    return freed


def _old_scratch(folder: Path) -> int:
    freed = 0
    for entry in folder.iterdir():
        if time.time() - entry.stat().st_mtime < IN_USE_SECONDS:
            continue
        freed += (
            sum(os.path.getsize(file) for file in entry.rglob("*") if file.is_file())
            if entry.is_dir()
            else entry.stat().st_size
        )
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()
    return freed
