"""The node that follows tables of PostgreSQL: what it can be set to, what is looked at beforehand, its samples."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from runnel.connectors.kafka.source import policy_of
from runnel.connectors.postgres.cdc_decoding import OWN, ChangeDecoder, type_of
from runnel.connectors.postgres.cdc_rows import Mask
from runnel.connectors.receiving.formats import MOST_BYTES
from runnel.errors import AuthoringError
from runnel.sdk import ColumnTypes, Connection, ConnectionMark, DeadLetters, Opened, Probe, field
from runnel.sdk.streaming import METADATA, Decoder, Reader, StreamConfig, StreamContext, StreamSource

SAMPLE_ROWS = 200


class CdcSource(StreamSource):
    """Gives the rows of tables and then every change of them, each once and in the order of their commits.

    `_op` is snapshot, insert, update, delete or truncate; `_before` holds what the row was, as far as the table tells
    (REPLICA IDENTITY). Changes wait in a log of the source until the stream has read them; the database is told after they
    are on disk.
    """

    kind = "source.postgres_cdc"
    title = "PostgreSQL changes"
    summary = "Rows of tables, and then every change of them as it is committed"
    icon = "database"
    synonyms = ("cdc", "change data capture", "postgres", "replication", "logical decoding", "debezium", "wal", "incremental")

    class Config(StreamConfig):
        """Which tables, from where, and what happens to their rows and columns."""

        connection: Annotated[str, ConnectionMark("postgres")] = field(title="Connection", help="The database.")
        tables: list[str] = field(title="Tables", min_length=1, help="Such as public.orders, or patterns: sales.*")
        snapshot: Literal["initial", "never"] = field(
            "initial", title="Rows that are there", widget="choice", help="initial reads them too, while changes go on."
        )
        columns: ColumnTypes = field(
            default_factory=dict, title="Types of columns", advanced=True, help="Where another type is wanted: name: type."
        )
        mask: dict[str, Mask] = field(
            default_factory=dict, title="Masked columns", widget="mapping",
            help="column or schema.table.column: hash, null or redact; the values are not kept anywhere.",
        )  # fmt: skip
        schema_change: Literal["evolve", "pause", "dead_letter"] = field(
            "evolve", title="When a table changes", widget="choice",
            help="evolve goes on, pause stops with what changed, dead_letter refuses the rows of the changed table.",
        )  # fmt: skip
        unchanged: Literal["mark", "fetch"] = field(
            "mark", title="Large values that did not change", advanced=True,
            help="mark names them in `_unchanged`; fetch asks for the value that the row has now.",
        )  # fmt: skip
        snapshot_rows: int = field(10_000, title="Rows of a chunk", ge=1, le=1_000_000, advanced=True)
        heartbeat_seconds: float = field(
            30.0, title="Sign of life", unit="seconds", ge=1, advanced=True,
            help="A message in the database's log, so that quiet tables do not hold it back.",
        )  # fmt: skip
        max_retained_bytes: int = field(
            10 * 1024**3, title="Alarm at", unit="bytes", ge=1024**2, advanced=True,
            help="An alarm is raised when the database keeps three quarters of this for us, or of its own limit.",
        )  # fmt: skip
        resnapshot: str = field(
            "", title="Read everything again", advanced=True, max_length=100,
            help="A new word here makes the slot anew and reads all rows again.",
        )  # fmt: skip
        max_bytes: int = field(
            MOST_BYTES, title="Most kept", unit="bytes", ge=1024**2, advanced=True,
            help="So much is kept that was not read yet; then the database keeps the rest.",
        )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the tables."""
        return ", ".join(config.tables)

    def identity(self, folder: str) -> str:
        """Change with the config."""
        return hashlib.sha256(self.config.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()

    def slot(self, context: StreamContext) -> str:
        """Return the name of slot and publication: one for this source of this pipeline in this project."""
        digest = hashlib.sha256(f"{context.home} {context.identity}".encode()).hexdigest()[:10]
        name = re.sub(r"[^a-z0-9_]", "_", f"{context.pipeline}_{context.node}".lower())[:40]
        return f"runnel_{name}_{digest}"

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Look at the tables: their columns, and everything that following them needs."""
        from runnel.connectors.files.source import given_types
        from runnel.connectors.postgres import cdc_doctor as doctor
        from runnel.connectors.postgres import cdc_session as sessions

        if self.outside is None:
            what = f"{self.id}: the tables cannot be looked at here"
            raise AuthoringError("RNL-CDC-003", what, "Look at them where connections are reachable.")
        with self._access(self.outside).session() as session:
            found = self._chosen(sessions.tables(session))
            user = sessions.rows(session, "SELECT current_user")[0][0]
            problems = doctor.server_problems(lambda query: sessions.rows(session, query))
        problems += doctor.table_problems(found, user, self.config.snapshot == "initial")
        notes = doctor.check(problems, self.id)
        columns: dict[str, str] = {}
        for table in found:
            for name, type in self._types(table).items():
                columns[name] = type if columns.get(name, type) == type else "VARCHAR"
        if taken := [name for name in columns if name in OWN or name in METADATA]:
            what = f"{self.id}: the column {taken[0]} has a name that changes have themselves"
            raise AuthoringError("RNL-CDC-004", what, "Rename it, or follow other tables.", {"field": "tables"})
        given = dict(given_types(connection, self.config.columns))
        if unknown := [name for name in given if name not in columns]:
            what = f"{self.id}: no table has a column {unknown[0]}"
            raise AuthoringError("RNL-CDC-004", what, f"Columns: {', '.join(columns)[:300]}.", {"field": "columns"})
        options = {"native": columns}
        return Probe({**columns, **given, **OWN}, options, self.identity(folder), notes=notes)

    def _types(self, table: Any) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, oid, modifier in zip(table.columns, table.types, table.modifiers, strict=True):
            mask = self.config.mask.get(f"{table.full}.{name}") or self.config.mask.get(name)
            made[name] = "VARCHAR" if mask in ("hash", "redact") else type_of(oid, modifier)
        return made

    def _chosen(self, tables: Sequence[Any]) -> list[Any]:
        """Return the tables that are named; raises AuthoringError for a name that none has."""
        found: dict[str, Any] = {}
        for wanted in self.config.tables:
            pattern = wanted if "." in wanted else f"public.{wanted}"
            several = [table for table in tables if fnmatch.fnmatchcase(table.full, pattern)]
            if not several:
                known = ", ".join(table.full for table in tables[:20]) or "none"
                what = f"{self.id}: the database has no table {wanted}"
                raise AuthoringError("RNL-CDC-003", what, f"Its tables: {known}.", {"field": "tables"})
            found |= {table.full: table for table in several}
        return list(found.values())

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return some rows as a snapshot would give them; without the network there are none."""
        if self.outside is None:
            nothing = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(name)}" for name, type in columns.items()) or "1"
            return Opened(f"(SELECT {nothing} WHERE false)", 0)
        from runnel.connectors.kafka.sampling import rows_of

        rows, refused = rows_of(self, self._sample(self.outside), connection, probe, columns)
        for raw, reason, position in refused:
            letters.add(raw, reason, position)
        name = f"sample:{self.id}"
        connection.register(name, rows)
        return Opened(_quoted(name), rows.num_rows)

    def _sample(self, context: StreamContext) -> Any:
        import time

        from runnel.connectors.postgres import cdc_session as sessions
        from runnel.connectors.postgres.cdc_pgoutput import lsn_number
        from runnel.connectors.postgres.cdc_rows import RowWriter
        from runnel.connectors.postgres.cdc_snapshot import sampled
        from runnel.connectors.receiving.formats import raw_table

        lines: list[tuple[bytes, str | None]] = []
        writer = RowWriter(self.config.mask, self._mask_secret(context))
        with self._access(context).session() as session:
            found = self._chosen(sessions.tables(session))
            now = lsn_number(sessions.rows(session, "SELECT pg_current_wal_lsn()::text")[0][0])
            for table in found[:20]:
                shape = writer.shape(table.full, table.columns, table.key)
                rows = sampled(session, table, max(1, SAMPLE_ROWS // len(found)))
                lines += [(writer.snapshot(table.full, shape, row, now, int(time.time() * 1e6)), None) for row in rows]
        return raw_table(lines)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the log of this source and follows the tables into it."""
        from runnel.connectors.postgres import cdc_session as sessions
        from runnel.connectors.postgres.cdc_place import Places
        from runnel.connectors.postgres.cdc_receiving import CdcReceiver, Wanted
        from runnel.connectors.receiving.reading import ReceivingReader

        config, access = self.config, self._access(context)

        def making(appending: Any, log: Any, state: Any) -> CdcReceiver:
            with access.session() as session:
                found = self._chosen(sessions.tables(session))
            wanted = Wanted(
                tuple(found), self.slot(context), config.snapshot == "initial", config.snapshot_rows, config.schema_change,
                config.mask, self._mask_secret(context), config.unchanged == "fetch", config.heartbeat_seconds,
                config.max_retained_bytes, config.resnapshot,
            )  # fmt: skip
            return CdcReceiver(self.id, appending, Places(log, state), access, wanted)

        return ReceivingReader(context, making, config.max_bytes, _plain)

    def holds(self) -> str:
        """Name slot and publication."""
        return "a replication slot and a publication in the database"

    def forget(self, context: StreamContext) -> None:
        """Drop slot and publication, and the log with what was read of them; raises ConnectorError."""
        from runnel.connectors.postgres import cdc_session as sessions
        from runnel.connectors.receiving.formats import forget_log

        with self._access(context).session() as session:
            sessions.drop(session, self.slot(context))
        forget_log(context)

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes the records of the log."""
        own = {name: type for name, type in columns.items() if name not in METADATA}
        return ChangeDecoder(own, probe.options["native"])

    def _mask_secret(self, context: StreamContext) -> bytes:
        return hashlib.sha256(f"mask {context.pipeline} {context.node}".encode()).digest()

    def _access(self, context: StreamContext) -> Any:
        from runnel.connectors.postgres.cdc_session import Access
        from runnel.connectors.postgres.connection import PostgresOptions

        options = PostgresOptions.model_validate(dict(context.connections[self.config.connection]))
        folder = f"{context.home}/logs/{context.pipeline}.{context.node}" if context.pipeline else f"{context.home}/samples"
        return Access(options, policy_of(context.egress), folder)


def _plain(table: Any) -> Any:
    """Return a table of the log without what came with its pieces: that is for the receiver."""
    import pyarrow as pa

    count = table.num_rows
    return pa.table({
        "value": table.column("value").cast(pa.binary()), "_position": table.column("sequence"),
        "_ingest_time": table.column("ingest_time"), "_headers": pa.nulls(count, pa.map_(pa.string(), pa.string())),
    })  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
