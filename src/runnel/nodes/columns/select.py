"""Keep some columns, in a given order."""

from __future__ import annotations

from runnel.sdk import Columns, Example, Node, NodeConfig, Relation, field


class Select(Node):
    """Keeps the named columns in the order in which they are named."""

    kind = "table.select"
    title = "Choose columns"
    summary = "Keep the named columns, in this order"
    group = "columns"
    icon = "columns"
    synonyms = ("keep columns", "pick", "project", "fields", "order columns")

    class Config(NodeConfig):
        """Settings of the choice."""

        columns: Columns = field(title="Columns", help="The columns to keep, in order.", widget="columns", min_length=1)

    examples = (
        Example("Two of three", {"columns": ["b", "a"]}, {"input": [{"a": 1, "b": 2, "c": 3}]},
                {"output": [{"b": 2, "a": 1}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns)

    def relate(self, input: Relation) -> Relation:
        """Keep the columns."""
        return input.select(list(dict.fromkeys(self.bound["columns"])))
