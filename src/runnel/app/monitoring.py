"""How the whole does: numbers of today, what happened last, and whether every part is well."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.run_listing import rows_of

if TYPE_CHECKING:
    from runnel.app.pipeline_files import PipelineFiles
    from runnel.store import Store
    from runnel.store.runs import Run

DAYS = 14
LEAST_FREE_BYTES = 1024**3


def overview(store: Store, files: PipelineFiles, home: Path, desk_ready: bool, disk_budget: int) -> dict[str, Any]:
    """Return cards, runs by day, activity and health."""
    since = datetime.now(UTC) - timedelta(days=DAYS)
    runs, _ = store.runs.find(since=since.isoformat(), limit=5_000)
    today = [run for run in runs if run.to_json()["started_at"][:10] == datetime.now(UTC).date().isoformat()]
    every = files.all()
    used = _folder_bytes(home)
    return {
        "cards": {
            "pipelines": len(every), "datasets": len(store.datasets.names()),
            "transformations": sum(bool((file.document or {}).get("inputs")) for file in every.values()),
            "rows_today": sum(rows_of(run) or 0 for run in today), "runs_today": len(today),
            "runs_today_by_status": _by_status(today), "disk_bytes": used, "disk_budget_bytes": disk_budget,
        },
        "days": _days(runs), "health": _health(store, home, desk_ready),
        "activity": [_activity(run, every) for run in runs[:20]],
    }  # fmt: skip


def _by_status(runs: list[Run]) -> dict[str, int]:
    found: dict[str, int] = {}
    for run in runs:
        found[run.status] = found.get(run.status, 0) + 1
    return found


def _days(runs: list[Run]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for back in range(DAYS - 1, -1, -1):
        day = (datetime.now(UTC) - timedelta(days=back)).date().isoformat()
        those = [run for run in runs if run.to_json()["started_at"][:10] == day]
        seconds = sorted(run.seconds for run in those if run.seconds is not None)
        made.append({
            "day": day, "runs": len(those), "failed": sum(run.status == "failed" for run in those),
            "rows": sum(rows_of(run) or 0 for run in those),
            "seconds": seconds[len(seconds) // 2] if seconds else None,
        })  # fmt: skip
    return made


def _activity(run: Run, every: Any) -> dict[str, Any]:
    file = every.get(run.pipeline)
    return {
        "type": "run", "id": run.id, "pipeline": run.pipeline, "title": file.title if file is not None else run.pipeline,
        "status": run.status, "at": run.to_json()["started_at"], "actor": run.actor, "seconds": run.seconds,
        "error": (run.error or {}).get("what"),
    }  # fmt: skip


def _health(store: Store, home: Path, desk_ready: bool) -> list[dict[str, Any]]:
    free = shutil.disk_usage(home).free
    try:
        store.runs.find(limit=1)
        stored = ("ok", "answers")
    except OSError as error:
        stored = ("error", str(error))
    return [
        {"name": "engine", "status": "ok" if desk_ready else "warning", "what": "ready" if desk_ready else "is starting"},
        {"name": "store", "status": stored[0], "what": stored[1]},
        {"name": "disk", "status": "ok" if free > LEAST_FREE_BYTES else "warning", "what": f"{free / 1e9:.1f} GB free"},
    ]


def _folder_bytes(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total
