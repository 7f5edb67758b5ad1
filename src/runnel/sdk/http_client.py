"""An HTTP client that goes through the egress guard: it connects to the checked address only, redirects are checked anew."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from runnel.errors import AuthoringError, ConnectorError, LimitError
from runnel.sdk.egress import EgressPolicy, Resolver, Target, check_url, connect, resolve
from runnel.sdk.tls import secured, tls_context

MOST_BYTES = 16 * 1024**2
MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT_ELSEWHERE = frozenset({"accept", "accept-encoding", "user-agent"})
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"})


@dataclass(frozen=True)
class HttpAnswer:
    """What a server answered; `headers` by lower-case name, `url` is where the last redirect led."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True)
class HttpClient:
    """Asks over HTTP within a policy; `ca_pem` are certificates to trust in place of the system's."""

    policy: EgressPolicy
    ca_pem: str | None = field(default=None, repr=False)
    resolver: Resolver | None = field(default=None, repr=False)
    seconds: float = 10.0
    most_bytes: int = MOST_BYTES

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> HttpAnswer:
        """Ask, and follow redirects; another server gets neither the headers nor the body that were meant for this one.

        Raises AuthoringError (an address that is refused), ConnectorError (no answer) or LimitError (too large).
        """
        target = check_url(url)
        given = dict(headers or {})
        end = time.monotonic() + self.seconds
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(target, method, given, body, end)
            place = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not place:
                return answer
            following = check_url(urljoin(target.url, place))
            if target.scheme == "https" and following.scheme == "http":
                what = f"{target.origin} sends on to {following.origin}, which is not encrypted"
                raise AuthoringError("RNL-EGRESS-006", what, "Use the address that it sends on to, if that is right.")
            if answer.status == 303 or (answer.status in (301, 302) and method not in ("GET", "HEAD")):
                method, body = "GET", None
            if following.origin != target.origin:
                given = {name: value for name, value in given.items() if name.lower() in _KEPT_ELSEWHERE}
                if body is not None:
                    what = f"{target.origin} sends a request with a body on to {following.origin}"
                    raise AuthoringError(
                        "RNL-EGRESS-006", what, "Use the address that it sends on to, if that is right."
                    )
            target = following
        what = f"{url} sends on more than {MOST_REDIRECTS} times"
        raise ConnectorError("RNL-EGRESS-006", what, "Use the address that it ends at.")

    def _ask(
        self, target: Target, method: str, headers: Mapping[str, str], body: bytes | None, end: float
    ) -> HttpAnswer:
        checked = resolve(target.host, target.port, self.policy, resolver=self.resolver, seconds=_left(end, target))
        opened, _ = connect(checked, seconds=_left(end, target))
        connection = http.client.HTTPConnection(target.host, target.port)
        try:
            connection.sock = self._secured(opened, target) if target.scheme == "https" else opened
            connection.sock.settimeout(_left(end, target))
            connection.request(method, target.path, body=body, headers=allowed_headers(headers))
            found = connection.getresponse()
            read = self._read(found, end, target)
            return HttpAnswer(
                found.status, {name.lower(): value for name, value in found.getheaders()}, read, target.url
            )
        except TimeoutError as error:
            raise _too_slow(target, self.seconds) from error
        except (OSError, http.client.HTTPException) as error:
            what = f"asking {target.origin}: {str(error) or type(error).__name__}"
            hint = "Check that this address speaks HTTP" + ("S." if target.scheme == "https" else ", not HTTPS.")
            raise ConnectorError("RNL-EGRESS-007", what, hint, retryable=True) from error
        finally:
            opened.close()
            connection.close()

    def _secured(self, opened: socket.socket, target: Target) -> ssl.SSLSocket:
        return secured(opened, target.host, tls_context(self.ca_pem))

    def _read(self, found: http.client.HTTPResponse, end: float, target: Target) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := found.read1(65536):
            size += len(part)
            if size > self.most_bytes:
                raise LimitError("RNL-EGRESS-008", f"{target.origin} answers with more than {self.most_bytes} bytes")
            if time.monotonic() > end:
                raise _too_slow(target, self.seconds)
            parts.append(part)
        return b"".join(parts)


def allowed_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return headers without those that frame the request; it asks for plain text, so that nothing unpacks to a bomb."""
    made = {name: value for name, value in headers.items() if name.lower() not in _OURS}
    return {"User-Agent": "runnel", "Accept-Encoding": "identity", **made, "Connection": "close"}


def _left(end: float, target: Target) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise _too_slow(target, None)
    return left


def _too_slow(target: Target, seconds: float | None) -> ConnectorError:
    within = "in time" if seconds is None else f"within {seconds:g} s"
    return ConnectorError(
        "RNL-EGRESS-007", f"{target.origin} did not answer {within}", "Try again later.", retryable=True
    )
