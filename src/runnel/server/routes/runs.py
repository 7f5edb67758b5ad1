"""Runs: started, listed with filters, followed live, cancelled, run again, and their logs and letters read."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request
from pydantic import Field

from runnel.app.run_charts import kept_charts
from runnel.app.run_listing import RunFilter, described, listed, log_lines
from runnel.server.answers import Raw, cursor_of, read_cursor
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.routes.drafts import told
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, matching, workspace_of

routes = Routes("runs")


class ExecuteBody(Body):
    """How a pipeline is run; `version` names one, else the draft is saved and run."""

    params: dict[str, Any] | None = None
    to: str | None = None
    dry_run: bool = False
    sample: int | None = Field(None, ge=1)
    use_cache: bool = True
    version: str | None = None
    revision: int | None = None


class AgainBody(Body):
    """Whether what the run kept is used, so that it goes on from the failed node."""

    from_failed: bool = True


@routes.post("/pipelines/{name}/execute", "pipelines.execute", status_code=202)
@routes.post("/pipelines/{name}/run", "pipelines.execute", status_code=202)
async def execute(request: Request, name: str, body: ExecuteBody) -> dict[str, Any]:
    """Save the draft, make a version of it, and start a run; 422 with the findings when it cannot run."""
    state = state_of(request)
    workspace = workspace_of(state)
    given = body.model_dump(exclude_none=True, exclude={"revision"})
    if body.version is None:
        who, check = principal(request).name, matching(request)
        change = await in_thread(workspace.drafting.save, name, who, body.revision, check)
        told(request, change)
        given["version"] = change.version
    payload = await in_thread(workspace.payload, name, given)
    found = await ask(request, "execute", {**payload, "actor": principal(request).name})
    started, entry = {"run_id": found["run_id"], "version": given["version"]}, audit(request)
    entry.change(entry.before, {**(entry.after or {}), **started})
    return {**started, "status": "running"}


def offset_of(cursor: str | None) -> int:
    """Return where a page begins."""
    return int(read_cursor(cursor).get("at", 0)) if cursor else 0


async def ask(request: Request, call: str, payload: dict[str, Any]) -> Any:
    """Return the desk's answer as values."""
    import orjson

    return orjson.loads(await state_of(request).desk.call(call, payload))


@routes.get("/runs", "pipelines.view")
async def list_runs(
    request: Request, pipeline: str | None = None, status: str | None = None, search: str | None = None,
    since: str | None = None, until: str | None = None, cursor: str | None = None, limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    """Return the newest runs that fit."""
    state = state_of(request)
    wanted = RunFilter(pipeline, status, search, since, until)
    titles = await in_thread(lambda: {name: file.title for name, file in workspace_of(state).files.all().items()})
    place = (offset_of(cursor), max(1, min(limit, 500)))
    found = await in_thread(listed, state.store.runs, wanted, titles, place)
    return {
        "items": found["items"],
        "next": cursor_of(at=sum(place)) if found["more"] else None,
        "total": found["total"],
    }


@routes.get("/pipelines/{name}/runs", "pipelines.view")
async def list_runs_of(request: Request, name: str, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """Return the newest runs of a pipeline."""
    return await list_runs(request, name, cursor=cursor, limit=limit)


@routes.get("/runs/{run_id}", "pipelines.view")
@routes.get("/executions/{run_id}", "pipelines.view")
async def get_run(request: Request, run_id: str) -> dict[str, Any]:
    """Return a run with its tasks, ledger, outputs and findings."""
    state = state_of(request)
    found = await in_thread(described, state.store, run_id)
    file = (await in_thread(workspace_of(state).files.all)).get(found["pipeline"])
    return {**found, "title": file.title if file is not None else found["pipeline"]}


@routes.get("/runs/{run_id}/nodes", "pipelines.view")
async def run_nodes(request: Request, run_id: str) -> dict[str, Any]:
    """Return the nodes of a run with status, seconds and rows, also while it goes on."""
    found = await in_thread(described, state_of(request).store, run_id)
    return {"items": found["nodes"], "next": None, "total": len(found["nodes"])}


@routes.get("/runs/{run_id}/logs", "pipelines.view")
@routes.get("/executions/{run_id}/logs", "pipelines.view")
async def run_logs(
    request: Request, run_id: str, level: Literal["info", "warning", "error"] | None = None, search: str | None = None,
    node: str | None = None, after: int = 0, limit: int = 1_000,
) -> dict[str, Any]:  # fmt: skip
    """Return log lines of a run after a number, filtered by level, node and text."""
    store = state_of(request).store
    return await in_thread(log_lines, store.runs, run_id, level, search, node, after, max(1, min(limit, 100_000)))


@routes.get("/runs/{run_id}/charts", "dashboards.view")
async def run_charts(request: Request, run_id: str) -> dict[str, Any]:
    """Return the charts that a run stored."""
    state = state_of(request)
    run = await in_thread(state.store.runs.get, run_id)
    return await in_thread(kept_charts, state.home, run.id) or {"run_id": run.id, "charts": []}


@routes.post("/runs/{run_id}/cancel", "pipelines.execute")
async def cancel_run(request: Request, run_id: str) -> dict[str, Any]:
    """Ask a run to stop."""
    run = await in_thread(state_of(request).store.runs.get, run_id)
    found = await ask(request, "cancel", {"run_id": run.id})
    about = {"run_id": run.id, "pipeline": run.pipeline}
    audit(request).change({**about, "status": run.status}, {**about, **found})
    return found


@routes.post("/runs/{run_id}/again", "pipelines.execute", status_code=202)
async def run_again(request: Request, run_id: str, body: AgainBody) -> dict[str, Any]:
    """Run the same version with the same parameters; what was kept is used, so that it goes on where it failed."""
    state = state_of(request)
    run = await in_thread(state.store.runs.get, run_id)
    given = {"version": run.version, "params": dict(run.params), "use_cache": body.from_failed}
    payload = await in_thread(workspace_of(state).payload, run.pipeline, given)
    found = await ask(request, "execute", {**payload, "actor": principal(request).name})
    started = {"run_id": found["run_id"], "version": run.version}
    audit(request).change({"run_id": run.id, "status": run.status}, {**started, "from_failed": body.from_failed})
    return {**started, "status": "running"}


@routes.get("/dead-letters", "pipelines.view")
async def dead_letters(request: Request, pipeline: str | None = None, run_id: str | None = None) -> dict[str, Any]:
    """Return how many records were refused, by run and node."""
    found = await in_thread(state_of(request).store.letters.list, pipeline, run_id)
    return {"items": found, "next": None, "total": len(found)}


@routes.get("/dead-letters/{run_id}/{node:path}", "pipelines.view")
async def show_dead_letters(request: Request, run_id: str, node: str, limit: int = 100) -> Raw:
    """Return refused records of a node with raw bytes, position and reason."""
    import orjson

    store = state_of(request).store
    run = await in_thread(store.runs.get, run_id)
    found = await in_thread(lambda: list(store.letters.show(run.id, node, limit=max(1, min(limit, 1_000)))))
    return Raw(orjson.dumps({"items": found, "next": None}, default=str))
