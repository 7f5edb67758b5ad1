"""The node that writes rows to a table of PostgreSQL: appended, updated by key, or deleted by key; each epoch once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from runnel.errors import AuthoringError
from runnel.sdk import Connection, ConnectionMark, Finding, Relation, Target, Where, Written, field
from runnel.sdk.delivery import Delivery, DeliveryConfig, DeliveryContext, StreamSink
from runnel.sdk.names import nearest_column, resolve_column
from runnel.sdk.streaming import OP


class PostgresSink(StreamSink):
    """Writes rows to a table; the epoch is noted in the transaction that writes its rows, so that none counts twice.

    The markers of all streams stand in the table `runnel_markers` of the same database. A row that the table refuses (a
    value out of range, a broken constraint) becomes a dead letter, and the others are written.
    """

    kind = "sink.postgres"
    title = "PostgreSQL"
    summary = "Write rows to a table of PostgreSQL"
    icon = "database"
    synonyms = ("postgres", "database", "sql", "table", "insert", "upsert", "copy", "timescale")
    guarantee = "exactly_once"

    class Config(DeliveryConfig):
        """Which table, and what becomes of rows that are there."""

        connection: Annotated[str, ConnectionMark("postgres")] = field(title="Connection", help="The database.")
        table: str = field(title="Table", help="Its name, with the schema before a dot where needed.", min_length=1,
                           pattern=r"^[^.\x00]{1,63}(\.[^.\x00]{1,63})?$")  # fmt: skip
        mode: Literal["append", "upsert", "delete"] = field(
            "append", title="Mode", widget="choice",
            help="append adds rows; upsert replaces the row of the same key; delete removes the rows of the keys.",
        )  # fmt: skip
        key: list[str] = field(default_factory=list, title="Key", widget="columns",
                               help="upsert, delete: the columns that say which row is which.")  # fmt: skip
        create: bool = field(True, title="Make the table", help="Make the table if it is not there.", advanced=True)

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the table and the mode."""
        return f"table {config.table} · {config.mode}"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report a missing or unknown key, and changes that need one."""
        if self.config.mode == "append" and OP in inputs["input"].columns:
            what = f"the rows are changes (`{OP}`), which mode append cannot apply: it has no key"
            hint = f"Use mode upsert with a key, or leave `{OP}` out before it (table.drop) to add each change as a row."
            yield Finding("RNL-STREAM-007", "error", what, hint, Where(field="mode"))
        if self.config.mode != "append" and not self.config.key:
            what = f"mode {self.config.mode} needs `key`"
            yield Finding("RNL-CONFIG-002", "error", what, "Name the key columns.", Where(field="key"))
        for name in self.config.key:
            if resolve_column(inputs["input"], name) is None:
                yield nearest_column(inputs["input"], name, Where(field="key"))

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def target(self, folder: str) -> Target:
        """Return the table."""
        return Target(f"{self.config.connection}: {self.config.table}", "table", self.config.mode == "append")

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Refuse: a run that ends has no epochs to note."""
        what = f"{self.id} writes to PostgreSQL in streams only"
        raise AuthoringError("RNL-POSTGRES-010", what, "Read a source without end, or save a dataset.")

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Return what writes the epochs."""
        from runnel.connectors.postgres.delivering import PostgresDelivery

        return PostgresDelivery(self.config, context)
