"""Types of PostgreSQL for columns of ours, and values as its text form of COPY takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_PLAIN: Mapping[str, str] = {
    "BOOLEAN": "boolean", "TINYINT": "smallint", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint",
    "UTINYINT": "smallint", "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "numeric(20,0)", "FLOAT": "real",
    "DOUBLE": "double precision", "VARCHAR": "text", "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz", "BLOB": "bytea", "UUID": "uuid", "INTERVAL": "interval", "JSON": "jsonb",
}  # fmt: skip


def column_type(type: str) -> str:
    """Return PostgreSQL's type for a DuckDB type; nested values become jsonb, what is left text."""
    if type.startswith("DECIMAL"):
        return "numeric" + type.removeprefix("DECIMAL")
    if type.endswith("]") or type.startswith(("STRUCT", "MAP", "UNION")):
        return "jsonb"
    return _PLAIN.get(type, "text")


def writer_of(type: str) -> Callable[[Any], Any] | None:
    """Return what turns a value of Python into one that the driver sends for a column, or None where it is one already."""
    if column_type(type) == "jsonb":
        return lambda value: value if value is None or isinstance(value, str) else json.dumps(value, default=str)
    if column_type(type) == "text":
        return lambda value: value if value is None else re.sub("\x00", "\ufffd", str(value))
    return None
