"""A connection to a schema registry (the REST protocol of Confluent's): its address, who we are, and its test."""

from __future__ import annotations

import base64
from typing import Any, ClassVar, Literal

import orjson
from pydantic import model_validator

from runnel.errors import ConnectorError
from runnel.sdk.connector import Connector, ConnectorOptions, Trial
from runnel.sdk.egress import EgressPolicy, check_url
from runnel.sdk.fields import field
from runnel.sdk.http_client import HttpAnswer, HttpClient
from runnel.sdk.option_types import CertificatePem, OneLine, SecretLine, WebAddress
from runnel.sdk.tls import tls_context
from runnel.sdk.trial import HostTrial

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


class SchemaRegistryOptions(ConnectorOptions):
    """The options of a connection to a schema registry."""

    url: WebAddress = field(
        title="Address", help="Where the registry answers.", examples=["https://registry.example.com:8081"]
    )
    auth: Literal["none", "basic", "bearer"] = field("none", title="Authentication", widget="choice")
    username: OneLine = field("", title="User", help="The user, or the API key.", when={"auth": ("basic",)})
    secret: SecretLine = field(
        "", title="Secret", help="The password, the API secret, or the token.", when={"auth": ("basic", "bearer")}
    )
    ca_certificate: CertificatePem | None = field(
        None, title="CA certificate", help="Who signed the registry's certificate, as PEM text. Empty: those of the system.",
        widget="pem", advanced=True,
    )  # fmt: skip

    @model_validator(mode="after")
    def _whole(self) -> SchemaRegistryOptions:
        if self.auth != "none" and not self.secret:
            raise ValueError(f"authentication by {self.auth} needs the secret")
        if self.auth == "basic" and (not self.username or ":" in self.username):
            raise ValueError("basic authentication needs a user, without a colon")
        return self


def driver_settings(options: SchemaRegistryOptions) -> dict[str, str]:
    """Return the headers of every request."""
    made = {"Accept": MEDIA_TYPE}
    if options.auth == "basic":
        pair = f"{options.username}:{options.secret}".encode()
        made["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    elif options.auth == "bearer":
        made["Authorization"] = f"Bearer {options.secret}"
    return made


class RegistryTrial(HostTrial):
    """A try: the names of all subjects are asked for."""

    def __init__(self, options: SchemaRegistryOptions, policy: EgressPolicy) -> None:
        target = check_url(options.url)
        encrypted = target.scheme == "https"
        tls = (lambda: tls_context(options.ca_certificate)) if encrypted else None
        super().__init__([(target.host, target.port)], policy, tls)
        self.options = options
        self.client = HttpClient(policy, options.ca_certificate, seconds=4.0, most_bytes=8 * 1024**2)
        self.answer: HttpAnswer | None = None

    def authenticate(self) -> str:
        """Ask for the subjects."""
        address = self.options.url.rstrip("/") + "/subjects"
        self.answer = self.client.request("GET", address, driver_settings(self.options))
        if self.answer.status in (401, 403, 407):
            what = f"the registry answers {self.answer.status}: it does not let us in"
            raise ConnectorError("RNL-REGISTRY-001", what, "Check the authentication and the secret.")
        return "the registry lets us in"

    def read(self) -> str:
        """Count the subjects."""
        assert self.answer is not None
        try:
            found = orjson.loads(self.answer.body) if self.answer.status == 200 else None
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, list):
            what = f"{self.options.url}/subjects answers {self.answer.status} and no list of subjects"
            raise ConnectorError("RNL-REGISTRY-002", what, "Check the address: it must be a schema registry's.")
        return f"{len(found)} subject{'' if len(found) == 1 else 's'}"


class SchemaRegistryConnector(Connector):
    """Schema registries."""

    name: ClassVar[str] = "schema_registry"
    title: ClassVar[str] = "Schema registry"
    summary: ClassVar[str] = "The schemas of messages, as Confluent's registry keeps them."
    icon: ClassVar[str] = "book-open"
    leads: ClassVar[tuple[str, ...]] = ("url", "auth", "ca_certificate")

    class Options(SchemaRegistryOptions):
        """The options of a connection to a schema registry."""

    @classmethod
    def place(cls, options: Any) -> str:
        """Return the address."""
        return options.url

    @classmethod
    def trial(cls, options: Any, policy: EgressPolicy, folder: str) -> Trial:
        """Begin a try."""
        return RegistryTrial(options, policy)
