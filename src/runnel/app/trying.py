"""Trying a pipeline before it runs: a sample through every node, nothing written, and how long the whole will take."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.workers import existing
from runnel.runtime.batch import BatchOptions, BatchRun
from runnel.runtime.journal import SilentJournal

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

SAMPLE_ROWS = 1_000
BYTES_PER_SECOND = 80_000_000
"""What a segment reads in a second where no earlier run says better; DuckDB on two cores reads CSV at about this rate."""


def try_out(project: Project, compiled: Compiled, sample: int = SAMPLE_ROWS) -> dict[str, Any]:
    """Send a sample through every node without writing; returns rows and seconds per node, and the error if one broke."""
    plan = compiled.plan()
    reads = existing([path for segment in plan.segments for scan in segment.scans for path in scan.reads])
    project.cache.root.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(dir=project.scratch)
    try:
        with project.workers.open([*reads, str(project.cache.root)], [folder], timeout_seconds=60) as worker:
            options = BatchOptions(str(Path(folder)), use_cache=False, dry_run=True, sample=sample)
            result = BatchRun(plan, worker, project.cache, SilentJournal(), _write_nothing, options).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    entries = {entry.node: entry for entry in result.ledger.entries} if result.ledger is not None else {}
    tasks = {node: task for task in reversed(result.tasks) for node in task.nodes}
    nodes = [
        {
            "id": node.id, "rows_in": entries[node.id].rows_in if node.id in entries else 0,
            "rows_out": entries[node.id].rows_out if node.id in entries else 0,
            "status": tasks[node.id].status if node.id in tasks else "pending",
            "seconds": round(tasks[node.id].seconds, 4) if node.id in tasks else 0.0,
        }
        for node in plan.nodes
    ]  # fmt: skip
    return {
        "sample": sample, "nodes": nodes, "dead_letters": dict(result.letters),
        "error": result.error.to_json() if result.error is not None else None,
    }  # fmt: skip


def estimate(project: Project, compiled: Compiled) -> dict[str, Any]:
    """Return what a run would read and write, and how long it will take: as the last good run did, else by its bytes."""
    plan = compiled.plan()
    files = {path for segment in plan.segments for scan in segment.scans for path in existing(scan.reads)}
    size = sum(os.path.getsize(path) for path in files if os.path.isfile(path))
    last = next((run for run in project.store.runs.list(20, plan.pipeline) if run.status in ("success", "warning")), None)
    seconds = last.seconds if last is not None and last.seconds else 0.2 + size / BYTES_PER_SECOND
    writes = [
        {"node": effect.node, "kind": effect.kind, "target": _target(effect.config)}
        for effect in plan.effects
        if not effect.kind.startswith("chart.")
    ]
    return {
        "bytes": size, "files": len(files), "seconds": round(float(seconds), 2),
        "basis": "last run" if last is not None and last.seconds else "size of the files", "writes": writes,
        "outside": [item for item in writes if item["kind"] not in ("sink.dataset", "sink.file")],
    }  # fmt: skip


def _target(config: Mapping[str, Any]) -> str:
    return str(config.get("path") or config.get("name") or config.get("table") or "")


def _write_nothing(effect: Any, staged: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
    return staged
