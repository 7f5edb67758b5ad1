"""Wires of a stream that are paused: which ones can be, and what a person wants of them.

A wire into a sink is paused by holding its delivery, a wire out of a source by holding the source. What lies between two
other nodes cannot be paused: its rows exist within an epoch only, and an epoch is all of its nodes or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runnel.app.streams.accounting import plan_of
from runnel.app.streams.telling import found
from runnel.errors import AuthoringError
from runnel.plan.shapes import Edge
from runnel.plan.streams import StreamPlan

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore

UNKNOWN, INNER = "RNL-STREAM-067", "RNL-STREAM-068"
ARROW = "->"
Verb = Literal["pause", "resume"]


@dataclass(frozen=True)
class Hold:
    """What pausing a wire means: `node` is the sink that is given nothing, or the source of which nothing is taken."""

    node: str
    end: Literal["sink", "source"]


def hold_of(plan: StreamPlan, edge: Edge) -> Hold | None:
    """Return what pausing a wire means, or None where it cannot be paused."""
    if edge.target in _sinks(plan):
        return Hold(edge.target, "sink")
    if any(scan.node == edge.source for scan in plan.scans):
        return Hold(edge.source, "source")
    return None


def ends_of(plan: StreamPlan) -> dict[str, str]:
    """Return the nodes that can be held: node → sink or source."""
    return {**dict.fromkeys(_sinks(plan), "sink"), **{scan.node: "source" for scan in plan.scans}}


def edges_of(plan: StreamPlan) -> list[dict[str, Any]]:
    """Return the wires of a stream, each with the node that is held when it is paused (`holds`), or None."""
    made: list[dict[str, Any]] = []
    for edge in plan.plan.edges:
        hold = hold_of(plan, edge)
        made.append({**edge.to_json(), "holds": None if hold is None else {"node": hold.node, "end": hold.end}})
    return made


def wish_for_edge(project: Project, store: StreamStore, name: str, text: str, verb: Verb, actor: str | None) -> dict[str, Any]:
    """Pause a wire, or let it go on; returns all wires that this holds or lets go, and whether that changes anything.

    Raises AuthoringError for a wire that is not there or cannot be paused.
    """
    plan = plan_of(project, found(store, name))
    edge = wanted_edge(plan, name, text)
    hold = hold_of(plan, edge)
    if hold is None:
        what = f"the wire {_text(edge)} of the stream {name} lies between two nodes that compute, and cannot be paused by itself"
        raise AuthoringError(INNER, what, _nearest(plan, edge), {"stream": name, "edge": _text(edge)})
    changed = store.pauses.pause(name, hold.node, hold.end, actor) if verb == "pause" else store.pauses.resume(name, hold.node)
    edges = [_text(one) for one in plan.plan.edges if hold_of(plan, one) == hold]
    return {"name": name, "verb": verb, "node": hold.node, "end": hold.end, "edges": edges, "changed": changed}


def wanted_edge(plan: StreamPlan, name: str, text: str) -> Edge:
    """Return the wire that a text means: `A.output->B.input`, `A.output->B` or `A->B`."""
    start, arrow, end = (part.strip() for part in text.partition(ARROW))
    edges = plan.plan.edges if arrow else ()
    matching = [edge for edge in edges if _is(edge.source, edge.output, start) and _is(edge.target, edge.input, end)]
    known = ", ".join(_text(edge) for edge in plan.plan.edges)
    if not matching:
        raise AuthoringError(UNKNOWN, f"the stream {name} has no wire `{text}`", f"Wires: {known}.", {"stream": name})
    if len({hold_of(plan, edge) for edge in matching}) > 1:
        hint = f"Name its ports: {', '.join(_text(edge) for edge in matching)}."
        raise AuthoringError(UNKNOWN, f"`{text}` means {len(matching)} wires of the stream {name}", hint, {"stream": name})
    return matching[0]


def _is(node: str, port: str, text: str) -> bool:
    """Tell whether a text names a node, one of its ports, or the sub-pipeline around it."""
    return text in (node, f"{node}.{port}") or node.startswith(f"{text.rpartition('.')[0] or text}/")


def _nearest(plan: StreamPlan, edge: Edge) -> str:
    """Return which wires next to one can be paused, upwards and downwards."""
    above = _reached(plan, edge.source, lambda one: one.target, lambda one: one.source)
    below = _reached(plan, edge.target, lambda one: one.source, lambda one: one.target)
    parts: list[str] = []
    if above:
        parts.append(f"above it {', '.join(above)} (the source is held)")
    if below:
        parts.append(f"below it {', '.join(below)} (rows wait in the outbox)")
    return f"Pause {' or '.join(parts)}." if parts else "Pause the stream."


def _reached(plan: StreamPlan, node: str, near: Any, far: Any) -> list[str]:
    """Return the wires that can be paused, along the wires from a node in one direction."""
    made: list[str] = []
    seen, open_ = {node}, [node]
    while open_:
        here = open_.pop(0)
        for edge in plan.plan.edges:
            if near(edge) != here:
                continue
            if hold_of(plan, edge) is not None and _text(edge) not in made:
                made.append(_text(edge))
            elif far(edge) not in seen:
                seen.add(far(edge))
                open_.append(far(edge))
    return made


def _sinks(plan: StreamPlan) -> Sequence[str]:
    return [effect.node for effect in plan.plan.effects if not effect.kind.startswith("chart.")]


def _text(edge: Edge) -> str:
    return f"{edge.source}.{edge.output}{ARROW}{edge.target}.{edge.input}"
