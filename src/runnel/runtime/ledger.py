"""The conservation ledger: every row that goes into a node is passed, filtered, absorbed, refused or still in flight."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.model.findings import Finding, Where
from runnel.plan.shapes import Edge, NodePlan, Plan

REJECTED, LATE = "rejected", "late"
MISMATCH = "RNL-LEDGER-001"


@dataclass(frozen=True)
class Entry:
    """The ledger of one node in one run or epoch; all numbers are rows, None where they were not counted."""

    node: str
    rows_in: int | None = None
    rows_out: int | None = None
    passed: int | None = 0
    filtered: int | None = 0
    absorbed: int | None = 0
    created: int | None = 0
    dead_lettered: int = 0
    in_flight: int = 0
    complete: bool = True
    ports: Mapping[str, int | None] = field(default_factory=dict)
    records: int | None = None

    @property
    def known(self) -> bool:
        """Whether every number of the entry was counted."""
        parts = (self.rows_in, self.rows_out, self.passed, self.filtered, self.absorbed, self.created)
        return all(part is not None for part in parts)

    def problem(self) -> str | None:
        """Return in words which equation does not hold, or None."""
        if not self.known:
            return None
        parts = (self.passed, self.filtered, self.absorbed, self.created)
        passed, filtered, absorbed, created = (int(part or 0) for part in parts)
        if min(passed, filtered, absorbed, created) < 0:
            return f"{self.node}: more rows came out than went in ({self.to_json()})"
        decided = passed + filtered + absorbed + self.dead_lettered + self.in_flight
        if self.records is None and self.rows_in != decided:
            return f"{self.node}: {self.rows_in} rows went in, but {decided} are accounted for"
        if self.records is not None and self.records != created + self.dead_lettered + self.in_flight:
            return f"{self.node}: {self.records} records were read, but {created} + {self.dead_lettered} came out"
        if self.rows_out != passed + created:
            return f"{self.node}: {self.rows_out} rows went out, but {passed} passed and {created} were created"
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of INTERFACE section 3."""
        made: dict[str, Any] = {
            "node": self.node, "in": self.rows_in, "out": self.rows_out, "passed": self.passed,
            "filtered": self.filtered, "absorbed": self.absorbed, "created": self.created,
            "dead_lettered": self.dead_lettered, "in_flight": self.in_flight, "complete": self.complete,
            "ports": dict(self.ports),
        }  # fmt: skip
        if self.records is not None:
            made["records"] = self.records
        return made


