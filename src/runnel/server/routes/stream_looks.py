"""Looks into streams: rows of a port, charts and states while they run, rows that wait, logs, kept boundaries."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import Field

from runnel.server.bodies import Body
from runnel.server.routes.runs import ask
from runnel.server.routing import Routes

routes = Routes("streams")


class TapBody(Body):
    """Which port is looked at, and for how long; asking again goes on."""

    node: str = Field(max_length=300)
    port: str = Field("output", max_length=200)
    seconds: float = Field(30.0, ge=1, le=60)


@routes.query("/streams/{name}/tap", "streams.view")
async def tap_stream(request: Request, name: str, body: TapBody) -> dict[str, Any]:
    """Let a stream send the last rows of a port as `stream.rows` for a while; nothing is written."""
    found: dict[str, Any] = await ask(request, "stream_tap", {"name": name, **body.model_dump()})
    return found


@routes.get("/streams/{name}/charts/{node:path}", "streams.view")
async def stream_chart(request: Request, name: str, node: str) -> dict[str, Any]:
    """Return a chart over the last rows that reached it, and let it be sent as `stream.chart` for a while."""
    found: dict[str, Any] = await ask(request, "stream_chart", {"name": name, "node": node})
    return found


@routes.get("/streams/{name}/log", "streams.view")
async def stream_log(request: Request, name: str) -> dict[str, Any]:
    """Return the last lines of a stream's log, and when its process was started again."""
    found: dict[str, Any] = await ask(request, "stream_log", {"name": name})
    return found


@routes.get("/streams/{name}/boundaries", "streams.view")
async def stream_boundaries(request: Request, name: str, limit: int = 200) -> dict[str, Any]:
    """Return the kept boundaries between which the ledger can be asked for, the newest first."""
    found = await ask(request, "stream_boundaries", {"name": name, "limit": max(1, min(limit, 1_000))})
    return {"items": found, "next": None}


@routes.get("/streams/{name}/state/{node:path}", "streams.view")
async def stream_state(request: Request, name: str, node: str, search: str = "", limit: int = 100) -> dict[str, Any]:
    """Return the newest rows that a node of a running stream holds and that contain a text; total, keys and size."""
    most = max(1, min(limit, 1_000))
    asked = {"name": name, "node": node, "part": "state", "search": search[:200], "limit": most}
    found: dict[str, Any] = await ask(request, "stream_state", asked)
    return found


@routes.get("/streams/{name}/waiting/{node:path}", "streams.view")
async def stream_waiting(request: Request, name: str, node: str, limit: int = 100) -> dict[str, Any]:
    """Return rows on their way: those that wait for a sink, or for the watermark at a node."""
    found: dict[str, Any] = await ask(
        request, "stream_waiting", {"name": name, "node": node, "limit": max(1, min(limit, 1_000))}
    )
    return found
