"""Channels: live rows that streams publish, as they stand and as they come."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from runnel.channels import NAME, names_of, state_of
from runnel.server.answers import Raw
from runnel.server.channels import channel_stream
from runnel.server.guarding import state_of as server_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread

routes = Routes("channels")


@routes.get("/channels", "streams.view")
async def list_channels(request: Request) -> dict[str, Any]:
    """Return the channels on which streams have published."""
    found = await in_thread(names_of, server_of(request).home)
    return {"items": [{"name": name} for name in found], "next": None}


@routes.get("/channels/{name}", "streams.view")
async def follow_channel(request: Request, name: str) -> Response:
    """Stream a channel as server-sent events: what stands (`snapshot`), then each update (`rows`)."""
    return channel_stream(request, name)


@routes.get("/channels/{name}/rows", "streams.view")
async def channel_rows(request: Request, name: str) -> Response:
    """Return a channel as it stands: its last rows, and the sequence of the last update that they hold."""
    found = await in_thread(state_of, server_of(request).home, name) if NAME.fullmatch(name) else None
    if found is None:
        raise HttpError(404, f"no stream has published on a channel `{name[:64]}`", code="RNL-CHANNEL-003")
    return Raw(found)
