"""Give columns new names."""

from __future__ import annotations

from typing import Annotated

from runnel.sdk import ColumnMark, Example, Node, NodeConfig, Relation, field


class Rename(Node):
    """Renames columns and keeps their order."""

    kind = "table.rename"
    title = "Rename columns"
    summary = "Give columns new names"
    group = "columns"
    icon = "text-cursor-input"
    synonyms = ("alias", "map fields", "field mapping", "label")

    class Config(NodeConfig):
        """Settings of the renaming."""

        columns: Annotated[dict[str, str], ColumnMark(keys=True)] = field(
            title="Names", help="Old name: new name.", widget="mapping", min_length=1
        )

    examples = (
        Example("Price becomes unit_price", {"columns": {"price": "unit_price"}},
                {"input": [{"id": 1, "price": 2.5}]}, {"output": [{"id": 1, "unit_price": 2.5}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show old and new names."""
        return ", ".join(f"{old} → {new}" for old, new in config.columns.items())

    def relate(self, input: Relation) -> Relation:
        """Rename."""
        return input.rename(self.bound["columns"])
