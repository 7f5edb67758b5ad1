"""What a share reads: the stored charts of the last good run of its pipeline, of the named nodes alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runnel.app.run_charts import kept_charts
from runnel.store.moments import text

if TYPE_CHECKING:
    from runnel.store import Store

LOOKED_AT = 50


def stored_charts(store: Store, pipeline: str, nodes: Collection[str] | None = None) -> dict[str, Any]:
    """Return the charts of the newest good run that stored some; `nodes` names those that are wanted."""
    found, _ = store.runs.find(pipeline=pipeline, status="success,warning", limit=LOOKED_AT)
    for run in found:
        kept = kept_charts(store.home, run.id)
        if kept is not None:
            charts = [chart for chart in kept["charts"] if nodes is None or chart["node"] in nodes]
            return {"run_id": run.id, "updated_at": text(run.finished_at or run.started_at), "charts": charts}
    return {"run_id": None, "updated_at": None, "charts": []}


def columns_of(chart: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns of a stored chart."""
    return [column if isinstance(column, str) else column["name"] for column in chart.get("columns", [])]


def as_promised(charts: Iterable[dict[str, Any]], promised: Mapping[str, Sequence[str]] | None) -> list[dict[str, Any]]:
    """Return the charts that show what was said when they were shared; one with other columns is withheld."""
    return [chart for chart in charts if promised is None or columns_of(chart) == list(promised.get(chart["node"], ()))]
