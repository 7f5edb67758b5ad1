"""Live events over one WebSocket: who opened it takes and leaves topics by message; each topic asks for its own permission."""

from __future__ import annotations

from starlette.websockets import WebSocket

from runnel.app.access.principals import Principal
from runnel.server.live import converse
from runnel.server.routing import Routes
from runnel.server.state import ServerState

routes = Routes("live")


@routes.socket("/live", "profile.own")
async def live(socket: WebSocket, who: Principal, state: ServerState) -> None:
    """Send the events of the topics that the caller takes."""
    await converse(socket, who, state)
