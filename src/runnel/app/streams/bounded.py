"""The part of a stream's pipeline that ends: files and datasets to join with, computed before the stream starts."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.workers import existing
from runnel.connectors.datasets.source import DatasetSource
from runnel.plan.streams import StreamPlan
from runnel.runtime.batch import BatchOptions, BatchRun
from runnel.runtime.cache import Kept
from runnel.runtime.journal import SilentJournal
from runnel.runtime.stream.held import HeldTable, take_in

if TYPE_CHECKING:
    from runnel.app.project import Project


def held_in(folder: Path, project: Project, plan: StreamPlan, versions: Mapping[str, int] | None = None) -> dict[str, HeldTable]:
    """Compute what ends, and return it by segment, with its files in a folder; raises what a node cannot do.

    It is kept by content, so that it is computed once. `versions` are the datasets that it is read from.
    """
    if not plan.bounded:
        return {}
    return {
        id: HeldTable(
            take_in(Path(kept.data), folder), tuple((node, port, rows) for node, port, rows in kept.meta["counts"]),
            {name: at for name, at in (versions or {}).items() if name in _datasets_of(plan, id)},
        )
        for id, kept in _computed(project, plan).items()
    }  # fmt: skip


def _datasets_of(plan: StreamPlan, id: str) -> set[str]:
    """Return the datasets that a segment is read from, over any others."""
    segment = next(segment for segment in plan.plan.segments if segment.id == id)
    own = {str(scan.config["name"]) for scan in segment.scans if scan.kind == DatasetSource.kind}
    return own.union(*(_datasets_of(plan, feed.segment) for feed in segment.feeds))


def _computed(project: Project, plan: StreamPlan) -> Mapping[str, Kept]:
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
    return result.results


def _nothing(effect: Any, staged: Any, folder: str) -> Any:
    return staged
