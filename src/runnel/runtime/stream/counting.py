"""What the ledger of a stream counts: cumulative since its incarnation began, settled by the same equations as a run's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runnel.plan.shapes import NodePlan
from runnel.plan.streams import StreamPlan
from runnel.runtime.ledger import Counted, Entry, Ledger, settle

LATE = "late"


class Counters:
    """Rows per output port, refused records per node, rows offered to each sink."""

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.ports: dict[tuple[str, str], int] = {}
        self.letters: dict[str, int] = {}
        self.offered: dict[str, int] = {}
        self.entered: dict[str, int] = {}
        self.left_out: dict[str, int] = {}
        self.carried: dict[str, int] = {}
        self.since = 0
        self.first = {node.id: node.outputs[0] if node.outputs else "output" for node in plan.plan.nodes}
        self.given = {(scan.node, scan.port) for scan in plan.scans}
        feeds = {feed.segment for segment in plan.plan.segments for feed in segment.feeds}
        self.read = feeds | {effect.segment for effect in plan.plan.effects} | {
            segment for step in plan.steps for segment in step.inputs.values()
        }  # fmt: skip
        self._names = {(edge.source, edge.output): edge for edge in plan.plan.edges}
        self._defaults = {step.node: step.emit[0].name for step in plan.steps}

    def name(self, node: str, port: str) -> str:
        """Return the name under which segments read a step's port."""
        return node if self._defaults.get(node) == port else f"{node}__{port}"

    def branch(self, epoch: int, waiting: Mapping[str, int]) -> None:
        """Begin to count anew after an epoch: another version runs from there, with what waits there as carried over."""
        self.restore({"since": epoch, "carried": {node: rows for node, rows in waiting.items() if rows}})

    def add(self, node: str, port: str, rows: int) -> None:
        """Count rows that left a port."""
        self.ports[(node, port)] = self.ports.get((node, port), 0) + rows

    def refuse(self, node: str, count: int) -> None:
        """Count refused records of a node."""
        self.letters[node] = self.letters.get(node, 0) + count

    def enter(self, node: str, rows: int) -> None:
        """Count rows that entered at a node from outside of this incarnation."""
        self.entered[node] = self.entered.get(node, 0) + rows

    def offer(self, node: str, rows: int) -> None:
        """Count rows that reached a sink's outbox."""
        self.offered[node] = self.offered.get(node, 0) + rows

    def leave_out(self, node: str, rows: int) -> None:
        """Count rows that a sink was not given because too much waited for it."""
        self.left_out[node] = self.left_out.get(node, 0) + rows

    @property
    def refused(self) -> int:
        """How many records were refused so far, by any node."""
        return sum(self.letters.values())

    @property
    def records(self) -> int:
        """How many rows sources gave so far, with those that could not be decoded."""
        given = {node for node, _ in self.given}
        return sum(self.ports.get(key, 0) for key in self.given) + sum(self.letters.get(node, 0) for node in given)

    def settle(self, in_flight: Mapping[str, int]) -> Ledger:
        """Return the ledger; `in_flight` are the rows per node that wait for the watermark, or for delivery.

        Rows that a version before left waiting are counted there: where they have gone on, less than nothing waits.
        """
        in_flight = {node: rows - self.carried.get(node, 0) for node, rows in in_flight.items()}
        known = {node.id: set(node.outputs) for node in self.plan.plan.nodes}
        ports = {key: rows for key, rows in self.ports.items() if key[1] in known.get(key[0], ())}
        late = {node: rows for (node, port), rows in self.ports.items() if port == LATE and LATE not in known.get(node, ())}
        for node in self.plan.plan.nodes:
            follows = _following(node)
            for port in node.outputs:
                if port != follows:
                    ports.setdefault((node.id, port), 0)
        written = {
            sink: self.offered.get(sink, 0) + self.entered.get(sink, 0)
            - self.letters.get(sink, 0) - in_flight.get(sink, 0) - self.left_out.get(sink, 0)
            for sink in self.sinks
        }  # fmt: skip
        counted = Counted(ports, self.letters, written, in_flight=in_flight, left={**late, **self.left_out}, entered=self.entered)
        return settle(self.plan.plan, counted)

    @property
    def sinks(self) -> list[str]:
        """The nodes that take rows out of the stream."""
        return [effect.node for effect in self.plan.plan.effects]

    def told(self) -> dict[str, int]:
        """Return the rows that left each port so far, as `node.port`, and those that reached each sink."""
        ports = {f"{node}.{port}": rows for (node, port), rows in self.ports.items()}
        return {**ports, **self.offered}

    def to_json(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "ports": {f"{node}\x1f{port}": rows for (node, port), rows in self.ports.items()},
            "letters": dict(self.letters), "offered": dict(self.offered), "entered": dict(self.entered),
            "left_out": dict(self.left_out), "carried": dict(self.carried), "since": self.since,
        }  # fmt: skip

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what a checkpoint kept."""
        ports = data.get("ports", {})
        self.ports = {(key.split("\x1f")[0], key.split("\x1f")[1]): int(rows) for key, rows in ports.items()}
        self.letters = dict(data.get("letters", {}))
        self.offered = dict(data.get("offered", {}))
        self.entered = dict(data.get("entered", {}))
        self.left_out = dict(data.get("left_out", {}))
        self.carried = dict(data.get("carried", {}))
        self.since = int(data.get("since", 0))


def _following(node: NodePlan) -> str | None:
    """Return the port whose rows follow from what went in, so that no query counts them, if a node has one."""
    if node.ledger != "passed" or node.muted:
        return None
    apart = ("rejected", LATE, *node.reports)
    return next((name for name in node.outputs if name not in apart), None)


__all__ = ["Counters", "Entry", "replace"]
