"""Requests over HTTP that keep their connection: to one server, through the egress guard, without following redirects."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from runnel.errors import ConnectorError
from runnel.sdk.egress import EgressPolicy, Resolver, Target, check_url, connect, resolve
from runnel.sdk.http_client import HttpAnswer, allowed_headers
from runnel.sdk.tls import secured, tls_context

MOST_KEPT_BYTES = 256 * 1024
IDLE_SECONDS = 20.0
"""A connection that rested so long is not used again: servers end idle ones, and a request may be lost with them."""


@dataclass
class HttpSession:
    """Asks one server again and again; every new connection goes through the guard. For one thread.

    Of an answer at most `most_bytes` are kept; of a longer one the connection is closed. A redirect is an answer like any
    other.
    """

    policy: EgressPolicy
    ca_pem: str | None = field(default=None, repr=False)
    seconds: float = 30.0
    most_bytes: int = MOST_KEPT_BYTES
    resolver: Resolver | None = field(default=None, repr=False)
    _connection: http.client.HTTPConnection | None = field(default=None, init=False, repr=False)
    _origin: str = field(default="", init=False)
    _used_at: float = field(default=0.0, init=False)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> HttpAnswer:
        """Ask and return the answer; raises ConnectorError (retryable) where there is none.

        Where a kept connection turns out to be closed before anything was answered, it is asked once more on a new one:
        what is asked must bear that.
        """
        target = check_url(url)
        kept = self._kept(target)
        try:
            return self._ask(kept or self._opened(target), target, method, headers, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self.close()
            if kept is None:
                raise _no_answer(target, error) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _no_answer(target, error) from error
        try:
            return self._ask(self._opened(target), target, method, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _no_answer(target, error) from error

    def _kept(self, target: Target) -> http.client.HTTPConnection | None:
        fresh = time.monotonic() - self._used_at < IDLE_SECONDS
        if self._connection is not None and (not fresh or self._origin != target.origin):
            self.close()
        return self._connection

    def _opened(self, target: Target) -> http.client.HTTPConnection:
        checked = resolve(target.host, target.port, self.policy, resolver=self.resolver)
        opened, _ = connect(checked, seconds=min(self.seconds, 10.0))
        made = http.client.HTTPConnection(target.host, target.port)
        try:
            if target.scheme == "https":
                opened = secured(opened, target.host, tls_context(self.ca_pem))
        except BaseException:
            opened.close()
            raise
        made.sock = opened
        self._connection, self._origin = made, target.origin
        return made

    def _ask(
        self, connection: http.client.HTTPConnection, target: Target, method: str, headers: Mapping[str, str],
        body: bytes | None,
    ) -> HttpAnswer:  # fmt: skip
        end = time.monotonic() + self.seconds
        connection.sock.settimeout(self.seconds)
        made = {**allowed_headers(headers), "Connection": "keep-alive"}
        connection.request(method, target.path, body=body, headers=made)
        found = connection.getresponse()
        read = self._read(found, end)
        self._used_at = time.monotonic()
        if not found.isclosed() or found.will_close:
            self.close()
        return HttpAnswer(found.status, {name.lower(): value for name, value in found.getheaders()}, read, target.url)

    def _read(self, found: http.client.HTTPResponse, end: float) -> bytes:
        """Read what is kept of the body, within the time that the whole request has."""
        parts: list[bytes] = []
        size = 0
        while size < self.most_bytes and (part := found.read1(min(65536, self.most_bytes - size))):
            size += len(part)
            parts.append(part)
            if time.monotonic() > end:
                raise TimeoutError("it sends its answer too slowly")
        if size < self.most_bytes or found.length == 0:
            found.read()
        return b"".join(parts)

    def close(self) -> None:
        """Close the connection; the next question opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _no_answer(target: Target, error: Exception) -> ConnectorError:
    words = "did not answer in time" if isinstance(error, TimeoutError) else (str(error) or type(error).__name__)
    what = f"asking {target.origin}: {words}"
    return ConnectorError("RNL-EGRESS-007", what, "It is tried again.", retryable=True)
