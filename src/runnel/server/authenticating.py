"""Who asks: read from one proof in the request. A wrong proof is nobody, never somebody else; an address proves nothing."""

from __future__ import annotations

import hmac
import re

from anyio import to_thread
from starlette.requests import Request

from runnel.app.access.principals import Principal
from runnel.app.access.sessions import csrf_of
from runnel.server.addresses import is_of_this_machine, own_origin, peer
from runnel.server.problems import HttpError
from runnel.server.state import ServerState

BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9._~+/=-]{1,4096})")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def authenticate(request: Request, state: ServerState) -> Principal | None:
    """Return who asks, or None; raises TooManyError for an address that tries proof after proof."""
    headers = request.headers.getlist("authorization")
    cookie = request.cookies.get(state.cookie)
    if headers:
        found = await _by_header(headers, state)
    elif cookie:
        found = await _by_cookie(cookie, request, state)
    else:
        return None
    if found is None:
        state.throttle.bad_proof(peer(request))
    return found


async def _by_header(headers: list[str], state: ServerState) -> Principal | None:
    match = BEARER.fullmatch(headers[0]) if len(headers) == 1 else None
    return None if match is None else await to_thread.run_sync(state.access.proving.by_bearer, match[1])


async def _by_cookie(cookie: str, request: Request, state: ServerState) -> Principal | None:
    if len(cookie) > 200:
        return None
    found = await to_thread.run_sync(state.access.proving.by_cookie, cookie)
    if found is not None and found.kind == "local" and not is_of_this_machine(request):
        return None
    return found


def by_cookie(request: Request, who: Principal | None) -> bool:
    """Tell whether a browser proved itself by its cookie, which it sends without being asked."""
    return who is not None and who.session_id is not None and "authorization" not in request.headers


def check_origin(request: Request, state: ServerState) -> None:
    """Raise HttpError when a browser says that the request comes from another site."""
    origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
    foreign = any(not own_origin(request, origin, state.public_url) for origin in origins)
    if foreign or any(site.lower() not in ("same-origin", "none") for site in sites):
        raise HttpError(403, "this request comes from another site", "Open Runnel itself.", code="RNL-HTTP-403-ORIGIN")


def is_same_origin(request: Request, state: ServerState) -> bool:
    """Tell whether a browser says of itself that the request comes from our own pages."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is None and site is None:
        return False
    return (origin is None or own_origin(request, origin, state.public_url)) and (
        site or "same-origin"
    ) == "same-origin"


def check_csrf(request: Request, state: ServerState) -> None:
    """Raise HttpError when a change by cookie does not carry the token that only our own pages can read."""
    expected = csrf_of(request.cookies.get(state.cookie, ""))
    given = request.headers.getlist("x-csrf-token")
    if len(given) != 1 or not hmac.compare_digest(given[0].encode(), expected.encode()):
        what = "this change does not carry the token of its session"
        hint = "Send `X-CSRF-Token` with the value of `csrf` from GET /api/v1/auth/session."
        raise HttpError(403, what, hint, code="RNL-HTTP-403-CSRF")
