"""Plain values as a DuckDB table: types are read off the values, and every value arrives exactly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from runnel.sdk import Connection

_INT64 = range(-(2**63), 2**63)


def value_type(value: Any) -> str | None:
    """Return the DuckDB type of one plain value; None for NULL."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT" if value in _INT64 else "DECIMAL(38,0)"
    if isinstance(value, Decimal):
        return "DECIMAL(38,9)"
    for kind, name in (
        (float, "DOUBLE"), (str, "VARCHAR"), (datetime, "TIMESTAMP"), (date, "DATE"), (time, "TIME"), (bytes, "BLOB"),
    ):  # fmt: skip
        if isinstance(value, kind):
            aware = isinstance(value, datetime) and value.tzinfo is not None
            return "TIMESTAMP WITH TIME ZONE" if aware else name
    if isinstance(value, Mapping):
        fields = ", ".join(f"{_quoted(str(key))} {value_type(part) or 'VARCHAR'}" for key, part in value.items())
        return f"STRUCT({fields})" if fields else "JSON"
    if isinstance(value, Sequence):
        return f"{common_type(value_type(part) for part in value) or 'VARCHAR'}[]"
    return "VARCHAR"


def common_type(types: Iterable[str | None]) -> str | None:
    """Return the type that holds values of all given types without loss; JSON where they do not mix."""
    found = list(dict.fromkeys(type for type in types if type is not None))
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    if set(found) <= {"BIGINT", "DECIMAL(38,0)"}:
        return "DECIMAL(38,0)"
    if set(found) <= {"BIGINT", "DOUBLE", "DECIMAL(38,0)"}:
        return "DOUBLE"
    return "JSON"


def column_types(rows: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, str]:
    """Return column → type over all rows, in the order of first appearance; given types win."""
    seen: dict[str, list[str | None]] = {name: [] for name in given}
    for row in rows:
        for name, value in row.items():
            seen.setdefault(name, []).append(value_type(value))
    return {name: given.get(name) or common_type(types) or "VARCHAR" for name, types in seen.items()}


def rows_table(
    connection: Connection,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    given: Mapping[str, str],
    types: Mapping[str, str] | None = None,
) -> str:
    """Make a temporary table of the rows and return its quoted name; a missing column is NULL."""
    columns = dict(types) if types else column_types(rows, given)
    table = _quoted(name)
    lines = [json.dumps([_plain(row.get(column)) for column in columns], ensure_ascii=False) for row in rows]
    casts = [
        f"CAST(line{'->>' if type == 'VARCHAR' else '->'}{index} AS {type}) AS {_quoted(column)}"
        for index, (column, type) in enumerate(columns.items())
    ]
    made = ", ".join(casts) or "1 AS _empty"
    query = f"SELECT {made} FROM (SELECT CAST(UNNEST(CAST(? AS VARCHAR[])) AS JSON) AS line)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}", [lines])
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return "".join(f"\\x{byte:02X}" for byte in value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
