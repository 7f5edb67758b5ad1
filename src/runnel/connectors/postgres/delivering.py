"""Writes epochs to PostgreSQL: in one transaction the marker is locked, the rows are written, and the marker moves on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from runnel.connectors.postgres.connection import PostgresOptions, driver_settings
from runnel.connectors.postgres.tables import column_type, writer_of
from runnel.errors import ConnectorError, InternalError
from runnel.sdk.delivery import Delivered, DeliveryContext, EpochRows, Refused
from runnel.sdk.egress import EgressPolicy, resolve
from runnel.sdk.tls import private_files

MARKERS = """CREATE TABLE IF NOT EXISTS runnel_markers (
    app text PRIMARY KEY, epoch bigint NOT NULL, token bigint NOT NULL, refused jsonb NOT NULL DEFAULT '[]',
    pipeline text NOT NULL, node text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())"""
OP = "_op"
MOST_REFUSED = 1000
OWNERS = 1383427180
"""Who delivers holds an advisory lock of this class, by which its successor finds its session."""
OWNER_ENDS = """SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
    AND classid::bigint = %s AND objid::bigint = %s AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
IDLE_SECONDS = 60


class PostgresDelivery:
    """Implements `sdk.Delivery` for one table.

    The marker's row is there before the first delivery. A delivering transaction first locks it, and goes on only where
    it is at the epoch that this process knows and its token is not newer: of two writers the older one is refused.
    """

    def __init__(self, config: Any, context: DeliveryContext) -> None:
        self.config = config
        self.context = context
        self.connection: Any = None
        self.epoch = 0
        self._files = ExitStack()

    def open(self) -> Delivered:
        """Connect, make marker and table where they are missing, and return what the marker says."""
        import psycopg

        self._hang_up()
        try:
            self.connection = psycopg.connect(**self._settings())
            with self.connection.transaction():
                self._supplant()
            with self.connection.transaction():
                return self._marked()
        except psycopg.Error as error:
            raise _unreachable(error, self.context.node) from error

    def _settings(self) -> dict[str, Any]:
        options = PostgresOptions.model_validate(self.context.connections[self.config.connection])
        given = self.context.egress
        policy = EgressPolicy.from_json(given) if isinstance(given, dict) else given or EgressPolicy(confined=False)
        file = None
        if options.ca_certificate:
            file = self._files.enter_context(private_files(self.context.scratch, options.ca_certificate))[0]
        return driver_settings(options, resolve(options.host, options.port, policy), file)

    def _supplant(self) -> None:
        """End the session of an owner before this one that holds the marker: a frozen process would hold it for ever."""
        run, app = self.connection.execute, self.context.app
        key = zlib.crc32(app.encode())
        there = run("SELECT to_regclass('runnel_markers')").fetchone()
        if there is not None and there[0] is not None:
            marker = run("SELECT token FROM runnel_markers WHERE app = %s", [app]).fetchone()
            if marker is not None and int(marker[0]) > self.context.token:
                raise self._overtaken()
            free = run("SELECT 1 FROM runnel_markers WHERE app = %s FOR UPDATE SKIP LOCKED", [app]).fetchone()
            if marker is not None and free is None:
                run(OWNER_ENDS, [OWNERS, key])
        run("SELECT pg_advisory_lock_shared(%s, %s)", [OWNERS, key - 2**32 if key >= 2**31 else key])
        run(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")

    def _marked(self) -> Delivered:
        run, context = self.connection.execute, self.context
        run("SELECT pg_advisory_xact_lock(7235926214)")  # two that make the same tables at once would both fail
        run("SET LOCAL client_min_messages = warning")
        run(MARKERS)
        run(
            "INSERT INTO runnel_markers (app, epoch, token, pipeline, node) VALUES (%s, 0, %s, %s, %s) ON CONFLICT DO NOTHING",
            [context.app, context.token, context.pipeline, context.node],
        )
        row = run(
            "UPDATE runnel_markers SET token = %s WHERE app = %s AND token <= %s RETURNING epoch, refused",
            [context.token, context.app, context.token],
        ).fetchone()
        if row is None:
            raise self._overtaken()
        if self.config.create:
            self._make_table()
        self.epoch = int(row[0])
        return Delivered(self.epoch, tuple(Refused(*item) for item in row[1]))

    def _make_table(self) -> None:
        columns = [f"{quoted(name)} {column_type(type)}" for name, type in self.context.types.items() if name != OP]
        if self.config.mode != "append":
            columns.append(f"PRIMARY KEY ({', '.join(map(quoted, self.config.key))})")
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table_name(self.config.table)} ({', '.join(columns)})")

    def _overtaken(self) -> InternalError:
        what = f"another process delivers to {self.config.table} of {self.context.node}"
        return InternalError("RNL-STREAM-032", what, "This one ends; nothing of it counts any more.")

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Write the epochs after the marker in one transaction."""
        import psycopg

        if self.connection is None:
            raise ConnectorError("RNL-POSTGRES-011", f"{self.context.node} is not connected", "", retryable=True)
        refused: list[Refused] = []
        last = epochs[-1].epoch
        try:
            with self.connection.transaction():
                row = self.connection.execute(
                    "SELECT epoch, token FROM runnel_markers WHERE app = %s FOR UPDATE", [self.context.app]
                ).fetchone()
                if row is None or int(row[1]) > self.context.token:
                    raise self._overtaken()
                fresh = [item for item in epochs if item.epoch > int(row[0])]
                for item in fresh:
                    self._write(item, list(range(item.rows.num_rows)), refused)
                told = json.dumps([[one.epoch, one.row, one.reason] for one in refused[:MOST_REFUSED]])
                self.connection.execute(
                    "UPDATE runnel_markers SET epoch = %s, token = %s, refused = %s, updated_at = now() WHERE app = %s",
                    [max(last, int(row[0])), self.context.token, told, self.context.app],
                )
        except psycopg.Error as error:
            self._hang_up()
            raise _unreachable(error, self.context.node) from error
        self.epoch = last
        return Delivered(last, tuple(refused))

    def _write(self, item: EpochRows, rows: list[int], refused: list[Refused]) -> None:
        """Write rows of an epoch; where the table refuses some, they are found by halving."""
        import psycopg

        if not rows:
            return
        try:
            with self.connection.transaction():
                self._load(item.rows.take(rows) if len(rows) < item.rows.num_rows else item.rows)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(rows) == 1:
                refused.append(Refused(item.epoch, rows[0], str(error).strip().splitlines()[0]))
                return
            half = len(rows) // 2
            self._write(item, rows[:half], refused)
            self._write(item, rows[half:], refused)

    def _load(self, rows: Any) -> None:
        if OP in rows.column_names:
            self._changes(rows)
        elif self.config.mode == "append":
            self._copy(table_name(self.config.table), rows)
        elif self.config.mode == "upsert":
            self._upsert(rows)
        else:
            self._delete(rows)

    def _changes(self, rows: Any) -> None:
        """Apply change rows: deletions first, then what is there afterwards, the last of each key."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        last = self._last_of_keys(rows)
        gone = pc.equal(last.column(OP), "delete")
        self._delete(last.filter(gone).drop_columns([OP]))
        kept = last.filter(pc.invert(gone)).drop_columns([OP])
        if kept.num_rows:
            assert isinstance(kept, pa.Table)
            self._upsert(kept)

    def _last_of_keys(self, rows: Any) -> Any:
        """Return the last row of each key, in the order of the rows."""
        keys = list(zip(*(rows.column(name).to_pylist() for name in self.config.key), strict=True))
        last = {key: number for number, key in enumerate(keys)}
        return rows if len(last) == len(keys) else rows.take(sorted(last.values()))

    def _copy(self, table: str, rows: Any) -> None:
        names = ", ".join(map(quoted, rows.column_names))
        writers = [writer_of(self.context.types[name]) for name in rows.column_names]
        columns = [
            column.to_pylist() if writer is None else list(map(writer, column.to_pylist()))
            for column, writer in zip(rows.columns, writers, strict=True)
        ]
        with self.connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in zip(*columns, strict=True):
                copy.write_row(row)

    def _staged(self, rows: Any) -> str:
        """Copy rows into a table of this transaction; returns its name."""
        columns = ", ".join(f"{quoted(name)} {column_type(self.context.types[name])}" for name in rows.column_names)
        self.connection.execute("DROP TABLE IF EXISTS pg_temp.runnel_rows")
        self.connection.execute(f"CREATE TEMP TABLE runnel_rows ({columns}) ON COMMIT DROP")
        self._copy("pg_temp.runnel_rows", rows)
        return "pg_temp.runnel_rows"

    def _upsert(self, rows: Any) -> None:
        staged = self._staged(self._last_of_keys(rows))
        names = ", ".join(map(quoted, rows.column_names))
        key = ", ".join(map(quoted, self.config.key))
        others = [name for name in rows.column_names if name not in self.config.key]
        sets = ", ".join(f"{quoted(name)} = EXCLUDED.{quoted(name)}" for name in others)
        then = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
        text = f"INSERT INTO {table_name(self.config.table)} ({names}) SELECT {names} FROM {staged} ON CONFLICT ({key}) {then}"
        self.connection.execute(text)

    def _delete(self, rows: Any) -> None:
        if not rows.num_rows:
            return
        staged = self._staged(rows.select(self.config.key))
        same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in self.config.key)
        self.connection.execute(f"DELETE FROM {table_name(self.config.table)} t USING {staged} s WHERE {same}")

    def close(self) -> None:
        """Give the connection back."""
        self._hang_up()
        self._files.close()

    def _hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def quoted(name: str) -> str:
    """Return a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def table_name(written: str) -> str:
    """Return the quoted name of a table, with its schema where one is given."""
    return ".".join(map(quoted, written.split(".")))


def _unreachable(error: Exception, node: str) -> ConnectorError:
    """Return our error; what a person must mend (a table that is not there, rights) is not tried again by itself."""
    import psycopg

    words = str(error).strip().splitlines()
    text = words[0] if words else type(error).__name__
    mend = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InsufficientPrivilege,
            psycopg.errors.DatatypeMismatch, psycopg.errors.InvalidColumnReference)  # fmt: skip
    hint = "Look at the table and at the rights of the user." if isinstance(error, mend) else "It is tried again."
    return ConnectorError("RNL-POSTGRES-011", f"{node}: {text}", hint, {"node": node}, not isinstance(error, mend))
