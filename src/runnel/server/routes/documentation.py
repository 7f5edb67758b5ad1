"""The pages that describe the API: OpenAPI, Swagger UI and Redoc, with their files from this server alone."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from runnel.server.answers import Raw, etag_of, unchanged
from runnel.server.edge import CSP
from runnel.server.files import find
from runnel.server.guarding import state_of
from runnel.server.openapi import document
from runnel.server.routing import API, Routes
from runnel.server.rules import PUBLIC

routes = Routes("documentation", prefix="")
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
SCROLLBAR_STYLE = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
"""Redoc 2.5.4 puts two style elements into its page: an empty one, filled by rule, and that of its scroll bars."""
REDOC_CSP = CSP.replace("style-src 'self'", f"style-src 'self' {EMPTY_STYLE} {SCROLLBAR_STYLE}")
BOTH = ["GET", "HEAD"]
MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Runnel API</title><h1>The API of Runnel</h1>
<p>The files of this page were not built in. The description itself is at <a href="/api/v1/openapi.json">openapi.json</a>.</p>
</html>"""


@routes.get(f"{API}/openapi.json", PUBLIC, include_in_schema=False)
def openapi(request: Request) -> Response:
    """Return the description of every route."""
    text = orjson.dumps(document(request.app))
    tag = etag_of(text)
    return unchanged(request, tag) or Raw(text, headers={"ETag": tag, "Cache-Control": "no-cache"})


@routes.get("/docs", PUBLIC, methods=BOTH, include_in_schema=False)
def swagger(request: Request) -> Response:
    """Show the description with Swagger UI."""
    return _page(request, "swagger.html")


@routes.get("/redoc", PUBLIC, methods=BOTH, include_in_schema=False)
def redoc(request: Request) -> Response:
    """Show the description with Redoc."""
    response = _page(request, "redoc.html")
    response.headers["Content-Security-Policy"] = REDOC_CSP
    return response


def _page(request: Request, name: str) -> Response:
    file = find(state_of(request).static / "docs", name)
    return HTMLResponse(MISSING if file is None else file.read_text("utf-8"))
