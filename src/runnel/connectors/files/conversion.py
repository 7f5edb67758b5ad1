"""SQL that turns typed values into what a text format can hold without losing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runnel.connectors.files import sql
from runnel.sdk import Connection

_PLAIN_NUMBER = "^[+-]?[0-9]+([.,][0-9]+)?$"
_FORMULA = "^[=+@\\t\\r-]"


def types_of(connection: Connection, types: Mapping[str, str]) -> dict[str, Any]:
    """Return column → DuckDB's own type objects, whose children can be walked."""
    if not types:
        return {}
    made = ", ".join(f"CAST(NULL AS {type})" for type in types.values())
    return dict(zip(types, connection.sql(f"SELECT {made}").types, strict=True))


def selected(types: Mapping[str, str], query: str, convert: Callable[[str, str], str], names: Mapping[str, str]) -> str:
    """Return the query with every column converted and named."""
    made = ", ".join(f"{convert(name, sql.name(name))} AS {sql.name(names[name])}" for name in types)
    return f"SELECT {made or '1'} FROM ({query}) AS written"


def json_value(type: Any, value: str) -> str:
    """Return SQL that gives `value` in a form which JSON keeps: times as RFC 3339, NaN as text, bytes as base64."""
    kind = str(type.id)
    if kind in _LEAVES:
        return _LEAVES[kind].replace("{v}", value)
    if kind == "list" or kind == "array":
        inner = json_value(type.children[0][1], "x")
        return value if inner == "x" else f"list_transform({value}::{type.children[0][1]}[], lambda x: {inner})"
    if kind == "struct":
        return _struct(type, value)
    if kind == "map":
        return f"CASE WHEN {value} IS NOT NULL THEN to_json({value}) END"
    return value


def _struct(type: Any, value: str) -> str:
    parts = {name: json_value(part, f"struct_extract({value}, {sql.text(name)})") for name, part in type.children}
    plain = {name: f"struct_extract({value}, {sql.text(name)})" for name in parts}
    if parts == plain:
        return value
    made = ", ".join(f"{sql.name(name)} := {part}" for name, part in parts.items())
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({made}) END"


_STAMP = "replace(CAST({v} AS VARCHAR), ' ', 'T')"
_ZONED = f"regexp_replace({_STAMP}, '[+]00$', 'Z')"
_REAL = "CASE WHEN isfinite({v}) THEN to_json({v}) WHEN isnan({v}) THEN '\"NaN\"'::JSON " \
        "WHEN {v} > 0 THEN '\"Infinity\"'::JSON WHEN {v} < 0 THEN '\"-Infinity\"'::JSON END"  # fmt: skip
_LEAVES = {
    "timestamp": _STAMP, "timestamp_s": _STAMP, "timestamp_ms": _STAMP, "timestamp_ns": _STAMP,
    "timestamp with time zone": _ZONED, "double": _REAL, "float": _REAL, "blob": "base64({v})",
    "interval": "CAST({v} AS VARCHAR)", "bit": "CAST({v} AS VARCHAR)", "time with time zone": "CAST({v} AS VARCHAR)",
}  # fmt: skip


def text_value(type: Any, value: str, neutral: bool) -> str:
    """Return SQL that gives `value` for a cell of a table of text."""
    kind = str(type.id)
    if kind in ("list", "array", "struct", "map", "union"):
        return f"CAST(to_json({json_value(type, value)}) AS VARCHAR)"
    if kind in ("timestamp with time zone",):
        return _ZONED.replace("{v}", value)
    if kind == "blob":
        return f"base64({value})"
    if kind in ("varchar", "json", "enum") and neutral:
        return neutralised(f"CAST({value} AS VARCHAR)")
    return value


def neutralised(value: str) -> str:
    """Return SQL that puts an apostrophe before texts that a spreadsheet would take for a formula."""
    return (
        f"CASE WHEN regexp_matches({value}, {sql.text(_FORMULA)}) "
        f"AND NOT regexp_matches({value}, {sql.text(_PLAIN_NUMBER)}) "
        f"THEN '''' || {value} ELSE {value} END"
    )


def neutral_name(name: str) -> str:
    """Return a column's name that no spreadsheet takes for a formula."""
    return "'" + name if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def stored(type: Any, value: str) -> str:
    """Return SQL that gives `value` in a type which Parquet keeps."""
    kind = str(type.id)
    if kind in ("hugeint", "uhugeint", "bignum", "interval", "bit", "union", "enum", "time with time zone"):
        return f"CAST({value} AS VARCHAR)"
    return value
