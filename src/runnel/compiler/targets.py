"""Sinks that write the same place: which of them stays would be decided by the order in which they are committed."""

from __future__ import annotations

import os
from collections.abc import Iterator

from runnel.compiler.graph import Graph
from runnel.model.findings import Finding, Where
from runnel.sdk.source import Sink, Target


def shared_targets(graph: Graph, folder: str) -> Iterator[Finding]:
    """Yield an error for every sink that writes what an earlier one writes too; muted sinks write nothing.

    Two sinks that both append are well: the rows of both are added, in no promised order.
    """
    seen: list[tuple[str, Target]] = []
    for id, node in graph.nodes.items():
        if not issubclass(node.node, Sink) or node.muted:
            continue
        target = node.node(node.config, {}, id).target(folder)
        if target is None:
            continue
        other = next((known for known in seen if _meet(known[1], target)), None)
        if other is not None:
            yield _finding(id, target, *other, folder)
        seen.append((id, target))


def _meet(first: Target, second: Target) -> bool:
    if first.name == second.name:
        return not (first.adds and second.adds)
    outer, inner = sorted((first.name, second.name), key=len)
    return os.path.isabs(outer) and inner.startswith(outer.rstrip(os.sep) + os.sep)


def _finding(id: str, target: Target, other: str, known: Target, folder: str) -> Finding:
    here, there = (_shown(item.name, folder) for item in (target, known))
    if here == there:
        what = f"{other} and {id} both write {here}, and only the rows of one would stay"
    else:
        what = f"{id} writes {here} and {other} writes {there}: one lies within the other"
    hint = "Give them different places, put a table.union before one sink, or let both append."
    return Finding("RNL-GRAPH-016", "error", what, hint, Where(id, target.field))


def _shown(name: str, folder: str) -> str:
    """Return a path as seen from the pipeline's folder, where it lies below it."""
    inside = os.path.join(os.path.realpath(folder), "")
    return name.removeprefix(inside) if os.path.isabs(name) else name
