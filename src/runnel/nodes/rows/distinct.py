"""Keep one of each."""

from __future__ import annotations

from runnel.sdk import Columns, Example, Ledger, Node, NodeConfig, Relation, Streaming, column, field, sort_term


class Distinct(Node):
    """Keeps one row of each combination; NULLs count as equal. Of named columns only, it keeps one whole row of each."""

    kind = "table.distinct"
    title = "Keep distinct rows"
    summary = "Keep one row of each combination of values"
    group = "rows"
    icon = "fingerprint"
    synonyms = ("unique", "remove duplicates", "dedupe")
    streaming = Streaming.BOUNDED
    ledger = Ledger.SUBSET

    class Config(NodeConfig):
        """Settings of the comparison."""

        columns: Columns = field(default_factory=list, title="Columns", help="What to compare; all columns without it.",
                                 widget="columns")  # fmt: skip

    examples = (
        Example("Equal rows", {}, {"input": [{"a": 1, "b": None}, {"a": 1, "b": None}, {"a": 2, "b": 1}]},
                {"output": [{"a": 1, "b": None}, {"a": 2, "b": 1}]}),
        Example("One row per country", {"columns": ["country"]},
                {"input": [{"id": 1, "country": "DE"}, {"id": 2, "country": "DE"}]},
                {"output": [{"id": 1, "country": "DE"}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return "by " + ", ".join(config.columns) if config.columns else "by all columns"

    def relate(self, input: Relation) -> Relation:
        """Of rows with equal keys the one with the smallest other values stays, so that the result is the same each time."""
        keys = self.bound["columns"]
        if not keys or set(keys) == set(input.columns):
            return input.distinct()
        others = [sort_term(column(name)) for name in input.columns if name not in keys]
        ranked = input.ranked("__rank", keys, others)
        return ranked.where(column("__rank").eq(1)).select(list(input.columns))
