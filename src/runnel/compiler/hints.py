"""Hints about a whole graph that is right but may be slow or surprising: cross joins, large sorts, unused branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnel.compiler.graph import Graph
from runnel.compiler.typing import TypedNode
from runnel.model.findings import Edit, Finding, Fix, Where

LARGE_BYTES = 256 * 1024 * 1024


def hints(graph: Graph, typed: Mapping[str, TypedNode]) -> Iterator[Finding]:
    """Yield warnings and notes; none of them forbids running."""
    for id, node in graph.nodes.items():
        if node.pinned is not None:
            what = f"{id} has pinned data; previews use it, this run does not"
            fix = Fix("Unpin", (Edit("delete", ("nodes", id, "pinned")),))
            yield Finding("RNL-PIN-001", "info", what, "Unpin it when you no longer need it.", Where(id), fix)
        if node.kind == "table.join" and getattr(node.config, "how", "") == "cross":
            what = f"{id} pairs every row of one input with every row of the other"
            hint = "The result has left × right rows; use `how: inner` with `on` unless you mean that."
            yield Finding("RNL-HINT-001", "warning", what, hint, Where(id, "how"))
        if node.kind == "table.sort" and _bytes_before(graph, typed, id) > LARGE_BYTES:
            readers = {graph.nodes[edge.target].kind for edge in graph.out_of(id)}
            if "table.limit" not in readers:
                what = f"{id} sorts a large table as a whole"
                hint = "If only the first rows matter, put a table.limit behind it or use table.top_n."
                yield Finding("RNL-HINT-002", "warning", what, hint, Where(id, "by"))


def _bytes_before(graph: Graph, typed: Mapping[str, TypedNode], id: str) -> int:
    probes = [typed[other].probe for other in graph.ancestors(id) if other in typed]
    return sum(probe.bytes for probe in probes if probe is not None)
