"""Health: whether the process lives, whether it is ready, and its metrics."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runnel.server.answers import answer
from runnel.server.guarding import state_of
from runnel.server.routing import Routes
from runnel.server.rules import PUBLIC
from runnel.server.state import VERSION

routes = Routes("health", prefix="")
BOTH = ["GET", "HEAD"]


@routes.get("/healthz", PUBLIC, methods=BOTH)
async def live(request: Request) -> Response:
    """Say that the process lives."""
    return answer({"status": "ok", "version": VERSION})


@routes.get("/health", "monitoring.view", methods=BOTH, or_loopback=True)
async def live_too(request: Request) -> Response:
    """Say that the process lives, to this machine and to whoever may see the monitoring (/healthz says it to anybody)."""
    return await live(request)


@routes.get("/api/health", "monitoring.view", methods=BOTH, or_loopback=True)
async def live_as_api(request: Request) -> Response:
    """Say that the process lives (another name of /health)."""
    return await live(request)


@routes.get("/readyz", PUBLIC, methods=BOTH)
async def ready(request: Request) -> Response:
    """Say whether the server takes work: the store answers and the desk is warm."""
    state = state_of(request)
    parts = {"store": "ok", "desk": "ok" if state.desk.ready else "starting", "server": "ok"}
    if state.draining:
        parts["server"] = "draining"
    good = all(part == "ok" for part in parts.values())
    return answer({"status": "ok" if good else "waiting", "parts": parts}, 200 if good else 503)


@routes.get("/metrics", "monitoring.view", or_loopback=True)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' form."""
    state = state_of(request)
    return Response(state.metrics.text(), media_type=state.metrics.content_type)
