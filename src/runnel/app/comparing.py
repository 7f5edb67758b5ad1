"""Comparing tables by value: row order ignored, numbers within a tolerance, with the difference in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
TOLERANCE = 1e-9


def difference(expected: Sequence[Row], actual: Sequence[Row], ordered: bool = False) -> str | None:
    """Return in words how two tables differ, or None.

    Only columns that the expected rows name are compared; a column that an expected row does not name is expected
    to be NULL there if another expected row names it.
    """
    names = list(dict.fromkeys(name for row in expected for name in row))
    if actual and names:
        missing = [name for name in names if name not in actual[0]]
        if missing:
            return f"the result has no column {', '.join(missing)}; it has {', '.join(actual[0])}"
    left = [[normal(row.get(name)) for name in names] for row in expected]
    right = [[normal(row.get(name)) for name in names] for row in actual]
    if len(left) != len(right):
        return f"expected {len(left)} row(s), got {len(right)}" + _first_unmatched(names, left, right)
    if ordered:
        for index, (mine, theirs) in enumerate(zip(left, right, strict=True)):
            if not same(mine, theirs):
                return f"row {index + 1}: expected {_shown(names, mine)}, got {_shown(names, theirs)}"
        return None
    return _unordered(names, left, right)


def _unordered(names: list[str], left: list[list[Any]], right: list[list[Any]]) -> str | None:
    rest = sorted(right, key=_sort_key)
    for mine in sorted(left, key=_sort_key):
        found = next((index for index, theirs in enumerate(rest) if same(mine, theirs)), None)
        if found is None:
            near = min(rest, key=lambda theirs: -sum(same(a, b) for a, b in zip(mine, theirs, strict=True)))
            return f"expected a row {_shown(names, mine)}; the nearest is {_shown(names, near)}"
        rest.pop(found)
    return None


def _first_unmatched(names: list[str], left: list[list[Any]], right: list[list[Any]]) -> str:
    for rows, others, word in ((left, right, "missing"), (right, left, "unexpected")):
        rest = list(others)
        for row in rows:
            found = next((index for index, other in enumerate(rest) if same(row, other)), None)
            if found is None:
                return f"; {word}: {_shown(names, row)}"
            rest.pop(found)
    return ""


def normal(value: Any) -> Any:
    """Return a value in the form in which it is compared: numbers as they are, times as RFC 3339 text."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {key: normal(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [normal(part) for part in value]
    return value


def same(mine: Any, theirs: Any) -> bool:
    """Tell whether two values are equal; numbers within 1e-9 relative (or absolute near zero)."""
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs
    if isinstance(mine, int | float | Decimal) and isinstance(theirs, int | float | Decimal):
        if isinstance(mine, int) and isinstance(theirs, int):
            return mine == theirs
        return math.isclose(float(mine), float(theirs), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(same(a, b) for a, b in zip(mine, theirs, strict=True))
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(same(mine[key], theirs[key]) for key in mine)
    return mine == theirs


def _sort_key(row: Any) -> str:
    return repr([part if not isinstance(part, int | float | Decimal) else round(float(part), 6) for part in row])


def _shown(names: Sequence[str], row: Sequence[Any]) -> str:
    text = ", ".join(f"{name}: {value!r}" for name, value in zip(names, row, strict=True))
    return "{" + (text if len(text) <= 300 else text[:297] + "...") + "}"
