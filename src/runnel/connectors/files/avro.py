"""Avro object files: logical types, unions with null, nested records; a damaged block is a dead letter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from runnel.connectors.files import limits
from runnel.connectors.files.container import Header, blocks, header
from runnel.connectors.files.decoded import BATCH_ROWS, Decoded, DecodedFormat, batches
from runnel.connectors.files.formats import Prepared, Reading
from runnel.errors import ConnectorError

_BROKEN = (ValueError, EOFError, KeyError, IndexError, TypeError, OSError, OverflowError, AttributeError)


class AvroFormat(DecodedFormat):
    """Avro files."""

    name = "avro"
    extensions = ("avro",)

    def decode(self, file: Prepared, reading: Reading) -> Decoded:
        """Write the records as Parquet, in batches."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        made = reading.workspace.new(".parquet")
        with open(file.readable, "rb") as opened:
            try:
                head = header(opened)
                fields = fields_of(head.schema)
            except (*_BROKEN, ArithmeticError) as error:
                raise _damaged(file, error) from error
            schema = pa.schema([(name, type) for name, type, _ in fields])
            with pq.ParquetWriter(made, schema) as writer:
                for batch in batches(_records(opened, head, file, reading), BATCH_ROWS):
                    rows = [{name: shape(row.get(name)) for name, _, shape in fields} for row in batch]
                    writer.write_table(pa.Table.from_pylist(rows, schema))
        return Decoded(made)


def _damaged(file: Prepared, error: Exception) -> ConnectorError:
    what = f"reading {file.shown}: {error or type(error).__name__}"
    return ConnectorError("RNL-FILE-018", what, "The file is damaged or no Avro object file.", {"file": file.path})


def _records(opened: BinaryIO, head: Header, file: Prepared, reading: Reading) -> Iterator[Mapping[str, Any]]:
    """Yield records block by block; a block that cannot be read is refused, and with it what follows."""
    import io
    import zlib

    import fastavro
    from fastavro.schema import SchemaParseException

    begun = opened.tell()
    try:
        schema = fastavro.parse_schema(head.schema)
        for place, count, data in blocks(opened, head):
            begun = place
            source = io.BytesIO(data)
            rows = [fastavro.schemaless_reader(source, schema, None) for _ in range(count)]
            yield from (row if isinstance(row, Mapping) else {"value": row} for row in rows)
    except (*_BROKEN, ArithmeticError, zlib.error, SchemaParseException) as error:
        with open(file.readable, "rb") as again:
            again.seek(begun)
            raw = again.read(limits.MAX_RECORD_BYTES)
        words = f"from this block on the file cannot be read: {error or type(error).__name__}"
        reading.letters.add(raw, words, {"file": file.path, "byte": begun})


Shape = Any
"""A function from the value that fastavro gives to the one that Arrow takes."""


def fields_of(schema: Any) -> list[tuple[str, Any, Shape]]:
    """Return name, Arrow type and shaping of every column."""
    if not (isinstance(schema, dict) and schema.get("type") == "record"):
        type, shape = _typed(schema, {})
        return [("value", type, shape)]
    names: dict[str, Any] = {}
    _remember(schema, names)
    return [(field["name"], *_typed(field["type"], names)) for field in schema["fields"]]


def _remember(schema: Any, names: dict[str, Any]) -> None:
    """Collect named types, so that a mention of their name can be followed."""
    if isinstance(schema, list):
        for part in schema:
            _remember(part, names)
    elif isinstance(schema, dict):
        if "name" in schema:
            space = schema.get("namespace")
            names[schema["name"]] = schema
            if space and "." not in schema["name"]:
                names[f"{space}.{schema['name']}"] = schema
        for part in (schema.get("items"), schema.get("values"), schema.get("type")):
            if isinstance(part, dict | list):
                _remember(part, names)
        for field in schema.get("fields", ()):
            _remember(field["type"], names)


def _typed(schema: Any, names: Mapping[str, Any], depth: int = 0) -> tuple[Any, Shape]:
    import pyarrow as pa

    if depth > 20:
        return pa.string(), _as_text
    if isinstance(schema, list):
        others = [part for part in schema if part != "null"]
        return _typed(others[0], names, depth + 1) if len(others) == 1 else (pa.string(), _as_text)
    if isinstance(schema, str):
        if schema in names:
            return _typed(names[schema], names, depth + 1)
        return _PRIMITIVES[schema](pa), _same
    logical = _logical(schema, pa)
    if logical is not None:
        return logical
    kind = schema["type"]
    if kind == "record":
        return _record(schema, names, depth)
    if kind == "array":
        type, shape = _typed(schema["items"], names, depth + 1)
        return pa.list_(type), lambda value: None if value is None else [shape(part) for part in value]
    if kind == "map":
        type, shape = _typed(schema["values"], names, depth + 1)
        return pa.map_(
            pa.string(), type
        ), lambda value: None if value is None else [(k, shape(v)) for k, v in value.items()]
    if kind == "enum":
        return pa.string(), _same
    return (pa.binary(), _same) if kind == "fixed" else _typed(kind, names, depth + 1)


def _record(schema: Any, names: Mapping[str, Any], depth: int) -> tuple[Any, Shape]:
    import pyarrow as pa

    parts = [(field["name"], *_typed(field["type"], names, depth + 1)) for field in schema["fields"]]
    if not parts:
        return pa.string(), _as_text

    def shape(value: Any) -> Any:
        return None if value is None else {name: one(value.get(name)) for name, _, one in parts}

    return pa.struct([(name, type) for name, type, _ in parts]), shape


def _logical(schema: Any, pa: Any) -> tuple[Any, Shape] | None:
    kind = schema.get("logicalType")
    if kind == "decimal":
        precision, scale = int(schema["precision"]), int(schema.get("scale", 0))
        return (pa.decimal128(precision, scale), _same) if precision <= 38 else (pa.string(), _as_text)
    types = {
        "date": pa.date32(), "time-millis": pa.time32("ms"), "time-micros": pa.time64("us"),
        "timestamp-millis": pa.timestamp("us", "UTC"), "timestamp-micros": pa.timestamp("us", "UTC"),
        "local-timestamp-millis": pa.timestamp("us"), "local-timestamp-micros": pa.timestamp("us"),
    }  # fmt: skip
    if kind == "uuid":
        return pa.string(), lambda value: None if value is None else str(value)
    return (types[kind], _same) if kind in types else None


_PRIMITIVES = {
    "null": lambda pa: pa.string(), "boolean": lambda pa: pa.bool_(), "int": lambda pa: pa.int32(),
    "long": lambda pa: pa.int64(), "float": lambda pa: pa.float32(), "double": lambda pa: pa.float64(),
    "bytes": lambda pa: pa.binary(), "string": lambda pa: pa.string(),
}  # fmt: skip


def _same(value: Any) -> Any:
    return value


def _as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


FORMATS = (AvroFormat(),)
