"""A connection to Kafka: the servers that tell of the cluster, encryption, who we are, and its test.

The guard checks the servers of the connection before anything connects to them. Brokers tell clients of further addresses;
those are read from the cluster's description and checked by `check_brokers` before a client is used, and whenever a reader
refreshes the description; a client made by the library's own functions checks every lookup besides (`guarding`).

Without TLS the client is given the checked addresses of the servers themselves. With TLS it is given their names, because
the certificate is verified against them: whoever moves the name elsewhere has no certificate for it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from runnel.errors import AuthoringError, ConnectorError, RunnelError
from runnel.sdk.connector import Connector, ConnectorOptions, Trial, missing_driver
from runnel.sdk.egress import Checked, EgressPolicy, resolve
from runnel.sdk.fields import field
from runnel.sdk.hosts import bracketed, split_place
from runnel.sdk.option_types import CertificatePem, OneLine, Place, PrivateKeyPem, SecretLine
from runnel.sdk.tls import private_files, tls_context
from runnel.sdk.trial import HostTrial

_PROTOCOLS = {"plaintext": "PLAINTEXT", "tls": "SSL", "sasl_plaintext": "SASL_PLAINTEXT", "sasl_tls": "SASL_SSL"}
_SASL = ("sasl_plaintext", "sasl_tls")
_TLS = ("tls", "sasl_tls")
METADATA_SECONDS = 4.0


class KafkaOptions(ConnectorOptions):
    """The options of a connection to Kafka."""

    bootstrap_servers: list[Place] = field(
        title="Servers",
        help="A few servers of the cluster as host:port; they tell of the others.",
        min_length=1,
        max_length=20,
        examples=[["broker.example.com:9092"]],
    )
    security: Literal["plaintext", "tls", "sasl_plaintext", "sasl_tls"] = field(
        "plaintext", title="Security", help="Whether to encrypt, and whether to log in (SASL).", widget="choice"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = field(
        "SCRAM-SHA-512", title="How to log in", help="As the cluster's administrator set it up.", widget="choice",
        when={"security": _SASL},
    )  # fmt: skip
    username: OneLine = field("", title="User", help="The user, or the API key.", when={"security": _SASL})
    password: SecretLine = field(
        "", title="Password", help="The password, or the API secret.", when={"security": _SASL}
    )
    ca_certificate: CertificatePem | None = field(
        None, title="CA certificate", help="Who signed the cluster's certificate, as PEM text. Empty: those of the system.",
        widget="pem", when={"security": _TLS},
    )  # fmt: skip
    client_certificate: CertificatePem | None = field(
        None, title="Client certificate", help="Where the cluster asks for one, as PEM text.", widget="pem",
        advanced=True, when={"security": _TLS},
    )  # fmt: skip
    client_key: PrivateKeyPem | None = field(
        None, title="Key of the client certificate", help="As PEM text, without a passphrase.", widget="pem",
        advanced=True, when={"security": _TLS},
    )  # fmt: skip
    client_id: OneLine = Field(
        "runnel", title="Client id", description="The name under which the brokers' logs show these connections.",
        max_length=200, json_schema_extra={"advanced": True},
    )  # fmt: skip

    @model_validator(mode="after")
    def _whole(self) -> KafkaOptions:
        if self.security in _SASL and not (self.username and self.password):
            raise ValueError("logging in (SASL) needs a user and a password")
        if bool(self.client_certificate) != bool(self.client_key):
            raise ValueError("a client certificate and its key are given together")
        return self


def driver_settings(options: KafkaOptions, checked: Sequence[Checked]) -> dict[str, Any]:
    """Return what the Kafka client is given; made from the options' own fields, after their servers were checked."""
    tls = options.security in _TLS
    servers = [f"{bracketed(item.host if tls else item.address)}:{item.port}" for item in checked]
    settings: dict[str, Any] = {
        "bootstrap.servers": ",".join(servers), "security.protocol": _PROTOCOLS[options.security],
        "client.id": options.client_id, "allow.auto.create.topics": False, "socket.connection.setup.timeout.ms": 4000,
    }  # fmt: skip
    if tls:
        settings |= {"enable.ssl.certificate.verification": True, "ssl.endpoint.identification.algorithm": "https"}
        if options.ca_certificate:
            settings["ssl.ca.pem"] = options.ca_certificate
        if options.client_certificate and options.client_key:
            settings |= {"ssl.certificate.pem": options.client_certificate, "ssl.key.pem": options.client_key}
    if options.security in _SASL:
        settings |= {
            "sasl.mechanism": options.sasl_mechanism, "sasl.username": options.username, "sasl.password": options.password,
        }  # fmt: skip
    return settings


def check_servers(options: KafkaOptions, policy: EgressPolicy) -> list[Checked]:
    """Resolve and check the servers of a connection; raises when one is refused, or none has an address."""
    trial = HostTrial([split_place(server) for server in options.bootstrap_servers], policy)
    trial.resolve()
    return trial.checked


