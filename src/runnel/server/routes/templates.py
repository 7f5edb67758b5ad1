"""Templates: finished pipelines with data to start from, by category."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.responses import Response

from runnel.app.examples import CATEGORIES, FOLDER, example, examples
from runnel.server.answers import Raw, answer
from runnel.server.guarding import state_of
from runnel.server.routing import Routes
from runnel.server.state import VERSION
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
    items.sort(key=lambda item: not any(_is_drawn(kind) for kind in item["kinds"]))
    return answer({"items": items, "next": None, "total": len(items), "categories": list(CATEGORIES)})


def _is_drawn(kind: str) -> bool:
    return kind.startswith("chart.") and kind != "chart.table"


@routes.get("/templates/{name}", "pipelines.view")
async def get_template(request: Request, name: str) -> dict[str, Any]:
    """Return a template with its document."""
    found = await in_thread(example, name)
    text = await in_thread(found.path.read_text, "utf-8")
    return {**found.to_json(), "text": text}


@routes.get("/templates/{name}/charts", "pipelines.view")
async def template_charts(request: Request, name: str) -> Response:
    """Return the charts that a template draws, to be shown on its card.

    They are drawn one at a time, so that a file that somebody opens meanwhile waits for one of them at most, and kept on
    disk under their text and the version of Runnel.
    """
    state = state_of(request)
    found = await in_thread(example, name)
    text = await in_thread(found.path.read_text, "utf-8")
    digest = sha256(f"{VERSION}\n{text}".encode()).hexdigest()[:16]
    place = state.home / "template-charts" / f"{name}-{digest}.json"
    async with state.__dict__.setdefault("drawing_templates", asyncio.Lock()):
        made = await in_thread(_kept, place)
        if made is None:
            made = await state.desk.call("charts", {"text": text, "folder": str(found.path.parent)})
            await in_thread(_keep, place, made)
    return Raw(made)


def _kept(place: Path) -> bytes | None:
    return place.read_bytes() if place.exists() else None


def _keep(place: Path, made: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_bytes(made)
    part.replace(place)
