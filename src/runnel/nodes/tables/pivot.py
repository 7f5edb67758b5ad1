"""Turn rows into columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sqlglot import exp

from runnel.sdk import (
    Column,
    Columns,
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Relation,
    Streaming,
    Unsupported,
    Where,
    call,
    column,
    field,
    literal,
)

MOST_COLUMNS = 1000


class Pivot(Node):
    """Makes one column per value of a column, and one row per combination of the index columns.

    Without `values` the columns depend on the data: the compiler looks at the distinct values first and pins them.
    """

    kind = "table.pivot"
    title = "Rows to columns"
    summary = "Turn the values of a column into columns"
    group = "tables"
    icon = "table-columns-split"
    synonyms = ("pivot", "crosstab", "long to wide", "spread", "cross table")
    streaming = Streaming.BOUNDED
    ledger = Ledger.ABSORBED
    probed = True
    dialect_limits = {"postgres": "the first row of a cell"}

    class Config(NodeConfig):
        """Settings of the pivot."""

        index: Columns = field(default_factory=list, title="Rows", help="One row per combination of these.",
                               widget="columns")  # fmt: skip
        column: Column = field(title="Columns from", help="Its values become columns.", widget="column")
        value: Column = field(title="Values from", help="What stands in the cells.", widget="column")
        aggregate: Literal["sum", "count", "avg", "min", "max", "first"] = field("sum", title="Combine by",
                                                                                help="For several rows of one cell.")  # fmt: skip
        values: list[str | int | float | bool] | None = field(None, title="Values", widget="list",
                                                             help="The values that become columns, in order.")  # fmt: skip

    examples = (
        Example("Sales per month", {"index": ["shop"], "column": "month", "value": "v", "values": ["jan", "feb"]},
                {"input": [{"shop": "a", "month": "jan", "v": 1.5}, {"shop": "a", "month": "jan", "v": 2.0},
                           {"shop": "b", "month": "feb", "v": 3.0}]},
                {"output": [{"shop": "a", "jan": 3.5, "feb": None}, {"shop": "b", "jan": None, "feb": 3.0}]}),
        Example("Columns from the data", {"index": ["shop"], "column": "month", "value": "v", "aggregate": "count"},
                {"input": [{"shop": "a", "month": "jan", "v": 1}, {"shop": "a", "month": "feb", "v": None}]},
                {"output": [{"shop": "a", "feb": 0, "jan": 1}]}),
    )  # fmt: skip

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Not by the first row."""
        return {"postgres": Unsupported("the first row of a group is another one there")} if config.aggregate == "first" else {}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what becomes columns."""
        return f"{config.aggregate} of {config.value} per {config.column}"

    def check(self, inputs: dict[str, Any]) -> Iterator[Finding]:
        """Report sums over text."""
        type = inputs["input"].types.get(self.bound["value"], "")
        if self.config.aggregate in ("sum", "avg") and type == "VARCHAR":
            what = f"`{self.bound['value']}` is text, which cannot be summed"
            yield Finding("RNL-TYPE-004", "error", what, "Cast it to a number first.", Where(field="value"))

    def probe_query(self, input: Relation) -> Relation | None:
        """Ask for the distinct values where they are not given."""
        if self.config.values is not None:
            return None
        name = self.bound["column"]
        there = input.where(column(name).is_(exp.null()).not_())
        return there.select({"value": exp.cast(column(name), "VARCHAR")}).distinct().limit(MOST_COLUMNS)

    def relate(self, input: Relation) -> Relation:
        """Group by the index; each value is an aggregate over its rows."""
        name, value = self.bound["column"], self.bound["value"]
        wanted: list[Any] = list(self.config.values or [])
        if self.config.values is None:
            wanted = sorted(str(row["value"]) for row in self.seen or [])
        texts = self.config.values is None
        compared = exp.cast(column(name), "VARCHAR") if texts else column(name)
        keys = {key: column(key) for key in dict.fromkeys(self.bound["index"])}
        made: dict[str, exp.Expr] = {}
        for item in wanted:
            here = exp.EQ(this=compared.copy(), expression=literal(item))
            made[str(item)] = exp.Filter(this=self._combined(value), expression=exp.Where(this=here))
        if not made:
            return input.select(list(keys)).distinct() if keys else input.aggregate({}, {"rows": exp.Count(this=exp.Star())})
        return input.aggregate(keys, made)

    def _combined(self, value: str) -> exp.Expr:
        kinds: dict[str, type[exp.AggFunc]] = {"count": exp.Count, "avg": exp.Avg, "min": exp.Min, "max": exp.Max}
        how = self.config.aggregate
        if how == "sum":
            return exp.Sum(this=column(value))
        return call("FIRST", column(value)) if how == "first" else kinds[how](this=column(value))
