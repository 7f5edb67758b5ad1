"""The registry of DuckDB functions that have an equal in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from runnel.compiler.dialects.postgres.typed import Typed, quoted, refuse, type_name
from runnel.compiler.dialects.types import family

Writer = Callable[[list[Typed]], Typed]
WRITERS: dict[str, Writer] = {}


def writes(*names: str) -> Callable[[Writer], Writer]:
    """Register the writer of one or several DuckDB functions."""

    def register(writer: Writer) -> Writer:
        for name in names:
            WRITERS[name] = writer
        return writer

    return register


def plain(name: str, result: str | None = None, target: str | None = None) -> None:
    """Register a function that is written alike, of a fixed result type or that of its first argument."""

    def write(args: list[Typed]) -> Typed:
        inside = ", ".join(arg.sql for arg in args)
        return Typed(f"{target or name}({inside})", result or args[0].type)

    WRITERS[name] = write


def cast(value: Typed, target: str) -> Typed:
    """Convert a value between types whose conversion is the same in both; refuses the others."""
    if value.literal is not None and family(target) in ("date", "timestamp", "timestamptz", "time", "uuid"):
        return Typed(f"CAST({value.sql} AS {type_name(target)})", target)
    if value.type == target or value.family == "null":
        return Typed(f"CAST({value.sql} AS {type_name(target)})", target) if target != "NULL" else value
    return Typed(_converted(value, target), target)


def _converted(value: Typed, target: str) -> str:
    before, after, name = value.family, family(target), type_name(target)
    if after == "text":
        return as_text(value)
    if before == "boolean" and after == "integer":
        return f"CAST(CAST({value.sql} AS integer) AS {name})"
    if after == "boolean" and before in ("integer", "decimal", "double"):
        return f"({value.sql} <> 0)"
    if before in ("text", "enum") and after == "integer":
        return f"CAST(round(CAST({value.sql} AS numeric)) AS {name})"
    if before in ("text", "enum") and after in ("decimal", "double", "date", "timestamp", "timestamptz", "uuid"):
        return _from_text(value, after, name)
    if before in ("integer", "decimal") and after in ("integer", "decimal", "double"):
        return f"CAST({value.sql} AS {name})"
    alike = (before == "double" and after in ("double", "integer")) or {before, after} <= {"date", "timestamp"}
    if alike:
        return f"CAST({value.sql} AS {name})"
    if before == "timestamptz" and after in ("date", "timestamp"):
        return f"CAST(({value.sql} AT TIME ZONE 'UTC') AS {name})"
    if before in ("date", "timestamp") and after == "timestamptz":
        return f"(CAST({value.sql} AS timestamp) AT TIME ZONE 'UTC')"
    raise refuse(f"the cast from {value.type} to {target}", "the conversion differs or is not proven equal")


def _from_text(value: Typed, after: str, name: str) -> str:
    if after == "timestamptz":
        return f"CAST({value.sql} AS timestamptz)"
    return f"CAST({value.sql} AS {name})"


def as_text(value: Typed) -> str:
    """Return a value as DuckDB writes it as text; refuses doubles, lists and the like."""
    if value.family in ("text", "enum"):
        return value.sql
    if value.family in ("integer", "decimal", "boolean", "date", "timestamp", "uuid", "null"):
        return f"CAST({value.sql} AS text)"
    if value.family == "timestamptz":
        return f"(CAST(({value.sql} AT TIME ZONE 'UTC') AS text) || '+00')"
    raise refuse(f"{value.type} as text", "it is written differently there")


def number(value: Typed) -> str:
    """Return a value as double precision."""
    return value.sql if value.type == "DOUBLE" else f"CAST({value.sql} AS double precision)"


def small(value: Typed) -> str:
    """Return an integer as PostgreSQL's functions want their counts."""
    return value.sql if value.type == "INTEGER" else f"CAST({value.sql} AS integer)"


def known(literal: Typed, function: str, what: str) -> str:
    """Return the content of an argument that must be a text literal."""
    if literal.literal is None:
        raise refuse(function, f"{what} must be a literal to be translated")
    return literal.literal


def whole_number(value: Typed) -> int | None:
    """Return an integer literal's value, None when it is no literal."""
    text = value.sql.strip("()")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("-").strip("()")
    return sign * int(digits) if digits.isdigit() else None


def text_literal(text: str) -> Typed:
    """Return a text literal."""
    return Typed(quoted(text), "VARCHAR", text)
