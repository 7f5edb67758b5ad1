"""Wires of streams: those into a sink and those out of a source are paused and resumed, while the rest goes on."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request

from runnel.server.guarding import audit, principal
from runnel.server.routes.runs import ask
from runnel.server.routing import Routes

routes = Routes("streams")


async def _wish(request: Request, name: str, edge: str, verb: Literal["pause", "resume"]) -> dict[str, Any]:
    payload = {"name": name, "edge": edge, "verb": verb, "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_edge", payload)
    before = {"paused": not found["changed"]} if verb == "pause" else {"paused": found["changed"]}
    audit(request).change(before, {"stream": name, "edges": found["edges"], "paused": verb == "pause"})
    return found


@routes.post("/streams/{name}/edges/{edge:path}/pause", "streams.execute", status_code=202)
async def pause_edge(request: Request, name: str, edge: str) -> dict[str, Any]:
    """Pause a wire (`A.output->B`): what comes for a sink waits in its outbox; a source is held where it stands."""
    return await _wish(request, name, edge, "pause")


@routes.post("/streams/{name}/edges/{edge:path}/resume", "streams.execute", status_code=202)
async def resume_edge(request: Request, name: str, edge: str) -> dict[str, Any]:
    """Let a paused wire go on: the sink is given what waited, or the source is read where it stood."""
    return await _wish(request, name, edge, "resume")
