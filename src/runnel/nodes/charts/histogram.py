"""Histogram: how the values of a column are spread."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.nodes.charts.reducing import binned
from runnel.sdk import Example, Relation, field
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class Histogram(Chart):
    """Counts the values of a number column in bins of equal width."""

    kind = "chart.histogram"
    title = "Histogram"
    summary = "How the values of a column are spread"
    icon = "chart-column"
    synonyms = ("distribution", "bins", "frequency")

    class Config(ChartConfig):
        """Settings of the bins."""

        x: str = field(title="Column", help="A number column.", widget="column")
        bins: int = field(30, title="Bins", ge=1, le=200)

    examples = (
        Example(
            "Two bins",
            {"x": "v", "bins": 2},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"from": 1.0, "to": 2.5, "rows": 2}, {"from": 2.5, "to": 4.0, "rows": 1}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the column."""
        return config.x

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Count per bin."""
        return {"data": binned(input, exact(input, self.config.x), self.config.bins)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Bins along x, rows up."""
        x = channel("from", types).model_copy(update={"label": self.config.x})
        title = self.titled(f"How is {self.config.x} spread?")
        return ChartSpec(kind="histogram", title=title, x=x, y=(channel("rows", types),))
