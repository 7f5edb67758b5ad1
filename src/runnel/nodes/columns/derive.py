"""Compute columns from expressions."""

from __future__ import annotations

from runnel.sdk import Example, GuardedConfig, Node, Relation, SequentialExpressions, field


class Derive(Node):
    """Adds or replaces columns; a later expression sees the columns that earlier ones made."""

    kind = "table.derive"
    title = "Compute columns"
    summary = "Add or replace columns by expressions"
    group = "columns"
    icon = "function"
    synonyms = ("formula", "calculate", "add column", "compute", "map", "expression", "with columns", "mutate")

    class Config(GuardedConfig):
        """Settings of the computed columns."""

        columns: SequentialExpressions = field(
            title="Columns", help="Name and expression, in order; a later one sees an earlier one.", widget="expressions"
        )

    examples = (
        Example(
            "Revenue with tax",
            {"columns": {"net": "price * quantity", "gross": "round(net * 1.2, 2)"}},
            {"input": [{"price": 10.0, "quantity": 2}]},
            {"output": [{"price": 10.0, "quantity": 2, "net": 20.0, "gross": 24.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns)

    def relate(self, input: Relation) -> Relation:
        """Put every expression in place of the column of its name, or behind the others."""
        lowered = {name.lower(): name for name in input.columns}
        return input.extend({lowered.get(name.lower(), name): tree for name, tree in self.trees("columns").items()})
