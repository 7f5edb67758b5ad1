"""Asks a table of PostgreSQL about keys: all of a batch in one query, compared in the types of the table's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from runnel.connectors.kafka.source import policy_of
from runnel.connectors.postgres.connection import PostgresConnector, PostgresOptions, driver_settings
from runnel.errors import ConnectorError
from runnel.sdk.asking import AskingContext, Key
from runnel.sdk.connector import missing_driver
from runnel.sdk.egress import EgressPolicy, resolve
from runnel.sdk.tls import private_files

TYPES = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""


class PostgresAsker:
    """Implements `sdk.Asker` for one table."""

    def __init__(self, config: Any, options: Mapping[str, Any], context: AskingContext) -> None:
        self.config = config
        self.options = PostgresOptions.model_validate(dict(options))
        self.context = context
        self.connection: Any = None
        self._query: Any = None
        self._files = ExitStack()

    def ask(self, keys: Sequence[Key]) -> Mapping[Key, Sequence[str | None]]:
        """Ask for all keys at once; raises ConnectorError."""
        try:
            import psycopg
        except ImportError as error:
            raise missing_driver(PostgresConnector, "psycopg") from error
        try:
            if self.connection is None or self.connection.closed:
                self._open(psycopg)
            return self._found(psycopg, keys)
        except psycopg.OperationalError as error:
            self._hang_up()
            what = f"{self.context.node} does not reach its table: {str(error).strip()}"
            raise ConnectorError("RNL-LOOKUP-001", what, "It is asked again until it answers.", retryable=True) from error
        except psycopg.Error as error:
            what = f"asking {self.config.target}: {str(error).strip()}"
            raise ConnectorError("RNL-LOOKUP-004", what, "Check the table, its columns, and the rights of the user.") from error

    def _open(self, psycopg: Any) -> None:
        policy = policy_of(self.context.egress) or EgressPolicy(confined=False)
        file = None
        if self.options.ca_certificate:
            file = self._files.enter_context(private_files(self.context.scratch, self.options.ca_certificate))[0]
        settings = driver_settings(self.options, resolve(self.options.host, self.options.port, policy), file)
        self.connection = psycopg.connect(**settings, autocommit=True)
        self.connection.execute(f"SET statement_timeout = {round(self.config.timeout_seconds * 1000)}")
        self.connection.execute("SET default_transaction_read_only = on")
        self._query = self._made(psycopg.sql)

    def _made(self, sql: Any) -> Any:
        """Return the query: the keys as arrays of text, compared in the types that the table's columns have."""
        table = sql.Identifier(*self.config.target.split("."))
        types = dict(self.connection.execute(TYPES, [table.as_string(self.connection)]).fetchall())
        if not types:
            what = f"there is no table {self.config.target} that {self.options.user} may see"
            raise ConnectorError("RNL-LOOKUP-004", what, "Write schema.table as PostgreSQL has it.")
        wanted = [*self.config.keys.values(), *self.config.columns.values()]
        gone = [name for name in wanted if name not in types]
        if gone:
            what = f"{self.config.target} has no column {', '.join(gone)}"
            raise ConnectorError("RNL-LOOKUP-004", what, f"It has {', '.join(types)}.")
        keys = list(self.config.keys.values())
        same = sql.SQL(" AND ").join(
            sql.SQL("t.{} = CAST(q.{} AS {})").format(sql.Identifier(name), sql.Identifier(f"k{at}"), sql.SQL(types[name]))
            for at, name in enumerate(keys)
        )
        names = sql.SQL(", ").join(sql.Identifier(f"k{at}") for at in range(len(keys)))
        values = sql.SQL(", ").join(
            sql.SQL("CAST(t.{} AS text)").format(sql.Identifier(name)) for name in self.config.columns.values()
        )
        arrays = sql.SQL(", ").join(sql.SQL("CAST(%s AS text[])") for _ in keys)
        text = "SELECT DISTINCT ON ({names}) {named}, {values} FROM unnest({arrays}) AS q({names}) JOIN {table} AS t ON {same}"
        named = sql.SQL(", ").join(sql.SQL("q.{}").format(sql.Identifier(f"k{at}")) for at in range(len(keys)))
        return sql.SQL(text).format(names=names, named=named, values=values, arrays=arrays, table=table, same=same)

    def _found(self, psycopg: Any, keys: Sequence[Key]) -> dict[Key, list[str | None]]:
        """Return what is known; keys that cannot be values of the table's columns are found by halving, and not known."""
        try:
            rows = self.connection.execute(self._query, [list(part) for part in zip(*keys, strict=True)]).fetchall()
        except psycopg.DataError:
            if len(keys) == 1:
                return {}
            middle = len(keys) // 2
            return {**self._found(psycopg, keys[:middle]), **self._found(psycopg, keys[middle:])}
        size = len(self.config.keys)
        return {tuple(row[:size]): list(row[size:]) for row in rows}

    def _hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def close(self) -> None:
        """Close the connection."""
        self._hang_up()
        self._files.close()
