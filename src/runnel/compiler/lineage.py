"""Column lineage: which source columns the values of a column come from, and the way they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runnel.compiler.graph import Graph
from runnel.compiler.typing import TypedNode, cte_name
from runnel.compiler.usage import needed_columns


@dataclass(frozen=True)
class Place:
    """One column of one node's output port."""

    node: str
    column: str
    port: str = "output"

    def to_json(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"node": self.node, "column": self.column, "port": self.port}


def column_lineage(
    graph: Graph, typed: Mapping[str, TypedNode], node: str, column: str, port: str | None = None
) -> tuple[list[Place], list[Place]]:
    """Return (source columns, every place on the way from the column back to them)."""
    first = port or graph.nodes[node].ports.outputs[0].name
    start = Place(node, column, first)
    sources: list[Place] = []
    path: list[Place] = []
    seen: set[Place] = set()
    stack = [start]
    while stack:
        place = stack.pop()
        if place in seen:
            continue
        seen.add(place)
        path.append(place)
        before = _before(graph, typed, place)
        if not before and not graph.into(place.node):
            sources.append(place)
        stack.extend(reversed(before))
    return sources, path


def lineage_links(graph: Graph, typed: Mapping[str, TypedNode], path: Sequence[Place]) -> list[tuple[int, int]]:
    """Return (before, after) for each step of a way, as positions in its list of places."""
    at = {place: position for position, place in enumerate(path)}
    return [(at[before], at[place]) for place in path for before in _before(graph, typed, place)]


def _before(graph: Graph, typed: Mapping[str, TypedNode], place: Place) -> list[Place]:
    item = typed[place.node]
    relation = item.relations.get(place.port)
    if relation is None:
        return []
    ports: dict[str, tuple[str, str]] = {}
    tables: dict[str, list[str]] = {}
    for edge in graph.into(place.node):
        default = graph.nodes[edge.source].ports.outputs[0].name
        name = cte_name(edge.source, edge.output, default)
        ports[name] = (edge.source, edge.output)
        tables[name] = list(typed[edge.source].schemas.get(edge.output, {}))
    found: list[Place] = []
    for table, columns in needed_columns(relation.as_query(), [place.column], tables, values_only=True).items():
        if table in ports:
            node, port = ports[table]
            found.extend(Place(node, column, port) for column in tables[table] if column in columns)
    return found
