"""Formats that DuckDB does not write: the rows are staged as Parquet by one COPY, then written batch by batch."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from runnel.connectors.files import sql
from runnel.connectors.files.conversion import json_value, neutral_name, selected, stored, text_value, types_of
from runnel.connectors.files.writing import copied
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk import Connection, Written

_EXCEL_ROWS = 1_048_576
_EXCEL_COLUMNS = 16_384
_EXCEL_TEXT = 32_767
_NESTED = ("list", "array", "struct", "map", "union")


def _rows(path: str) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(10_000):
            yield from batch.to_pylist()


def _staged(connection: Connection, query: str, staging: str) -> tuple[int, str]:
    path = os.path.join(staging, "rows.parquet")
    return copied(connection, query, path, "FORMAT parquet"), path


def excel(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    """Write one sheet; numbers that no cell holds exactly become texts."""
    import xlsxwriter

    found = types_of(connection, types)

    def convert(name: str, value: str) -> str:
        kind = str(found[name].id)
        if kind in _NESTED or kind in ("blob", "timestamp with time zone"):
            return text_value(found[name], value, False)
        return stored(found[name], value)

    rows, path = _staged(connection, selected(types, query, convert, {name: name for name in types}), staging)
    if rows + config.header > _EXCEL_ROWS or len(types) > _EXCEL_COLUMNS:
        what = f"{rows} rows and {len(types)} columns do not fit into one Excel sheet"
        raise AuthoringError("RNL-FILE-027", what, "A sheet holds 1,048,576 rows and 16,384 columns; write CSV.")
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": staging,
               "strings_to_numbers": False, "nan_inf_to_errors": False}  # fmt: skip
    with _untimed(), xlsxwriter.Workbook(os.path.join(staging, "data.xlsx"), options) as book:
        _fill(book, path, list(types), config)
    os.unlink(path)
    return Written(rows, "data.xlsx", detail={"format": "excel"})


@contextmanager
def _untimed() -> Iterator[None]:
    """Keep XlsxWriter from setting the times of its scratch files to 1980: a sandboxed worker may not set file times."""
    from xlsxwriter import workbook

    known = workbook.os
    workbook.os = SimpleNamespace(**{**vars(os), "utime": lambda *_: None})
    try:
        yield
    finally:
        workbook.os = known


def _fill(book: Any, path: str, names: list[str], config: Any) -> None:
    neutral = config.formulas == "neutralise"
    sheet = book.add_worksheet(config.sheet)
    formats = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"}),
        time: book.add_format({"num_format": "hh:mm:ss"}),
    }
    if config.header:
        for column, name in enumerate(names):
            sheet.write_string(0, column, neutral_name(name) if neutral else name)
    for number, row in enumerate(_rows(path), start=int(config.header)):
        for column, value in enumerate(row.values()):
            if value is not None:
                _cell(sheet, number, column, value, formats, neutral)


def _cell(sheet: Any, row: int, column: int, value: Any, formats: Mapping[type, Any], neutral: bool) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and _exact(value):
        sheet.write_number(row, column, value)
    elif isinstance(value, date | time) and type(value) in formats and _dated(value):
        sheet.write_datetime(row, column, value, formats[type(value)])
    else:
        sheet.write_string(row, column, _cell_text(value, neutral))


def _exact(value: int | float | Decimal) -> bool:
    """Tell whether a cell (a double shown with 15 digits) holds the number as it is."""
    if isinstance(value, float):
        return value == value and value not in (float("inf"), float("-inf"))
    if isinstance(value, int):
        return abs(value) < 10**15
    return value.is_finite() and len(value.normalize().as_tuple().digits) <= 15 and abs(value) < 10**15


def _dated(value: date | time) -> bool:
    if isinstance(value, datetime) and value.microsecond % 1000:
        return False
    return isinstance(value, time) or value.year >= 1900


def _cell_text(value: Any, neutral: bool) -> str:
    text = value if isinstance(value, str) else value.isoformat() if isinstance(value, date | time) else str(value)
    if (
        neutral
        and isinstance(value, str)
        and re.match(r"[=+@\t\r-]", text)
        and not re.fullmatch(r"[+-]?\d+([.,]\d+)?", text)
    ):
        text = "'" + text
    if len(text) > _EXCEL_TEXT:
        what = f"a text of {len(text)} characters does not fit into an Excel cell"
        raise ConnectorError("RNL-FILE-028", what, f"A cell holds {_EXCEL_TEXT} characters; write CSV or Parquet.")
    return text


def text(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    """Write the one column, or the column `line`, as lines."""
    name = "line" if "line" in types else next(iter(types), "")
    if "line" not in types and len(types) != 1:
        what = f"a text file takes one column, and there are {len(types)}"
        raise AuthoringError("RNL-FILE-029", what, "Name the column `line`, or select one.")
    made = f"SELECT CAST({sql.name(name)} AS VARCHAR) AS line FROM ({query}) AS written"
    rows, path = _staged(connection, made, staging)
    with open(os.path.join(staging, "data.txt"), "w", encoding="utf-8", newline="") as file:
        for row in _rows(path):
            line = row["line"] or ""
            if "\n" in line or "\r" in line:
                what = f"the text {line[:80]!r} holds a line end"
                raise ConnectorError("RNL-FILE-030", what, "Replace line ends first, or write CSV.")
            file.write(line + "\n")
    os.unlink(path)
    return Written(rows, "data.txt", detail={"format": "text"})


def xml(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    """Write one element per row; NULL has no element, a list has one element per item."""
    etree: Any = importlib.import_module("lxml.etree")

    found = types_of(connection, types)

    def convert(name: str, value: str) -> str:
        kind = str(found[name].id)
        nested = kind in _NESTED or kind == "blob"
        return json_value(found[name], value) if nested else stored(found[name], value)

    rows, path = _staged(connection, selected(types, query, convert, {name: name for name in types}), staging)
    with etree.xmlfile(os.path.join(staging, "data.xml"), encoding="utf-8") as file:
        file.write_declaration()
        with file.element("rows"):
            for row in _rows(path):
                element = etree.Element(_tag(config.record))
                for name, value in row.items():
                    _element(element, name, value)
                file.write(element)
    os.unlink(path)
    return Written(rows, "data.xml", detail={"format": "xml"})


def _element(parent: Any, name: str, value: Any) -> None:
    etree: Any = importlib.import_module("lxml.etree")

    if value is None:
        return
    for one in value if isinstance(value, list) else [value]:
        child = etree.SubElement(parent, _tag(name))
        if isinstance(one, Mapping):
            for key, part in one.items():
                _element(child, key, part)
        elif one is not None:
            child.text = _xml_text(one)


def _xml_text(value: Any) -> str:
    text = (
        str(value).lower()
        if isinstance(value, bool)
        else value.isoformat()
        if isinstance(value, date | time)
        else str(value)
    )
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text):
        what = f"the text {text[:80]!r} holds a character that XML does not have"
        raise ConnectorError("RNL-FILE-031", what, "Remove control characters first, or write JSON.")
    return text


def _tag(name: str) -> str:
    """Return a name that XML allows."""
    made = re.sub(r"[^\w.-]", "_", name) or "_"
    return made if re.match(r"[^\W\d]|_", made) else "_" + made


def avro(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    """Write an Avro object file; every column may be NULL."""
    import fastavro

    found = types_of(connection, types)

    def convert(name: str, value: str) -> str:
        return text_value(found[name], value, False) if str(found[name].id) in _NESTED else stored(found[name], value)

    rows, path = _staged(connection, selected(types, query, convert, {name: name for name in types}), staging)
    fields = [
        {"name": _avro_name(name), "type": ["null", _avro_type(found[name], name)], "default": None} for name in types
    ]
    schema = fastavro.parse_schema({"type": "record", "name": config.record, "fields": fields})
    keys = {name: _avro_name(name) for name in types}
    with open(os.path.join(staging, "data.avro"), "wb") as file:
        records = ({keys[name]: value for name, value in row.items()} for row in _rows(path))
        fastavro.writer(file, schema, records, codec="deflate")
    os.unlink(path)
    return Written(rows, "data.avro", detail={"format": "avro"})


def _avro_name(name: str) -> str:
    made = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
    return made if re.match(r"[A-Za-z_]", made) else "_" + made


def _avro_type(type: Any, name: str) -> Any:
    kind = str(type.id)
    if kind == "decimal":
        precision, scale = (value for _, value in type.children)
        return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    logical = {"date": ("int", "date"), "time": ("long", "time-micros"),
               "timestamp": ("long", "local-timestamp-micros"),
               "timestamp with time zone": ("long", "timestamp-micros")}  # fmt: skip
    if kind in logical:
        base, word = logical[kind]
        return {"type": base, "logicalType": word}
    plain = {"boolean": "boolean", "tinyint": "int", "smallint": "int", "integer": "int", "utinyint": "int",
             "usmallint": "int", "uinteger": "long", "bigint": "long", "float": "float", "double": "double",
             "blob": "bytes"}  # fmt: skip
    return plain.get(kind, "string")
