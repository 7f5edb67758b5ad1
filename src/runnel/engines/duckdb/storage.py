"""How DuckDB's types are kept in Parquet between segments: what Parquet cannot hold exactly is kept as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runnel.engines.duckdb.oracle import quoted

_UNSAFE = re.compile(r"\b(HUGEINT|UHUGEINT|BIGNUM|BIT|TIME WITH TIME ZONE|INTERVAL|TIMESTAMP_S|TIMESTAMP_MS|TIME_NS)\b")
_ENUM = re.compile(r"\bENUM\(")


def stored_type(type: str) -> str | None:
    """Return the type in which a column is stored, or None where Parquet keeps its own."""
    if type.startswith("UNION(") or type == "VARIANT":
        return "VARCHAR"
    if _ENUM.search(type):
        return "VARCHAR"
    if not _UNSAFE.search(type):
        return None
    return _UNSAFE.sub("VARCHAR", type)


def storing_query(query: str, types: Mapping[str, str]) -> str:
    """Wrap a query so that Parquet keeps every value of it."""
    casts = {name: stored_type(type) for name, type in types.items()}
    if not any(casts.values()):
        return query
    columns = ", ".join(
        f"CAST({quoted(name)} AS {cast}) AS {quoted(name)}" if cast else quoted(name) for name, cast in casts.items()
    )
    return f"SELECT {columns} FROM ({query}) AS stored"


def reading_query(files: Sequence[str], types: Mapping[str, str]) -> str:
    """Return the query that reads stored files back with the exact types."""
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    columns = ", ".join(f"CAST({quoted(name)} AS {type}) AS {quoted(name)}" for name, type in types.items())
    return f"SELECT {columns or '1'} FROM read_parquet([{listed}], union_by_name = true)"
