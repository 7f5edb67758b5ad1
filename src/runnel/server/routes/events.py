"""Live events: one stream per browser, authorised by topic."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runnel.server.routing import Routes
from runnel.server.streaming import event_stream

routes = Routes("events")


@routes.get("/events", "profile.own")
async def stream(request: Request, topics: str = "") -> Response:
    """Stream the events of some topics (comma between them; none: all that the caller may hear)."""
    return event_stream(request, [topic.strip() for topic in topics.split(",") if topic.strip()])
