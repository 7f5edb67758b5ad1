"""How the whole does: cards, health and activity of the home page."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from runnel.app.monitoring import overview
from runnel.server.guarding import state_of
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("monitoring")


@routes.get("/monitoring", "monitoring.view")
async def get_monitoring(request: Request) -> dict[str, Any]:
    """Return numbers of today, runs by day, activity and health."""
    state = state_of(request)
    budget = int(state.setting("cache_bytes"))
    return await in_thread(overview, state.store, workspace_of(state).files, state.home, state.desk.ready, budget)
