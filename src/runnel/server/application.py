"""The application: every discovered route behind its rule, the pages last, the edge around all."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from runnel.server import pages
from runnel.server.edge import Edge
from runnel.server.ingest import Ingest
from runnel.server.ingest_front import Front
from runnel.server.problems import http_problem
from runnel.server.routing import check_routes, discover
from runnel.server.state import VERSION, ServerState
from runnel.telemetry.requests import RequestLog

DESCRIPTION = "Data pipelines that people draw instead of program. Errors are problem documents; lists have cursors."


def create_app(state: ServerState, log: RequestLog | None = None) -> FastAPI:
    """Return the application of one server; raises ValueError when a route carries no permission."""
    app = FastAPI(
        title="Runnel", version=VERSION, description=DESCRIPTION, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.runnel = state
    app.state.log = log or RequestLog()
    app.router.routes[:] = [*discover(), *pages.routes.routes]
    check_routes(app.router.routes)

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return http_problem(error, request.scope.get("runnel.request_id", ""))

    app.add_exception_handler(HTTPException, refuse)
    app.add_middleware(Edge, state=state, log=app.state.log)
    # One for a server, also where its application is made anew: it counts into the server's metrics.
    app.add_middleware(Front, ingest=state.__dict__.get("ingest") or Ingest(state, app.state.log))
    return app
