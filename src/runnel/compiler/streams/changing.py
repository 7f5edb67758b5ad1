"""Ports whose rows are changes (`_op`): which nodes and sinks after them would take a row that replaces another for one more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnel.compiler.graph import Graph, GraphNode
from runnel.compiler.typing import TypedNode
from runnel.model.findings import Finding, Where
from runnel.plan.shapes import Edge
from runnel.sdk.asking import AskingNode
from runnel.sdk.delivery import StreamSink
from runnel.sdk.stateful import StatefulNode
from runnel.sdk.streaming import OP


def change_findings(graph: Graph, typed: Mapping[str, TypedNode], unbounded: frozenset[str]) -> Iterator[Finding]:
    """Report what counts changes as rows: an error where they are early results, which must not be counted together.

    The changes that a source tells did happen, and may be wanted one by one: there it is a warning.
    """
    for id, node in graph.nodes.items():
        for edge in graph.into(id):
            if node.muted or edge.source not in unbounded or not _changes(typed, edge):
                continue
            reason = _reason(node)
            if reason is None:
                continue
            origin = _reviser(graph, typed, edge)
            severity = "warning" if origin is None else "error"
            what = f"{id} ({node.kind}): {reason}, and those of {edge.source} are changes (`{OP}`)"
            yield Finding("RNL-STREAM-007", severity, what, _hint(node, origin), Where(id, _field(node)))


def _changes(typed: Mapping[str, TypedNode], edge: Edge) -> bool:
    source = typed.get(edge.source)
    return source is not None and OP in source.schemas.get(edge.output, {})


def _reason(node: GraphNode) -> str | None:
    """Return in words why a node cannot take changes, or None where it can: it passes them on, or keeps rows by key."""
    if issubclass(node.node, StatefulNode) and not issubclass(node.node, AskingNode):
        return "it takes each row for one more"
    return node.node.refuses_changes(node.config) if issubclass(node.node, StreamSink) else None


def _reviser(graph: Graph, typed: Mapping[str, TypedNode], edge: Edge) -> GraphNode | None:
    """Return the node before an edge whose early results the changes are, if they are that."""
    node = graph.nodes[edge.source]
    if not node.muted and issubclass(node.node, StatefulNode) and node.node.revises(node.config):
        return node
    before = (_reviser(graph, typed, other) for other in graph.into(edge.source) if _changes(typed, other))
    return next((found for found in before if found is not None), None)


def _hint(node: GraphNode, origin: GraphNode | None) -> str:
    alone = f"or leave `{OP}` out before it (table.drop) to take each change as a row of its own."
    if origin is None:
        return f"Write them to a target with a key, {alone}"
    if not issubclass(node.node, StreamSink):
        return f"Set `emit: close` in {origin.id}, {alone}"
    key = ", ".join([*getattr(origin.config, "group_by", ()), "window_start"])
    return f"Use a target with a key: `mode: upsert` and `key: [{key}]`; or set `emit: close` in {origin.id}, {alone}"


def _field(node: GraphNode) -> str | None:
    return "mode" if issubclass(node.node, StreamSink) and "mode" in node.node.Config.model_fields else None
