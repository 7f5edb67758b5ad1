"""A chart node's specification and data without a run, from the same side query as a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runnel.app.charts import DrawnChart, noted
from runnel.app.previews import plain_rows, questions
from runnel.errors import AuthoringError
from runnel.sdk.chart import Chart

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

DATA = "data"
MOST_ROWS = 20_000


def chart_of(project: Project, compiled: Compiled, id: str) -> DrawnChart:
    """Return a chart as it would be drawn now. Raises AuthoringError when the node is no chart or has no data."""
    item = compiled.typed.get(id)
    if item is None or not issubclass(item.node.node, Chart):
        charts = [name for name, node in compiled.graph.nodes.items() if issubclass(node.node, Chart)]
        raise AuthoringError("RNL-CHART-010", f"`{id}` is no chart", f"Charts: {', '.join(charts) or 'none'}.", {"node": id})
    if DATA not in item.schemas:
        raise AuthoringError("RNL-CHART-011", f"`{id}` has no data to draw", "See the problems of the node.", {"node": id})
    types = dict(item.schemas[DATA])
    kind = str(item.settled["kind"]) if item.settled else item.node.kind
    config = item.settled["config"] if item.settled else item.node.config.model_dump(mode="json", by_alias=True)
    node = project.catalog.get(kind)
    assert node is not None and issubclass(node, Chart)
    spec = node(node.Config.model_validate(config), {}, id).specify(types)
    if item.settled and item.settled.get("offered"):
        spec = spec.model_copy(update={"offered": tuple(item.settled["offered"])})
    with questions(project, compiled.plan([(id, DATA)], whole=True)) as ask:
        _, text = ask(f'SELECT * FROM "the rows" LIMIT {MOST_ROWS}')
    rows = plain_rows(list(types.values()), text)
    return noted(DrawnChart(id, spec, tuple(types), rows))
