"""The node that writes rows to a topic of Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from runnel.errors import AuthoringError
from runnel.sdk import Connection, ConnectionMark, Finding, Relation, Target, Where, Written, field
from runnel.sdk.delivery import Delivery, DeliveryConfig, DeliveryContext, Guarantee, StreamSink
from runnel.sdk.names import nearest_column, resolve_column


class KafkaSink(StreamSink):
    """Writes each row as one record of a topic: exactly once for readers that read committed records only.

    Every record carries the headers `runnel-app`, `runnel-epoch` and `runnel-row`: two records with the same three are
    the same row, by which readers of a topic that is written at least once remove doubles.
    """

    kind = "sink.kafka"
    title = "Kafka"
    summary = "Write rows to a topic of Kafka"
    icon = "radio"
    synonyms = ("topic", "kafka", "redpanda", "message queue", "publish", "producer", "events", "emit")
    guarantee = "exactly_once"

    class Config(DeliveryConfig):
        """Which topic, and what of a row is written."""

        connection: Annotated[str, ConnectionMark("kafka")] = field(title="Connection", help="The cluster.")
        topic: str = field(title="Topic", help="It must exist.", min_length=1, max_length=249)
        format: Literal["json", "text", "bytes"] = field(
            "json", title="Format", help="json: an object of all columns; text and bytes: one column.", widget="choice"
        )
        value: str | None = field(None, title="Column of the value", help="text, bytes: which column.", widget="column",
                                  when={"format": ("text", "bytes")})  # fmt: skip
        key: str | None = field(
            None,
            title="Key",
            help="The column whose value is the key: rows of one key stay in their order.",
            widget="column",
        )
        deleted: str | None = field(
            None, title="Column of deletions", widget="column", advanced=True,
            help="Where this column is true, the record has no value: a compacted topic forgets the key.",
        )  # fmt: skip
        delivery: Literal["exactly_once", "at_least_once"] = field(
            "exactly_once", title="Delivery", widget="choice", advanced=True,
            help="exactly_once writes in transactions; at_least_once may write a row again after a failure.",
        )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the topic."""
        return f"topic {config.topic}"

    @classmethod
    def guarantee_of(cls, config: Any) -> Guarantee:
        """Return what the config asks for."""
        return config.delivery

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report columns that are missing."""
        config = self.config
        if config.format != "json" and not config.value:
            what = f"format {config.format} needs the column of the value"
            yield Finding("RNL-CONFIG-002", "error", what, "Name it in `value`.", Where(field="value"))
        for setting in ("value", "key", "deleted"):
            name = getattr(config, setting)
            if name and resolve_column(inputs["input"], name) is None:
                yield nearest_column(inputs["input"], name, Where(field=setting))

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def target(self, folder: str) -> Target:
        """Return the topic."""
        return Target(f"topic {self.config.topic} of {self.config.connection}", "topic", True)

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Refuse: only a stream knows the epochs by which a row is written once."""
        what = f"{self.id} writes to Kafka, which only a stream can do"
        raise AuthoringError(
            "RNL-KAFKA-041", what, "Read from a source without end, such as source.kafka or source.ingest."
        )

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Return what writes; nothing is opened yet."""
        from runnel.connectors.kafka.cluster import client_settings
        from runnel.connectors.kafka.producing import KafkaDelivery
        from runnel.connectors.kafka.source import policy_of

        config, egress = self.config, policy_of(context.egress)
        given = context.connections[config.connection]
        return KafkaDelivery(
            lambda: client_settings(given, egress), config.topic, shaped(config), app=context.app, token=context.token,
            exactly_once=config.delivery == "exactly_once", egress=egress,
        )  # fmt: skip


def shaped(config: Any) -> Callable[[Any], Sequence[Any]]:
    """Return what turns rows into messages under a config."""
    from runnel.connectors.kafka.producing import Message

    def shape(rows: Any) -> list[Message]:
        values = _values(rows, config)
        keys = [None] * rows.num_rows if config.key is None else _bytes(rows.column(_named(rows, config.key)))
        gone = [False] * rows.num_rows
        if config.deleted is not None:
            gone = rows.column(_named(rows, config.deleted)).to_pylist()
        return [
            Message(None if deleted else value, key) for value, key, deleted in zip(values, keys, gone, strict=True)
        ]

    return shape


def _values(rows: Any, config: Any) -> Sequence[bytes | None]:
    if config.format != "json":
        return _bytes(rows.column(_named(rows, config.value)))
    import duckdb

    own = rows.drop_columns([_named(rows, config.deleted)]) if config.deleted else rows
    with duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("_rows", own)
        made = connection.sql("SELECT CAST(to_json(_rows) AS VARCHAR) AS v FROM _rows").to_arrow_table()
    return _bytes(made.column("v"))


def _bytes(column: Any) -> list[bytes | None]:
    """Return a column's values as bytes: texts as UTF-8, bytes as they are, others as they are printed."""
    import pyarrow as pa

    if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        column = column.cast(pa.string())
    return [value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value for value in column.to_pylist()]


def _named(rows: Any, name: str) -> str:
    """Return a column's name as it is written; names are alike whatever their case."""
    if name in rows.column_names:
        return name
    return next(one for one in rows.column_names if one.lower() == name.lower())
