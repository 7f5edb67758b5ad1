"""Types that a person gave over values that already have one: a cast that may change nothing, else a dead letter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from runnel.connectors.files import sql
from runnel.connectors.files.formats import Reading
from runnel.connectors.files.judging import RefusedError, canonical
from runnel.connectors.files.structure import Tree, shared
from runnel.connectors.files.values import Signs, exactly

_BUDGET_BYTES = 64 * 1024**2


def checked(
    values: Mapping[str, str], found: Mapping[str, str], wanted: Mapping[str, str], lenient: frozenset[str] = frozenset()
) -> tuple[dict[str, str], list[str]]:
    """Return column → SQL of the value in the wanted type, and the conditions under which nothing is lost.

    A lenient column has no condition: where its value would be lost it is NULL.
    """
    made, conditions = {}, []
    for name, value in values.items():
        type, old = wanted[name], found.get(name, "VARCHAR")
        if type == old:
            made[name] = value
            continue
        cast = f"try_cast({value} AS {type})"
        made[name] = cast
        test = f"{cast} IS NOT NULL"
        text = exactly(type, Signs()) if old == "VARCHAR" else None
        if text:
            test += " AND " + text.replace("{c}", value)
        elif old != "VARCHAR" and type != "VARCHAR" and not (old == "JSON" and _nested(type)):
            back = shared(old, type)
            test += f" AND try_cast({cast} AS {back}) IS NOT DISTINCT FROM try_cast({value} AS {back})"
        if name in lenient:
            made[name] = f"CASE WHEN {test} THEN {cast} END"
            continue
        conditions.append(f"({value} IS NULL OR ({test}))")
    return made, conditions


def _nested(type: str) -> bool:
    return type.endswith("]") or type.startswith(("STRUCT", "MAP"))


NUMBERS = count()
"""Several sources of one segment share a connection, where every function has a name of its own."""


class Tap:
    """Functions on a connection that take refused records; lines are kept once each, with a reason, within a budget."""

    def __init__(self, reading: Reading, key: str) -> None:
        self.reading = reading
        self.key = key
        self.judge = f"judge_{self.key}"
        self.refuse = f"refuse_{self.key}"
        self.reasons: dict[bytes, str] = {}
        self.kept = 0

    def create(self, tree: Tree) -> None:
        """Make the functions."""
        import pyarrow

        def judge(lines: Any) -> Any:
            return pyarrow.array([self._judged(line, tree) for line in lines.to_pylist()], pyarrow.string())

        def refuse(lines: Any, reasons: Any) -> Any:
            for line, reason in zip(lines.to_pylist(), reasons.to_pylist(), strict=True):
                self.keep(line, reason)
            return pyarrow.array([False] * len(lines), pyarrow.bool_())

        options = {"type": "arrow", "null_handling": "special", "side_effects": True}
        connection: Any = self.reading.connection
        connection.create_function(self.judge, judge, ["VARCHAR"], "VARCHAR", **options)
        connection.create_function(self.refuse, refuse, ["VARCHAR", "VARCHAR"], "BOOLEAN", **options)

    def _judged(self, line: str | None, tree: Tree) -> str | None:
        if line is None:
            return None
        try:
            return canonical(line, tree)
        except RefusedError as reason:
            self.keep(line, str(reason))
            return None

    def keep(self, line: str, reason: str) -> None:
        """Remember a refused record."""
        raw = line.encode("utf-8", "surrogatepass")
        if raw not in self.reasons:
            self.reasons[raw] = reason
            self.kept += len(raw)


def rows_checked(
    inner: str, found: Mapping[str, str], wanted: Mapping[str, str], reading: Reading, place: Mapping[str, Any]
) -> str | None:
    """Return `inner` with the wanted types over it; rows that do not fit become dead letters as JSON. None if alike."""
    if all(found[name] == type for name, type in wanted.items()):
        return None
    values, conditions = checked({name: sql.name(name) for name in wanted}, found, wanted, reading.lenient)
    made = ", ".join(f"{value} AS {sql.name(name)}" for name, value in values.items())
    if not conditions:
        return f"(SELECT {made} FROM {inner})"
    import pyarrow

    function = f"refuse_rows_{next(NUMBERS)}"

    def refuse(rows: Any) -> Any:
        for row in rows.to_pylist():
            wrong = ", ".join(n for n, type in wanted.items() if found[n] != type and n not in reading.lenient)
            reading.letters.add(row.encode(), f"a value does not fit the type given for {wrong}", place)
        return pyarrow.array([False] * len(rows), pyarrow.bool_())

    connection: Any = reading.connection
    connection.create_function(
        function, refuse, ["VARCHAR"], "BOOLEAN", type="arrow", null_handling="special", side_effects=True
    )
    packed = ", ".join(f"{sql.text(name)}: {sql.name(name)}" for name in wanted)
    accept = f"CASE WHEN {' AND '.join(conditions)} THEN true ELSE {function}(to_json({{{packed}}})::VARCHAR) END"
    return f"(SELECT {made} FROM {inner} WHERE {accept} LIMIT 999999999999 OFFSET 0)"


def as_json(row: Mapping[str, Any]) -> bytes:
    """Return a row as JSON, for a dead letter whose own bytes do not stand in the file as such."""
    return json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
