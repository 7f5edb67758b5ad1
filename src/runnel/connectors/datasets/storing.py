"""Columns as Delta can keep them; the exact types are remembered beside and given back when read."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TEXT = re.compile(
    r"\b(HUGEINT|UHUGEINT|BIGNUM|BIT|TIME WITH TIME ZONE|TIME|INTERVAL|UUID|TIME_NS)\b(?! WITH)|ENUM\(|UNION\(|VARIANT"
)
_WIDER = {"UTINYINT": "SMALLINT", "USMALLINT": "INTEGER", "UINTEGER": "BIGINT", "UBIGINT": "DECIMAL(20,0)"}


def stored_columns(query: str, types: Mapping[str, str]) -> str:
    """Wrap a query so that Delta keeps every value of it."""
    made = []
    for name, type in types.items():
        quoted = '"' + name.replace('"', '""') + '"'
        kind = stored_type(type)
        made.append(f"CAST({quoted} AS {kind}) AS {quoted}" if kind else quoted)
    return f"SELECT {', '.join(made)} FROM ({query}) AS stored"


def stored_type(type: str) -> str | None:
    """Return the type in which a column is kept, or None for its own."""
    if type in _WIDER:
        return _WIDER[type]
    if type.startswith(("TIMESTAMP_", "TIMESTAMP_NS")):
        return "TIMESTAMP"
    if type == "FLOAT[]" or type.startswith("MAP("):
        return None
    if type == "JSON":
        return "VARCHAR"
    if type.startswith("TIMESTAMP"):
        return None
    return "VARCHAR" if _TEXT.search(type) else None
