"""Scatter chart: two quantities against each other."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.nodes.charts.reducing import sampled
from runnel.sdk import Example, Relation, field
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact

MOST_DOTS = 5000


class Scatter(Chart):
    """Draws one dot per row; beyond 5,000 rows a reproducible sample."""

    kind = "chart.scatter"
    title = "Scatter chart"
    summary = "Two quantities against each other"
    icon = "chart-scatter"
    synonyms = ("correlation", "dots", "xy", "bubble")

    class Config(ChartConfig):
        """Settings of the dots."""

        x: str = field(title="Across", help="A number column.", widget="column")
        y: str = field(title="Up", help="A number column.", widget="column")
        series: str | None = field(None, title="Coloured by", help="A column of names.", widget="column")

    examples = (
        Example(
            "Every row a dot",
            {"x": "t", "y": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"t": 1, "v": 2.0}, {"t": 2, "v": 4.0}, {"t": 3, "v": 1.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.y} against {config.x}"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Keep the needed columns of a sample."""
        names = [self.config.x, self.config.y, *([self.config.series] if self.config.series else [])]
        return {"data": sampled(input, list(dict.fromkeys(exact(input, name) for name in names)), MOST_DOTS)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Dots in a plane."""
        names = list(types)
        series = channel(names[2], types) if self.config.series else None
        title = self.titled(f"How do {names[1]} and {names[0]} go together?")
        return ChartSpec(
            kind="scatter", title=title, x=channel(names[0], types), y=(channel(names[1], types),), series=series
        )
