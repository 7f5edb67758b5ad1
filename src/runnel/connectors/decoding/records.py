"""What every decoder does with raw records: texts of their bytes, empty ones, and their metadata beside the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from runnel.connectors.decoding.quick import has_line_ends
from runnel.sdk.streaming import Decoded

Tombstones = Literal["reject", "skip", "row"]
NOT_UTF8 = "the bytes are not UTF-8"
EMPTY = "the record has a key and no value (a tombstone)"


class Format(Protocol):
    """Turns values into rows: `rows` has `i`, the number of the record, and the wanted columns."""

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Decode values (a pyarrow column without nulls) whose records have these numbers."""
        ...


@dataclass(frozen=True)
class RecordDecoder:
    """Decodes the values of records by a format; `tombstones` says what becomes of records without a value.

    `deleted` names a column that is true for those, where they become rows.
    """

    format: Format
    columns: Mapping[str, str]
    tombstones: Tombstones = "reject"
    deleted: str | None = None

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value` and metadata columns."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        values = raw.column("value")
        numbers = _counted(len(values))
        refused: list[tuple[int, str]] = []
        empty: list[int] = []
        if values.null_count:
            here = pc.is_valid(values)
            empty = numbers.filter(pc.invert(here)).to_pylist()
            values, numbers = values.filter(here), numbers.filter(here)
            if self.tombstones == "reject":
                refused = [(number, EMPTY) for number in empty]
        rows, wrong = self.format.rows(connection, values, numbers)
        if wrong:  # a record of several rows is refused as a whole, so that giving it again doubles nothing
            bad = dict(reversed(wrong))
            rows = rows.filter(pc.invert(pc.is_in(rows.column("i"), pa.array(list(bad), pa.int64()))))
            wrong = list(bad.items())
        if self.deleted is not None:
            rows = rows.append_column(self.deleted, pa.array([False] * rows.num_rows, pa.bool_()))
        if empty and self.tombstones == "row":
            nothing = {name: pa.nulls(len(empty), rows.schema.field(name).type) for name in rows.column_names[1:]}
            if self.deleted is not None:
                nothing[self.deleted] = pa.array([True] * len(empty), pa.bool_())
            rows = pa.concat_tables([rows, pa.table({"i": pa.array(empty, pa.int64()), **nothing}, schema=rows.schema)])
        return Decoded(_beside(rows, raw), tuple(sorted([*refused, *wrong])))


def _beside(rows: Any, raw: Any) -> Any:
    """Put the metadata of its record beside each row, in the order of the records."""
    import pyarrow.compute

    pc: Any = pyarrow.compute
    order = rows.column("i")
    if len(order) > 1 and not pc.all(pc.greater_equal(order.combine_chunks()[1:], order.combine_chunks()[:-1])).as_py():
        rows = rows.take(pc.sort_indices(order))  # stable: several rows of one record keep their order
        order = rows.column("i")
    metadata = raw.drop_columns(["value"])
    whole = len(order) == raw.num_rows and pc.all(pc.equal(order, _counted(len(order)))).as_py()
    metadata = metadata if whole else metadata.take(order)
    rows = rows.drop_columns(["i"])
    for name in metadata.column_names:
        rows = rows.append_column(name, metadata.column(name))
    return rows


def _counted(length: int) -> Any:
    """Return the numbers from 0 on."""
    import numpy as np
    import pyarrow as pa

    return pa.array(np.arange(length, dtype=np.int64))


def texts(values: Any, numbers: Any) -> tuple[Any, Any, list[tuple[int, str]]]:
    """Return values as texts with the numbers of their records; bytes that are no UTF-8 are refused."""
    import pyarrow as pa

    if pa.types.is_string(values.type):
        return values, numbers, []
    try:
        return values.cast(pa.string()), numbers, []
    except pa.ArrowInvalid:
        good = [_is_text(value) for value in values.to_pylist()]
        mask = pa.array(good, pa.bool_())
        bad = [(number, NOT_UTF8) for number, one in zip(numbers.to_pylist(), good, strict=True) if not one]
        return values.filter(mask).cast(pa.string()), numbers.filter(mask), bad


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def lines(values: Any, numbers: Any) -> tuple[Any, Any]:
    """Split texts at line ends; a line keeps the number of its record, blank ones are left out."""
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if not has_line_ends(values):
        return values, numbers
    parts = pc.split_pattern(values, "\n")
    parts = parts.combine_chunks() if hasattr(parts, "combine_chunks") else parts
    each, found = numbers.take(pc.list_parent_indices(parts)), pc.list_flatten(parts)
    kept = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(found)), 0)
    return found.filter(kept), each.filter(kept)


@dataclass(frozen=True)
class TextFormat:
    """A record is one text, in the column `value`."""

    columns: Mapping[str, str]

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Take the bytes as UTF-8."""
        found, kept, refused = texts(values, numbers)
        return _one_column(found, kept, self.columns), refused


@dataclass(frozen=True)
class BytesFormat:
    """A record is its bytes, in the column `value`."""

    columns: Mapping[str, str]

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Take the bytes as they are."""
        import pyarrow as pa

        found = values.cast(pa.binary()) if pa.types.is_string(values.type) else values
        return _one_column(found, numbers, self.columns), []


def _one_column(values: Any, numbers: Any, columns: Mapping[str, str]) -> Any:
    import pyarrow as pa

    return pa.table({"i": numbers, **dict.fromkeys(columns, values)})


@dataclass(frozen=True)
class Framed:
    """Values behind the five bytes (a zero and the id of a schema) that clients of a schema registry put before them."""

    inner: Format

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Leave the five bytes out; records that do not begin with them are refused."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        values = values.cast(pa.binary()) if pa.types.is_string(values.type) else values
        framed = pc.and_(
            pc.greater_equal(pc.binary_length(values), 5), pc.equal(pc.binary_slice(values, 0, 1), b"\x00")
        )
        refused = [
            (number, "it does not begin with the id of a schema")
            for number in numbers.filter(pc.invert(framed)).to_pylist()
        ]
        rows, wrong = self.inner.rows(connection, pc.binary_slice(values.filter(framed), 5), numbers.filter(framed))
        return rows, [*refused, *wrong]


def merged(tables: Sequence[Any]) -> Any:
    """Join the rows of several attempts."""
    import pyarrow as pa

    return pa.concat_tables([table for table in tables if table.num_rows] or list(tables[:1]))
