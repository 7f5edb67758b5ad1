"""Compute columns from expressions."""

from __future__ import annotations

from collections.abc import Iterator

from runnel.sdk import Example, Finding, GuardedConfig, Node, Relation, SequentialExpressions, Where, field
from runnel.sdk.names import nearest_column, resolve_column


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
            title="Columns",
            help="Name and expression, in order; a later one sees an earlier one.",
            widget="expressions",
        )
        after: dict[str, str] = field(
            default_factory=dict, title="Place", advanced=True,
            help="New column: existing column behind which it stands; without it new columns stand last.",
        )  # fmt: skip

    examples = (
        Example(
            "Revenue with tax",
            {"columns": {"net": "price * quantity", "gross": "round(net * 1.2, 2)"}},
            {"input": [{"price": 10.0, "quantity": 2}]},
            {"output": [{"price": 10.0, "quantity": 2, "net": 20.0, "gross": 24.0}]},
        ),
        Example(
            "A column in its place",
            {"columns": {"b": "a + 1"}, "after": {"b": "a"}},
            {"input": [{"a": 1, "c": 3}]},
            {"output": [{"a": 1, "b": 2, "c": 3}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns)

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report places behind columns that do not exist."""
        made = {name.lower() for name in self.config.columns}
        for name, wanted in self.config.after.items():
            if wanted.lower() not in made and resolve_column(inputs["input"], wanted) is None:
                yield nearest_column(inputs["input"], wanted, Where(field=f"after.{name}"))

    def relate(self, input: Relation) -> Relation:
        """Put every expression in place of the column of its name, or behind the others."""
        lowered = {name.lower(): name for name in input.columns}
        made = {lowered.get(name.lower(), name): tree for name, tree in self.trees("columns").items()}
        if not self.config.after:
            return input.extend(made)
        order = self._order(input, [name for name in made if name not in input.columns])
        return input.select({name: made[name] if name in made else input.column(name) for name in order})

    def _order(self, input: Relation, new: list[str]) -> list[str]:
        """Return all columns, each new one behind the column that it follows."""
        order = list(input.columns)
        last: dict[str, str] = {}
        for name in new:
            wanted = self.config.after.get(name, "").lower()
            place = next((other for other in order if other.lower() == wanted), None)
            if place is None:
                order.append(name)
                continue
            order.insert(order.index(last.get(place, place)) + 1, name)
            last[place] = name
        return order
