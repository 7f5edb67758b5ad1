"""The charts of a run as one file beside its logs, so that dashboards and shares read what was stored and run nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from runnel.app.writing import atomic_write

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.app.runs import RunReport

FILE = "charts.json"


def keep_charts(project: Project, report: RunReport) -> bool:
    """Write the charts of a run; returns whether it has any."""
    from runnel.app.charts import charts_of

    drawn = [chart.to_json() for chart in charts_of(project, report)]
    if not drawn:
        return False
    text = orjson.dumps({"run_id": report.run_id, "charts": drawn}, option=orjson.OPT_NON_STR_KEYS, default=str)
    atomic_write(project.home / "runs" / report.run_id / FILE, text.decode())
    return True


def kept_charts(home: Path, run_id: str) -> dict[str, Any] | None:
    """Return the stored charts of a run, None where it has none."""
    file = home / "runs" / run_id / FILE
    return orjson.loads(file.read_bytes()) if file.is_file() else None
