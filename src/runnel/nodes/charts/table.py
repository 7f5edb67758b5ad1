"""Table: the first rows as they are."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.sdk import Example, Relation, field
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class TableChart(Chart):
    """Shows the first rows."""

    kind = "chart.table"
    title = "Table"
    summary = "The first rows as they are"
    icon = "table"
    synonyms = ("grid", "list", "show rows")

    class Config(ChartConfig):
        """Settings of the table."""

        columns: list[str] | None = field(None, title="Columns", help="All without it.", widget="columns")
        rows: int = field(100, title="Rows", help="How many rows to show.", unit="rows", ge=1, le=2000)

    examples = (
        Example(
            "Two columns",
            {"columns": ["t", "k"]},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"t": 1, "k": "a"}, {"t": 2, "k": "b"}, {"t": 3, "k": "a"}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how many rows."""
        return f"{config.rows} rows"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Keep the first rows."""
        chosen = [exact(input, name) for name in self.config.columns] if self.config.columns else list(input.columns)
        return {"data": input.select(chosen).limit(self.config.rows)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Every column."""
        return ChartSpec(kind="table", title=self.titled("Rows"), y=tuple(channel(name, types) for name in types))
