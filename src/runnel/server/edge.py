"""The edge of the server: clean addresses only, an id per request, security headers on every answer, a line in the log."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runnel.server.addresses import is_https, peer
from runnel.server.problems import internal_problem, problem
from runnel.server.state import ServerState
from runnel.telemetry.redaction import redacted_text
from runnel.telemetry.requests import RequestLog

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
USER_FILE_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
HSTS = "max-age=31536000"
UNCLEAN = re.compile(rb"//|\\|;|%2f|%5c|%00|%25|/\.{1,2}(?:/|$)|/%2e|%2e(?:/|$)|[\x00-\x20\x7f]", re.IGNORECASE)
MOST_ADDRESS_BYTES = 8192


class Edge:
    """The outermost layer; nothing reaches a route but through it."""

    def __init__(self, app: ASGIApp, state: ServerState, log: RequestLog) -> None:
        self.app = app
        self.state = state
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["runnel.request_id"] = secrets.token_hex(8)
        request, started, sent = Request(scope), time.perf_counter(), {"status": 0}

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"] = message["status"]
                self._harden(request, MutableHeaders(scope=message))
            await send(message)

        try:
            if (refused := _refused(scope)) is not None:
                await refused(scope, receive, outgoing)
            else:
                await self.app(scope, receive, outgoing)
        except Exception as error:
            if sent["status"]:
                raise
            self.log.write(level="error", request_id=scope["runnel.request_id"], event="fault", what=repr(error))
            await internal_problem(scope["runnel.request_id"])(scope, receive, outgoing)
        finally:
            self._note(request, sent["status"], time.perf_counter() - started)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a WebSocket on whose address is clean; its opening and its end leave a line in the log."""
        scope["runnel.request_id"] = secrets.token_hex(8)
        started = time.perf_counter()
        if _refused(scope) is not None:
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            await self.app(scope, receive, send)
        finally:
            who = scope.get("runnel.principal")
            self.log.write(
                level="info", event="socket", request_id=scope["runnel.request_id"], method="WEBSOCKET",
                path=redacted_text(scope["path"])[:300], seconds=round(time.perf_counter() - started, 1),
                peer=scope["client"][0] if scope.get("client") else "", actor=who.name if who else None,
            )  # fmt: skip

    def _harden(self, request: Request, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Request-Id"] = request.scope["runnel.request_id"]
        if is_https(request, self.state.public_url):
            headers["Strict-Transport-Security"] = HSTS

    def _note(self, request: Request, status: int, seconds: float) -> None:
        route = getattr(request.scope.get("route"), "path", "-")
        self.state.metrics.answered(_method(request.method), route, status, seconds)
        who = request.scope.get("runnel.principal")
        self.log.write(
            level="error" if status >= 500 else "info", event="request", request_id=request.scope["runnel.request_id"],
            method=_method(request.method), path=redacted_text(request.url.path)[:300], route=route, status=status,
            milliseconds=round(seconds * 1000, 1), peer=peer(request), actor=who.name if who else None,
        )  # fmt: skip


def _method(method: str) -> str:
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "OTHER"


def _refused(scope: Scope) -> ASGIApp | None:
    """Return the refusal of an address that could mean two things, None for a clean one."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    raw = raw.split(b"?", 1)[0]
    id = scope["runnel.request_id"]
    if len(raw) + len(scope.get("query_string", b"")) > MOST_ADDRESS_BYTES:
        return problem(414, "RNL-HTTP-414", "the address is too long", request_id=id)
    try:
        scope["path"].encode("utf-8")
    except UnicodeEncodeError:
        return problem(404, "RNL-HTTP-404", "there is nothing at this address", request_id=id)
    odd = "\ufffd" in scope["path"] or not scope["path"].isprintable()
    if not raw.startswith(b"/") or UNCLEAN.search(raw) or odd:
        return problem(404, "RNL-HTTP-404", "there is nothing at this address", request_id=id)
    return None
