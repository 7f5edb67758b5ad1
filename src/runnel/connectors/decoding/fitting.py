"""Values as they were found, in the types that are wanted: a cast that would change something refuses the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.connectors.decoding.quick import cast_plainly
from runnel.connectors.files import sql
from runnel.connectors.files.overlay import checked

_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
_REAL = frozenset({"DOUBLE", "FLOAT"})


@dataclass(frozen=True)
class Fitted:
    """Rows in their types with the number of their record in `i`, and the records of which a value does not fit."""

    rows: Any
    misfits: list[tuple[int, str]]


def found_type(wanted: str) -> str:
    """Return the type in which a value of JSON is taken first, such that nothing of it is lost."""
    if wanted in _REAL:
        return "DOUBLE"
    nested = wanted.endswith("]") or wanted.startswith(("STRUCT", "MAP", "UNION")) or wanted == "JSON"
    return "JSON" if nested else "VARCHAR"


def fit(value: str, found: str, wanted: str) -> tuple[str, str | None]:
    """Return SQL of a value in the wanted type, and the condition under which it is the same value (None: always)."""
    if found == wanted:
        return value, None
    cast = f"try_cast({value} AS {wanted})"
    if wanted in _REAL:
        return cast, f"({value} IS NULL OR {cast} IS NOT NULL)"
    if found == "VARCHAR" and wanted in _WHOLE:
        return cast, f"({value} IS NULL OR coalesce({cast}::VARCHAR = {value}, false))"
    if found == "VARCHAR" and wanted == "BOOLEAN":
        return cast, f"({value} IS NULL OR {value} IN ('true', 'false'))"
    made, conditions = checked({"v": value}, {"v": found}, {"v": wanted})
    return made["v"], conditions[0] if conditions else None


def fitted(connection: Any, table: Any, found: Mapping[str, str], wanted: Mapping[str, str]) -> Fitted:
    """Give the columns of a table (with `i`) the wanted types, record by record."""
    plain = cast_plainly(table, found, wanted)
    if plain is not None:
        return Fitted(plain, [])
    parts = {name: fit(sql.name(name), found[name], type) for name, type in wanted.items()}
    held = {name: condition for name, (_, condition) in parts.items() if condition}
    values = [f"{value} AS {sql.name(name)}" for name, (value, _) in parts.items()]
    wrong = ", ".join(f"CASE WHEN {one} THEN NULL ELSE {sql.text(name)} END" for name, one in held.items())
    bad = f"list_filter([{wrong}], lambda x: x IS NOT NULL)" if held else "NULL::VARCHAR[]"
    query = f"SELECT {', '.join(['i', *values])}, {bad} AS _wrong FROM _found"
    connection.register("_found", table)
    try:
        made = connection.sql(query).to_arrow_table()
    finally:
        connection.unregister("_found")
    rows = made.drop_columns(["_wrong"])
    if not held:
        return Fitted(rows, [])
    import pyarrow.compute

    pc: Any = pyarrow.compute
    wrong_counts = pc.list_value_length(made.column("_wrong"))
    refused = pc.greater(wrong_counts, 0)
    if not pc.any(refused).as_py():
        return Fitted(rows, [])
    bad_rows = made.filter(refused)
    misfits = [
        (number, "; ".join(f"{name} is no {wanted[name]}" for name in names))
        for number, names in zip(bad_rows.column("i").to_pylist(), bad_rows.column("_wrong").to_pylist(), strict=True)
    ]
    return Fitted(rows.filter(pc.invert(refused)), misfits)
