"""Live events: one stream per browser, authorised by topic."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runnel.server.answers import json_bytes
from runnel.server.guarding import state_of
from runnel.server.routing import Routes
from runnel.server.streaming import event_stream
from runnel.server.workspace import in_thread
from runnel.store.runs import OPEN

routes = Routes("events")


@routes.get("/events", "profile.own")
async def stream(request: Request, topics: str = "") -> Response:
    """Stream the events of some topics (comma between them; none: all that the caller may hear)."""
    return event_stream(request, [topic.strip() for topic in topics.split(",") if topic.strip()])


@routes.get("/runs/{run_id}/events", "pipelines.view")
async def run_stream(request: Request, run_id: str) -> Response:
    """Stream the events of one run from its start, as far as they are still known; its end ends the stream."""
    state = state_of(request)
    begun = state.events.first_id
    run = await in_thread(state.store.runs.get, run_id)
    if run.status not in OPEN and not state.events.knows(f"run:{run.id}", "run.finished"):
        data = {"run_id": run.id, "pipeline": run.pipeline, "status": run.status}
        frame = b"data: " + json_bytes({"topic": "runs", "type": "run.finished", "data": data}) + b"\n\n"
        return Response(frame, media_type="text/event-stream")
    return event_stream(request, [f"run:{run.id}"], begun, "run.finished")
