"""Auto chart: the chart that fits the shape of the result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from runnel.nodes.charts.area import Area
from runnel.nodes.charts.bar import Bar
from runnel.nodes.charts.choosing import Choice, Shape, choose
from runnel.nodes.charts.heat_map import HeatMap
from runnel.nodes.charts.hex_bin import HexBin
from runnel.nodes.charts.histogram import Histogram
from runnel.nodes.charts.line import Line
from runnel.nodes.charts.map import Map
from runnel.nodes.charts.number import Number
from runnel.nodes.charts.pie import Pie
from runnel.nodes.charts.scatter import Scatter
from runnel.nodes.charts.table import TableChart
from runnel.sdk import Example, Relation, call, column
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec

KINDS: dict[str, type[Chart]] = {
    node.kind: node for node in (Area, Bar, HeatMap, HexBin, Histogram, Line, Map, Number, Pie, Scatter, TableChart)
}
MOST_VALUES = 50


class Auto(Chart):
    """Looks at the table's columns and counts, and draws the chart that fits; say which kind you want to fix it."""

    kind = "chart.auto"
    title = "Chart"
    summary = "The chart that fits the result"
    icon = "wand-sparkles"
    synonyms = ("visualise", "visualize", "plot", "suggest", "automatic", "chart")
    probed = True

    class Config(ChartConfig):
        """Nothing needs to be set."""

    examples = (
        Example(
            "Names and numbers become bars",
            {},
            {"input": [{"k": "a", "v": 3}, {"k": "b", "v": 5}]},
            {"data": [{"k": "b", "v": 5.0}, {"k": "a", "v": 3.0}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say that it chooses."""
        return "chooses by the result's shape"

    def probe_query(self, input: Relation) -> Relation | None:
        """Ask for counts, extremes and a few values of every column, as one row."""
        made: dict[str, exp.Expr] = {"rows": exp.Count(this=exp.Star())}
        for index, name in enumerate(input.columns):
            text = exp.cast(column(name), "VARCHAR")
            made[f"distinct_{index}"] = call("APPROX_COUNT_DISTINCT", text)
            made[f"least_{index}"] = exp.cast(exp.Min(this=column(name)), "VARCHAR")
            made[f"most_{index}"] = exp.cast(exp.Max(this=column(name)), "VARCHAR")
            made[f"length_{index}"] = exp.Avg(this=call("LENGTH", text.copy()))
            some = call("APPROX_TOP_K", call("LEFT", text.copy(), 40), MOST_VALUES)
            made[f"values_{index}"] = exp.cast(call("TO_JSON", some), "VARCHAR")
        return input.aggregate({}, made)

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Let the chosen kind reduce the table."""
        made = self._chosen(input).relate(input=input)
        assert isinstance(made, Mapping)
        return dict(made)

    def choice(self, input: Relation) -> Choice:
        """Return what was chosen for this table."""
        row: Mapping[str, Any] = next(iter(self.seen or []), {})
        shapes = [
            Shape(
                name, input.types.get(name, "VARCHAR"), int(row.get(f"distinct_{index}") or 0),
                row.get(f"least_{index}"), row.get(f"most_{index}"), float(row.get(f"length_{index}") or 0),
                tuple(str(value) for value in json.loads(row.get(f"values_{index}") or "[]") if value is not None),
            )
            for index, name in enumerate(input.columns)
        ]  # fmt: skip
        return choose(shapes, int(row.get("rows") or 0))

    def _chosen(self, input: Relation) -> Chart:
        choice = self.choice(input)
        node = KINDS[choice.kind]
        return node(node.Config.model_validate({**choice.config, "title": self.config.title}), {}, self.id)

    def settled(self, input: Relation) -> Mapping[str, Any]:
        """Return kind and settings of the chosen chart, for the plan."""
        choice = self.choice(input)
        return {"kind": choice.kind, "config": {**choice.config, "title": self.config.title}, "offered": choice.offered}

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """The plan names the chosen kind, which says how it is drawn."""
        return TableChart(TableChart.Config(title=self.config.title), {}, self.id).specify(types)
