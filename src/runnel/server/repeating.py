"""Repeated requests: a POST with an `Idempotency-Key` is done once, its answer is given again for a day."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from anyio import to_thread
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.principals import Principal
from runnel.server.bodies import read_body
from runnel.server.problems import HttpError
from runnel.server.rules import Rule
from runnel.server.state import ServerState
from runnel.store.answered import Answered

KEPT = timedelta(hours=24)
KEY = re.compile(r"[\x21-\x7e]{1,200}")
MOST_CHARACTERS = 2_000_000
KEPT_HEADERS = ("content-type", "etag", "location")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def once(rule: Rule, request: Request, state: ServerState, who: Principal | None, handler: Handler) -> Response:
    """Answer a request, or give the answer again that its key has; says in the scope whether the handler was entered."""
    given = request.headers.get("idempotency-key")
    if given is None or request.method != "POST" or rule.action is None or who is None or rule.body == "stream":
        return await _entered(request, handler)
    if not KEY.fullmatch(given):
        raise HttpError(422, "the Idempotency-Key is not 1 to 200 visible characters")
    route = f"{request.method} {request.url.path}?{request.url.query}"
    key = hashlib.sha256("\n".join((who.key, given, route)).encode()).hexdigest()
    body = await request.body() if hasattr(request, "_body") else await read_body(request, rule.most_bytes)
    body_hash = hashlib.sha256(body).hexdigest()
    store = state.store.answered
    await to_thread.run_sync(store.forget, state.clock() - KEPT)
    known = await to_thread.run_sync(store.claim, key, body_hash, state.boot, state.clock())
    if known is not None:
        return _again(known, body_hash, state)
    try:
        response = await _entered(request, handler)
    except BaseException:
        await to_thread.run_sync(store.release, key)
        raise
    await _keep(rule, response, key, state)
    return response


async def _entered(request: Request, handler: Handler) -> Response:
    """Enter the handler; one whose body or query did not fit was not entered."""
    request.scope["runnel.entered"] = True
    try:
        return await handler(request)
    except RequestValidationError:
        request.scope["runnel.entered"] = False
        raise


async def _keep(rule: Rule, response: Response, key: str, state: ServerState) -> None:
    text = bytes(response.body).decode("utf-8", "replace") if hasattr(response, "body") else None
    if response.status_code >= 500 or text is None or len(text) > MOST_CHARACTERS:
        await to_thread.run_sync(state.store.answered.release, key)
        return
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    if rule.secret_answer:
        headers, text = {"secret": "1"}, ""
    await to_thread.run_sync(state.store.answered.answer, key, response.status_code, headers, text)


def _again(known: Answered, body_hash: str, state: ServerState) -> Response:
    if known.body_hash != body_hash:
        what = "this Idempotency-Key was used with another body"
        raise HttpError(409, what, "Use a new key for another request.", code="RNL-HTTP-409-KEY")
    if known.status is None:
        if known.boot == state.boot:
            raise HttpError(
                409, "the same request is being answered", "Ask again in a moment.", headers={"Retry-After": "1"}
            )
        what = "the server ended while it answered this request; whether it was done is not known"
        raise HttpError(409, what, "Look whether it was done; use a new key to do it again.")
    headers = dict(known.headers or {})
    if headers.pop("secret", None):
        what = "this request was done; its answer held a secret, which is shown once"
        raise HttpError(409, what, "Use a new key to make another one.")
    return Response(known.body or "", known.status, headers={**headers, "Idempotency-Replayed": "true"})
