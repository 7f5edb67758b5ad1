"""Bar chart: one value per name."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from runnel.nodes.charts.reducing import largest
from runnel.sdk import Example, Relation, column, field, sort_term
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact

LONG_LABEL = 14


class Bar(Chart):
    """Draws one bar per name, largest first; beyond `most` names the others are added up. With `series` bars are stacked."""

    kind = "chart.bar"
    title = "Bar chart"
    summary = "One bar per name, largest first"
    icon = "chart-bar"
    synonyms = ("column chart", "ranking", "compare", "histogram of names")

    class Config(ChartConfig):
        """Settings of the bars."""

        x: str = field(title="Names", help="One bar per value.", widget="column")
        y: str = field(title="Values", help="The length of the bars; rows of one name are added up.", widget="column")
        series: str | None = field(None, title="Stacked by", help="Parts of each bar.", widget="column")
        most: int = field(20, title="Most bars", help="Further names become `other`.", ge=1, le=200)
        sort: bool = field(True, title="Largest first", help="Off keeps the order of the names.")
        horizontal: bool = field(False, title="Horizontal", help="Bars to the right; good for long names.")

    examples = (
        Example(
            "Added up, largest first",
            {"x": "k", "y": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"k": "b", "v": 4.0}, {"k": "a", "v": 3.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.y} per {config.x}"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Add up per name and keep the largest."""
        x, y = exact(input, self.config.x), exact(input, self.config.y)
        total = {y: exp.Sum(this=exp.cast(column(y), "DOUBLE"))}
        if self.config.series:
            series = exact(input, self.config.series)
            made = input.aggregate({x: column(x), series: column(series)}, total)
            return {"data": made.order_by([sort_term(column(x)), sort_term(column(series))]).limit(2000)}
        if not self.config.sort:
            return {
                "data": input.aggregate({x: column(x)}, total).order_by([sort_term(column(x))]).limit(self.config.most)
            }
        return {"data": largest(input, x, y, self.config.most)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Names along x, lengths along y."""
        names = list(types)
        series = channel(names[1], types) if self.config.series else None
        y = names[2] if self.config.series else names[1]
        x = channel(names[0], types).model_copy(update={"type": "nominal"})
        title = self.titled(f"Which {names[0]} has the most {y}?")
        return ChartSpec(kind="bar", title=title, x=x, y=(channel(y, types),), series=series,
                         stacked=series is not None, horizontal=self.config.horizontal)  # fmt: skip
