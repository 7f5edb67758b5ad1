"""Takes messages of a WebSocket into a log; what was sent while the connection was cut is lost, and noted as a gap."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from runnel.connectors.receiving.appending import Appending, Piece
from runnel.connectors.receiving.receiver import KeptState, Receiver
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.egress import EgressPolicy, connect, resolve
from runnel.sdk.hosts import check_url
from runnel.sdk.tls import secured, tls_context

WAIT_SECONDS = 5.0
QUIET_SECONDS = 0.5
LOOK_SECONDS = 0.05
MOST_GAPS = 100
LASTING = frozenset({400, 401, 403, 404, 405, 410})
"""Answers to the greeting that trying again does not change."""


@dataclass(frozen=True)
class Wanted:
    """Where to connect, what to say first, and how long silence may last."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    subscribe: tuple[str, ...] = ()
    subprotocols: tuple[str, ...] = ()
    ca_pem: str | None = None
    heartbeat_seconds: float = 20.0
    silence_seconds: float | None = None
    max_message_bytes: int = 16 * 1024**2


class Link:
    """One connection to a server that was checked by the guard; TLS verifies the name that the url has."""

    def __init__(self, wanted: Wanted, policy: EgressPolicy) -> None:
        try:
            from websockets.exceptions import InvalidHandshake, InvalidStatus
            from websockets.sync.client import connect as open_link
        except ImportError as error:
            hint = 'Install it: pip install "runnel[websocket]"'
            raise ConnectorError("RNL-CONN-011", "reading a WebSocket needs the package websockets", hint) from error
        shown = wanted.url.partition("?")[0]  # what follows may be a token
        target = check_url(wanted.url.replace("ws", "http", 1))
        place = resolve(target.host, target.port, policy)
        opened, _ = connect(place, seconds=WAIT_SECONDS)
        try:
            if target.scheme == "https":
                opened = secured(opened, target.host, tls_context(wanted.ca_pem))
            opened.settimeout(None)
            plain = "ws" + wanted.url.removeprefix("wss").removeprefix("ws")  # TLS is there already, with the name checked
            self.socket = open_link(
                plain, sock=opened, additional_headers=dict(wanted.headers),
                subprotocols=cast(Any, list(wanted.subprotocols) or None), open_timeout=WAIT_SECONDS, close_timeout=1,
                ping_interval=wanted.heartbeat_seconds, ping_timeout=wanted.heartbeat_seconds,
                max_size=wanted.max_message_bytes, proxy=None, max_queue=64,
            )  # fmt: skip
        except InvalidStatus as error:
            opened.close()
            status = error.response.status_code
            what = f"{shown} answers {status} and opens no WebSocket"
            hint = "Check the url and the authentication."
            raise ConnectorError("RNL-WEBSOCKET-002", what, hint, retryable=status not in LASTING) from error
        except (InvalidHandshake, OSError, EOFError) as error:
            opened.close()
            what = f"{shown} does not greet as a WebSocket does: {error}"
            raise ConnectorError("RNL-WEBSOCKET-001", what, "Check the url.", retryable=True) from error
        for text in wanted.subscribe:
            self.socket.send(text)

    def take(self, seconds: float) -> str | bytes | None:
        """Return the next message, or None when none came; raises ConnectorError when the connection has ended."""
        from websockets.exceptions import ConnectionClosed

        try:
            return self.socket.recv(timeout=seconds)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            why = str(error) or "it was cut"
            what = f"the WebSocket has ended: {why}"
            raise ConnectorError("RNL-WEBSOCKET-003", what, "It is opened again by itself.", retryable=True) from error

    def close(self) -> None:
        """Say goodbye."""
        with contextlib.suppress(OSError, RuntimeError):
            self.socket.close()


class WebSocketReceiver(Receiver):
    """One WebSocket, opened again and again; times without it are gaps, counted over all lives of the source."""

    def __init__(self, name: str, appending: Appending, kept: KeptState, wanted: Wanted, policy: EgressPolicy) -> None:
        super().__init__(name, appending)
        self._kept, self._wanted, self._policy = kept, wanted, policy
        state = kept.read()
        self._gaps: deque[dict[str, Any]] = deque(state.get("gaps", []), MOST_GAPS)
        self._gap_count = int(state.get("gap_count", 0))
        self._last: float | None = state.get("last")
        self._taken = 0
        self._alive = 0.0

    def told(self) -> Mapping[str, Any]:
        """Return how many messages came, how many gaps there were, and the last of them with their times."""
        return {"received": self._taken, "gaps": self._gap_count, "last_gaps": list(self._gaps)[-5:]}

    def save(self) -> None:
        """Keep the gaps, and until when the connection stood."""
        self._kept.write({"gaps": list(self._gaps), "gap_count": self._gap_count, "last": self._last})

    def receive(self) -> None:
        """Serve one connection."""
        link = Link(self._wanted, self._policy)
        try:
            self._note_gap()
            self.trouble = ""
            self._serve(link)
        finally:
            link.close()
            self.appending.wait()
            self.appending.settled()
            self.save()

    def _note_gap(self) -> None:
        """Keep from when to when nothing was received."""
        now = time.time()
        if self._last is not None:
            self._gaps.append({"from": _moment(self._last), "to": _moment(now)})
            self._gap_count += 1
        self._last = now
        self.save()

    def _serve(self, link: Link) -> None:
        heard = saved = quiet = time.monotonic()
        while not self.stopping.is_set():
            now = time.monotonic()
            if self.appending.full:
                self.trouble = f"nothing more is taken: {self.appending.refused}" if self.appending.refused else self.trouble
                time.sleep(LOOK_SECONDS)
            else:
                self.trouble = ""
                message = link.take(LOOK_SECONDS if self.appending.empty else 0.002)
                if message is not None:
                    heard = quiet = now
                    self._offer(message)
                elif self._wanted.silence_seconds is not None and now - heard > self._wanted.silence_seconds:
                    what = f"{self._wanted.url.partition('?')[0]} has said nothing for {self._wanted.silence_seconds:g} s"
                    raise ConnectorError("RNL-WEBSOCKET-004", what, "It is opened again by itself.", retryable=True)
            self.appending.settled()
            self._last = time.time()
            if now - saved > 1.0:
                saved = now
                self.save()
            self.at_end = self.appending.empty and now - quiet > QUIET_SECONDS
            self.settled = self.settled or self.at_end

    def _offer(self, message: str | bytes) -> None:
        is_text = isinstance(message, str)
        body = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
        self.appending.offer(Piece(None, body, headers={} if is_text else {"binary": "true"}))
        self._taken += 1


def address_of(url: str, base: str | None) -> str:
    """Return the url to connect to: a whole one, or a path below the address of a connection; raises AuthoringError."""
    whole = url
    if "://" not in url:
        if base is None:
            what = f"`{url[:100]}` is no url"
            raise AuthoringError("RNL-WEBSOCKET-005", what, "Such as wss://example.com/feed.", {"field": "url"})
        whole = f"{base.rstrip('/')}/{url.lstrip('/')}" if url else base
    for old, new in (("https://", "wss://"), ("http://", "ws://")):
        whole = new + whole.removeprefix(old) if whole.startswith(old) else whole
    if not whole.startswith(("ws://", "wss://")):
        raise AuthoringError("RNL-WEBSOCKET-005", f"`{url[:100]}` is no url of a WebSocket", "It begins with ws:// or wss://.",
                             {"field": "url"})  # fmt: skip
    check_url(whole.replace("ws", "http", 1))
    return whole


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
