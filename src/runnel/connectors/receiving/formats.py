"""How received records are written: the settings that sources share, their columns, their decoders and samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from runnel.errors import AuthoringError
from runnel.sdk import ColumnTypes, Connection, DeadLetters, Opened, Probe, field
from runnel.sdk.streaming import METADATA, Decoder, StreamConfig, StreamContext, StreamSource

MOST_BYTES = 1024**3
Format = Literal["json", "ndjson", "csv", "text", "bytes"]


class ReceivedConfig(StreamConfig):
    """What every source with a log of its own can set."""

    format: Format = field("json", title="Format", help="How a record is written.", widget="choice")
    columns: ColumnTypes = field(
        default_factory=dict, title="Columns",
        help="Name: type. Left open: found in a sample. CSV: all fields, in their order.",
    )  # fmt: skip
    delimiter: str = field(",", title="Separator", help="CSV: one character.", min_length=1, max_length=1,
                           advanced=True, when={"format": ("csv",)})  # fmt: skip
    max_bytes: int = field(
        MOST_BYTES, title="Most kept", unit="bytes", ge=1024**2, advanced=True,
        help="So much is kept that was not read yet; then nothing more is taken from outside.",
    )  # fmt: skip


class ReceivedSource(StreamSource):
    """The base of sources whose records are values in a format; they write `sample` and `reader`."""

    group: ClassVar[str] = "sources"
    guarantee: ClassVar[str] = "at_least_once"
    own_log: ClassVar[bool] = True

    def sample(self, context: StreamContext) -> Any:
        """Return some raw records as one table with `value` and metadata columns."""
        raise NotImplementedError

    def identity(self, folder: str) -> str:
        """Change with the config."""
        return hashlib.sha256(self.config.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Take the columns of the config, or find those of a sample."""
        config = self.config
        if config.format in ("text", "bytes"):
            columns = {"value": "VARCHAR" if config.format == "text" else "BLOB"}
            return Probe(columns, {}, self.identity(folder), tuple(self.reads(folder)))
        from runnel.connectors.files.source import given_types

        notes: tuple[str, ...] = ()
        columns = dict(given_types(connection, config.columns))
        if not columns and config.format == "csv":
            what = f"{self.id}: CSV needs its columns, in the order of the fields"
            raise AuthoringError("RNL-RECEIVE-003", what, "Give `columns`.", {"field": "columns"})
        if not columns:
            columns, note = self._looked(connection)
            notes = (note,)
        return Probe(columns, {}, self.identity(folder), tuple(self.reads(folder)), notes=notes)

    def _looked(self, connection: Connection) -> tuple[dict[str, str], str]:
        from runnel.connectors.kafka.sampling import columns_in

        hint = "Give `columns`, or another format."
        if self.outside is None:
            what = f"{self.id}: the columns of the records cannot be looked up here"
            raise AuthoringError("RNL-RECEIVE-004", what, hint, {"field": "columns"})
        raw = self.sample(self.outside)
        columns = columns_in(connection, raw)
        if not columns:
            what = f"{self.id}: a sample of {raw.num_rows} records has no object of JSON"
            raise AuthoringError("RNL-RECEIVE-005", what, hint, {"field": "columns"})
        return columns, f"columns found in {raw.num_rows} records"

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return a sample for previews; without the network there is none."""
        if self.outside is None:
            nothing = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(name)}" for name, type in columns.items()) or "1"
            return Opened(f"(SELECT {nothing} WHERE false)", 0)
        from runnel.connectors.kafka.sampling import rows_of

        rows, refused = rows_of(self, self.sample(self.outside), connection, probe, columns)
        for raw, reason, position in refused:
            letters.add(raw, reason, position)
        name = f"sample:{self.id}"
        connection.register(name, rows)
        return Opened(_quoted(name), rows.num_rows)

    def forget(self, context: StreamContext) -> None:
        """Remove the log: who made its records sends none of them again."""
        forget_log(context)

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes the values of records."""
        from runnel.connectors.decoding.records import RecordDecoder

        own = {name: type for name, type in columns.items() if name not in METADATA}
        return RecordDecoder(format_of(self.config, own), own)


def forget_log(context: StreamContext) -> None:
    """Remove the log of a source that is kept by its stream alone."""
    if context.logs is not None:
        context.logs.remove(f"{context.pipeline}.{context.node}")


def format_of(config: Any, columns: Mapping[str, str]) -> Any:
    """Return the decoder of values for `format`, `delimiter` and `columns` of a config."""
    if config.format == "csv":
        from runnel.connectors.decoding.csv_records import CsvFormat

        return CsvFormat(columns, tuple(config.columns), config.delimiter)
    if config.format in ("json", "ndjson"):
        from runnel.connectors.decoding.json_records import JsonFormat

        return JsonFormat(columns, config.format == "ndjson")
    from runnel.connectors.decoding.records import BytesFormat, TextFormat

    return TextFormat(columns) if config.format == "text" else BytesFormat(columns)


def raw_table(rows: list[tuple[bytes, str | None]]) -> Any:
    """Return records, each a value and a key, as a sample."""
    from datetime import UTC, datetime

    import pyarrow as pa

    now, count = datetime.now(UTC), len(rows)
    return pa.table({
        "value": pa.array([value for value, _ in rows], pa.binary()), "_position": pa.array(range(count), pa.int64()),
        "_ingest_time": pa.array([now] * count, pa.timestamp("us", "UTC")),
        "_key": pa.array([key for _, key in rows], pa.string()),
        "_headers": pa.nulls(count, pa.map_(pa.string(), pa.string())), "_partition": pa.array(["0"] * count, pa.string()),
    })  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
