"""Number: one value, large."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.sdk import Example, Relation, field
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class Number(Chart):
    """Shows the value of the first row."""

    kind = "chart.number"
    title = "Number"
    summary = "One value, large"
    icon = "hash"
    synonyms = ("kpi", "metric", "big number", "total")

    class Config(ChartConfig):
        """Settings of the number."""

        value: str = field(title="Value", help="The column whose first value is shown.", widget="column")

    examples = (Example("The first value", {"value": "t"}, {"input": [{"t": 7}]}, {"data": [{"t": 7}]}),)

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the column."""
        return config.value

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Keep one row."""
        return {"data": input.select([exact(input, self.config.value)]).limit(1)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """One value."""
        name = next(iter(types))
        return ChartSpec(kind="number", title=self.titled(name.replace("_", " ")), y=(channel(name, types),))
