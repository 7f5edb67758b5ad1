"""The part of a stream's pipeline that ends: files and datasets to join with, computed before the stream starts."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.workers import existing
from runnel.plan.streams import StreamPlan
from runnel.runtime.batch import BatchOptions, BatchRun
from runnel.runtime.journal import SilentJournal

if TYPE_CHECKING:
    from runnel.app.project import Project


def held_tables(project: Project, plan: StreamPlan) -> dict[str, dict[str, Any]]:
    """Return segment → Parquet files, types and counts of what ends; kept by content, so that it is computed once."""
    if not plan.bounded:
        return {}
    segments = tuple(segment for segment in plan.plan.segments if segment.id in plan.bounded)
    whole = dataclasses.replace(plan.plan, segments=segments, effects=())
    reads = existing([path for segment in segments for scan in segment.scans for path in scan.reads])
    project.cache.root.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=project.scratch))
    try:
        with project.workers.open([*reads, str(project.cache.root)], [str(scratch)]) as worker:
            options = BatchOptions(str(scratch), dry_run=True)
            result = BatchRun(whole, worker, project.cache, SilentJournal(), _nothing, options).run()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if result.error is not None:
        raise result.error
    return {
        id: {"files": [kept.data], "types": dict(kept.types), "counts": kept.meta["counts"], "rows": kept.meta["rows"]}
        for id, kept in result.results.items()
    }


def _nothing(effect: Any, staged: Any, folder: str) -> Any:
    return staged
