"""Add columns with the same value in every row."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.templates import types_of
from runnel.sdk import Example, Finding, Node, NodeConfig, Relation, Where, field, literal
from runnel.sdk.types import normal_type


class Constant(Node):
    """Adds or replaces columns that hold one value; a value is never read as an expression."""

    kind = "table.constant"
    title = "Add constants"
    summary = "Add columns with the same value in every row"
    group = "columns"
    icon = "pin"
    synonyms = ("fixed value", "literal", "add column", "label", "tag", "default", "static")

    class Config(NodeConfig):
        """Settings of the columns."""

        columns: dict[str, str | int | float | bool | None] = field(
            title="Columns", help="Name: value.", widget="mapping", min_length=1
        )
        types: dict[str, str] = field(default_factory=dict, title="Types", widget="types",
                                      help="Name: type, e.g. `day: date`; otherwise that of the value.")  # fmt: skip

    examples = (
        Example(
            "A label and a day",
            {"columns": {"shop": "Bonn", "day": "2024-05-01", "n": 1}, "types": {"day": "date"}},
            {"input": [{"id": 1}]},
            {"output": [{"id": 1, "shop": "Bonn", "day": "2024-05-01", "n": 1}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show the values."""
        return ", ".join(f"{name}: {value}" for name, value in config.columns.items())

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report types that do not exist or have no column."""
        for name, type in self.config.types.items():
            if name not in self.config.columns:
                yield Finding("RNL-CONFIG-001", "error", f"`{name}` has a type but no value", "Add it to `columns`.",
                              Where(field=f"types.{name}"))  # fmt: skip
            elif normal_type(type) is None:
                yield Finding("RNL-TYPE-002", "error", f"`{type}` is no type", "Types are BIGINT, VARCHAR, DATE …",
                              Where(field=f"types.{name}"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Put the literals in place."""
        lowered = {name.lower(): name for name in input.columns}
        made: dict[str, exp.Expr] = {
            lowered.get(name.lower()) or name: self._value(name, value) for name, value in self.config.columns.items()
        }
        return input.extend(made)

    def _value(self, name: str, value: str | int | float | bool | None) -> exp.Expr:
        given = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", type(None): "VARCHAR"}[type(value)]
        wanted = normal_type(self.config.types[name]) or given if name in self.config.types else given
        if given == "BIGINT" and name not in self.config.types and not -(2**63) <= int(value or 0) < 2**63:
            wanted = "DECIMAL(38,0)"
        return exp.Cast(this=literal(value), to=types_of(wanted))
