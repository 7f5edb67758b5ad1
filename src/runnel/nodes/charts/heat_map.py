"""Heat map: a value for each pair of names."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from runnel.sdk import Example, Relation, column, field, sort_term
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class HeatMap(Chart):
    """Colours one cell per pair of names by its value; rows of one cell are added up."""

    kind = "chart.heat_map"
    title = "Heat map"
    summary = "A value for each pair of names"
    icon = "grid-3x3"
    synonyms = ("matrix", "calendar", "crosstab")

    class Config(ChartConfig):
        """Settings of the cells."""

        x: str = field(title="Across", help="Names of the columns.", widget="column")
        y: str = field(title="Down", help="Names of the rows.", widget="column")
        value: str = field(title="Value", help="A number column.", widget="column")

    examples = (
        Example(
            "Added up per cell",
            {"x": "k", "y": "t", "value": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"k": "a", "t": 1, "v": 2.0}, {"k": "a", "t": 3, "v": 1.0}, {"k": "b", "t": 2, "v": 4.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.value} by {config.x} and {config.y}"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Add up per cell."""
        x, y, value = (exact(input, name) for name in (self.config.x, self.config.y, self.config.value))
        made = input.aggregate({x: column(x), y: column(y)}, {value: exp.Sum(this=exp.cast(column(value), "DOUBLE"))})
        return {"data": made.order_by([sort_term(column(x)), sort_term(column(y))]).limit(5000)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Cells by two names."""
        x, y, value = list(types)[:3]
        title = self.titled(f"Where is {value} high?")
        named = channel(y, types).model_copy(update={"type": "nominal"})
        return ChartSpec(kind="heat_map", title=title, x=channel(x, types).model_copy(update={"type": "nominal"}),
                         series=named, y=(channel(value, types),))  # fmt: skip