@dataclass(frozen=True)
class Counted:
    """What was counted: rows per output port, refused rows per node, rows that committed writes reported.

    In a stream `in_flight` are rows that wait (for the watermark, for delivery), and `left` those that came too late for a
    node whose port `late` nobody reads; `entered` came to a node from elsewhere (dead letters of an earlier incarnation).
    """

    ports: Mapping[tuple[str, str], int]
    letters: Mapping[str, int]
    written: Mapping[str, int]
    stopped: frozenset[str] = frozenset()
    in_flight: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    entered: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """The entries of a whole run, the rows on every edge, and what does not add up."""

    entries: tuple[Entry, ...]
    edges: tuple[tuple[Edge, int | None], ...]
    findings: tuple[Finding, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether every equation holds."""
        return not self.findings

    def entry(self, node: str) -> Entry:
        """Return the entry of a node."""
        return next(entry for entry in self.entries if entry.node == node)

    def port_rows(self) -> dict[str, int]:
        """Return the rows that left each port (`node.port`), also where they follow from what others counted."""
        known = ((f"{entry.node}.{port}", rows) for entry in self.entries for port, rows in entry.ports.items())
        return {port: rows for port, rows in known if rows is not None}

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of a run's `ledger`."""
        return {"balanced": self.balanced, "nodes": [entry.to_json() for entry in self.entries]}


def settle(plan: Plan, counted: Counted) -> Ledger:
    """Work out every node's classes from what was counted, and check the equations."""
    ports: dict[tuple[str, str], int | None] = dict(counted.ports)
    entries: list[Entry] = []
    incoming: dict[str, list[Edge]] = {}
    for edge in plan.edges:
        incoming.setdefault(edge.target, []).append(edge)
    for node in plan.nodes:
        rows = {name: _summed(incoming.get(node.id, []), name, ports) for name in node.inputs}
        if node.id in counted.entered and rows:
            first = next(iter(rows))
            rows[first] = (rows[first] or 0) + counted.entered[node.id]
        made = _entry(node, rows, incoming.get(node.id, []), ports, counted)
        entries.append(made)
        for name, value in made.ports.items():
            ports[(node.id, name)] = value
    findings = [
        Finding(MISMATCH, "error", problem, "This is a fault of Runnel; please report it.", Where(entry.node))
        for entry in entries
        if (problem := entry.problem())
    ]
    edges = tuple((edge, ports.get((edge.source, edge.output))) for edge in plan.edges)
    return Ledger(tuple(entries), edges, tuple(findings))


def _summed(edges: list[Edge], port: str, ports: Mapping[tuple[str, str], int | None]) -> int | None:
    values = [ports.get((edge.source, edge.output)) for edge in edges if edge.input == port]
    return None if any(value is None for value in values) else sum(value or 0 for value in values)


def _total(values: Mapping[str, int | None]) -> int | None:
    return None if any(value is None for value in values.values()) else sum(value or 0 for value in values.values())


def _entry(
    node: NodePlan,
    rows: Mapping[str, int | None],
    edges: list[Edge],
    ports: Mapping[tuple[str, str], int | None],
    counted: Counted,
) -> Entry:
    dead, waiting = counted.letters.get(node.id, 0), counted.in_flight.get(node.id, 0)
    left = counted.left.get(node.id, 0)
    outputs = {name: ports.get((node.id, name)) for name in node.outputs}
    complete = node.id not in counted.stopped
    if node.muted:
        return _muted(node, edges, ports, complete)
    if node.ledger == "source":
        created = _total(outputs)
        records = None if created is None else created + dead
        return Entry(node.id, 0, created, created=created, dead_lettered=dead, records=records, ports=outputs,
                     complete=complete)  # fmt: skip
    total = _total(rows)
    if node.ledger == "sink":
        absorbed = counted.written.get(node.id, total)
        if node.id not in counted.in_flight:
            return Entry(node.id, total, 0, absorbed=absorbed, complete=complete)
        return Entry(node.id, total, 0, absorbed=absorbed, filtered=left, dead_lettered=dead, in_flight=waiting,
                     complete=complete)  # fmt: skip
    if node.ledger == "absorbed":
        out = _total(outputs) if outputs else 0
        refused = (outputs.get(REJECTED) or 0) + (outputs.get(LATE) or 0)
        absorbed = None if total is None else total - dead - refused - waiting - left
        created = None if out is None else out - refused
        return Entry(node.id, total, out, passed=refused, filtered=left, absorbed=absorbed, created=created,
                     dead_lettered=dead, in_flight=waiting, ports=outputs, complete=complete)  # fmt: skip
    if node.ledger == "passed":
        return _passed(node, total, outputs, dead, complete, waiting, left)
    return _partial(node, rows, outputs, dead, complete, waiting)


def _muted(node: NodePlan, edges: list[Edge], ports: Mapping[tuple[str, str], int | None], complete: bool) -> Entry:
    """The rows of the first edge go on through the first output; those of other edges, and of a sink, are left out."""
    ordered = [edge for name in node.inputs for edge in edges if edge.input == name]
    values: dict[str, int | None] = {
        str(place): ports.get((edge.source, edge.output)) for place, edge in enumerate(ordered)
    }
    first = values.get("0", 0) if node.outputs else 0
    outputs: dict[str, int | None] = {name: 0 if place else first for place, name in enumerate(node.outputs)}
    total = _total(values)
    filtered = None if total is None or first is None else total - first
    return Entry(node.id, total, first, passed=first, filtered=filtered, ports=outputs, complete=complete)


def _passed(
    node: NodePlan, total: int | None, outputs: dict[str, int | None], dead: int, complete: bool, waiting: int = 0,
    gone: int = 0,
) -> Entry:  # fmt: skip
    """Every row goes on as itself; the main port follows from what went in, the others were counted.

    Rows of ports that report on the input are created; where only these are read, the input is absorbed.
    """
    apart = (REJECTED, LATE)
    main = next((name for name in node.outputs if name not in apart and name not in node.reports), None)
    created = _total({name: outputs[name] for name in node.outputs if name in node.reports})
    refused = (outputs.get(REJECTED) or 0) + (outputs.get(LATE) or 0)
    kept = None if total is None else total - dead - refused - waiting - gone
    if main is not None and outputs.get(main) is None:
        outputs[main] = kept
    passed = kept if main is not None else 0
    left = 0 if main is not None else kept
    passed = None if passed is None else passed + refused
    filtered = 0 if node.reports else left
    return Entry(node.id, total, _total(outputs) if outputs else 0, passed=passed,
                 filtered=None if filtered is None else filtered + gone, absorbed=left if node.reports else 0, created=created,
                 dead_lettered=dead, in_flight=waiting, ports=outputs, complete=complete)  # fmt: skip


def _partial(
    node: NodePlan,
    rows: Mapping[str, int | None],
    outputs: dict[str, int | None],
    dead: int,
    complete: bool,
    waiting: int = 0,
) -> Entry:
    """Rows of the first input go on or are left out; those of other inputs are absorbed."""
    first = next(iter(rows))
    others = _total({name: value for name, value in rows.items() if name != first})
    out = _total(outputs) if outputs else 0
    entered = rows[first]
    filtered = None if entered is None or out is None else entered - out - dead - waiting
    return Entry(node.id, _total(rows), out, passed=out, filtered=filtered, absorbed=others, dead_lettered=dead,
                 in_flight=waiting, ports=outputs, complete=complete)  # fmt: skip
