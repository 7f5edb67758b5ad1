"""Wires and ports: which input an edge goes into, and what is wrong with how a graph is connected."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

from runnel.compiler.graph import Graph, GraphNode
from runnel.model.document import NodeDoc, Wire
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.model.saving import wires_to_value
from runnel.sdk.composite import Composite
from runnel.sdk.node import Ledger, Port


def resolve_wire(findings: list[Finding], target: GraphNode, wire: Wire, index: int, count: int) -> str | None:
    """Return the input port that a wire means, or None after adding a finding."""
    inputs = target.ports.inputs
    if wire.port is not None:
        if target.ports.input(wire.port) is not None:
            return wire.port
        findings.append(_unknown_port(target, wire.port))
        return None
    if not inputs:
        what = f"{target.id} is a {target.kind}, which has no input, but reads from `{wire.ref}`"
        findings.append(Finding("RNL-GRAPH-006", "error", what, "Remove its `from`.", Where(target.id, "from")))
        return None
    if inputs[0].many or count == 1:
        return inputs[0].name
    if index < len(inputs):
        return inputs[index].name
    what = f"{target.id} is a {target.kind} with {len(inputs)} input port(s), but {count} edges lead into it"
    hint = f"Its input ports: {', '.join(port.name for port in inputs)}."
    findings.append(Finding("RNL-GRAPH-007", "error", what, hint, Where(target.id, "from")))
    return None


def _unknown_port(target: GraphNode, name: str) -> Finding:
    known = [port.name for port in target.ports.inputs]
    close = difflib.get_close_matches(name, known, n=1)
    hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Its input ports: {', '.join(known) or 'none'}."
    what = f"{target.id} has no input port `{name}`"
    return Finding("RNL-GRAPH-008", "error", what, hint, Where(target.id, "from"))


def no_output(source: GraphNode, target: str) -> Finding:
    """Return the finding that a node which ends a branch is read."""
    what = f"{target} reads from {source.id}, which has no output"
    hint = f"{source.kind} ends a branch; read from the node before it."
    return Finding("RNL-GRAPH-004", "error", what, hint, Where(target, "from"))


def output_words(source: GraphNode, shown: str, who: str, name: str) -> tuple[str, str, str | None]:
    """Return what is wrong with an output port's name, a hint, and the nearest port; `shown` is the node as written."""
    known = [port.name for port in source.ports.outputs]
    close = next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.5)), None)
    hint = f"Did you mean `{shown}.{close}`? " if close else ""
    what = f"{who} `{shown}.{name}`, but {shown} ({source.kind}) has no output port `{name}`"
    return what, hint + f"Its output ports: {', '.join(known) or 'none'}.", close


def unknown_output(source: GraphNode, name: str, doc: NodeDoc, index: int) -> Finding:
    """Return the finding that wire `index` of a node reads a port that does not exist, with the nearest as a fix."""
    wire = doc.wires[index]
    what, hint, close = output_words(source, wire.node, f"{doc.id} reads from", name)
    fix = None
    if close is not None:
        wires = (*doc.wires[:index], replace(wire, output=close), *doc.wires[index + 1 :])
        fix = Fix(f"Use {wire.node}.{close}", (Edit("set", ("nodes", doc.id, "from"), wires_to_value(wires)),))
    return Finding("RNL-GRAPH-005", "error", what, hint, Where(doc.id, "from"), fix)


def check_ports(graph: Graph) -> Iterator[Finding]:
    """Yield findings for unconnected, doubly connected and mistyped ports and for branches that lead nowhere."""
    for node in graph.nodes.values():
        for port in node.ports.inputs:
            yield from _input_findings(graph, node, port)
        for other in node.after:
            if other not in graph.nodes and other not in graph.broken:
                what = f"{node.id} waits for `{other}`, which does not exist"
                yield Finding("RNL-GRAPH-012", "error", what, "", Where(node.id, "after"))
        if node.muted and not node.ports.inputs and issubclass(node.node, Composite) and graph.out_of(node.id):
            yield _nothing_to_pass_on(graph, node)
        ends = node.node.ledger is Ledger.SINK or node.id in graph.gathers or node.id in graph.awaited
        if node.ports.outputs and not ends and not graph.out_of(node.id):
            what = f"nothing reads from {node.id}, so its rows go nowhere"
            hint = "Connect a sink, a chart or another node; a run still computes it."
            yield Finding("RNL-GRAPH-011", "info", what, hint, Where(node.id))


def _nothing_to_pass_on(graph: Graph, node: GraphNode) -> Finding:
    edge = graph.out_of(node.id)[0]
    what = f"{node.id} is muted and has no input to pass on, but {edge.target} reads its port `{edge.output}`"
    return Finding("RNL-GRAPH-017", "error", what, f"Unmute {node.id}, or mute {edge.target}.", Where(node.id))


def _input_findings(graph: Graph, node: GraphNode, port: Port) -> Iterator[Finding]:
    edges = graph.into(node.id, port.name)
    if not edges and port.required and node.id not in graph.waiting:
        what = f"the input `{port.name}` of {node.id} ({node.kind}) is not connected"
        hint = f"Add `from: NODE` or `from: {{{port.name}: NODE}}`."
        yield Finding("RNL-GRAPH-009", "error", what, hint, Where(node.id, "from"))
    if len(edges) > 1 and not port.many:
        refs = ", ".join(f"{edge.source}.{edge.output}" for edge in edges)
        what = f"{len(edges)} edges lead into the input `{port.name}` of {node.id}: {refs}"
        hint = "An input takes one edge; put a table.union before it to append tables."
        yield Finding("RNL-GRAPH-010", "error", what, hint, Where(node.id, "from"))
    for edge in edges:
        output = graph.nodes[edge.source].ports.output(edge.output)
        if output is not None and output.type is not port.type:
            what = f"{edge.source}.{edge.output} gives {output.type}, but {node.id}.{port.name} takes {port.type}"
            hint = "Put a node between them that turns one into the other."
            yield Finding("RNL-GRAPH-013", "error", what, hint, Where(node.id, "from"))
