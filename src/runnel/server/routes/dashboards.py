"""Dashboards: one per pipeline with charts, from what its newest good run stored, or drawn now where none ran."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from fastapi import Request
from starlette.responses import Response

from runnel.app.chart_exports import as_csv, as_json
from runnel.app.drafting import NoSuchPipelineError
from runnel.app.run_charts import kept_charts
from runnel.server.answers import Raw, answer, paged
from runnel.server.guarding import state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("dashboards")
GOOD = ("success", "warning")
Format = Literal["csv", "json", "html"]


@routes.get("/dashboards", "dashboards.view")
async def list_dashboards(request: Request, cursor: str | None = None, limit: int = 100) -> Response:
    """Return the pipelines that have charts."""
    every = await in_thread(workspace_of(state_of(request)).files.all)
    items = [
        {"name": file.name, "title": file.title, "charts": sum(kind.startswith("chart.") for kind in file.kinds)}
        for file in every.values()
        if any(kind.startswith("chart.") for kind in file.kinds)
    ]
    return paged(items, cursor, limit)


@routes.get("/dashboards/{name}", "dashboards.view")
async def get_dashboard(request: Request, name: str, fresh: bool = False) -> Raw:
    """Return the charts of a pipeline with when and from what they were made."""
    return Raw(orjson.dumps(await dashboard(request, name, fresh)))


@routes.get("/dashboards/{name}/export", "dashboards.view")
async def export_dashboard(
    request: Request, name: str, format: Format = "json", node: str | None = None, raw: bool = False
) -> Response:
    """Return the charts, or one of them, as data or as one page that needs nothing else."""
    found = await dashboard(request, name, False)
    charts = [chart for chart in found["charts"] if node is None or chart["node"] == node]
    if not charts:
        raise HttpError(404, f"{name} has no chart `{node}`" if node else f"{name} has no charts", "Add a chart node.")
    if format == "json":
        return answer(as_json(charts), headers=_saved(name, "json"))
    if format == "csv":
        text = await in_thread(as_csv, charts, raw)
        return Response(text, media_type="text/csv; charset=utf-8", headers=_saved(name, "csv"))
    asked = {"title": found["title"], "moment": found["updated_at"], "charts": charts}
    page = orjson.loads(await state_of(request).desk.call("chart_page", asked))["html"]
    return Response(page, media_type="application/octet-stream", headers=_saved(name, "html"))


async def dashboard(request: Request, name: str, fresh: bool) -> dict[str, Any]:
    """Return a dashboard as values."""
    state = state_of(request)
    workspace = workspace_of(state)
    file = await in_thread(workspace.files.get, name)
    if file is None:
        raise NoSuchPipelineError("RNL-PIPELINE-001", f"there is no pipeline `{name}`", "See the list of pipelines.")
    heading = {"name": name, "title": file.title, "description": (file.document or {}).get("description")}
    runs = await in_thread(state.store.runs.list, 20, name)
    for run in [] if fresh else [run for run in runs if run.status in GOOD]:
        kept = await in_thread(kept_charts, state.home, run.id)
        if kept is not None:
            moment = run.to_json()["finished_at"]
            return {**heading, "basis": "run", "run_id": run.id, "updated_at": moment, "charts": kept["charts"]}
    payload = await in_thread(workspace.payload, name, {})
    found = orjson.loads(await state.desk.call("charts", payload))
    return {**heading, "basis": "preview", "run_id": None, "updated_at": state.clock().isoformat(), **found}


def _saved(name: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
