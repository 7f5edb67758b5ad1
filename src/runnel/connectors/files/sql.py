"""Small pieces of SQL text: names, texts, lists and column casts, quoted for DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runnel.sdk import Connection


def one(connection: Connection, query: str) -> Any:
    """Return the one row of a query, read to its end so that the connection is free for the next statement."""
    return connection.execute(query).fetchall()[0]


def name(text: str) -> str:
    """Return a quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a quoted text."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """Return a list of texts."""
    return "[" + ", ".join(text(value) for value in values) + "]"


def struct(types: Mapping[str, str]) -> str:
    """Return the mapping column → type as the struct literal that readers take."""
    return "{" + ", ".join(f"{text(column)}: {text(type)}" for column, type in types.items()) + "}"


def names(columns: Iterable[str]) -> str:
    """Return quoted identifiers with commas between them; `1` for none."""
    return ", ".join(name(column) for column in columns) or "1"
