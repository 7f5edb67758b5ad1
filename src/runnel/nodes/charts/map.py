"""Map: values at places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from runnel.nodes.charts.reducing import sampled
from runnel.sdk import Example, Finding, Relation, Where, column, field, sort_term
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class Map(Chart):
    """Draws values at latitude and longitude, or by country."""

    kind = "chart.map"
    title = "Map"
    summary = "Values at places, by coordinates or by country"
    icon = "map"
    synonyms = ("geo", "choropleth", "locations", "country")

    class Config(ChartConfig):
        """Settings of the map."""

        latitude: str | None = field(None, title="Latitude", help="Degrees north.", unit="degrees", widget="column")
        longitude: str | None = field(None, title="Longitude", help="Degrees east.", unit="degrees", widget="column")
        country: str | None = field(None, title="Country", help="ISO codes or English names.", widget="column")
        value: str | None = field(None, title="Value", help="A number column.", widget="column")

    examples = (
        Example(
            "By country",
            {"country": "k", "value": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"k": "b", "v": 4.0}, {"k": "a", "v": 3.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.value or 'places'} by {config.country or 'coordinates'}"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report missing places."""
        yield from super().check(inputs)
        config = self.config
        if not config.country and not (config.latitude and config.longitude):
            yield Finding("RNL-CONFIG-002", "error", "a map needs `latitude` and `longitude`, or `country`",
                          "Name the columns that say where.", Where(field="latitude"))  # fmt: skip

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Add up per country, or keep a sample of the places."""
        config = self.config
        if config.country:
            country = exact(input, config.country)
            value = exact(input, config.value) if config.value else "rows"
            total = exp.Sum(this=exp.cast(column(value), "DOUBLE")) if config.value else exp.Count(this=exp.Star())
            made = input.aggregate({country: column(country)}, {value: total})
            return {"data": made.order_by([sort_term(column(value), True)]).limit(300)}
        names = [config.longitude, config.latitude, *([config.value] if config.value else [])]
        return {"data": sampled(input, [exact(input, name) for name in names], 5000)}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Places and values."""
        names = list(types)
        if self.config.country:
            title = self.titled(f"Where is {names[1]} high?")
            return ChartSpec(kind="map", title=title, series=channel(names[0], types), y=(channel(names[1], types),))
        ys = tuple(channel(name, types) for name in names[1:])
        return ChartSpec(kind="map", title=self.titled("Where is it?"), x=channel(names[0], types), y=ys)
