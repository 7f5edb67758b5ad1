"""The data of a past run: its version with its parameters, over the results that it kept."""

from __future__ import annotations

from fastapi import Request

from runnel.server.answers import Raw
from runnel.server.guarding import state_of
from runnel.server.routes.analysis import About, AboutNode, LineageBody, SqlBody
from runnel.server.routes.previews import CountsBody, PreviewBody, ProfileBody
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, while_there, workspace_of

routes = Routes("run_data")


@routes.query("/runs/{run_id}/analysis", "pipelines.view")
async def run_analysis(request: Request, run_id: str, body: About) -> Raw:
    """Return what is known of every node of the run's version."""
    return await _asked(request, "analysis", run_id, body)


@routes.query("/runs/{run_id}/preview", "pipelines.view")
async def run_preview(request: Request, run_id: str, body: PreviewBody) -> Raw:
    """Return a window of the rows of a port."""
    return await _asked(request, "preview", run_id, body)


@routes.query("/runs/{run_id}/profile", "pipelines.view")
async def run_profile(request: Request, run_id: str, body: ProfileBody) -> Raw:
    """Return nulls, distinct values, frequent values and histograms of a port's columns."""
    return await _asked(request, "profile", run_id, body)


@routes.query("/runs/{run_id}/counts", "pipelines.view")
async def run_counts(request: Request, run_id: str, body: CountsBody) -> Raw:
    """Return how many rows every port has."""
    return await _asked(request, "counts", run_id, body)


@routes.query("/runs/{run_id}/chart", "pipelines.view")
async def run_chart(request: Request, run_id: str, body: AboutNode) -> Raw:
    """Return the specification and data of a chart node."""
    return await _asked(request, "chart", run_id, body)


@routes.query("/runs/{run_id}/left-out", "pipelines.view")
async def run_left_out(request: Request, run_id: str, body: AboutNode) -> Raw:
    """Return what a node did not pass on."""
    return await _asked(request, "left_out", run_id, body)


@routes.query("/runs/{run_id}/sql", "pipelines.view")
async def run_sql(request: Request, run_id: str, body: SqlBody) -> Raw:
    """Return the SQL of a node."""
    return await _asked(request, "sql", run_id, body)


@routes.query("/runs/{run_id}/lineage", "pipelines.view")
async def run_lineage(request: Request, run_id: str, body: LineageBody) -> Raw:
    """Return where a column comes from."""
    return await _asked(request, "lineage", run_id, body)


async def _asked(request: Request, call: str, run_id: str, body: About) -> Raw:
    state = state_of(request)
    run = await in_thread(state.store.runs.get, run_id)
    given = body.model_dump(exclude_none=True, exclude={"version", "document", "edits", "params"})
    about = {**given, "version": run.version, "params": dict(run.params)}
    payload = await in_thread(workspace_of(state).payload, run.pipeline, about)
    return Raw(await while_there(request, state.desk.call(call, payload)))
