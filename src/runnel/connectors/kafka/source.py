"""The node that reads topics of Kafka: what it can be set to, how its records are decoded, and its samples."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import model_validator

from runnel.connectors.decoding.records import RecordDecoder, Tombstones
from runnel.errors import AuthoringError
from runnel.sdk import ColumnTypes, Connection, ConnectionMark, DeadLetters, Opened, PathMark, Probe, field
from runnel.sdk.streaming import METADATA, Decoder, Reader, StreamConfig, StreamContext, StreamSource

Format = Literal["json", "ndjson", "csv", "avro", "text", "bytes"]
_TYPED = ("json", "ndjson", "csv")


class KafkaSource(StreamSource):
    """Gives the records of topics, each once: its positions are the offsets, which Runnel keeps itself.

    Records that were removed before they were read, and a topic that was made anew, stop the stream with an error that
    names the gap. `outside` is what a look may use of the network; without it columns are known from the config alone.
    """

    kind = "source.kafka"
    title = "Kafka"
    summary = "Records of Kafka topics, as they come"
    icon = "radio"
    synonyms = (
        "topic",
        "kafka",
        "redpanda",
        "message queue",
        "events",
        "stream",
        "avro",
        "schema registry",
        "consumer",
    )
    outside: StreamContext | None = None

    class Config(StreamConfig):
        """Which topics, from where, and how their records are written."""

        connection: Annotated[str, ConnectionMark("kafka")] = field(title="Connection", help="The cluster.")
        topics: list[str] = field(default_factory=list, title="Topics", help="Names of topics.")
        pattern: str | None = field(
            None,
            title="Pattern of topics",
            help="A regular expression that whole names fit; new ones are found.",
            advanced=True,
        )
        format: Format = field("json", title="Format", help="How a record's value is written.", widget="choice")
        columns: ColumnTypes = field(
            default_factory=dict, title="Columns",
            help="Name: type. Left open: found in a sample, or in the schema. CSV: all fields, in their order.",
        )  # fmt: skip
        start: Literal["earliest", "latest", "time", "position"] = field(
            "earliest", title="First start", help="Where reading begins when the stream is started for the first time."
        )
        start_time: str | None = field(
            None, title="From this time", help="Such as 2026-01-01T00:00:00Z.", when={"start": ("time",)}
        )
        start_positions: dict[str, int] = field(
            default_factory=dict, title="From these offsets", when={"start": ("position",)}, widget="mapping",
            help="Such as orders/0: 1200; the other partitions begin at their first record.",
        )  # fmt: skip
        delimiter: str = field(",", title="Separator", help="CSV: one character.", min_length=1, max_length=1,
                               advanced=True, when={"format": ("csv",)})  # fmt: skip
        registry: Annotated[str | None, ConnectionMark("schema_registry")] = field(
            None, title="Schema registry", help="Where records begin with the id of their schema (Avro, JSON).",
            when={"format": ("avro", "json")},
        )  # fmt: skip
        subject: str | None = field(
            None, title="Subject", help="Whose latest schema names the columns; else that of the first topic's values.",
            advanced=True, when={"format": ("avro",)},
        )  # fmt: skip
        schema_file: Annotated[str | None, PathMark("read")] = field(
            None, title="Schema file", help="Avro: a file .avsc that names the columns, in place of the registry's latest.",
            advanced=True, widget="path", when={"format": ("avro",)},
        )  # fmt: skip
        tombstones: Tombstones = field(
            "reject", title="Records without a value", advanced=True, widget="choice",
            help="reject makes them dead letters, skip leaves them out, row gives a row without values.",
        )  # fmt: skip
        deleted: str | None = field(
            None, title="Column of deletions", advanced=True, when={"tombstones": ("row",)},
            help="The name of a column that is true for records without a value.",
        )  # fmt: skip
        uncommitted: bool = field(
            False,
            title="Read open transactions",
            help="Also records of transactions that are not committed.",
            advanced=True,
        )
        group: str | None = field(
            None, title="Consumer group", advanced=True,
            help="The name under which other tools see how far this is; Runnel itself does not read it.",
        )  # fmt: skip

        @model_validator(mode="after")
        def _whole(self) -> KafkaSource.Config:
            if not self.topics and not self.pattern:
                raise ValueError("name topics, or a pattern of them")
            if self.start == "time" and not self.start_time:
                raise ValueError("a start by time needs start_time")
            if self.format == "avro" and not self.registry and not self.schema_file:
                raise ValueError("Avro needs a schema registry or a schema file")
            if self.format == "csv" and not self.columns:
                raise ValueError("CSV needs its columns, in the order of the fields")
            return self

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the topics."""
        return ", ".join([*config.topics, *([f"/{config.pattern}/"] if config.pattern else [])])

    def reads(self, folder: str) -> Sequence[str]:
        """Return the schema file."""
        if self.granted is not None:
            return self.granted
        name = self.config.schema_file
        return (os.path.join(folder, name),) if name else ()

    def identity(self, folder: str) -> str:
        """Change with the config and with the schema file."""
        found = [self.config.model_dump_json()]
        for path in self.reads(folder):
            if os.path.exists(path):
                known = os.stat(path)
                found.append(f"{path} {known.st_mtime_ns} {known.st_size}")
        return hashlib.sha256("\n".join(found).encode("utf-8", "surrogatepass")).hexdigest()

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Find the columns: given ones, those of the schema, or those of a sample."""
        options: dict[str, Any] = {}
        notes: list[str] = []
        config = self.config
        if config.format == "avro":
            from runnel.connectors.decoding.avro_records import columns_of

            options["schema"] = self._schema(folder)
            columns = {**columns_of(options["schema"]), **_typed(connection, config.columns)}
        elif config.format in _TYPED:
            columns = _typed(connection, config.columns)
            if not columns:
                columns, note = self._looked(connection)
                notes.append(note)
        else:
            columns = {"value": "VARCHAR" if config.format == "text" else "BLOB"}
        if config.deleted:
            columns[config.deleted] = "BOOLEAN"
        return Probe(columns, options, self.identity(folder), tuple(self.reads(folder)), notes=tuple(notes))

    def _schema(self, folder: str) -> Any:
        """Return the reader's schema: the file's, or the latest of the subject."""
        for path in self.reads(folder):
            try:
                with open(path, encoding="utf-8") as opened:
                    return json.load(opened)
            except (OSError, ValueError) as error:
                what = f"reading the schema {self.config.schema_file}: {error}"
                raise AuthoringError(
                    "RNL-KAFKA-030", what, "Give a file of Avro's JSON.", {"field": "schema_file"}
                ) from error
        subject = self.config.subject or f"{self.config.topics[0] if self.config.topics else ''}-value"
        found = self._registry_client().latest(subject)
        if found is None:
            known = ", ".join(self._registry_client().subjects()[:10]) or "none"
            what = f"the registry has no subject {subject}"
            raise AuthoringError("RNL-KAFKA-031", what, f"Its subjects: {known}.", {"field": "subject"})
        return found

    def _registry_client(self) -> Any:
        from runnel.connectors.decoding.registry import RegistryClient

        outside = self._outside("the schema of the records", "schema_file")
        return RegistryClient(outside.connections[self.config.registry or ""], policy_of(outside.egress))

    def _outside(self, wanted: str, field: str) -> StreamContext:
        if self.outside is None:
            what = f"{self.id}: {wanted} cannot be looked up here"
            raise AuthoringError("RNL-KAFKA-032", what, f"Give `{field}`.", {"field": field})
        return self.outside

    def _looked(self, connection: Connection) -> tuple[dict[str, str], str]:
        from runnel.connectors.kafka.sampling import columns_in, sample

        raw = sample(self, self._outside("the columns of the records", "columns"))
        columns = columns_in(connection, raw)
        if not columns:
            what = f"{self.id}: a sample of {raw.num_rows} records has no object of JSON"
            raise AuthoringError("RNL-KAFKA-033", what, "Give `columns`, or another format.", {"field": "columns"})
        return columns, f"columns found in the first {raw.num_rows} records"

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return a sample for previews; without the network there is none."""
        if self.outside is None:
            nothing = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(name)}" for name, type in columns.items()) or "1"
            return Opened(f"(SELECT {nothing} WHERE false)", 0)
        from runnel.connectors.kafka.sampling import sampled_rows

        rows, refused = sampled_rows(self, self.outside, connection, probe, columns)
        for raw, reason, position in refused:
            letters.add(raw, reason, position)
        name = f"sample:{self.id}"
        connection.register(name, rows)
        return Opened(_quoted(name), rows.num_rows)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the topics; nothing is opened yet."""
        from runnel.connectors.kafka.cluster import client_settings
        from runnel.connectors.kafka.reading import KafkaReader

        self.outside = context
        egress = policy_of(context.egress)
        given = context.connections[self.config.connection]
        return KafkaReader(
            lambda: client_settings(given, egress), self.wanted(), egress=egress, mine=context.mine,
            group=self.config.group or context.identity,
        )  # fmt: skip

    def wanted(self) -> Any:
        """Return what is read, as the reader takes it."""
        from runnel.connectors.kafka.reading import Wanted

        config = self.config
        begun = _milliseconds(config.start_time) if config.start == "time" else 0
        return Wanted(
            tuple(config.topics),
            config.pattern,
            config.start,
            begun,
            dict(config.start_positions),
            not config.uncommitted,
        )

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes the values of records."""
        deleted = self.config.deleted
        own = {name: type for name, type in columns.items() if name != deleted and name not in METADATA}
        return RecordDecoder(
            self._format(probe, own), own, self.config.tombstones, deleted if deleted in columns else None
        )

    def _format(self, probe: Probe, columns: Mapping[str, str]) -> Any:
        config = self.config
        if config.format == "avro":
            from runnel.connectors.decoding.avro_records import AvroFormat

            return AvroFormat(columns, probe.options["schema"], self._registry_client() if config.registry else None)
        if config.format == "csv":
            from runnel.connectors.decoding.csv_records import CsvFormat

            return CsvFormat(columns, tuple(config.columns), config.delimiter)
        if config.format in ("json", "ndjson"):
            from runnel.connectors.decoding.json_records import JsonFormat
            from runnel.connectors.decoding.records import Framed

            made = JsonFormat(columns, config.format == "ndjson")
            return Framed(made) if config.registry else made
        from runnel.connectors.decoding.records import BytesFormat, TextFormat

        return TextFormat(columns) if config.format == "text" else BytesFormat(columns)


def policy_of(egress: Any) -> Any:
    """Return the rules of the network, also from their JSON form."""
    from runnel.sdk.egress import EgressPolicy

    return EgressPolicy.from_json(egress) if isinstance(egress, Mapping) else egress


def _typed(connection: Connection, columns: Mapping[str, str]) -> dict[str, str]:
    """Return given types as DuckDB names them."""
    from runnel.connectors.files.source import given_types

    return dict(given_types(connection, columns))


def _milliseconds(text: str | None) -> int:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        what = f"{text} is not a time"
        raise AuthoringError(
            "RNL-CONFIG-002", what, "Such as 2026-01-01T00:00:00Z.", {"field": "start_time"}
        ) from error
    return int(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
