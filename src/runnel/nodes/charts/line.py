"""Line chart: values over time or another order."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.nodes.charts.reducing import bucketed
from runnel.sdk import Example, Relation, field
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact, listed


class Line(Chart):
    """Draws one line per value column, or one per value of `series`; long lines are averaged to 2,000 points."""

    kind = "chart.line"
    title = "Line chart"
    summary = "Values over time or another order"
    icon = "chart-line"
    synonyms = ("trend", "time series", "plot", "graph")

    class Config(ChartConfig):
        """Settings of the lines."""

        x: str = field(title="Along", help="Time or order.", widget="column")
        y: str | list[str] = field(title="Values", help="One or several number columns.", widget="columns")
        series: str | None = field(None, title="One line per", help="A column of names.", widget="column")

    examples = (
        Example(
            "Values in order",
            {"x": "t", "y": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"t": 1, "v": 2.0}, {"t": 2, "v": 4.0}, {"t": 3, "v": 1.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{', '.join(listed(config.y))} over {config.x}"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Average neighbours where there are many."""
        config = self.config
        series = exact(input, config.series) if config.series else None
        ys = [exact(input, name) for name in listed(config.y)]
        return {"data": bucketed(input, exact(input, config.x), ys, series)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Lines along x."""
        names = [name for name in types if name != self.config.series and name.lower() != self.config.x.lower()]
        x = next(name for name in types if name.lower() == self.config.x.lower())
        series = channel(self.config.series, types) if self.config.series else None
        title = self.titled(f"How does {', '.join(names)} develop over {x}?")
        return ChartSpec(kind="line", title=title, x=channel(x, types), series=series,
                         y=tuple(channel(name, types) for name in names))  # fmt: skip
