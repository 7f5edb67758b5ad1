"""Pie chart: shares of a whole."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.nodes.charts.reducing import largest
from runnel.sdk import Example, Relation, field
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class Pie(Chart):
    """Draws shares of a whole; beyond `most` names the others are added up."""

    kind = "chart.pie"
    title = "Pie chart"
    summary = "Shares of a whole"
    icon = "chart-pie"
    synonyms = ("donut", "share", "proportion", "percentage")

    class Config(ChartConfig):
        """Settings of the shares."""

        label: str = field(title="Names", help="One slice per value.", widget="column")
        value: str = field(title="Values", help="The size of the slices.", widget="column")
        most: int = field(6, title="Most slices", help="Further names become `other`.", ge=1, le=12)

    examples = (
        Example(
            "Added up",
            {"label": "k", "value": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"k": "b", "v": 4.0}, {"k": "a", "v": 3.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.value} by {config.label}"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Keep the largest."""
        return {
            "data": largest(input, exact(input, self.config.label), exact(input, self.config.value), self.config.most)
        }

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Names and sizes."""
        label, value = list(types)[:2]
        title = self.titled(f"What share of {value} has each {label}?")
        return ChartSpec(kind="pie", title=title, x=channel(label, types), y=(channel(value, types),))
