"""Transformations: saved sub-pipelines with declared inputs and outputs; tried with pasted rows."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from runnel.app.pipeline_listing import is_transformation, listed, open_documents, used_by
from runnel.server.answers import Raw, paged
from runnel.server.bodies import Body
from runnel.server.guarding import state_of
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("transformations")


class TryBody(Body):
    """Rows for the inputs, by name; a list alone goes to the first input."""

    inputs: dict[str, list[dict[str, Any]]] | list[dict[str, Any]] = Field(default_factory=list)


@routes.get("/transformations", "transformations.view")
async def list_transformations(request: Request, search: str = "", cursor: str | None = None, limit: int = 100) -> Response:
    """Return the pipelines that are made to stand inside others, with who uses them."""
    state = state_of(request)
    workspace = workspace_of(state)
    every = await in_thread(workspace.files.all)
    drafts = await in_thread(open_documents, state.store)
    items = []
    for item in await in_thread(listed, workspace.files, state.store):
        document = every[item["name"]].document or {}
        if is_transformation(document) and search.lower() in f"{item['name']} {item['title']}".lower():
            uses = await in_thread(used_by, workspace.files, item["name"], drafts)
            items.append({**item, "type": kind_of(item["kinds"]), "inputs": list(document["inputs"]),
                          "outputs": list(document["outputs"]), "used_by": uses})  # fmt: skip
    return paged(items, cursor, limit)


@routes.query("/transformations/{name}/test", "transformations.view")
async def try_transformation(request: Request, name: str, body: TryBody) -> Raw:
    """Send pasted rows through a transformation; answers its outputs, with errors and warnings."""
    state = state_of(request)
    payload = await in_thread(workspace_of(state).payload, name, {})
    return Raw(await state.desk.call("try_transformation", {**payload, "inputs": body.inputs}))


def kind_of(kinds: list[str]) -> str:
    """Return the word for what most of a transformation's steps do."""
    words = {"table.rules": "rules", "table.filter": "filter", "table.aggregate": "aggregation", "table.join": "join",
             "table.validate": "validation", "table.rename": "mapping", "table.select": "mapping"}  # fmt: skip
    found = [words[kind] for kind in kinds if kind in words]
    return max(set(found), key=found.count) if found else "mapping"


