"""What the columns of a table hold, over all its rows: two passes for every column together, not one per column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from runnel.app.previews import Questions

NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "DECIMAL", "FLOAT", "DOUBLE")
MOMENTS = ("DATE", "TIMESTAMP")
TOP = 5
BINS = 20
FEW = 50
"""A number with at most so many values has its most frequent ones counted in a quick profile too."""


@dataclass(frozen=True)
class Column:
    """One column and how it is asked about; `axis` is its value as a DOUBLE, for histograms."""

    index: int
    name: str
    type: str

    @property
    def quoted(self) -> str:
        """The name as SQL."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.type.startswith(NUMBERS) and not self.type.endswith("]") and not self.type.startswith("UNION")

    @property
    def axis(self) -> str | None:
        """The value as a DOUBLE, NULL where it has none."""
        if self.numeric:
            return f"TRY_CAST({self.quoted} AS DOUBLE)"
        if self.type.startswith(MOMENTS) and not self.type.endswith("]"):
            return f"CASE WHEN isfinite({self.quoted}) THEN epoch({self.quoted}) END"
        return None


@dataclass(frozen=True)
class Facts:
    """What the first pass found of a column."""

    column: Column
    nulls: int
    distinct: int
    least: Any
    most: Any
    mean: Any
    low: float | None
    high: float | None


def profiled(ask: Questions, schema: Mapping[str, str], quick: bool) -> tuple[int, list[dict[str, Any]]]:
    """Return how many rows there are, and each column's facts, most frequent values and histogram.

    A quick profile estimates distinct values (`approximate` says where) and counts the most frequent ones only of
    columns without a histogram or with few values.
    """
    columns = [Column(index, name, type) for index, (name, type) in enumerate(schema.items())]
    rows, facts = _facts(ask, columns, quick)
    histograms = [found for found in facts if found.low is not None and found.high is not None]
    tops = [found for found in facts if not quick or found.column.axis is None or found.distinct <= FEW]
    questions = [_top_question(found.column, quick) for found in tops]
    if histograms:
        questions.append(_histogram_question(histograms))
    answers = [_rows(text) for _, text in ask.all(*questions)] if questions else []
    bins = dict(zip([found.column.name for found in histograms], answers[-1][0], strict=True)) if histograms else {}
    top = {found.column.name: answers[place] for place, found in enumerate(tops)}
    made = [_described(found, top.get(found.column.name), bins.get(found.column.name), quick) for found in facts]
    return rows, made


def _rows(text: str) -> list[list[Any]]:
    return json.loads(text, parse_float=Decimal)


def _facts(ask: Questions, columns: list[Column], quick: bool) -> tuple[int, list[Facts]]:
    parts = ["count(*)"]
    for column in columns:
        name, axis = column.quoted, column.axis
        text = f"CAST({name} AS VARCHAR)"
        finite = f" FILTER (WHERE isfinite({axis}))" if axis else ""
        parts += [
            f"count(*) - count({name})",
            f"approx_count_distinct({name})" if quick else f"count(DISTINCT {text})", f"min({name})", f"max({name})",
            f"avg({axis}){finite}" if column.numeric else "NULL",
            f"min({axis}){finite}" if axis else "NULL", f"max({axis}){finite}" if axis else "NULL",
        ]  # fmt: skip
    named = ", ".join(f"{part} AS f{index}" for index, part in enumerate(parts))
    _, text = ask(f'SELECT {named} FROM "the rows"')
    values = _rows(text)[0]
    found: list[Facts] = []
    for column in columns:
        nulls, distinct, least, most, mean, low, high = values[1 + 7 * column.index : 8 + 7 * column.index]
        limits = (None if low is None else float(low), None if high is None else float(high))
        found.append(Facts(column, nulls, min(distinct, values[0] - nulls), least, most, mean, *limits))
    return values[0], found


def _top_question(column: Column, quick: bool) -> str:
    """Ask for the most frequent values; beside each how many different ones there are."""
    name = column.quoted
    every = "count(*) OVER ()" if quick else "NULL"
    return (
        f'SELECT {name}, n, {every} FROM (SELECT {name}, count(*) AS n FROM "the rows" WHERE {name} IS NOT NULL GROUP BY 1) '
        f"ORDER BY n DESC, CAST({name} AS VARCHAR) LIMIT {TOP}"
    )


def _histogram_question(facts: list[Facts]) -> str:
    """Ask for the bins of every column at once, as lists of (bin, count)."""
    parts: list[str] = []
    for found in facts:
        assert found.low is not None and found.high is not None
        width = (found.high - found.low) / BINS
        axis = found.column.axis
        place = (
            f"CAST(least(floor(({axis} - {found.low!r}) / {width!r}), {BINS - 1}) AS INTEGER)" if width > 0 else "0"
        )
        parts.append(f"map_entries(histogram({place}) FILTER (WHERE isfinite({axis})))")
    return "SELECT " + ", ".join(f"{part} AS h{index}" for index, part in enumerate(parts)) + ' FROM "the rows"'


def _described(found: Facts, top: list[list[Any]] | None, bins: Any, quick: bool) -> dict[str, Any]:
    exact = not quick or (bool(top) and top is not None)
    distinct = int(top[0][2]) if quick and top else found.distinct
    return {
        "name": found.column.name, "type": found.column.type, "nulls": found.nulls, "distinct": distinct,
        "approximate": not exact and found.distinct > 0, "min": _plain(found.least), "max": _plain(found.most),
        "mean": float(found.mean) if found.mean is not None else None,
        "top": [{"value": _plain(row[0]), "count": row[1]} for row in top or []],
        "histogram": _histogram(found, bins),
    }  # fmt: skip


def _histogram(found: Facts, bins: Any) -> list[dict[str, Any]]:
    if not bins or found.low is None or found.high is None:
        return []
    width = (found.high - found.low) / BINS
    return [
        {
            "from": found.low + entry["key"] * width,
            "to": found.low + (entry["key"] + 1) * width if width else found.high, "count": entry["value"],
        }
        for entry in sorted(bins, key=lambda entry: entry["key"])
    ]  # fmt: skip


def _plain(value: Any) -> Any:
    """Return a value that JSON holds; a number with a fraction keeps its digits."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value
