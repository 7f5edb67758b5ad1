"""Shares: links for strangers to named charts, as they are stored; what they will see is told before."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from anyio import to_thread
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.shared_charts import as_promised, columns_of, stored_charts
from runnel.app.access.sharing import MOST_NODES, check_days
from runnel.server.addresses import peer
from runnel.server.answers import Raw, answer, etag_of, nothing, paged, unchanged
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, request_id, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.rules import PUBLIC
from runnel.store.shares import Share

routes = Routes("shares")
public = Routes("share", prefix="")


class Described(Body):
    """Which charts of which pipeline are meant."""

    pipeline: str = Field(min_length=1, max_length=200)
    nodes: list[str] = Field(min_length=1, max_length=MOST_NODES)


class NewShare(Described):
    """A new share: `live` shows each new result, `frozen` the present one."""

    mode: Literal["live", "frozen"] = "live"
    expires_days: int | None = None
    title: str = Field("", max_length=300)


@routes.get("/shares", "shares.view")
def list_shares(request: Request, pipeline: str | None = None, cursor: str | None = None, limit: int = 100) -> Response:
    """List the shares of a pipeline, or all; links are never shown again."""
    found = state_of(request).access.sharing.store.list(pipeline)
    return paged([share.to_json() for share in found], cursor, limit)


@routes.query("/shares/describe", "shares.create")
def describe(request: Request, body: Described) -> Response:
    """Say which columns and how many rows strangers will see, before anything is shared."""
    found = _charts(request, body)
    seen = [{"node": chart["node"], "title": _title(chart), "columns": columns_of(chart), "rows": len(chart.get("rows", []))}
            for chart in found["charts"]]  # fmt: skip
    words = "; ".join(f"{item['title']}: {', '.join(item['columns'])} ({item['rows']} rows)" for item in seen)
    return answer({"charts": seen, "updated_at": found["updated_at"], "words": words})


@routes.post("/shares", "shares.create", secret_answer=True)
def create_share(request: Request, body: NewShare) -> Response:
    """Make a link; the answer is the only place where it ever stands."""
    state, who = state_of(request), principal(request)
    days = check_days(int(state.setting("share_days")) if body.expires_days is None else body.expires_days)
    found = _charts(request, body)
    title = body.title or ", ".join(_title(chart) for chart in found["charts"])
    data = orjson.dumps(found, default=str) if body.mode == "frozen" else None
    columns = {chart["node"]: columns_of(chart) for chart in found["charts"]}
    token, made = state.access.sharing.create(who, body.pipeline, columns, body.mode, title, days, data)
    audit(request).object(made.id, "share").change(None, made.to_json())
    base = state.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return answer({**made.to_json(), "url": f"{base.rstrip('/')}/share/{token}"}, 201)


@routes.delete("/shares/{id}", "shares.revoke")
def revoke_share(request: Request, id: str) -> Response:
    """End a share; its link is refused from now on."""
    made = state_of(request).access.sharing.revoke(id)
    audit(request).object(id, "share").change(made.to_json(), None)
    return nothing()


@public.get("/share/{id}/data", PUBLIC)
async def share_data(request: Request, id: str) -> Response:
    """Return the stored result of the shared charts, to whoever has the link."""
    state = state_of(request)
    state.throttle.share(peer(request))
    found = await to_thread.run_sync(state.access.sharing.read, id[:200])
    if found is None:
        raise HttpError(
            404, "this link has ended or is none", "Ask who gave it to you for a new one.", code="RNL-SHARE-404"
        )
    who, share = found
    request.scope["runnel.principal"] = who
    text = await to_thread.run_sync(_shared, request, share)
    tag = etag_of(text)
    await to_thread.run_sync(_count, request, share)
    headers = {"ETag": tag, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return unchanged(request, tag) or Raw(text, headers=headers)


def _shared(request: Request, share: Share) -> bytes:
    state = state_of(request)
    head: dict[str, Any] = {"title": share.title, "mode": share.mode, "expires_at": share.to_json()["expires_at"]}
    if share.mode == "frozen":
        found = orjson.loads(state.access.sharing.frozen(share))
    else:
        found = stored_charts(state.store, share.pipeline, share.nodes)
        charts = as_promised(found["charts"], share.columns)
        found = {**found, "charts": charts, "withheld": len(found["charts"]) - len(charts)}
    head |= {"updated_at": found["updated_at"], "withheld": found.get("withheld", 0)}
    return orjson.dumps({**head, "charts": found["charts"]}, default=str)


def _count(request: Request, share: Share) -> None:
    """Count the look, and note it in the audit log: the first of each address and day, the rest are a number."""
    state = state_of(request)
    state.access.sharing.count(share)
    day = state.clock().date().isoformat()
    seen = state.__dict__.setdefault("share_lookers", {})
    if seen.get((share.id, peer(request))) == day:
        return
    if len(seen) > 10_000:
        seen.clear()
    seen[(share.id, peer(request))] = day
    who = request.scope["runnel.principal"]
    state.access.trail.write(
        who, "shares.read", "share", share.id, request_id=request_id(request), address=peer(request)
    )


def _charts(request: Request, body: Described) -> dict[str, Any]:
    """Return the stored charts that are meant; raises HttpError for one that is not stored."""
    found = stored_charts(state_of(request).store, body.pipeline, body.nodes)
    known = {chart["node"] for chart in found["charts"]}
    missing = [node for node in body.nodes if node not in known]
    if missing:
        what = f"`{body.pipeline}` has no stored chart `{missing[0][:100]}`"
        raise HttpError(422, what, "Run the pipeline first; a share shows what a run stored.", code="RNL-SHARE-003")
    return found


def _title(chart: dict[str, Any]) -> str:
    return str((chart.get("spec") or {}).get("title") or chart["node"])


routes.routes += public.routes
