"""Lines of CSV with the header of their own file, and rows of Parquet, in the types that are wanted."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.sdk.streaming import Decoded


@dataclass(frozen=True)
class HeadedDecoder:
    """Decodes lines of CSV by the header of their own file; `order` names the fields where files have none."""

    columns: Mapping[str, str]
    delimiter: str
    order: tuple[str, ...] | None

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value`, `_header` and metadata columns."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        headers = raw.column("_header")
        different = pc.unique(headers).to_pylist() or [None]
        bare = raw.drop_columns(["_header"])
        tables: list[Any] = []
        refused: list[tuple[int, str]] = []
        for header in different:
            same = pc.is_null(headers) if header is None else pc.fill_null(pc.equal(headers, header), False)
            numbers = pc.indices_nonzero(same)
            found = self._group(connection, bare.take(numbers), header)
            tables.append(found.rows)
            places = numbers.to_pylist()
            refused += [(places[number], reason) for number, reason in found.refused]
        return Decoded(pa.concat_tables(tables, promote_options="default"), tuple(sorted(refused)))

    def _group(self, connection: Any, raw: Any, header: bytes | None) -> Decoded:
        from runnel.connectors.decoding.csv_records import CsvFormat
        from runnel.connectors.decoding.records import RecordDecoder

        order, problem = self.order, ""
        if order is None:
            try:
                order = tuple(next(csv.reader([(header or b"").decode("utf-8-sig")], delimiter=self.delimiter, strict=True), []))
            except (csv.Error, UnicodeDecodeError) as error:
                order, problem = (), f"the header line of its file cannot be read: {error}"
            missing = [name for name in self.columns if name not in order]
            if missing:
                problem = problem or f"the header line of its file has no {', '.join(missing)}: {', '.join(order)[:200]}"
                order = tuple(self.columns)
        decoder = RecordDecoder(CsvFormat(self.columns, order, self.delimiter), self.columns)
        if not problem:
            return decoder.decode(connection, raw)
        nothing = decoder.decode(connection, raw.slice(0, 0))
        return Decoded(nothing.rows, tuple((number, problem) for number in range(raw.num_rows)))


@dataclass(frozen=True)
class FittingDecoder:
    """Gives rows of Parquet the types that are wanted; columns that a file does not have are NULL."""

    columns: Mapping[str, str]

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Cast the columns; a row of which a value does not fit is refused."""
        import pyarrow as pa

        from runnel.connectors.decoding.fitting import fitted
        from runnel.connectors.decoding.records import _beside

        own = [name for name in self.columns if name in raw.column_names]
        table = pa.table({"i": pa.array(range(raw.num_rows), pa.int64()), **{name: raw.column(name) for name in own}})
        connection.register("_types", table)
        found = {row[0]: row[1] for row in connection.execute("DESCRIBE _types").fetchall()}
        fit = fitted(connection, table, found, {name: self.columns[name] for name in own})
        rows = fit.rows
        for name in self.columns:
            if name not in own:
                rows = rows.append_column(name, pa.nulls(rows.num_rows))
        others = [name for name in raw.column_names if name not in self.columns and name != "value"]
        bare = raw.select(others).append_column("value", pa.nulls(raw.num_rows, pa.binary()))
        return Decoded(_beside(rows, bare), tuple(sorted(fit.misfits)))
