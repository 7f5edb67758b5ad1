"""Type names as people write them: DuckDB's own, in any letter case, and the aliases of parameters."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import ParseError

ALIASES = {
    "string": "VARCHAR",
    "text": "VARCHAR",
    "integer": "BIGINT",
    "int": "BIGINT",
    "number": "DOUBLE",
    "float": "DOUBLE",
    "decimal": "DECIMAL(38,9)",
    "boolean": "BOOLEAN",
    "bool": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "datetime": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
}


@lru_cache(maxsize=1024)
def normal_type(written: str) -> str | None:
    """Return DuckDB's name of a type, or None when there is no such type."""
    text = written.strip()
    if text.lower() in ALIASES:
        return ALIASES[text.lower()]
    try:
        made = exp.DataType.build(text, dialect="duckdb", udt=False)
    except (ParseError, ValueError):
        return None
    if made.this in (exp.DataType.Type.UNKNOWN, exp.DataType.Type.USERDEFINED):
        return None
    return _named(made)


_NAMES = {"TEXT": "VARCHAR", "INT": "INTEGER", "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE", "REAL": "FLOAT"}


def _named(made: exp.DataType) -> str:
    sql = made.sql("duckdb")
    return _NAMES.get(sql, sql)
