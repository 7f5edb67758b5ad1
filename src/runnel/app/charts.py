"""Charts of a run: the validated specification of each chart node with its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runnel.engines.duckdb.values import jsonable
from runnel.sdk.chart import Chart, ChartSpec

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.app.runs import RunReport


MOST_NAMED = 12


@dataclass(frozen=True)
class DrawnChart:
    """One chart: its node, its specification, and the rows of its data."""

    node: str
    spec: ChartSpec
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def column(self, name: str) -> list[Any]:
        """Return the values of one column."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]

    def to_json(self) -> dict[str, Any]:
        """Return specification and data as JSON values."""
        rows = [[jsonable(cell) for cell in row] for row in self.rows]
        return {
            "node": self.node,
            "spec": self.spec.model_dump(mode="json"),
            "columns": list(self.columns),
            "rows": rows,
        }


def charts_of(project: Project, report: RunReport) -> list[DrawnChart]:
    """Return the charts of a run in the order of its nodes."""
    from runnel.app.tables import read_kept

    made: list[DrawnChart] = []
    for effect in report.plan.effects:
        node = project.catalog.get(effect.kind)
        kept = report.kept(effect.segment)
        if node is None or not issubclass(node, Chart) or kept is None:
            continue
        chart = node(node.Config.model_validate(effect.config), {}, effect.node)
        spec = chart.specify(dict(kept.types))
        table = read_kept(kept)
        columns = tuple(table.column_names)
        rows = list(zip(*[table.column(name).to_pylist() for name in columns], strict=True))
        made.append(noted(DrawnChart(effect.node, spec, columns, rows)))
    return made


def noted(chart: DrawnChart) -> DrawnChart:
    """Say under a map which of its names mean no country that has an outline."""
    spec = chart.spec
    if spec.kind != "map" or spec.series is None:
        return chart
    from runnel.app.report.countries import atlas

    missing = atlas().missing(chart.column(spec.series.column))
    if not missing:
        return chart
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    note = f"Not on the map: {', '.join(missing[:MOST_NAMED])}{more}."
    return replace(chart, spec=spec.model_copy(update={"note": f"{spec.note} {note}".strip()}))
