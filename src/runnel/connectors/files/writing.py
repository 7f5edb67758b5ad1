"""How rows are staged in each format: by one COPY of DuckDB where it can write the format, else from a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from runnel.connectors.files import sql
from runnel.connectors.files.conversion import json_value, neutral_name, selected, stored, text_value, types_of
from runnel.sdk import Connection, Written

Writer = Callable[[Connection, str, str, Mapping[str, str], Any], Written]

EXTENSIONS = {
    "csv": "csv", "tsv": "tsv", "tab": "tsv", "json": "json", "ndjson": "ndjson", "jsonl": "ndjson",
    "parquet": "parquet", "pq": "parquet", "xlsx": "excel", "xml": "xml", "avro": "avro", "txt": "text", "log": "text",
}  # fmt: skip


def packing_of(config: Any) -> str:
    """Return the packing: as given, else by the file's name."""
    if config.compression:
        return str(config.compression)
    name = config.path.lower()
    return "gzip" if name.endswith(".gz") else "zstd" if name.endswith(".zst") else "none"


def copied(connection: Connection, query: str, target: str, options: str) -> int:
    """Write a query's rows with one COPY; returns how many."""
    rows = connection.execute(f"COPY ({query}) TO {sql.text(target)} ({options})").fetchall()
    return int(rows[0][0])


def _csv(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    neutral = config.formulas == "neutralise"
    found = types_of(connection, types)
    names = {name: neutral_name(name) if neutral else name for name in types}
    made = selected(types, query, lambda name, value: text_value(found[name], value, neutral), names)
    delimiter = config.delimiter or ("\t" if config.format == "tsv" else ",")
    packing = packing_of(config)
    options = (
        f"FORMAT csv, HEADER {str(config.header).lower()}, DELIMITER {sql.text(delimiter)}, QUOTE '\"', ESCAPE '\"', "
        f"NULLSTR '', COMPRESSION {sql.text(packing)}"
    )
    target = os.path.join(staging, "data.csv")
    rows = copied(connection, made, target, options)
    header = _header_bytes(target) if config.header and packing == "none" else 0
    return Written(rows, "data.csv", detail={"format": config.format, "header_bytes": header})


def _header_bytes(path: str) -> int:
    from runnel.connectors.files.records import cut

    with open(path, "rb") as file:
        return len(cut(file, 0, '"', '"')) + 1


def _json(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    found = types_of(connection, types)
    made = selected(types, query, lambda name, value: json_value(found[name], value), {name: name for name in types})
    array = str(config.format == "json").lower()
    packing = packing_of(config)
    target = os.path.join(staging, "data.json")
    if config.pretty and config.format == "json":
        return _pretty(connection, made, staging)
    rows = copied(connection, made, target, f"FORMAT json, ARRAY {array}, COMPRESSION {sql.text(packing)}")
    return Written(rows, "data.json", detail={"format": config.format})


def _pretty(connection: Connection, query: str, staging: str) -> Written:
    """Indent what DuckDB wrote, record by record, without touching numbers."""
    import orjson

    lines = os.path.join(staging, "lines.ndjson")
    rows = copied(connection, query, lines, "FORMAT json")
    with open(lines, "rb") as source, open(os.path.join(staging, "data.json"), "wb") as target:
        target.write(b"[")
        for number, line in enumerate(source):
            target.write(b"," if number else b"")
            target.write(b"\n  " + _indented(line.strip(), orjson))
        target.write(b"\n]\n")
    os.unlink(lines)
    return Written(rows, "data.json", detail={"format": "json"})


def _indented(line: bytes, orjson: Any) -> bytes:
    import re

    depth, out = 1, []
    for token in re.findall(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^{}\[\],:"]+', line):
        if token in (b"{", b"["):
            depth += 1
            out.append(token + b"\n" + b"  " * depth)
        elif token in (b"}", b"]"):
            depth -= 1
            out.append(b"\n" + b"  " * depth + token)
        elif token == b",":
            out.append(b",\n" + b"  " * depth)
        else:
            out.append(b": " if token == b":" else token)
    return re.sub(rb"([{\[])\s+([}\]])", rb"\1\2", b"".join(out))


def _parquet(connection: Connection, query: str, staging: str, types: Mapping[str, str], config: Any) -> Written:
    found = types_of(connection, types)
    made = selected(types, query, lambda name, value: stored(found[name], value), {name: name for name in types})
    packing = {"": "zstd", "none": "uncompressed"}.get(config.compression or "", config.compression or "")
    options = f"FORMAT parquet, COMPRESSION {sql.text(packing)}"
    if config.partition_by:
        by = ", ".join(sql.name(name) for name in config.partition_by)
        rows = copied(
            connection,
            made,
            os.path.join(staging, "data"),
            f"{options}, PARTITION_BY ({by}), FILENAME_PATTERN 'part_{{uuid}}'",
        )
        os.makedirs(os.path.join(staging, "data"), exist_ok=True)
        return Written(rows, "data", detail={"format": "parquet"})
    rows = copied(connection, made, os.path.join(staging, "data.parquet"), options)
    return Written(rows, "data.parquet", detail={"format": "parquet"})


@cache
def writers() -> Mapping[str, Writer]:
    """Return format → writer."""
    from runnel.connectors.files.batches import avro, excel, text, xml

    return {
        "csv": _csv, "tsv": _csv, "json": _json, "ndjson": _json, "parquet": _parquet,
        "excel": excel, "xml": xml, "avro": avro, "text": text,
    }  # fmt: skip
