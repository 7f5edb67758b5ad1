"""Lowering: a typed relation becomes a readable CTE, and beside it the CTE that is run, with fences and taps.

A fence is `LIMIT label OFFSET 0`: DuckDB keeps it, counts it exactly in its profile under that label, and lets nothing
pass that would change the count (ADR 0003). A tap is a call that stores a refused row while the query runs.
"""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from runnel.sdk.relation import ACCEPT, Relation, call, column
from runnel.sdk.trees import copied

FENCE_BASE = 10**15
TAP = "runnel_dead_letter"


@dataclass
class Labels:
    """Numbers for the fences of one segment; each label means one port (or None: it only holds an order)."""

    made: dict[int, tuple[str, str] | None] = field(default_factory=dict)

    def next(self, port: tuple[str, str] | None) -> int:
        """Return a fresh label for a port."""
        label = FENCE_BASE - len(self.made) - 1
        self.made[label] = port
        return label


def physical(
    relation: Relation,
    labels: Labels,
    counted: tuple[str, str] | None,
    tap: str | None = None,
) -> str:
    """Return the text of a CTE as it is run.

    `counted` puts a fence on top; `tap` (a node's id) makes the rows that the node refuses dead letters. The relation's
    query is used up.
    """
    query = _lower_accepts(relation.as_query(), labels, tap)
    if counted is not None:
        query = fenced(query, labels.next(counted))
    return query.sql("duckdb", pretty=True, copy=False)


def fenced(query: exp.Query, label: int) -> exp.Query:
    """Put a fence on top of a query."""
    if isinstance(query, exp.Select) and not any(query.args.get(name) for name in ("limit", "offset", "order")):
        return query.limit(label, copy=False).offset(0, copy=False)
    inner = query.subquery(exp.to_identifier("t", quoted=True))
    names = [column(name) for name in query.named_selects]
    return exp.select(*names).from_(inner).limit(label, copy=False).offset(0, copy=False)


def store_columns(query: exp.Query, columns: Sequence[str]) -> None:
    """Note in every acceptance marker which columns of a refused row are stored, so that they are not pruned."""
    for marker in _markers(query):
        for name in columns:
            marker.append("expressions", column(name))


def _markers(query: exp.Query) -> list[exp.Anonymous]:
    return [part for part in query.find_all(exp.Anonymous) if part.name == ACCEPT]


def _lower_accepts(query: exp.Query, labels: Labels, tap: str | None) -> exp.Query:
    """Turn acceptance markers into plain conditions, or into taps between fences."""
    for marker in _markers(query):
        condition, reason, *columns = marker.expressions
        select = marker.find_ancestor(exp.Select)
        if tap is None or select is None:
            marker.replace(copied(condition))
            continue
        row = exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.to_identifier(stored.name, quoted=True), expression=copied(stored))
                for stored in columns
            ]
        )
        payload = exp.cast(call("TO_JSON", row), exp.DataType.build("VARCHAR", dialect="duckdb"))
        refused = call(TAP, tap, payload, reason)
        checked = exp.Case().when(copied(condition), exp.true()).else_(refused)
        marker.replace(checked)
        select.limit(labels.next(None), copy=False)
        select.offset(0, copy=False)
    return query
