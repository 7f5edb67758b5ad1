"""Decodes records as each came: JSON by its members, CSV by the header line of its own request."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.connectors.decoding.csv_records import CsvFormat
from runnel.connectors.decoding.json_records import JsonFormat
from runnel.connectors.decoding.records import RecordDecoder
from runnel.sdk.streaming import Decoded

_OWN = ("_format", "_header")


@dataclass(frozen=True)
class IngestDecoder:
    """Decodes into named columns; records that came in the same way are decoded together, the order stays."""

    columns: Mapping[str, str]

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value`, `_format`, `_header` and metadata columns."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        ways = raw.select(list(_OWN)).group_by(list(_OWN)).aggregate([]).to_pylist()
        bare = raw.drop_columns(list(_OWN))
        if len(ways) <= 1:
            return self._group(connection, bare, ways[0] if ways else {"_format": "json", "_header": None})
        tables: list[Any] = []
        refused: list[tuple[int, str]] = []
        for way in ways:
            header = raw.column("_header")
            same = (
                pc.is_null(header) if way["_header"] is None else pc.fill_null(pc.equal(header, way["_header"]), False)
            )
            numbers = pc.indices_nonzero(pc.and_(pc.equal(raw.column("_format"), way["_format"]), same))
            found = self._group(connection, bare.take(numbers), way)
            tables.append(found.rows)
            places = numbers.to_pylist()
            refused += [(places[number], reason) for number, reason in found.refused]
        rows = pa.concat_tables(tables, promote_options="default")
        return Decoded(rows.take(pc.sort_indices(rows.column("_position"))), tuple(sorted(refused)))

    def _group(self, connection: Any, raw: Any, way: Mapping[str, Any]) -> Decoded:
        """Decode records that came in one way."""
        if way["_format"] == "json":
            return RecordDecoder(JsonFormat(self.columns), self.columns).decode(connection, raw)
        if way["_format"] != "csv":
            return self._none(connection, raw, f"it came as {way['_format']}, which has no columns")
        try:
            names = tuple(next(csv.reader([way["_header"].decode("utf-8-sig")], strict=True)))
        except (csv.Error, UnicodeDecodeError, StopIteration) as error:
            return self._none(connection, raw, f"the header line of its request cannot be read: {error}")
        missing = [name for name in self.columns if name not in names]
        if missing:
            has = ", ".join(names)[:200]
            return self._none(connection, raw, f"the header line of its request has no {', '.join(missing)}: {has}")
        return RecordDecoder(CsvFormat(self.columns, names), self.columns).decode(connection, raw)

    def _none(self, connection: Any, raw: Any, reason: str) -> Decoded:
        """Refuse all records, for one reason."""
        nothing = RecordDecoder(JsonFormat(self.columns), self.columns).decode(connection, raw.slice(0, 0))
        return Decoded(nothing.rows, tuple((number, reason) for number in range(raw.num_rows)))


@dataclass(frozen=True)
class PlainDecoder:
    """Gives the text or the bytes of each record in the column `value`, however it came."""

    inner: RecordDecoder

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value`, `_format`, `_header` and metadata columns."""
        return self.inner.decode(connection, raw.drop_columns(list(_OWN)))
