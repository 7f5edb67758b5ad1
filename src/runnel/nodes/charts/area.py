"""Area chart: values over time, filled to the zero line."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.nodes.charts.line import Line
from runnel.sdk import Example
from runnel.sdk.chart import ChartSpec


class Area(Line):
    """Draws stacked areas, one per value column or per value of `series`."""

    kind = "chart.area"
    title = "Area chart"
    summary = "Values over time, filled to the zero line"
    icon = "chart-area"
    synonyms = ("stacked", "volume", "cumulative")

    examples = (
        Example(
            "Values in order",
            {"x": "t", "y": "v"},
            {"input": [{"k": "a", "t": 1, "v": 2.0}, {"k": "b", "t": 2, "v": 4.0}, {"k": "a", "t": 3, "v": 1.0}]},
            {"data": [{"t": 1, "v": 2.0}, {"t": 2, "v": 4.0}, {"t": 3, "v": 1.0}]},
        ),
    )

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """The same channels as lines, filled and stacked."""
        return super().specify(types).model_copy(update={"kind": "area", "stacked": True})
