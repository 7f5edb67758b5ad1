"""Records of one or more lines of CSV without a header; the columns are in the order in which they were given."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.connectors.decoding.fitting import fitted
from runnel.connectors.decoding.records import texts


@dataclass(frozen=True)
class CsvFormat:
    """Lines of CSV; `order` names all fields of a line, `columns` those that are wanted."""

    columns: Mapping[str, str]
    order: tuple[str, ...]
    delimiter: str = ","

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Split lines into fields; an empty field without quotation marks is NULL. A record with a bad line is refused."""
        import pyarrow as pa

        found, kept, refused = texts(values, numbers)
        fields: list[list[str | None]] = [[] for _ in self.columns]
        places = [self.order.index(name) for name in self.columns]
        each: list[int] = []
        for number, text in zip(kept.to_pylist(), found.to_pylist(), strict=True):
            try:
                split = self._split(text)
            except (csv.Error, ValueError) as error:
                refused.append((number, str(error)))
                continue
            for line in split:
                each.append(number)
                for column, place in zip(fields, places, strict=True):
                    column.append(line[place])
        table = {name: pa.array(column, pa.string()) for name, column in zip(self.columns, fields, strict=True)}
        types = dict.fromkeys(self.columns, "VARCHAR")
        fit = fitted(connection, pa.table({"i": pa.array(each, pa.int64()), **table}), types, self.columns)
        return fit.rows, [*refused, *fit.misfits]

    def _split(self, text: str) -> list[list[str | None]]:
        made: list[list[str | None]] = []
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True):
            if not line:
                continue
            if len(line) != len(self.order):
                raise ValueError(f"a line has {len(line)} fields, expected {len(self.order)}: {', '.join(self.order)}")
            made.append([field or None for field in line])
        if not made:
            raise ValueError("the record is empty")
        return made
