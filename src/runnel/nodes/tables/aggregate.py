"""Group rows and compute one value per group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from runnel.sdk import (
    AggregateExpressions,
    Columns,
    Example,
    Finding,
    GuardedConfig,
    Ledger,
    Node,
    Relation,
    Streaming,
    Unsupported,
    Where,
    call,
    column,
    field,
)


class Aggregate(Node):
    """Groups rows by columns; without groups the whole table is one group."""

    kind = "table.aggregate"
    title = "Group and aggregate"
    summary = "Group rows and compute sums, counts and other values per group"
    group = "tables"
    icon = "sigma"
    synonyms = ("group by", "sum", "count", "average", "mean", "summarise", "summarize", "total", "pivot", "max", "min")
    streaming = Streaming.BOUNDED
    ledger = Ledger.ABSORBED
    dialect_limits = {"postgres": "the groups' rows as a list"}

    class Config(GuardedConfig):
        """Settings of the grouping."""

        group_by: Columns = field(default_factory=list, title="Group by", help="One row per combination of these.",
                                  widget="columns")  # fmt: skip
        values: AggregateExpressions = field(
            default_factory=dict, title="Values", help="Name and expression, e.g. `sum(price * quantity)`.",
            widget="aggregates",
        )  # fmt: skip
        include_details: bool = field(False, title="Include details",
                                      help="Add `details`, the list of the group's rows.")  # fmt: skip

    examples = (
        Example(
            "Revenue per country",
            {"group_by": ["country"], "values": {"orders": "count(*)", "revenue": "sum(price)"}},
            {"input": [{"country": "DE", "price": 1.5}, {"country": "DE", "price": 2.5}, {"country": None, "price": 4.0}]},
            {"output": [{"country": "DE", "orders": 2, "revenue": 4.0}, {"country": None, "orders": 1, "revenue": 4.0}]},
        ),
    )

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Not with the groups' rows as a list."""
        return {"postgres": Unsupported("PostgreSQL has no structs inside tables")} if config.include_details else {}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the values and groups."""
        values = ", ".join(config.values) or "groups"
        return f"{values} by {', '.join(config.group_by)}" if config.group_by else values

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report settings that make no column, and names used twice."""
        if not (self.config.group_by or self.config.values or self.config.include_details):
            yield Finding("RNL-CONFIG-002", "error", "neither `group_by` nor `values` names anything",
                          "Add a value such as `rows: count(*)`.", Where(field="values"))  # fmt: skip
        taken = {name.lower() for name in self.bound.get("group_by", [])}
        for name in self.config.values:
            if name.lower() in taken:
                yield Finding("RNL-COLUMN-002", "error", f"`{name}` is a group and a value at once",
                              "Give the value another name.", Where(field=f"values.{name}"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Group; NULL is a group of its own."""
        keys: dict[str, exp.Expr] = {name: column(name) for name in dict.fromkeys(self.bound["group_by"])}
        values = self.trees("values")
        if self.config.include_details:
            fields = [
                exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=column(name))
                for name in input.columns
            ]
            values["details"] = call("LIST", exp.Struct(expressions=fields))
        if not values:
            return input.select(list(keys)).distinct()
        return input.aggregate(keys, values)
