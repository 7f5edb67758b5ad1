"""The resolved graph: nodes with their classes and configs, edges with both ports named, in an order that runs."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.model.findings import Finding
from runnel.plan.shapes import Edge
from runnel.sdk.node import Node, Port, Ports

REJECTED = "rejected"


@dataclass(frozen=True)
class GraphNode:
    """One node after its kind was looked up and its config was checked.

    `path` is where its config stands in the document (inner nodes point at the node that holds them).
    """

    id: str
    node: type[Node]
    config: Any
    raw: Mapping[str, Any]
    ports: Ports
    path: tuple[str | int, ...]
    folder: str
    params: Mapping[str, Any] = field(default_factory=dict)
    param_types: Mapping[str, str] = field(default_factory=dict)
    muted: bool = False
    pinned: Any = None
    after: tuple[str, ...] = ()
    title: str = ""

    @property
    def kind(self) -> str:
        """The node's kind."""
        return self.node.kind


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order, edges, and the findings made on the way.

    `aliases` maps a port of a node that holds others (a sub-pipeline) to the inner port that it stands for.
    `gathers` are inner nodes that only collect rows for such a port; a run leaves them out where nothing reads it.
    `shells` are the nodes that hold others, as the document has them; in `nodes` stand only those that they hold.
    `broken` are left out for a finding of their own (no such kind, wrong settings); `awaited` are those that they read.
    `waiting` are nodes with a wire that could not be followed, because of a finding at its other end or at the wire.
    """

    nodes: Mapping[str, GraphNode]
    edges: tuple[Edge, ...]
    findings: tuple[Finding, ...] = ()
    aliases: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    gathers: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    shells: Mapping[str, GraphNode] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()

    def into(self, node: str, port: str | None = None) -> list[Edge]:
        """Return the edges into a node (or one of its ports), in the order of the document."""
        return [edge for edge in self._by_target().get(node, []) if port is None or edge.input == port]

    def out_of(self, node: str, port: str | None = None) -> list[Edge]:
        """Return the edges out of a node (or one of its ports)."""
        return [edge for edge in self._by_source().get(node, []) if port is None or edge.output == port]

    def ancestors(self, node: str) -> set[str]:
        """Return the node and everything it depends on by data; of one that holds others, what it holds too."""
        found: set[str] = set()
        stack = [node, *(id for id in self.nodes if node in self.shells and id.startswith(node + "/"))]
        while stack:
            current = stack.pop()
            if current not in found:
                found.add(current)
                stack.extend(edge.source for edge in self.into(current))
        return found

    def descendants(self, node: str) -> set[str]:
        """Return everything that depends on a node by data, without the node itself."""
        found: set[str] = set()
        stack = [node]
        while stack:
            after = {edge.target for edge in self.out_of(stack.pop())} - found
            found |= after
            stack.extend(after)
        return found

    def _by_target(self) -> dict[str, list[Edge]]:
        return _grouped(self, "target")

    def _by_source(self) -> dict[str, list[Edge]]:
        return _grouped(self, "source")


def _grouped(graph: Graph, end: str) -> dict[str, list[Edge]]:
    cached = graph.__dict__.get(f"_{end}s")
    if cached is None:
        cached = {}
        for edge in graph.edges:
            cached.setdefault(getattr(edge, end), []).append(edge)
        object.__setattr__(graph, f"_{end}s", cached)
    return cached


def topological(ids: Iterable[str], needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Sort ids so that each stands after what it needs; returns (sorted, the ids of one cycle or nothing)."""
    order: list[str] = []
    state: dict[str, int] = {}
    for start in ids:
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            current, leaving = stack.pop()
            if leaving:
                state[current] = 2
                order.append(current)
                continue
            if state.get(current) == 2:
                continue
            if state.get(current) == 1:
                continue
            state[current] = 1
            stack.append((current, True))
            for need in reversed(list(needs.get(current, ()))):
                if state.get(need) == 1:
                    return order, _cycle(current, need, needs)
                if state.get(need) is None:
                    stack.append((need, False))
    return order, []


def _cycle(start: str, goal: str, needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the ids of a path of needs from `goal` back to `start`, which closes the cycle."""
    came: dict[str, str] = {}
    queue = [goal]
    while queue:
        current = queue.pop(0)
        if current == start:
            break
        for need in needs.get(current, ()):
            if need not in came and need != goal:
                came[need] = current
                queue.append(need)
    path = [start]
    while path[-1] != goal and path[-1] in came:
        path.append(came[path[-1]])
    return list(reversed(path))


def default_output(ports: Ports) -> Port | None:
    """Return the port that `from: node` means: the first declared output."""
    return ports.outputs[0] if ports.outputs else None
