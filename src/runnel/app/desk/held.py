"""Nodes that hold others (sub-pipelines, lists of rules) seen as one: their ports are ports of what they hold."""

from __future__ import annotations

from runnel.compiler.compile import Compiled

PortKey = tuple[str, str]


def outputs_of(made: Compiled, node: str) -> dict[str, PortKey]:
    """Return the port that holds the rows of each output of a node: its own, or that of a node that it holds."""
    if node in made.graph.shells:
        return {name: inner for (id, name), inner in made.graph.aliases.items() if id == node}
    schemas = made.typed[node].schemas
    return {port.name: (node, port.name) for port in made.graph.nodes[node].ports.outputs if port.name in schemas}


def inputs_of(made: Compiled, node: str) -> list[tuple[str, PortKey]]:
    """Return each input of a node with the port whose rows come to it, in the order of the document."""
    if node not in made.graph.shells:
        return [(edge.input, (edge.source, edge.output)) for edge in made.graph.into(node)]
    names = [port.name for port in made.graph.shells[node].ports.inputs]
    document = made.pipeline.nodes.get(node)
    found: list[tuple[str, PortKey]] = []
    for place, wire in enumerate(document.wires if document is not None else ()):
        port = made.port(f"{wire.node}.{wire.output}" if wire.output else wire.node)
        if port is not None:
            found.append((wire.port or (names[place] if place < len(names) else "input"), port))
    return found
