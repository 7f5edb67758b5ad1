"""Excel workbooks: one sheet as a table; types are those of the cells, formulas give their stored values."""

from __future__ import annotations

import importlib
import os
import re
import zipfile
from typing import Any

from runnel.connectors.files import limits
from runnel.connectors.files.decoded import Decoded, DecodedFormat, empty_parquet
from runnel.connectors.files.dialect import column_names
from runnel.connectors.files.formats import Prepared, Reading
from runnel.errors import AuthoringError, ConnectorError

_HEAD_ROWS = 50


class ExcelFormat(DecodedFormat):
    """Sheets of .xlsx, .xls, .xlsb and .ods files."""

    name = "excel"
    extensions = ("xlsx", "xlsm", "xls", "xlsb", "ods")

    def decode(self, file: Prepared, reading: Reading) -> Decoded:
        """Write the sheet as Parquet."""
        import fastexcel
        import pyarrow as pa
        import pyarrow.parquet as pq

        _bounded(file)
        settings = reading.settings
        try:
            book = fastexcel.read_excel(file.readable)
            sheet = _sheet(file, book.sheet_names, settings.sheet)
            table, notes = _table(book, sheet, settings)
        except fastexcel.FastExcelError as error:
            what = f"reading {file.shown}: {str(error).splitlines()[0]}"
            hint = "The workbook is damaged, locked by a password, or of another format."
            raise ConnectorError("RNL-FILE-013", what, hint, {"file": file.path}) from error
        if table is None or not table.num_columns:
            return Decoded(empty_parquet(reading), (f"sheet {sheet} is empty",), {"sheets": list(book.sheet_names)})
        made = reading.workspace.new(".parquet")
        pq.write_table(pa.Table.from_batches([table]), made)
        said = [f"sheet {sheet}"] if len(book.sheet_names) > 1 else []
        return Decoded(made, tuple(said + notes), {"sheets": list(book.sheet_names)})


def _bounded(file: Prepared) -> None:
    """Refuse a workbook whose parts unpack beyond reason."""
    if not zipfile.is_zipfile(file.readable):
        return
    with zipfile.ZipFile(file.readable) as archive:
        size = sum(item.file_size for item in archive.infolist())
    limits.expansion(file.shown, os.path.getsize(file.readable), size)


def _sheet(file: Prepared, names: list[str], wanted: str | int | None) -> str:
    if wanted is None:
        return names[0]
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return names[wanted - 1]
    if wanted in names:
        return str(wanted)
    what = f"{file.shown} has no sheet {wanted}"
    raise AuthoringError("RNL-FILE-014", what, "It has: " + ", ".join(names), {"field": "sheet", "file": file.path})


def _table(book: Any, sheet: str, settings: Any) -> tuple[Any, list[str]]:
    """Return the cells below the header as a record batch with named columns."""
    first, columns, last = _range(settings.range)
    use = {"use_columns": columns} if columns else {}
    head = _cells(book, sheet, settings.skip_rows or first, use)
    if not head:
        return None, []
    header, found = _header(head, settings)
    start = (settings.skip_rows or first) + header + (1 if found else 0)
    names = column_names([_name(cell) for cell in head[header]] if found else (), len(head[header]))
    rows = {"n_rows": max(0, last - start)} if last else {}
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=start, schema_sample_rows=None, **use, **rows)
    batch = loaded.to_arrow()
    batch = _named(batch, names)
    notes = [f"header in row {start}"] if found and start > 1 else [] if found else ["no header"]
    return _tidy(batch), notes


def _cells(book: Any, sheet: str, skip: int, use: dict[str, Any]) -> list[list[Any]]:
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=skip, n_rows=_HEAD_ROWS, dtypes="string", **use)
    return [list(row.values()) for row in loaded.to_arrow().to_pylist()]


def _header(head: list[list[Any]], settings: Any) -> tuple[int, bool]:
    """Return the row where the table begins, and whether that row holds the names."""
    if settings.header_row is not None:
        return settings.header_row - 1 - settings.skip_rows, True
    filled = [sum(cell not in (None, "") for cell in row) for row in head]
    most = max(filled)
    start = next(number for number, count in enumerate(filled) if count and count * 2 >= most)
    if settings.header is not None:
        return start, settings.header
    names = [cell for cell in head[start] if cell not in (None, "")]
    return start, not any(re.fullmatch(r"-?\d+([.]\d+)?|\d{4}-\d\d-\d\d.*|true|false", name) for name in names)


def _name(cell: Any) -> str:
    return " ".join(str(cell).split()) if cell is not None else ""


def _named(batch: Any, names: list[str]) -> Any:
    """Name the columns; a header wider than the cells below it keeps its names, with empty columns."""
    import pyarrow as pa

    arrays = list(batch.columns)
    while len(arrays) < len(names):
        arrays.append(pa.nulls(batch.num_rows, pa.string()))
    names = column_names(names, len(arrays))
    return pa.RecordBatch.from_arrays(arrays, names)


def _tidy(batch: Any) -> Any:
    """Drop rows without any cell, and turn times at midnight into dates, whole numbers into integers."""
    import pyarrow as pa

    pc: Any = importlib.import_module("pyarrow.compute")
    table = pa.Table.from_batches([batch])
    if table.num_rows and table.num_columns:
        empty = pc.is_null(table.column(0))
        for column in table.columns[1:]:
            empty = pc.and_(empty, pc.is_null(column))
        table = table.filter(pc.invert(empty))
    columns = [_narrowed(column.combine_chunks()) for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, table.column_names)


def _narrowed(column: Any) -> Any:
    import pyarrow as pa

    pc: Any = importlib.import_module("pyarrow.compute")
    if pa.types.is_timestamp(column.type):
        days = pc.floor_temporal(column, unit="day")
        whole = pc.all(pc.equal(days, column)).as_py()
        return column.cast(pa.date32()) if whole else column.cast(pa.timestamp("us"))
    if pa.types.is_floating(column.type) and column.null_count < len(column):
        whole = pc.all(pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))).as_py()
        return column.cast(pa.int64()) if whole else column
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    return column.cast(pa.string()) if pa.types.is_large_string(column.type) else column


def _range(text: str | None) -> tuple[int, str, int]:
    """Return rows to skip, the columns (such as B:F), and the last row, of a range such as B3:F200."""
    if not text:
        return 0, "", 0
    match = re.fullmatch(r"([A-Za-z]+)(\d+):([A-Za-z]+)(\d*)", text.replace("$", ""))
    if match is None:
        what = f"`{text}` is no range of cells"
        raise AuthoringError("RNL-FILE-015", what, "Write it like B3:F200 or B3:F.", {"field": "range"})
    left, top, right, bottom = match.groups()
    return int(top) - 1, f"{left.upper()}:{right.upper()}", int(bottom or 0)


FORMATS = (ExcelFormat(),)
