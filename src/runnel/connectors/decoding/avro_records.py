"""Records of Avro, alone or behind the id of their schema in a registry; read as the source's own schema has them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from runnel.connectors.decoding.fitting import fitted
from runnel.connectors.files.avro import fields_of

_BROKEN = (ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError, AttributeError, ArithmeticError)


class Schemas(Protocol):
    """Where writers' schemas come from."""

    def by_id(self, number: int) -> Any:
        """Return a schema, ready for fastavro; LookupError where the registry does not know it."""
        ...


@dataclass(frozen=True)
class AvroFormat:
    """Avro without its file's frame. `schema` is the reader's schema as JSON; `schemas` knows those of the writers."""

    columns: Mapping[str, str]
    schema: Any
    schemas: Schemas | None = None
    _ready: dict[str, Any] = field(default_factory=dict, repr=False)

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Read every record with its writer's schema, as the reader's schema resolves it."""
        import pyarrow as pa
        from fastavro.read import SchemaResolutionError

        shapes = [one for one in fields_of(self.schema) if one[0] in self.columns]
        refused: list[tuple[int, str]] = []
        kept: list[int] = []
        found: dict[str, list[Any]] = {name: [] for name, _, _ in shapes}
        for number, value in zip(numbers.to_pylist(), values.to_pylist(), strict=True):
            try:
                record = self._read(value if isinstance(value, bytes) else value.encode())
                row = record if isinstance(record, Mapping) else {"value": record}
                made = [shape(row.get(name)) for name, _, shape in shapes]
            except _Refused as error:
                refused.append((number, str(error)))
                continue
            except (*_BROKEN, SchemaResolutionError) as error:
                refused.append((number, f"it is not what its schema says: {error or type(error).__name__}"))
                continue
            kept.append(number)
            for column, one in zip(found.values(), made, strict=True):
                column.append(one)
        arrays = {name: pa.array(found[name], type) for name, type, _ in shapes}
        table = pa.table({"i": pa.array(kept, pa.int64()), **arrays})
        types = {name: columns_of(self.schema)[name] for name in self.columns}
        fit = fitted(connection, table, types, self.columns)
        return fit.rows, [*refused, *fit.misfits]

    def _read(self, value: bytes) -> Any:
        import fastavro

        if self.schemas is None:
            data = io.BytesIO(value)
            record = fastavro.schemaless_reader(data, self._reader(), None)
        else:
            if len(value) < 5 or value[0] != 0:
                raise _Refused("it does not begin with the id of a schema")
            number = int.from_bytes(value[1:5], "big")
            try:
                writer = self.schemas.by_id(number)
            except LookupError:
                raise _Refused(f"the registry has no schema {number}") from None
            data = io.BytesIO(value[5:])
            record = fastavro.schemaless_reader(data, writer, self._reader())
        if data.read(1):
            raise _Refused("bytes are left over behind the record")
        return record

    def _reader(self) -> Any:
        import fastavro

        if "reader" not in self._ready:
            self._ready["reader"] = fastavro.parse_schema(json.loads(json.dumps(self.schema)))
        return self._ready["reader"]


class _Refused(Exception):  # noqa: N818 (a record is refused, nothing failed)
    """A record is refused; the text says why."""


def columns_of(schema: Any) -> dict[str, str]:
    """Return the columns of a schema: name → DuckDB type."""
    import duckdb
    import pyarrow as pa

    empty = pa.schema([(name, type) for name, type, _ in fields_of(schema)]).empty_table()
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("_schema", empty)
        return {row[0]: row[1] for row in connection.execute("DESCRIBE SELECT * FROM _schema").fetchall()}
