"""The catalogue: every kind of node with its form, ports and examples, and every function of expressions."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from runnel.server.answers import Raw, etag_of, unchanged
from runnel.server.guarding import state_of
from runnel.server.routing import Routes

routes = Routes("catalog")


@routes.get("/catalog/nodes", "pipelines.view")
async def list_nodes(request: Request) -> Response:
    """Return the description of every kind: config schema, ports, synonyms, examples."""
    return await _whole(request, "catalog_nodes")


@routes.get("/catalog/functions", "pipelines.view")
async def list_functions(request: Request) -> Response:
    """Return every function of expressions with signature, one line and an example."""
    return await _whole(request, "catalog_functions")


async def _whole(request: Request, call: str) -> Response:
    state = state_of(request)
    kept = state.__dict__.setdefault("catalog_answers", {})
    if call not in kept:
        kept[call] = await state.desk.call(call, {})
    tag = etag_of(kept[call])
    same = unchanged(request, tag)
    return same if same is not None else Raw(kept[call], headers={"ETag": tag, "Cache-Control": "private, no-cache"})
