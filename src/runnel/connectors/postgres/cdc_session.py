"""Connections for following changes, what must be there for it (publication, slot, rights), and what is wrong with it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runnel.connectors.postgres.connection import PostgresConnector, PostgresOptions, driver_settings
from runnel.errors import ConnectorError
from runnel.sdk.connector import missing_driver
from runnel.sdk.egress import EgressPolicy, resolve
from runnel.sdk.tls import private_files

_SETTINGS = (
    "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex "
    "-c idle_in_transaction_session_timeout=0 -c statement_timeout=0 -c lock_timeout=0 -c search_path=pg_catalog"
)
AGAIN_HINT = "Set `resnapshot` to a new word: the slot is made anew, and all rows are read again."
PREFIX = "runnel"


@dataclass(frozen=True)
class Table:
    """A table that is followed: its columns with type ids, modifiers and names of types, and its key."""

    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[int, ...]
    modifiers: tuple[int, ...]
    key: tuple[str, ...]
    identity: str = "d"
    owned: bool = True
    readable: bool = True

    @property
    def full(self) -> str:
        """Its name with the schema."""
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """Its name as SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def signature(self) -> list[list[Any]]:
        """What must stay the same for its schema not to have changed."""
        return [list(item) for item in zip(self.columns, self.types, self.modifiers, strict=True)]


@dataclass(frozen=True)
class Access:
    """How the database is reached."""

    options: PostgresOptions
    policy: EgressPolicy
    folder: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @contextlib.contextmanager
    def session(self, *, replication: bool = False) -> Iterator[Any]:
        """Yield a connection that commits by itself; raises ConnectorError, a retryable one for what may pass."""
        psycopg2 = driver()
        from psycopg2.extras import LogicalReplicationConnection

        place = resolve(self.options.host, self.options.port, self.policy)
        with contextlib.ExitStack() as held:
            ca_file = None
            if self.options.ca_certificate:
                os.makedirs(self.folder, exist_ok=True)
                ca_file = held.enter_context(private_files(self.folder, self.options.ca_certificate))[0]
            settings = {**driver_settings(self.options, place, ca_file), "options": _SETTINGS}
            more = {"connection_factory": LogicalReplicationConnection} if replication else {}
            try:
                made = psycopg2.connect(**settings, **more)
            except psycopg2.Error as error:
                raise told(error, f"connecting to {self.options.host}") from error
        try:
            if not replication:
                made.autocommit = True
            yield made
        finally:
            with contextlib.suppress(psycopg2.Error):
                made.close()


def driver() -> Any:
    """Return the driver; raises ConnectorError where it is not installed."""
    try:
        import psycopg2
    except ImportError as error:
        raise missing_driver(PostgresConnector, "psycopg2") from error
    return psycopg2


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def rows(session: Any, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a query and return its rows; raises ConnectorError."""
    psycopg2 = driver()
    try:
        with session.cursor() as cursor:
            cursor.execute(query, tuple(values) or None)
            return cursor.fetchall() if cursor.description else []
    except psycopg2.Error as error:
        raise told(error, "asking the database") from error


def told(error: Exception, doing: str) -> ConnectorError:
    """Put an error of the driver into words; what cannot be cured by waiting is not retryable."""
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    text = words.rpartition("FATAL:")[2].strip() or words
    low = text.lower()
    if "replication slot" in low and "does not exist" in low:
        return slot_gone(text)
    if "can no longer" in low or "requested wal segment" in low or "wal_removed" in low or "invalidated" in low:
        what = f"{doing}: {text}: changes that were not read are gone"
        return ConnectorError("RNL-CDC-006", what, AGAIN_HINT)
    passing = getattr(error, "pgcode", None) in (None, "57P01", "57P02", "57P03", "55006", "53300", "40001", "57014")
    lasting = ("password", "pg_hba", "role", "permission", "certificate", "does not exist")
    passing = passing and not any(part in low for part in lasting)
    hint = "It is tried again by itself." if passing else "Check the connection and the rights of its user."
    return ConnectorError("RNL-CDC-001", f"{doing}: {text}", hint, retryable=passing)


def slot_gone(words: str) -> ConnectorError:
    """Return the error for a slot that somebody dropped."""
    what = f"the replication slot of this source is gone ({words}): changes since then are not known"
    return ConnectorError("RNL-CDC-005", what, AGAIN_HINT)


_TABLES = """
SELECT n.nspname, c.relname, c.relreplident, a.attname, a.atttypid, a.atttypmod,
    coalesce(a.attnum = ANY (i.indkey), false), pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),
    coalesce(array_position(i.indkey::int2[], a.attnum), 0)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY n.nspname, c.relname, a.attnum
"""


def tables(session: Any) -> list[Table]:
    """Return all tables of the database that could be followed."""
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in rows(session, _TABLES):
        found.setdefault((row[0], row[1]), []).append(row)
    return [
        Table(
            schema, name, tuple(row[3] for row in items), tuple(row[4] for row in items), tuple(row[5] for row in items),
            tuple(row[3] for row in sorted(items, key=lambda row: row[9]) if row[6]), items[0][2], items[0][7], items[0][8],
        )
        for (schema, name), items in found.items()
    ]  # fmt: skip


def publish(session: Any, publication: str, wanted: Sequence[Table]) -> None:
    """Make the publication, or give it these tables."""
    names = ", ".join(table.sql for table in wanted)
    more = " WITH (publish_via_partition_root = true)"
    known = rows(session, "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = %s", [publication])
    if not known and not rows(session, "SELECT 1 FROM pg_publication WHERE pubname = %s", [publication]):
        rows(session, f"CREATE PUBLICATION {quoted(publication)} FOR TABLE {names}{more}")
    elif {(table.schema, table.name) for table in wanted} != set(known):
        rows(session, f"ALTER PUBLICATION {quoted(publication)} SET TABLE {names}")


def drop(session: Any, name: str) -> None:
    """Drop slot and publication of a source, whether they are there or not."""
    rows(session, "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active", [name])
    for _ in range(50):
        active = rows(session, "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", [name])
        if not active:
            break
        rows(session, "SELECT pg_sleep(0.1)")
    rows(session, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [name])
    rows(session, f"DROP PUBLICATION IF EXISTS {quoted(name)}")
