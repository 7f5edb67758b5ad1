"""A connection to an HTTP API: its address, the headers of every request, how it is proven who asks, and its test."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from runnel.errors import ConnectorError
from runnel.sdk.connector import Connector, ConnectorOptions, Trial
from runnel.sdk.egress import EgressPolicy, check_url
from runnel.sdk.fields import field
from runnel.sdk.http_client import HttpAnswer, HttpClient
from runnel.sdk.option_types import CertificatePem, HeaderName, Headers, OneLine, SecretLine, WebAddress
from runnel.sdk.tls import tls_context
from runnel.sdk.trial import HostTrial

WAIT_SECONDS = 4.0


class HttpOptions(ConnectorOptions):
    """The options of a connection to an HTTP API."""

    base_url: WebAddress = field(title="Address", help="Where the API begins.", examples=["https://api.example.com/v1"])
    headers: Headers = field(
        title="Headers", help="Sent with every request; secrets belong below.", default_factory=dict
    )
    auth: Literal["none", "bearer", "basic", "header", "signature"] = field(
        "none", title="Authentication", widget="choice",
        help="bearer sends a token, basic user and password, header a key under a name, signature signs each request.",
    )  # fmt: skip
    username: OneLine = field("", title="User", when={"auth": ("basic",)})
    header_name: HeaderName = field("X-Api-Key", title="Header", when={"auth": ("header",)})
    secret: SecretLine = field(
        "", title="Secret", help="The token, password or key; for signatures the signing key (whsec_…).",
        when={"auth": ("bearer", "basic", "header", "signature")},
    )  # fmt: skip
    previous_secret: SecretLine = field(
        "", title="Previous secret", advanced=True, when={"auth": ("signature",)},
        help="While the signing key is changed: requests are signed with both keys until the receiver knows the new one.",
    )  # fmt: skip
    ca_certificate: CertificatePem | None = field(
        None, title="CA certificate", help="Who signed the server's certificate, as PEM text. Empty: those of the system.",
        widget="pem", advanced=True,
    )  # fmt: skip
    timeout_seconds: int = field(
        30, title="Wait for an answer", unit="seconds", ge=1, le=600, strict=True, advanced=True
    )

    @model_validator(mode="after")
    def _whole(self) -> HttpOptions:
        if self.auth != "none" and not self.secret:
            raise ValueError(f"authentication by {self.auth} needs the secret")
        if self.auth == "basic" and (not self.username or ":" in self.username):
            raise ValueError("basic authentication needs a user, without a colon")
        if self.auth == "signature":
            signing_key(self.secret)
            if self.previous_secret:
                signing_key(self.previous_secret)
        return self


def signing_key(secret: str) -> bytes:
    """Return the key of Standard Webhooks (`whsec_` and base64); raises ValueError, without repeating the secret."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the signing key is whsec_ followed by base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("the signing key has 24 to 64 bytes")
    return key


def driver_settings(options: HttpOptions, body: bytes = b"", *, id: str = "", timestamp: int = 0) -> dict[str, str]:
    """Return the headers of one request; `id` and `timestamp` (seconds) go into a signature of Standard Webhooks."""
    made = dict(options.headers)
    if options.auth == "bearer":
        made["Authorization"] = f"Bearer {options.secret}"
    elif options.auth == "basic":
        pair = f"{options.username}:{options.secret}".encode()
        made["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    elif options.auth == "header":
        made[options.header_name] = options.secret
    elif options.auth == "signature":
        signed = f"{id}.{timestamp}.".encode() + body
        keys = [signing_key(secret) for secret in (options.secret, options.previous_secret) if secret]
        digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
        made |= {
            "webhook-id": id, "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join("v1," + base64.b64encode(digest).decode() for digest in digests),
        }  # fmt: skip
    return made


class WebTrial(HostTrial):
    """A try of something that speaks HTTP; one request tells both whether we are known and what is there."""

    def __init__(self, url: str, policy: EgressPolicy, ca_pem: str | None, headers: Mapping[str, str]) -> None:
        target = check_url(url)
        encrypted = target.scheme == "https"
        super().__init__([(target.host, target.port)], policy, (lambda: tls_context(ca_pem)) if encrypted else None)
        self.url = url
        self.headers = headers
        self.client = HttpClient(policy, ca_pem, seconds=WAIT_SECONDS, most_bytes=1024**2, resolver=self._known)
        self.answer: HttpAnswer | None = None

    def authenticate(self) -> str:
        """Ask for the address."""
        self.answer = self.client.request("GET", self.url, self.headers)
        if self.answer.status in (401, 403, 407):
            what = f"{self.url} answers {self.answer.status}: it does not let us in"
            raise ConnectorError("RNL-HTTP-SOURCE-001", what, "Check the authentication and the secret.")
        return f"{self.url} lets us in"

    def read(self) -> str:
        """Look at what it answered."""
        assert self.answer is not None
        if self.answer.status >= 500:
            what = f"{self.url} answers {self.answer.status}: it has a fault of its own"
            raise ConnectorError("RNL-HTTP-SOURCE-002", what, "Try again later.", retryable=True)
        kind = self.answer.headers.get("content-type", "").partition(";")[0] or "no type"
        words = f"it answers {self.answer.status}, {len(self.answer.body)} bytes of {kind}"
        return words + ("; paths come with the nodes" if self.answer.status in (404, 405) else "")

    def _known(self, host: str, port: int) -> list[str]:
        """Give the addresses that the first step found; other hosts (of redirects) are asked for."""
        from runnel.sdk.egress import system_resolver

        known = next(
            (item for item in (self.reached, *self.checked) if item and (item.host, item.port) == (host, port)), None
        )
        return list(known.addresses) if known else list(system_resolver(host, port))


class HttpConnector(Connector):
    """HTTP APIs."""

    name: ClassVar[str] = "http"
    title: ClassVar[str] = "HTTP API"
    summary: ClassVar[str] = "Any service that answers over HTTP, and webhooks that are sent to it."
    icon: ClassVar[str] = "globe"
    leads: ClassVar[tuple[str, ...]] = ("base_url", "auth", "header_name", "ca_certificate")

    class Options(HttpOptions):
        """The options of a connection to an HTTP API."""

    @classmethod
    def place(cls, options: Any) -> str:
        """Return the address."""
        return options.base_url

    @classmethod
    def trial(cls, options: Any, policy: EgressPolicy, folder: str) -> Trial:
        """Begin a try."""
        headers = driver_settings(options, id=f"msg_{secrets.token_hex(8)}", timestamp=int(time.time()))
        return WebTrial(options.base_url, policy, options.ca_certificate, headers)
