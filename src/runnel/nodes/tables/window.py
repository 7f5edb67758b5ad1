"""Compute values over neighbouring rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.rows.sort import SortTerm, sort_key
from runnel.sdk import (
    Columns,
    Example,
    Finding,
    GuardedConfig,
    Node,
    Relation,
    Streaming,
    Where,
    WindowExpressions,
    column,
    field,
    sort_term,
)
from runnel.sdk.names import nearest_column, resolve_column


class Window(Node):
    """Adds columns computed over the rows of the same group in an order: ranks, previous values, running totals.

    An expression without `OVER` gets the node's groups and order; an aggregate then runs from the first row of the
    group to the current one. `moving_rows` bounds it to the last rows instead (a moving average, say).
    """

    kind = "table.window"
    title = "Compute over neighbours"
    summary = "Rank, previous and next values, running totals, moving averages"
    group = "tables"
    icon = "rows-3"
    synonyms = ("rank", "lag", "lead", "running total", "cumulative", "moving average", "over", "percent change")
    streaming = Streaming.BOUNDED

    class Config(GuardedConfig):
        """Settings of the window."""

        partition_by: Columns = field(
            default_factory=list, title="Groups", help="Rows of the same group are neighbours.", widget="columns"
        )
        order_by: list[str | SortTerm] = field(
            default_factory=list, title="Order", help="`column` or `-column`.", widget="sort"
        )
        columns: WindowExpressions = field(
            title="Columns",
            widget="expressions",
            min_length=1,
            help="Name and expression, e.g. `row_number()`, `lag(price)`, `sum(price)`.",
        )
        moving_rows: int | None = field(
            None,
            title="Moving rows",
            ge=1,
            unit="rows",
            help="Aggregates see only this many rows up to the current one.",
        )

    examples = (
        Example(
            "Running total and change",
            {
                "partition_by": ["shop"],
                "order_by": ["day"],
                "columns": {"total": "sum(v)", "before": "lag(v)", "rank": "row_number()"},
            },
            {
                "input": [
                    {"shop": "a", "day": 1, "v": 10.0},
                    {"shop": "a", "day": 2, "v": 15.0},
                    {"shop": "b", "day": 1, "v": 1.0},
                ]
            },
            {
                "output": [
                    {"shop": "a", "day": 1, "v": 10.0, "total": 10.0, "before": None, "rank": 1},
                    {"shop": "a", "day": 2, "v": 15.0, "total": 25.0, "before": 10.0, "rank": 2},
                    {"shop": "b", "day": 1, "v": 1.0, "total": 1.0, "before": None, "rank": 1},
                ]
            },
        ),
        Example(
            "Moving average of two",
            {"order_by": ["t"], "moving_rows": 2, "columns": {"m": "avg(v)"}},
            {"input": [{"t": 1, "v": 1.0}, {"t": 2, "v": 3.0}, {"t": 3, "v": 5.0}]},
            {"output": [{"t": 1, "v": 1.0, "m": 1.0}, {"t": 2, "v": 3.0, "m": 2.0}, {"t": 3, "v": 5.0, "m": 4.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns)

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report unknown order columns."""
        for index, key in enumerate(map(sort_key, self.config.order_by)):
            if resolve_column(inputs["input"], key.column) is None:
                yield nearest_column(inputs["input"], key.column, Where(field=f"order_by.{index}"))

    @classmethod
    def window(cls, config: Config) -> exp.Window:
        """Groups, order and frame for every call that has no window of its own."""
        terms = [
            sort_term(column(key.column), key.order == "descending", key.nulls)
            for key in map(sort_key, config.order_by)
        ]
        return exp.Window(
            partition_by=[column(name) for name in config.partition_by],
            order=exp.Order(expressions=terms) if terms else None,
            spec=_frame(config) if terms else None,
        )

    def relate(self, input: Relation) -> Relation:
        """Put every expression in place of the column of its name, or behind the others."""
        return input.extend(self.trees("columns"))


def _frame(config: Window.Config) -> exp.WindowSpec:
    moving = config.moving_rows
    start = exp.Literal.number(moving - 1) if moving else "UNBOUNDED"
    return exp.WindowSpec(kind="ROWS", start=start, start_side="PRECEDING", end="CURRENT ROW")
