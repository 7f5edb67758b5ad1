"""The session cookie: HttpOnly, Strict, for this host alone; Secure where people come by https.

Strict costs nothing here: the editor is static, its calls come from its own pages, and a link from elsewhere loads the
page without the cookie and the data with it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.sessions import COOKIE_DAYS
from runnel.server.addresses import is_https
from runnel.server.guarding import state_of


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    state = state_of(request)
    response.set_cookie(
        state.cookie, token, max_age=COOKIE_DAYS * 86400, path="/", httponly=True, samesite="strict",
        secure=is_https(request, state.public_url),
    )  # fmt: skip


def clear_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    state = state_of(request)
    response.delete_cookie(
        state.cookie, path="/", httponly=True, samesite="strict", secure=is_https(request, state.public_url)
    )
