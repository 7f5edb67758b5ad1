"""Which ports of a graph give rows without end, and which nodes cannot bear them."""

from __future__ import annotations

from collections.abc import Iterator

from runnel.compiler.graph import Graph, GraphNode
from runnel.model.findings import Finding, Where
from runnel.sdk.asking import AskingNode
from runnel.sdk.delivery import StreamSink
from runnel.sdk.node import Ledger, Streaming
from runnel.sdk.source import Sink


def unbounded_nodes(graph: Graph) -> frozenset[str]:
    """Return the nodes whose rows never stop: sources without end and everything after them."""
    found: set[str] = set()
    for id, node in graph.nodes.items():
        if node.node.streaming is Streaming.UNBOUNDED or any(edge.source in found for edge in graph.into(id)):
            found.add(id)
    return frozenset(found)


def unbounded_inputs(graph: Graph, node: str, unbounded: frozenset[str]) -> frozenset[str]:
    """Return the input ports of a node at which rows never stop."""
    return frozenset(edge.input for edge in graph.into(node) if edge.source in unbounded)


def stream_findings(graph: Graph, unbounded: frozenset[str]) -> Iterator[Finding]:
    """Report nodes that would wait for the end of rows that have none."""
    for id, node in graph.nodes.items():
        ports = unbounded_inputs(graph, id, unbounded)
        if issubclass(node.node, AskingNode) and id not in unbounded and not node.muted:
            what = f"{id} ({node.kind}) asks another system while a stream runs, and its rows end"
            hint = "Read the other table by a source of its own and join it (table.lookup), or read rows without end."
            yield Finding("RNL-STREAM-006", "error", what, hint, Where(id))
        if not ports or node.muted:
            continue
        if issubclass(node.node, Sink) and not issubclass(node.node, StreamSink):
            what = f"{id} ({node.kind}) cannot stand at the end of a stream"
            yield Finding("RNL-STREAM-005", "error", what, "Use a dataset, a file, PostgreSQL or Kafka.", Where(id))
        if node.node.ledger is Ledger.SINK:
            continue
        reason = node.node.refuses_stream(node.config, ports)
        if reason is not None:
            yield _refusal(node, reason)
        yield from _mixed(graph, node, unbounded)


def _refusal(node: GraphNode, reason: str) -> Finding:
    hint = "Put a window of a stream (stream.window) before it, or read a source that ends."
    return Finding("RNL-STREAM-001", "error", f"{node.id} ({node.kind}): {reason}", hint, Where(node.id))


def _mixed(graph: Graph, node: GraphNode, unbounded: frozenset[str]) -> Iterator[Finding]:
    """Report a port with many edges to which rows that end come beside rows that do not: with every batch they would again."""
    for port in node.ports.inputs:
        edges = graph.into(node.id, port.name) if port.many else ()
        ending = [edge.source for edge in edges if edge.source not in unbounded]
        if ending and len(ending) < len(edges):
            what = f"{node.id}: the rows of {', '.join(ending)} end, those of the others do not"
            hint = "Write the rows that end by a pipeline of their own, or read them as a stream too."
            yield Finding("RNL-STREAM-004", "error", what, hint, Where(node.id))
