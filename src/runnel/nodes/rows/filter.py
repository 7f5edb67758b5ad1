"""Keep the rows for which a condition is true."""

from __future__ import annotations

from runnel.sdk import Condition, Example, GuardedConfig, Ledger, Node, Relation, field


class Filter(Node):
    """Keeps rows; what is false or NULL leaves through `rest`."""

    kind = "table.filter"
    title = "Keep rows"
    summary = "Keep the rows for which a condition is true"
    group = "rows"
    icon = "filter"
    synonyms = ("where", "filter", "keep", "exclude", "remove rows", "select rows")
    ledger = Ledger.SUBSET
    outputs = ("output", "rest")

    class Config(GuardedConfig):
        """Settings of the filter."""

        where: Condition = field(title="Keep rows where", help="A condition such as `price > 30`.", widget="condition")

    examples = (
        Example(
            "Paid orders",
            {"where": "status = 'paid'"},
            {"input": [{"id": 1, "status": "paid"}, {"id": 2, "status": "open"}, {"id": 3, "status": None}]},
            {"output": [{"id": 1, "status": "paid"}], "rest": [{"id": 2, "status": "open"}, {"id": 3, "status": None}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show the condition."""
        return config.where

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Split the rows by the condition; NULL counts as not true."""
        condition = self.tree("where")
        rest = input.where(condition.is_(True).not_())
        return {"output": input.where(condition).select(list(input.columns)), "rest": rest.select(list(input.columns))}
