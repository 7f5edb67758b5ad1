"""Leave out some columns."""

from __future__ import annotations

from collections.abc import Iterator

from runnel.sdk import Columns, Example, Finding, Node, NodeConfig, Relation, Where, field


class Drop(Node):
    """Leaves out the named columns and keeps the order of the others."""

    kind = "table.drop"
    title = "Remove columns"
    summary = "Leave out the named columns"
    group = "columns"
    icon = "columns-3"
    synonyms = ("delete columns", "remove fields", "exclude", "hide")

    class Config(NodeConfig):
        """Settings of the removal."""

        columns: Columns = field(title="Columns", help="The columns to leave out.", widget="columns", min_length=1)

    examples = (
        Example("One of two", {"columns": ["b"]}, {"input": [{"a": 1, "b": 2}]}, {"output": [{"a": 1}]}),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return "without " + ", ".join(config.columns)

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report that no column would be left."""
        if set(self.bound["columns"]) >= set(inputs["input"].columns):
            what = "this removes every column, so nothing would be left"
            yield Finding("RNL-COLUMN-003", "error", what, "Keep at least one column.", Where(field="columns"))

    def relate(self, input: Relation) -> Relation:
        """Leave them out."""
        return input.drop(self.bound["columns"])
