"""Which rows are equal to one of which the values are known as JSON, as SQL (DuckDB)."""

from __future__ import annotations

from typing import Any

TOLERANCES = {"DOUBLE": "1e-9", "FLOAT": "1e-6"}
"""By how much numbers may differ that were added up in another order, as a part of them (of 1 where they are smaller)."""


def same(column: str, type: str, value: Any) -> str:
    """Return whether a column (SQL) has a value, of which its JSON is given; doubles may differ in the last digits.

    A value that its type cannot hold is equal to nothing.
    """
    own, given = f"CAST({column} AS {type})", f"TRY_CAST({_literal(value)} AS {type})"
    if type not in TOLERANCES:
        return f"{own} = {given}"
    near = f"abs({own} - {given}) <= {TOLERANCES[type]} * greatest(1, abs({given}))"
    return f"({own} = {given} OR (isfinite({own}) AND isfinite({given}) AND {near}))"


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    """Return a value as text in SQL; a zero character would end the query."""
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in str(value).split("\0"))
