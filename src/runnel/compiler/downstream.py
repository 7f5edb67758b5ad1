"""What a column of a source means for the nodes behind it: which of them give other rows when it is gone."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.compiler.graph import Graph
from runnel.compiler.typing import TypedNode, cte_name
from runnel.compiler.usage import needed_columns

Marked = dict[tuple[str, str], set[str]]
"""(node, port) → its columns that come of the source's column."""


def nodes_hit(graph: Graph, typed: Mapping[str, TypedNode], source: str, column: str) -> list[str]:
    """Return the nodes that compute with a column of a source or write what comes of it, in the graph's order.

    A node that only passes it on under its name is left out. Behind one that chooses rows by it every column comes of it.
    """
    marked: Marked = {(source, graph.nodes[source].ports.outputs[0].name): {column}}
    hit: list[str] = []
    for id, item in typed.items():
        coming = {(edge.source, edge.output) for edge in graph.into(id)} & marked.keys()
        if not coming:
            continue
        names = set[str]().union(*(marked[port] for port in coming))
        made = _derived(graph, typed, id, marked)
        if made is None:
            made = {port: set(schema) for port, schema in item.schemas.items()}
            hit.append(id)
        elif any(columns - names for columns in made.values()):
            hit.append(id)
        marked.update({(id, port): columns for port, columns in made.items() if columns})
    return hit


def _derived(graph: Graph, typed: Mapping[str, TypedNode], id: str, marked: Marked) -> dict[str, set[str]] | None:
    """Return by port the columns of a node that come of marked ones; None where those decide which rows there are."""
    item = typed[id]
    if item.step is not None or not item.relations:
        return None  # keys and windows, or a sink
    tables: dict[str, list[str]] = {}
    named: dict[str, set[str]] = {}
    for edge in graph.into(id):
        name = cte_name(edge.source, edge.output, graph.nodes[edge.source].ports.outputs[0].name)
        tables[name] = list(typed[edge.source].schemas.get(edge.output, {}))
        named[name] = marked.get((edge.source, edge.output), set())

    def is_marked(needs: Mapping[str, set[str]]) -> bool:
        return any(needs.get(name, set()) & columns for name, columns in named.items())

    made: dict[str, set[str]] = {}
    for port, relation in item.relations.items():
        query, columns = relation.as_query(), list(item.schemas.get(port, {}))
        if is_marked(needed_columns(query, [], tables)):
            return None
        made[port] = {
            column for column in columns if is_marked(needed_columns(query, [column], tables, values_only=True))
        }
    return made
