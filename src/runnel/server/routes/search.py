"""Search over everything that has a name."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from runnel.app.searching import search as found
from runnel.server.answers import page
from runnel.server.guarding import principal, state_of
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("search")


@routes.get("/search", "search.view")
async def search(request: Request, q: str = "") -> Response:
    """Return pipelines, nodes, files, datasets and runs that match, of what the caller may see."""
    state, who = state_of(request), principal(request)

    def look() -> list[dict[str, object]]:
        workspace = workspace_of(state)
        pipelines = workspace.files.all().values() if who.may("pipelines.view") else []
        files = [file.to_json() for file in workspace.data.all()] if who.may("files.view") else []
        datasets = state.store.datasets.names() if who.may("datasets.view") else []
        runs = [run.to_json() for run in state.store.runs.list(200)] if who.may("pipelines.view") else []
        return found(q[:200], pipelines, files, datasets, runs)

    return page(await in_thread(look))
