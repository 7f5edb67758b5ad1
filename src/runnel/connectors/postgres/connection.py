"""A connection to PostgreSQL: where it is, who we are, how far TLS is verified, and its test."""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from runnel.errors import ConnectorError
from runnel.sdk.connector import Connector, ConnectorOptions, Trial, missing_driver
from runnel.sdk.egress import Checked, EgressPolicy
from runnel.sdk.fields import field
from runnel.sdk.option_types import CertificatePem, DatabaseName, Host, OneLine, Port, SecretLine
from runnel.sdk.tls import private_files, secured, tls_context
from runnel.sdk.trial import HostTrial

_ASK_FOR_TLS = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
NO_FILE = "/nonexistent/file"
_SSLMODE = {"disable": "disable", "require": "require", "verify_ca": "verify-ca", "verify_full": "verify-full"}


class PostgresOptions(ConnectorOptions):
    """The options of a connection to PostgreSQL."""

    host: Host = field(title="Host", help="The name or address of the server.", examples=["db.example.com"])
    port: Port = field(5432, title="Port")
    database: DatabaseName = Field(title="Database", min_length=1, max_length=63)
    user: OneLine = Field(title="User", min_length=1, max_length=63)
    password: SecretLine = field("", title="Password", help="Empty where the server asks for none.")
    tls: Literal["disable", "require", "verify_ca", "verify_full"] = field(
        "verify_full", title="TLS", widget="choice",
        help="verify_full checks the certificate and its name, verify_ca the certificate; require only encrypts.",
    )  # fmt: skip
    ca_certificate: CertificatePem | None = field(
        None, title="CA certificate", help="Who signed the server's certificate, as PEM text. Empty: those of the system.",
        widget="pem", when={"tls": ("verify_ca", "verify_full")},
    )  # fmt: skip
    connect_timeout_seconds: int = field(
        10, title="Wait for the connection", unit="seconds", ge=1, le=120, strict=True, advanced=True
    )
    application_name: OneLine = field(
        "runnel", title="Application name", help="The name under which the server shows these connections.",
        max_length=63, advanced=True,
    )  # fmt: skip

    @model_validator(mode="after")
    def _whole(self) -> PostgresOptions:
        if self.tls == "verify_ca" and not self.ca_certificate:
            raise ValueError("verify_ca needs the CA certificate; verify_full also works with those of the system")
        return self


def driver_settings(options: PostgresOptions, checked: Checked, ca_file: str | None = None) -> dict[str, Any]:
    """Return the parameters of psycopg: the checked addresses are connected to, the host is what TLS verifies.

    `ca_file` is where the CA certificate was put, since the driver reads it from a file only. Files of the system that
    the driver would read by itself (passwords, certificates, keys) are switched off.
    """
    several = len(checked.addresses)
    made: dict[str, Any] = {
        "host": ",".join([options.host] * several), "hostaddr": ",".join(checked.addresses),
        "port": ",".join([str(options.port)] * several), "dbname": options.database, "user": options.user,
        "sslmode": _SSLMODE[options.tls], "connect_timeout": options.connect_timeout_seconds,
        "application_name": options.application_name, "client_encoding": "UTF8", "passfile": NO_FILE,
        "gssencmode": "disable", "sslcertmode": "disable", "keepalives": 1, "keepalives_idle": 30,
    }  # fmt: skip
    if options.password:
        made["password"] = options.password
    if options.tls in ("verify_ca", "verify_full"):
        made["sslrootcert"] = ca_file if options.ca_certificate and ca_file else "system"
    elif options.tls == "require":
        made["sslrootcert"] = NO_FILE  # a file there would be verified against
    return made


