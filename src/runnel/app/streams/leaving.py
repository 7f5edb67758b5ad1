"""Rows that a node of a stream left out: what came into it and is in none of its outputs, asked of the batch that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runnel.engines.duckdb.oracle import quoted
from runnel.plan.shapes import Segment
from runnel.plan.streams import StreamPlan

LEFT_OUT = "left out"
"""What stands for a port where somebody asks for the rows that a node did not pass on."""
LATE = "late"
Columns = Callable[[str], Sequence[str]]


class LeftOut:
    """Finds, in each segment, the nodes whose input and outputs are both there."""

    def __init__(self, plan: StreamPlan) -> None:
        into: dict[str, list[tuple[str, str]]] = {}
        for edge in plan.plan.edges:
            into.setdefault(edge.target, []).append((edge.source, edge.output))
        self._inputs = {node: sources[0] for node, sources in into.items() if len(sources) == 1}
        self._rules = {node.id for node in plan.plan.nodes if node.ledger == "subset"}
        self._fed = {(segment.node, segment.port): segment.id for segment in plan.plan.segments}
        for step in plan.steps:
            for place, query in enumerate(step.emit):
                name = step.node if place == 0 else f"{step.node}__{query.name}"
                self._fed[(step.node, query.name)] = name

    def knows(self, node: str) -> bool:
        """Tell whether what a node leaves out can be told: it passes rows by a rule, and has one input."""
        return node in self._rules and node in self._inputs

    def queries(self, segment: Segment, asked: Sequence[str], columns: Columns) -> dict[str, str]:
        """Return, for those of the asked (`node.left out`) that the segment computes, the query over its tables.

        `columns` tells the columns of a query.
        """
        made: dict[str, str] = {}
        for ref in asked:
            node = ref.removesuffix(f".{LEFT_OUT}")
            outputs = [cte.name for cte in segment.ctes if cte.node == node]
            if not outputs or not self.knows(node):
                continue
            before = self._before(segment, node)
            if before is not None:
                made[ref] = _difference(segment, before, outputs, columns)
        return made

    def _before(self, segment: Segment, node: str) -> str | None:
        """Return the name under which a segment has what comes into a node."""
        source, port = self._inputs[node]
        named = {(cte.node, cte.port): cte.name for cte in segment.ctes}
        if (source, port) in named:
            return named[(source, port)]
        views: Mapping[str, str] = {feed.segment: feed.view for feed in segment.feeds}
        fed = self._fed.get((source, port))
        scanned = next((scan.view for scan in segment.scans if scan.node == source), None)
        return scanned or views.get(fed or "")


def _difference(segment: Segment, before: str, outputs: Sequence[str], columns: Columns) -> str:
    """Return the query: what is in the columns that all have, as often as it came and did not go on."""
    steps = "WITH " + ", ".join(f"{quoted(cte.name)} AS ({cte.sql})" for cte in segment.ctes)
    have = [set(columns(f"{steps} SELECT * FROM {quoted(name)}")) for name in outputs]
    shared = [name for name in columns(f"{steps} SELECT * FROM {quoted(before)}") if all(name in some for some in have)]
    listed = ", ".join(quoted(name) for name in shared)
    kept = " UNION ALL ".join(f"SELECT {listed} FROM {quoted(name)}" for name in outputs)
    return f"{steps} SELECT {listed} FROM {quoted(before)} EXCEPT ALL ({kept})"
