"""Who opens a WebSocket: proven by the session's cookie from our own pages, by a header, or by the first message."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from runnel.app.access.principals import Principal
from runnel.app.access.throttle import TooManyError
from runnel.errors import RunnelError
from runnel.server.addresses import peer
from runnel.server.authenticating import authenticate, by_cookie, check_origin
from runnel.server.problems import HttpError, problem_of
from runnel.server.rules import Public, Rule
from runnel.server.state import ServerState

SocketEndpoint = Callable[[WebSocket, Principal, ServerState], Awaitable[None]]
GOING_AWAY, REFUSED, TOO_LARGE, UNPROVEN = 1001, 1008, 1009, 4401
PROOF_SECONDS = 5.0
MOST_UNPROVEN = 32
"""Per address: sockets that wait for the message with which their caller proves who they are."""


async def serve_socket(rule: Rule, socket: WebSocket, endpoint: SocketEndpoint) -> None:
    """Open a socket for who may, and let the handler speak; everybody else gets a problem document, or is closed."""
    request = _as_request(socket)
    state: ServerState = socket.app.state.runnel
    try:
        who = await _by_request(request, state)
        if who is not None:
            _admit(rule, who, state)
    except RunnelError as error:
        await _deny(socket, problem_of(error, socket.scope.get("runnel.request_id", "")))
        return
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the other end may go at any moment
        if who is None:
            who = await _by_message(rule, socket, request, state)
        if who is not None:
            socket.scope["runnel.principal"] = who
            await endpoint(socket, who, state)


def _as_request(socket: WebSocket) -> Request:
    """Return the request that asked for the socket, as every other route sees requests."""
    scheme = "https" if socket.scope["scheme"] == "wss" else "http"
    return Request({**socket.scope, "type": "http", "method": "GET", "scheme": scheme})


async def _by_request(request: Request, state: ServerState) -> Principal | None:
    """Return who the request proves, None where the first message is to; raises HttpError for what must not be opened."""
    if state.draining:
        raise HttpError(503, "the server is ending", headers={"Retry-After": "2"})
    if request.scope.get("query_string"):
        what = "the address of the socket has a query"
        raise HttpError(400, what, "Proofs do not belong into addresses; send a first message, or a cookie.")
    check_origin(request, state)
    who = await authenticate(request, state)
    if who is not None and by_cookie(request, who) and "origin" not in request.headers:
        raise HttpError(403, "a browser's session comes without its page", "Send `Origin`.", code="RNL-HTTP-403-ORIGIN")
    if who is None and ("authorization" in request.headers or state.cookie in request.cookies):
        raise HttpError(401, "nobody is logged in", "Log in again.")
    if who is None and state.busy.get(_waiting(request), 0) >= MOST_UNPROVEN:
        raise HttpError(429, "too many sockets of this address wait for a proof", headers={"Retry-After": "5"})
    return who


def _waiting(request: Request) -> str:
    return f"sockets without proof from {peer(request)}"


def _admit(rule: Rule, who: Principal, state: ServerState) -> None:
    """Raise HttpError for somebody who may not open this socket."""
    assert not isinstance(rule.permission, Public)
    state.throttle.request(who.key)
    if not who.may(rule.permission):
        raise HttpError(
            403, f"{who.name} may not open this", "An admin can give the permission.", code="RNL-ACCESS-403"
        )


async def _by_message(rule: Rule, socket: WebSocket, request: Request, state: ServerState) -> Principal | None:
    """Return who the first message proves; closes the socket when it proves nobody, or does not come."""
    key = _waiting(request)
    state.busy[key] = state.busy.get(key, 0) + 1
    try:
        said = await asyncio.wait_for(read_message(socket), PROOF_SECONDS)
        token = said.get("token") if said.get("type") == "hello" else None
        who = None
        if isinstance(token, str) and token.isascii() and len(token) <= 4096:
            who = await to_thread.run_sync(state.access.proving.by_bearer, token)
        if who is None:
            state.throttle.bad_proof(peer(request))
            await socket.close(UNPROVEN, "nobody is logged in")
            return None
        _admit(rule, who, state)
    except TimeoutError:
        await socket.close(UNPROVEN, "no proof came")
        return None
    except (ValueError, TooManyError, HttpError) as error:
        await socket.close(REFUSED, str(getattr(error, "what", error))[:100])
        return None
    else:
        return who
    finally:
        state.busy[key] -= 1
        if not state.busy[key]:
            del state.busy[key]


async def read_message(socket: WebSocket) -> dict[str, Any]:
    """Return the next message, a JSON object; raises ValueError for anything else."""
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code") or 1000)
    text = received.get("text")
    if text is None:
        raise ValueError("messages are JSON text")
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise ValueError("a message is a JSON object")
    return found


async def _deny(socket: WebSocket, answer: Response) -> None:
    """Answer the request instead of opening the socket, where the connection can; else close it."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(answer)
    else:
        await socket.close(REFUSED)
