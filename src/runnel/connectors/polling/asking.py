"""What can be polled: a query of PostgreSQL, a JSON list of an HTTP API, and whatever a source that ends reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import orjson

from runnel.connectors.http.connection import HttpOptions
from runnel.connectors.http.connection import driver_settings as http_headers
from runnel.connectors.http.sending import address_of
from runnel.connectors.kafka.source import policy_of
from runnel.connectors.postgres.connection import PostgresConnector, PostgresOptions, driver_settings
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.connector import missing_driver
from runnel.sdk.egress import EgressPolicy, resolve
from runnel.sdk.http_session import HttpSession
from runnel.sdk.streaming import StreamContext
from runnel.sdk.tls import private_files

MOST_BYTES = 256 * 1024**2
LATER = frozenset({408, 425, 429})
ROWS_AT_ONCE = 50_000


class PolledQuery:
    """Asks PostgreSQL, over a connection for each poll; its rows come as PostgreSQL writes them in JSON."""

    def __init__(self, config: Any, context: StreamContext, scratch: str) -> None:
        self.config = config
        self.context = context
        self.scratch = scratch
        self.options = PostgresOptions.model_validate(dict(context.connections[config.connection]))

    def columns(self) -> dict[str, str]:
        """Return the columns of the query with our types."""
        from runnel.connectors.postgres.cdc_decoding import type_of

        with ExitStack() as held:
            connection = self._open(held)
            cursor = self._run(connection, f"SELECT * FROM ({self._query}) AS q LIMIT 0")
            found = [(item.name, item.type_code, cursor.pgresult.fmod(n)) for n, item in enumerate(cursor.description)]
        return {name: "VARCHAR" if (type := type_of(oid, modifier)) == "BLOB" else type for name, oid, modifier in found}

    def lines(self, after: str | None) -> Sequence[bytes]:
        """Return the rows, in the order of the cursor, from a value on."""
        with ExitStack() as held:
            connection = self._open(held)
            text = f"SELECT to_jsonb(q)::text FROM ({self._query}) AS q"
            if self.config.cursor is not None:
                name = '"' + self.config.cursor.replace('"', '""') + '"'
                since = "" if after is None else f"WHERE q.{name} >= '{after.replace(chr(39), chr(39) * 2)}'"
                text = f"{text} {since} ORDER BY q.{name}"
            return [row[0].encode() for row in self._run(connection, text).fetchall()]

    @property
    def _query(self) -> str:
        return (self.config.query or "").strip().rstrip(";")

    def _open(self, held: ExitStack) -> Any:
        try:
            import psycopg
        except ImportError as error:
            raise missing_driver(PostgresConnector, "psycopg") from error
        policy = policy_of(self.context.egress) or EgressPolicy(confined=False)
        file = None
        if self.options.ca_certificate:
            file = held.enter_context(private_files(self.scratch, self.options.ca_certificate))[0]
        place = resolve(self.options.host, self.options.port, policy)
        try:
            made: Any = psycopg.connect(**driver_settings(self.options, place, file), autocommit=True)
            held.callback(made.close)
            for setting in ("default_transaction_read_only = on", "timezone = 'UTC'", "datestyle = 'ISO'"):
                made.execute(f"SET {setting}")
            made.execute(f"SET statement_timeout = {round(self.config.timeout_seconds * 1000)}")
        except psycopg.Error as error:
            what = f"{self.context.node} does not reach its database: {str(error).strip()}"
            raise ConnectorError("RNL-POLL-001", what, "It is asked again by itself.", retryable=True) from error
        return made

    def _run(self, connection: Any, text: str) -> Any:
        import psycopg

        try:
            return connection.execute(text)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            what = f"{self.context.node}: {str(error).strip()}"
            raise ConnectorError("RNL-POLL-001", what, "It is asked again by itself.", retryable=True) from error
        except psycopg.Error as error:
            what = f"{self.context.node}: the query is not answered: {str(error).strip().splitlines()[0]}"
            raise ConnectorError("RNL-POLL-002", what, "Check the query, and the rights of the user.") from error

    def close(self) -> None:
        """Nothing is held between polls."""


class PolledApi:
    """Asks an HTTP API for a JSON list; `{cursor}` in the path stands for the greatest value that was seen."""

    def __init__(self, config: Any, context: StreamContext) -> None:
        self.config = config
        self.options = HttpOptions.model_validate(dict(context.connections[config.connection]))
        policy = policy_of(context.egress) or EgressPolicy(confined=False)
        self.session = HttpSession(policy, self.options.ca_certificate, config.timeout_seconds, MOST_BYTES)

    def lines(self, after: str | None) -> Sequence[bytes]:
        """Return the objects of the list."""
        path = self.config.path.replace("{cursor}", quote(after if after is not None else self.config.first_cursor, safe=""))
        url = address_of(self.options.base_url, path)
        answer = self.session.ask("GET", url, {"Accept": "application/json", **http_headers(self.options)})
        shown = url.partition("?")[0]
        if answer.status in LATER or answer.status >= 500:
            what = f"{shown} answers {answer.status}"
            raise ConnectorError("RNL-POLL-001", what, "It is asked again by itself.", retryable=True)
        if answer.status >= 300:
            what = f"{shown} answers {answer.status}: the source is not let in, or is no GET there"
            raise ConnectorError("RNL-POLL-002", what, "Check the connection's authentication and the path.")
        if len(answer.body) >= MOST_BYTES:
            what = f"{shown} answers with more than {MOST_BYTES >> 20} MiB"
            raise ConnectorError("RNL-POLL-002", what, "Ask for less: by `{cursor}`, or by a limit in the path.")
        return [orjson.dumps(row) for row in self._rows(shown, answer.body)]

    def _rows(self, url: str, body: bytes) -> list[Any]:
        import json

        try:
            found = json.loads(body, parse_float=orjson.Fragment, parse_int=_whole)  # numbers keep their digits
        except ValueError as error:
            what = f"{url} answers what is no JSON: {body[:60]!r}"
            raise ConnectorError("RNL-POLL-002", what, "A poll reads a JSON list; check the path.") from error
        for name in self.config.records.split(".") if self.config.records else ():
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, list) and all(isinstance(row, dict) for row in found):
            return found
        what = f"{url} has no list of objects" + (f" at `{self.config.records}`" if self.config.records else "")
        raise ConnectorError("RNL-POLL-002", what, "Name in `records` where the list stands.")

    def close(self) -> None:
        """Close the connection."""
        self.session.close()


class PolledSource:
    """Reads what a source that ends reads, from the start each time; refused records are left out, and counted."""

    def __init__(self, source: Any, folder: str, columns: Mapping[str, str]) -> None:
        self.source = source
        self.folder = folder
        self.wanted = columns

    def lines(self, after: str | None) -> Sequence[bytes]:
        """Return all rows."""
        from runnel.connectors.json_rows import JsonRows

        paths = list(self.source.reads(self.folder))
        connection = reading_connection(paths)
        rows = JsonRows(self.wanted)
        letters = _Counted()
        try:
            probe = self.source.probe(connection, self.folder)
            missing = [name for name in self.wanted if name not in probe.columns]
            if missing:
                what = f"what {self.source.id} reads has no column {', '.join(missing)} any more"
                raise ConnectorError("RNL-POLL-002", what, "Start the stream anew, so that it reads the new columns.")
            opened = self.source.open(connection, probe, self.wanted, letters)
            names = ", ".join(_quoted(name) for name in self.wanted)
            made: list[bytes] = []
            reader = connection.sql(f"SELECT {names} FROM {opened.sql}").to_arrow_reader(ROWS_AT_ONCE)
            for batch in reader:
                made += rows.texts(_table(batch))
            self.source.finish(connection, probe, letters)
            return made
        except AuthoringError as error:  # not there yet, or half written
            raise ConnectorError("RNL-POLL-001", error.what, error.hint, retryable=True) from error
        finally:
            rows.close()
            connection.close()

    def close(self) -> None:
        """Nothing is held between polls."""


class _Counted:
    """Dead letters of a snapshot: they would come again with every poll."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, raw: bytes, reason: str, position: Mapping[str, Any]) -> None:
        """Count one."""
        self.count += 1


def reading_connection(paths: Sequence[str]) -> Any:
    """Return a DuckDB connection that reads the folders of these files only."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": "1", "autoinstall_known_extensions": "false"})
    folders = dict.fromkeys(os.path.dirname(path) for path in paths)
    listed = ", ".join("'" + folder.replace("'", "''") + "'" for folder in folders)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute("SET enable_external_access = false")
    return connection


def _whole(text: str) -> Any:
    return int(text) if len(text) < 18 else orjson.Fragment(text)


def _table(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
