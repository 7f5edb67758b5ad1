"""The audit log: who changed what, newest first; entries are read and never changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from runnel.server.answers import answer, cursor_of, page, read_cursor
from runnel.server.guarding import state_of
from runnel.server.routing import Routes

routes = Routes("audit")
MOST = 500
Text = Annotated[str | None, Query(max_length=300)]
HIDDEN = ("previous_hash",)


@routes.get("/audit", "audit.view")
def list_entries(
    request: Request, actor: Text = None, action: Text = None, object: Text = None,
    since: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    until: Annotated[str | None, Query(alias="to", max_length=40)] = None, cursor: str | None = None, limit: int = 50,
) -> Response:  # fmt: skip
    """List entries by actor, action (or the beginning of one), object and time."""
    store = state_of(request).store.audit
    wanted = {"actor": actor, "action": action, "object": object, "since": since, "until": until}
    limit = max(1, min(limit, MOST))
    below = int(read_cursor(cursor).get("at", 0)) if cursor else None
    found = store.list(below=below, limit=limit + 1, **wanted)
    more = cursor_of(at=found[limit - 1]["number"]) if len(found) > limit else None
    items = [{name: value for name, value in row.items() if name not in HIDDEN} for row in found[:limit]]
    return page(items, more, store.count(**wanted))


@routes.get("/audit/verify", "audit.view")
def verify(request: Request) -> Response:
    """Walk the chain of hashes and say what does not fit."""
    store = state_of(request).store.audit
    problems = list(store.problems())
    return answer({"entries": store.count(), "problems": problems[:100], "intact": not problems})