class PostgresTrial(HostTrial):
    """A try: TLS is asked for as the driver would, then somebody logs in and asks for the version."""

    def __init__(self, options: PostgresOptions, policy: EgressPolicy, folder: str) -> None:
        super().__init__([(options.host, options.port)], policy)
        self.options = options
        self.folder = folder
        self.connection: Any = None
        self.open = ExitStack()

    def authenticate(self) -> str:
        """Log in."""
        try:
            import psycopg
        except ImportError as error:
            raise missing_driver(PostgresConnector, "psycopg") from error
        assert self.reached is not None
        options = self.options.model_copy(update={"connect_timeout_seconds": 4})
        ca_file = None
        if options.ca_certificate:
            ca_file = self.open.enter_context(private_files(self.folder, options.ca_certificate))[0]
        try:
            settings = driver_settings(options, self.reached, ca_file)
            self.connection = psycopg.connect(**settings, autocommit=True)
        except psycopg.Error as error:
            raise _refused(str(error), self.options) from error
        return f"logged in as {self.options.user}"

    def read(self) -> str:
        """Ask for the version, the number of tables, and what is missing for following changes."""
        import psycopg

        from runnel.connectors.postgres.cdc_doctor import readiness

        query = """SELECT current_setting('server_version'), count(*) FROM information_schema.tables
                   WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"""
        try:
            self.connection.execute("SET statement_timeout = '4s'")
            version, tables = self.connection.execute(query).fetchone()
            changes = readiness(lambda text: self.connection.execute(text).fetchall())
        except psycopg.Error as error:
            what = f"asking for the version: {str(error).strip().splitlines()[0]}"
            raise ConnectorError("RNL-POSTGRES-004", what, "Check the rights of the user.") from error
        return f"PostgreSQL {version.split()[0]}, {tables} tables to be seen in {self.options.database}; {changes}"

    def close(self) -> None:
        """End the connection and remove its files."""
        if self.connection is not None:
            self.connection.close()
        self.open.close()

    def _greeted(self, opened: socket.socket, reached: Checked) -> str:
        words = f"{reached.host}:{reached.port} answers"
        if self.options.tls == "disable":
            return words
        opened.sendall(_ASK_FOR_TLS)
        said = opened.recv(1)
        if said != b"S":
            offers = said == b"N"
            what = f"{reached.host} offers no TLS" if offers else f"{reached.host}:{reached.port} is no PostgreSQL"
            hint = "Choose the TLS mode disable, or turn TLS on at the server." if offers else "Check the port."
            raise ConnectorError("RNL-POSTGRES-001", what, hint)
        with secured(opened, reached.host, self._context()) as stream:
            return f"{words}, {stream.version() or 'TLS'}"

    def _context(self) -> ssl.SSLContext:
        mode = self.options.tls
        return tls_context(self.options.ca_certificate, verify=mode != "require", check_name=mode == "verify_full")


class PostgresConnector(Connector):
    """PostgreSQL and what speaks its protocol."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    summary: ClassVar[str] = "Tables and changes of a PostgreSQL database."
    icon: ClassVar[str] = "database"
    extra: ClassVar[str | None] = "postgres"
    driver: ClassVar[str | None] = "psycopg"
    leads: ClassVar[tuple[str, ...]] = ("host", "port", "tls", "ca_certificate")

    class Options(PostgresOptions):
        """The options of a connection to PostgreSQL."""

    @classmethod
    def place(cls, options: Any) -> str:
        """Return server and database."""
        return f"{options.user}@{options.host}:{options.port}/{options.database}"

    @classmethod
    def trial(cls, options: Any, policy: EgressPolicy, folder: str) -> Trial:
        """Begin a try."""
        return PostgresTrial(options, policy, folder)


def _refused(words: str, options: PostgresOptions) -> ConnectorError:
    """Put the server's refusal into one sentence with the way out."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    text = lines[-1] if lines else "the server ended the connection"
    said = text.rpartition("FATAL:")[2].strip() or text
    for part, code, hint in (
        ("password authentication failed", "RNL-POSTGRES-002", "Check user and password."),
        ("no password supplied", "RNL-POSTGRES-002", "Give the password."),
        ("does not exist", "RNL-POSTGRES-003", "Check the name of the database and of the user."),
        (
            "pg_hba.conf",
            "RNL-POSTGRES-002",
            "Let the server's pg_hba.conf admit this user from here, with this TLS mode.",
        ),
        ("too many", "RNL-POSTGRES-003", "Wait, or allow more connections at the server."),
        ("certificate", "RNL-POSTGRES-001", "Check the CA certificate and the TLS mode."),
    ):
        if part in said:
            return ConnectorError(code, f"logging in to {options.database}: {said}", hint)
    return ConnectorError("RNL-POSTGRES-002", f"logging in to {options.database}: {said}", "Check user and database.")
