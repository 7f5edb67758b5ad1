"""Pieces of SQL about time that nodes of streams share."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from runnel.nodes.streams.partials import called
from runnel.sdk import Relation, column
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied

ORDERED = frozenset(("first", "last", "any_value", "arbitrary", "list", "array_agg", "string_agg", "group_concat"))
"""Aggregates whose value depends on the order of rows."""


def micros(seconds: float) -> int:
    """Return seconds as whole microseconds."""
    return round(seconds * 1_000_000)


def is_zoned(input: Relation, time: str) -> bool:
    """Tell whether a time column knows its zone."""
    return {**METADATA, **input.types}.get(time, "").upper().endswith("WITH TIME ZONE")


def moment(micros: str, zoned: bool) -> str:
    """Return SQL for the timestamp of microseconds since 1970."""
    return f"make_timestamptz({micros})" if zoned else f"make_timestamp({micros})"


def sequence(time: str) -> list[exp.Expr]:
    """Return the order of rows in a stream: by time, then as they stood in their partition."""
    return [exp.Ordered(this=column(name), nulls_first=False) for name in (time, "_partition", "_position")]


def sequenced_aggregates(values: Mapping[str, exp.Expr], time: str) -> dict[str, exp.Expr]:
    """Give aggregates that depend on an order (first, last, list) the order of the stream where they have none."""
    return {name: _sequenced(copied(tree), time) for name, tree in values.items()}


def _sequenced(tree: exp.Expr, time: str) -> exp.Expr:
    holder = exp.paren(tree, copy=False)
    for part in list(holder.find_all(exp.Func)):
        if called(part) not in ORDERED:
            continue
        given = part.expressions if isinstance(part, exp.Anonymous) else [part.this]
        if not given or isinstance(given[-1], (exp.Order, exp.Distinct)):
            continue
        placed = exp.Order(this=given[-1], expressions=sequence(time))
        if isinstance(part, exp.Anonymous):
            part.set("expressions", [*given[:-1], placed])
        else:
            part.set("this", placed)
    return holder.this
