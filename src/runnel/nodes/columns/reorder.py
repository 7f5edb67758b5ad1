"""Bring columns into another order."""

from __future__ import annotations

from typing import Literal

from runnel.sdk import Columns, Example, Node, NodeConfig, Relation, field


class Reorder(Node):
    """Puts the named columns first (or last), in this order; the others keep theirs."""

    kind = "table.reorder"
    title = "Reorder columns"
    summary = "Put columns first or last"
    group = "columns"
    icon = "move-horizontal"
    synonyms = ("move columns", "column order", "arrange")

    class Config(NodeConfig):
        """Settings of the order."""

        columns: Columns = field(title="Columns", help="The columns to move, in order.", widget="columns", min_length=1)
        place: Literal["first", "last"] = field("first", title="Place", help="Where to put them.")

    examples = (
        Example("Last becomes first", {"columns": ["c"]}, {"input": [{"a": 1, "b": 2, "c": 3}]},
                {"output": [{"c": 3, "a": 1, "b": 2}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what goes where."""
        return f"{', '.join(config.columns)} {config.place}"

    def relate(self, input: Relation) -> Relation:
        """Reorder."""
        moved = list(dict.fromkeys(self.bound["columns"]))
        others = [name for name in input.columns if name not in moved]
        return input.select(moved + others if self.config.place == "first" else others + moved)
