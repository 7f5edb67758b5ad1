"""HTTP over one connection, bounded: headers end in time and are of limited length, and no address holds all places."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LINGER_SECONDS = 1.0
LINGER_BYTES = 1024 * 1024
"""How long and how much a refused client may go on sending, so that it gets to read why it was refused."""
WORDS = {400: "Invalid HTTP request received.", 408: "The headers took too long.", 431: "The headers are too large."}


@dataclass
class Limits:
    """What a connection may take until its request is known; `waiting` has those of each address, the oldest first."""

    header_bytes: int = 64 * 1024
    header_seconds: float = 10.0
    waiting_of_address: int = 512
    waiting: dict[str, dict[BoundedProtocol, None]] = field(default_factory=dict)


Quick = Callable[[Any], bool]
"""Takes a whole request (uvicorn's cycle) without a task of its own, and answers it later; False leaves it to the application."""


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol with limits; made by `bounded`, which says which.

    A connection waits from its start, and after each answer, until the headers of a request are whole. Of an address that
    has too many waiting connections the one that waits longest is closed, so that a new one is always heard.
    """

    limits: Limits
    prefix: str = ""
    quick: Quick | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._unframed = 0
        self._in_headers = True
        self._refused: int | None = None
        self._parsing = False
        self._held: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._start_timer()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._stop_timer()
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; bytes that are no body are counted until there is a body or a whole request."""
        if self._refused is not None:
            self._unframed += len(data)
            if self._unframed > LINGER_BYTES:
                self.transport.close()
            return
        self._unframed += len(data)
        self._parsing = True
        super().data_received(data)
        self._parsing = False
        cycle, self._held = self._held, None
        if cycle is not None:
            super()._start_asgi_task(cycle, self.app)  # type: ignore[arg-type]
        if self._in_headers and self._timer is None and self._unframed and self._refused is None:
            self._start_timer()
        if self._unframed > self.limits.header_bytes and self._refused is None:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        """Begin the request, unless its headers are too large."""
        if len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers]) > self.limits.header_bytes:
            self._refused = 431
            raise ValueError(WORDS[431])
        self._in_headers, self._unframed = False, 0
        self._stop_timer()
        self._stop_waiting()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Start the application, or wait whether the body comes at once and `quick` takes the request."""
        if self._parsing and self.quick is not None and app is self.app and cycle.scope["path"].startswith(self.prefix):
            self._held = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unframed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; what comes next are headers."""
        self._in_headers, self._unframed = True, 0
        super().on_message_complete()
        cycle, self._held = self._held, None
        if cycle is not None and (self.quick is None or not self.quick(cycle)):
            super()._start_asgi_task(cycle, self.app)  # type: ignore[arg-type]

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, unless one is there."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser does not take, or what a limit ended."""
        self._refuse(self._refused or 400)

    def _refuse(self, status: int) -> None:
        """Say why, hear nothing more, and close a little later."""
        self._refused = status
        self._stop_timer()
        text = WORDS[status].encode()
        head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
        self.transport.write(STATUS_LINE[status] + head + text)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.limits.header_seconds, self._late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """Close a connection whose headers did not come in time; one that awaits an answer of ours has time."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._start_timer()
        elif self._unframed:
            self._refuse(408)
        else:
            self.transport.close()

    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _wait(self) -> None:
        waiting = self.limits.waiting.setdefault(self._address(), {})
        waiting[self] = None
        if len(waiting) > self.limits.waiting_of_address:
            oldest = next(iter(waiting))
            oldest._stop_waiting()
            oldest.transport.abort()

    def _stop_waiting(self) -> None:
        waiting = self.limits.waiting.get(self._address(), {})
        waiting.pop(self, None)
        if not waiting:
            self.limits.waiting.pop(self._address(), None)


def answer_whole(cycle: Any, status: int, headers: bytes, body: bytes) -> bool:
    """Send head and body of an answer in one write, as uvicorn's cycle would in two; False when the client has gone.

    `headers` are lines that end in a line break, without `content-length`; a caller that sends many equal ones joins
    them once.
    """
    if cycle.disconnected or cycle.response_started:
        return False
    cycle.response_started, cycle.waiting_for_100_continue = True, False
    if not cycle.keep_alive:
        headers += b"connection: close\r\n"
    date = b"".join([b"%s: %s\r\n" % pair for pair in cycle.default_headers])
    cycle.transport.write(b"%s%s%scontent-length: %d\r\n\r\n%s" % (STATUS_LINE[status], date, headers, len(body), body))
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def bounded(limits: Limits | None = None, prefix: str = "", quick: Quick | None = None) -> type[BoundedProtocol]:
    """Return the protocol with its limits (default: those of the server); `quick` is asked for addresses below `prefix`."""
    made = {"limits": limits or Limits(), "prefix": prefix, "quick": None if quick is None else staticmethod(quick)}
    return type("Bounded", (BoundedProtocol,), made)