def check_brokers(brokers: Iterable[tuple[str, int]], policy: EgressPolicy) -> list[Checked]:
    """Check the addresses that a cluster tells its clients of, before anything connects to them.

    Raises ConnectorError or AuthoringError that says what the cluster should advertise.
    """
    found: list[Checked] = []
    for host, port in brokers:
        try:
            found.append(resolve(host, port, policy))
        except RunnelError as error:
            what = f"the cluster sends its clients on to {bracketed(host)}:{port}, and {error.what}"
            hint = "Set `advertised.listeners` of the brokers to addresses that can be reached from here. " + error.hint
            kind = type(error) if isinstance(error, AuthoringError | ConnectorError) else ConnectorError
            raise kind("RNL-KAFKA-001", what, hint.strip()) from error
    return found


class KafkaTrial(HostTrial):
    """A try: the description of the cluster is read, and every broker that it names is checked."""

    def __init__(self, options: KafkaOptions, policy: EgressPolicy, folder: str) -> None:
        tls = self._context if options.security in _TLS else None
        super().__init__([split_place(server) for server in options.bootstrap_servers], policy, tls)
        self.options = options
        self.folder = folder
        self.described: Any = None

    def authenticate(self) -> str:
        """Ask the cluster for its description, which it gives to whom it knows."""
        try:
            from confluent_kafka import KafkaException
            from confluent_kafka.admin import AdminClient
        except ImportError as error:
            raise missing_driver(KafkaConnector, "confluent-kafka") from error
        problems: list[Any] = []
        settings = driver_settings(self.options, self.checked)
        wanted: Any = {**settings, "error_cb": problems.append, "log_level": 0, "logger": _silent()}
        client = AdminClient(wanted)
        end = time.monotonic() + METADATA_SECONDS
        while self.described is None:
            try:
                self.described = client.list_topics(timeout=0.5)
            except KafkaException as error:
                client.poll(0)
                found = next((each for each in problems if each.name() in ("_AUTHENTICATION", "_SSL")), None)
                if found is not None or time.monotonic() > end:
                    raise self._refused(found or error.args[0], problems) from error
        who = f"as {self.options.username}" if self.options.security in _SASL else "without a login"
        return f"the cluster knows us {who}"

    def read(self) -> str:
        """Check every broker that the cluster names, and count its topics."""
        brokers = [(broker.host, broker.port) for broker in self.described.brokers.values()]
        check_brokers(brokers, self.policy)
        topics = [name for name in self.described.topics if not name.startswith("__")]
        return f"{_count(len(brokers), 'broker')}, {_count(len(topics), 'topic')}"

    def _refused(self, error: Any, problems: Sequence[Any]) -> ConnectorError:
        words = error.str().rpartition("]: ")[2] or str(error)
        if error.name() == "_AUTHENTICATION":
            hint = "Check user, password and how to log in (`sasl_mechanism`)."
            return ConnectorError("RNL-KAFKA-002", f"logging in was refused: {words}", hint)
        if error.name() == "_SSL":
            return ConnectorError(
                "RNL-KAFKA-003", f"TLS did not work: {words}", "Check the CA and client certificates."
            )
        seen = f" ({problems[-1].str().rpartition(']: ')[2]})" if problems else ""
        what = f"the cluster did not describe itself within {METADATA_SECONDS:g} s{seen}"
        return ConnectorError(
            "RNL-KAFKA-004", what, "Check that this port is Kafka's, and that `security` is what it speaks."
        )

    def _context(self) -> ssl.SSLContext:
        if not (self.options.client_certificate and self.options.client_key):
            return tls_context(self.options.ca_certificate)
        with private_files(self.folder, self.options.client_certificate, self.options.client_key) as (certificate, key):
            return tls_context(self.options.ca_certificate, certificate=(certificate, key))


class KafkaConnector(Connector):
    """Apache Kafka and what speaks its protocol."""

    name: ClassVar[str] = "kafka"
    title: ClassVar[str] = "Kafka"
    summary: ClassVar[str] = "Topics of Apache Kafka, Redpanda, or a cloud's Kafka."
    icon: ClassVar[str] = "radio"
    extra: ClassVar[str | None] = "kafka"
    driver: ClassVar[str | None] = "confluent_kafka"
    leads: ClassVar[tuple[str, ...]] = ("bootstrap_servers", "security", "sasl_mechanism", "ca_certificate")

    class Options(KafkaOptions):
        """The options of a connection to Kafka."""

    @classmethod
    def place(cls, options: Any) -> str:
        """Return the servers."""
        return ", ".join(options.bootstrap_servers)

    @classmethod
    def trial(cls, options: Any, policy: EgressPolicy, folder: str) -> Trial:
        """Begin a try."""
        return KafkaTrial(options, policy, folder)


def _silent() -> Any:
    """Return a log that keeps nothing: what the client reports comes through its error callback."""
    import logging

    made = logging.getLogger("runnel.kafka.trial")
    made.addHandler(logging.NullHandler())
    made.propagate = False
    return made


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
