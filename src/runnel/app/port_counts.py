"""How many rows every port has: known by content; a few asked one by one, many counted in one pass over the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from runnel.app.looks import Look, window
from runnel.app.previews import counted
from runnel.app.refusals import refused_count
from runnel.compiler.graph import REJECTED
from runnel.errors import RunnelError
from runnel.sdk.source import Sink

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

Port = tuple[str, str]

ONE_BY_ONE = 12
"""Up to this many ports are asked one by one, each over results that previews keep; more are counted in one pass."""
MOST_KEPT = 50_000


def ports_to_count(compiled: Compiled, nodes: Iterable[str] | None) -> list[tuple[str, str]]:
    """Return the ports whose rows an edge shows, the first port of nodes that nothing follows, and what was rejected."""
    wanted = set(nodes) if nodes is not None else None
    found: dict[tuple[str, str], None] = {}
    for edge in compiled.graph.edges:
        found[(edge.source, edge.output)] = None
    for id, node in compiled.graph.nodes.items():
        if not issubclass(node.node, Sink) and node.ports.outputs:
            found.setdefault((id, node.ports.outputs[0].name), None)
        if node.ports.output(REJECTED) is not None:
            found.setdefault((id, REJECTED), None)
    return [
        (node, port)
        for node, port in found
        if (wanted is None or node in wanted) and node in compiled.typed and port in compiled.typed[node].schemas
    ]


def port_counts(
    project: Project, compiled: Compiled, ports: Sequence[Port], keys: Mapping[str, str]
) -> dict[Port, int | RunnelError]:
    """Return the rows of every port, or why it has none; `keys` say when the content of a node is the same."""
    known = project.known_counts
    missing = [port for port in ports if (keys[port[0]], port[1]) not in known]
    failed: dict[Port, RunnelError] = {}
    if len(missing) > ONE_BY_ONE:
        rows_of, error = counted(project, compiled, _last(compiled, missing))
        known.update({(keys[port[0]], port[1]): rows for port, rows in rows_of.items() if port[0] in keys})
        missing = [port for port in missing if (keys[port[0]], port[1]) not in known]
        if error is not None:
            failed = dict.fromkeys(missing[ONE_BY_ONE:], error)
    for port in missing:
        if port in failed:
            continue
        try:
            known[(keys[port[0]], port[1])] = window(project, compiled, port, Look(limit=0)).total
        except RunnelError as error:
            failed[port] = error
    found = {port: failed[port] if port in failed else known[(keys[port[0]], port[1])] for port in ports}
    while len(known) > MOST_KEPT:
        known.pop(next(iter(known)), None)
    return found


def refusals(project: Project, compiled: Compiled, nodes: Iterable[str], keys: Mapping[str, str]) -> dict[str, int]:
    """Return how many records each source refused; sources that cannot be read have none."""
    known = project.known_counts
    found: dict[str, int] = {}
    for node in nodes:
        key = (keys[node], "refused")
        if key not in known:
            try:
                count = refused_count(project, compiled, node)
            except RunnelError:  # the port of the source says why it has no rows
                continue
            if count is None:
                continue
            known[key] = count
        found[node] = known[key]
    return found


def _last(compiled: Compiled, ports: Sequence[Port]) -> list[Port]:
    """Return the ports that no node reads which leads to another one of them."""
    nodes = {node for node, _ in ports}
    above = {id for node in nodes for id in compiled.graph.ancestors(node) if id != node}
    return [port for port in ports if port[0] not in above]
