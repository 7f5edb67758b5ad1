"""Refused records as a file again: written so that the reader of their format takes them, one by one, as it did before."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from runnel.connectors.files.dialect import Dialect
from runnel.connectors.files.preparing import noted_encoding

_PLACES = ("path", "compression", "member", "skip_rows", "header", "header_row", "sheet", "range", "record_path", "filename")


def replayed(
    records: Sequence[bytes], config: Mapping[str, Any], look: Mapping[str, Any], columns: Mapping[str, str], folder: str
) -> dict[str, Any]:
    """Write records (their bytes as they stood, without line ends) into a folder; returns the config that reads them.

    CSV gets a header in the same dialect. Records of other tables (Excel, XML, Avro, Parquet) are kept as JSON and are
    read as such; columns keep names and types.
    """
    kept = {key: value for key, value in config.items() if key not in _PLACES}
    encoding = config.get("encoding") or noted_encoding(look["notes"])
    name = config.get("filename")
    types = {column: type for column, type in columns.items() if column != name}
    if look["format"] in ("csv", "tsv"):
        return {**kept, **_table(_decoded(records, encoding), look, types, folder)}
    if look["format"] == "text":
        return {**kept, "path": _written(folder, "records.txt", _decoded(records, encoding), b""),
                "format": "text", "encoding": None}  # fmt: skip
    lines = [record.replace(b"\r", b" ").replace(b"\n", b" ") for record in _decoded(records, encoding)]
    path = _written(folder, "records.ndjson", lines, b"")
    return {"path": path, "format": "ndjson", "columns": types}


def _table(
    records: Sequence[bytes], look: Mapping[str, Any], types: Mapping[str, str], folder: str
) -> dict[str, Any]:
    dialect = Dialect.from_json(look["options"]["dialect"])
    names = look["options"]["columns"]
    header = dialect.delimiter.join(_field(name, dialect) for name in names).encode() + b"\n"
    return {
        "path": _written(folder, "records.csv", records, header), "format": "csv", "encoding": "utf-8", "header_row": 1,
        "delimiter": dialect.delimiter, "quote": dialect.quote, "escape": dialect.escape or None,
        "decimal": dialect.decimal or None, "thousands": dialect.thousands or None,
        "columns": {name: types[name] for name in names if name in types},
    }  # fmt: skip


def _field(name: str, dialect: Dialect) -> str:
    quote = dialect.quote
    if not quote or not any(sign in name for sign in (dialect.delimiter, quote, "\n", "\r")):
        return name
    return quote + name.replace(quote, (dialect.escape or quote) + quote) + quote


def _decoded(records: Sequence[bytes], encoding: str | None) -> list[bytes]:
    """Return records in UTF-8; bytes that are no UTF-8 stay as they are, to be refused with the same reason."""
    name = (encoding or "utf-8").lower().replace("_", "-")
    if name in ("utf-8", "utf8"):
        return list(records)
    name = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name)
    return [record.decode(name, "replace").encode() for record in records]


def _written(folder: str, name: str, records: Sequence[bytes], header: bytes) -> str:
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(header)
        for record in records:
            file.write(record + b"\n")
    return path
