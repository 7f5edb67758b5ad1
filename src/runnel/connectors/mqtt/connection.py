"""A connection to an MQTT broker: where it is, who we are, which version is spoken, and its test."""

from __future__ import annotations

import contextlib
import secrets
import socket
import ssl
import time
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from runnel.errors import ConnectorError
from runnel.sdk.connector import Connector, ConnectorOptions, Trial, missing_driver
from runnel.sdk.egress import Checked, EgressPolicy, connect
from runnel.sdk.fields import field
from runnel.sdk.hosts import bracketed
from runnel.sdk.option_types import CertificatePem, Host, OneLine, Port, SecretLine
from runnel.sdk.tls import tls_context
from runnel.sdk.trial import HostTrial

WAIT_SECONDS = 4.0


class MqttOptions(ConnectorOptions):
    """The options of a connection to an MQTT broker."""

    host: Host = field(title="Host", help="The name or address of the broker.", examples=["mqtt.example.com"])
    port: Port = field(1883, title="Port", help="Mostly 1883, and 8883 with TLS.")
    tls: bool = field(False, title="TLS", help="Encrypt, and verify the broker's certificate.")
    ca_certificate: CertificatePem | None = field(
        None, title="CA certificate", help="Who signed the broker's certificate, as PEM text. Empty: those of the system.",
        widget="pem", when={"tls": ("true",)},
    )  # fmt: skip
    username: OneLine = field("", title="User", help="Empty where the broker asks for none.")
    password: SecretLine = field("", title="Password")
    version: Literal["3.1.1", "5"] = field("5", title="Version", widget="choice")
    client_id: OneLine = field(
        "", title="Client id", help="The session's name at the broker. Empty: one is made per stream.", max_length=128,
        advanced=True,
    )  # fmt: skip
    keepalive_seconds: int = field(
        60, title="Sign of life", unit="seconds", help="How often a quiet connection shows that it lives.", ge=5, le=3600,
        strict=True, advanced=True,
    )  # fmt: skip

    @model_validator(mode="after")
    def _whole(self) -> MqttOptions:
        if self.password and not self.username:
            raise ValueError("a password needs a user")
        return self


def driver_settings(options: MqttOptions, checked: Checked, client_id: str) -> dict[str, Any]:
    """Return what `guarded_client` makes a client from; the host stays what TLS verifies, `checked` is connected to."""
    return {
        "checked": checked, "client_id": options.client_id or client_id, "version": options.version,
        "keepalive": options.keepalive_seconds, "username": options.username or None,
        "password": options.password or None, "tls": options.tls, "ca_pem": options.ca_certificate,
    }  # fmt: skip


def guarded_client(settings: dict[str, Any], **more: Any) -> Any:
    """Return a paho client that connects to the checked address only; `more` goes to its constructor (`manual_ack`).

    Call `connect(settings["checked"].host, settings["checked"].port, settings["keepalive"])`; each reconnect goes to the
    same checked addresses.
    """
    try:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise missing_driver(MqttConnector, "paho-mqtt") from error
    checked: Checked = settings["checked"]

    class GuardedClient(paho.Client):
        """A client whose sockets come from the guard."""

        def _create_socket_connection(self) -> socket.socket:
            opened, _ = connect(checked, seconds=self._connect_timeout)
            return opened

    protocol = paho.MQTTv5 if settings["version"] == "5" else paho.MQTTv311
    made = GuardedClient(CallbackAPIVersion.VERSION2, settings["client_id"], protocol=protocol, **more)
    made.connect_timeout = WAIT_SECONDS
    if settings["username"]:
        made.username_pw_set(settings["username"], settings["password"])
    if settings["tls"]:
        made.tls_set_context(tls_context(settings["ca_pem"]))
    return made


class MqttTrial(HostTrial):
    """A try: somebody logs in under a name of its own, so that no running session is taken over, and subscribes."""

    def __init__(self, options: MqttOptions, policy: EgressPolicy) -> None:
        super().__init__([(options.host, options.port)], policy, self._context if options.tls else None)
        self.options = options
        self.client: Any = None
        self.said: dict[str, Any] = {}

    def authenticate(self) -> str:
        """Log in."""
        assert self.reached is not None
        name = f"runnel-test-{secrets.token_hex(4)}"
        settings = {**driver_settings(self.options, self.reached, name), "client_id": name}
        self.client = guarded_client(settings)
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self.said.__setitem__("connected", reason)
        self.client.on_subscribe = lambda _c, _u, _m, reasons, _p: self.said.__setitem__("subscribed", reasons[0])
        self.client.on_disconnect = lambda _c, _u, _f, reason, _p: self.said.setdefault("ended", reason)
        try:
            self.client.connect(self.reached.host, self.reached.port, settings["keepalive"])
        except (OSError, ssl.SSLError) as error:
            raise ConnectorError("RNL-MQTT-001", f"connecting: {error}", "Check host, port and TLS.") from error
        self._wait_for("connected")
        reason = self.said.get("connected")
        if reason is None:
            what = f"{bracketed(self.reached.host)}:{self.reached.port} does not speak MQTT"
            raise ConnectorError("RNL-MQTT-001", what, "Check the port; with TLS it is mostly 8883.")
        if reason.is_failure:
            hint = (
                "Choose the other version."
                if "protocol" in str(reason).lower()
                else "Check user, password and client id."
            )
            raise ConnectorError("RNL-MQTT-002", f"the broker refused the login: {str(reason).lower()}", hint)
        return f"the broker knows us {'as ' + self.options.username if self.options.username else 'without a login'}"

    def read(self) -> str:
        """Subscribe to a topic that nobody uses; a broker that refuses it may well allow others."""
        self.client.subscribe(f"runnel/test/{secrets.token_hex(4)}", qos=1)
        self._wait_for("subscribed")
        reason = self.said.get("subscribed")
        if reason is None and "ended" not in self.said:
            raise ConnectorError("RNL-MQTT-003", "the broker did not answer a subscription", "Try again later.")
        if reason is None or reason.is_failure:
            return f"MQTT {self.options.version}; a subscription for the test is not allowed, others may be"
        return f"MQTT {self.options.version}, subscriptions are answered"

    def close(self) -> None:
        """Take leave of the broker."""
        if self.client is not None:
            with contextlib.suppress(OSError, ValueError):
                self.client.disconnect()
                self.client.loop_misc()

    def _wait_for(self, name: str) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while name not in self.said and "ended" not in self.said and time.monotonic() < end:
            self.client.loop(0.1)

    def _context(self) -> ssl.SSLContext:
        return tls_context(self.options.ca_certificate)


class MqttConnector(Connector):
    """MQTT brokers."""

    name: ClassVar[str] = "mqtt"
    title: ClassVar[str] = "MQTT"
    summary: ClassVar[str] = "Messages of devices over an MQTT broker."
    icon: ClassVar[str] = "cpu"
    extra: ClassVar[str | None] = "mqtt"
    driver: ClassVar[str | None] = "paho"
    leads: ClassVar[tuple[str, ...]] = ("host", "port", "tls", "ca_certificate")

    class Options(MqttOptions):
        """The options of a connection to an MQTT broker."""

    @classmethod
    def place(cls, options: Any) -> str:
        """Return the broker."""
        return f"{bracketed(options.host)}:{options.port}"

    @classmethod
    def trial(cls, options: Any, policy: EgressPolicy, folder: str) -> Trial:
        """Begin a try."""
        return MqttTrial(options, policy)
