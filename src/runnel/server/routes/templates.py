"""Templates: finished pipelines with data to start from, by category."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from runnel.app.examples import CATEGORIES, FOLDER, example, examples
from runnel.server.answers import Raw, answer
from runnel.server.guarding import state_of
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("templates")


@routes.get("/templates", "pipelines.view")
async def list_templates(request: Request, category: str = "") -> Response:
    """Return the templates, those of a category, and which of the examples stand in the project."""
    workspace = workspace_of(state_of(request))
    there = await in_thread(workspace.files.all)
    placed = {name for name, file in there.items() if FOLDER in file.path.relative_to(workspace.files.root).parts[:1]}
    items = [
        {**found.to_json(), "placed": found.name in placed}
        for found in (await in_thread(examples)).values()
        if not category or found.category == category
    ]
    items.sort(key=lambda item: not any(kind.startswith("chart.") for kind in item["kinds"]))
    return answer({"items": items, "next": None, "total": len(items), "categories": list(CATEGORIES)})


@routes.get("/templates/{name}", "pipelines.view")
async def get_template(request: Request, name: str) -> dict[str, Any]:
    """Return a template with its document."""
    found = await in_thread(example, name)
    text = await in_thread(found.path.read_text, "utf-8")
    return {**found.to_json(), "text": text}


@routes.get("/templates/{name}/charts", "pipelines.view")
async def template_charts(request: Request, name: str) -> Response:
    """Return the charts that a template draws, to be shown on its card."""
    state = state_of(request)
    kept = state.__dict__.setdefault("template_charts", {})
    if name not in kept:
        found = await in_thread(example, name)
        text = await in_thread(found.path.read_text, "utf-8")
        kept[name] = await state.desk.call("charts", {"text": text, "folder": str(found.path.parent)})
    return Raw(kept[name])
