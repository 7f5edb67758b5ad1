"""Plan, segment and their parts as frozen values with a JSON form; `runtime` and `engines` read nothing else."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cte:
    """One readable step of a segment's query: `sql` is shown to people, `physical` carries fences and taps.

    A `shared` step is read more than once; it is computed once, so that its rows are counted and refused once.
    """

    name: str
    node: str
    port: str
    sql: str
    physical: str
    shared: bool = False


@dataclass(frozen=True)
class Scan:
    """A source node that the segment reads: the view `view` gives `columns` once the source was opened.

    `lenient` are those of them that a preview shows and no run decodes: what does not fit there is NULL.
    """

    node: str
    kind: str
    config: Mapping[str, Any]
    view: str
    columns: Mapping[str, str]
    probe: Mapping[str, Any]
    reads: tuple[str, ...] = ()
    pushes: bool = False
    lenient: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed:
    """Another segment's output that the segment reads through the view `view`."""

    view: str
    segment: str


@dataclass(frozen=True)
class Fence:
    """A place where rows are counted: the query carries `LIMIT label OFFSET 0` there (ADR 0003)."""

    label: int
    node: str
    port: str


@dataclass(frozen=True)
class Tap:
    """A place where rows may be refused: the evaluation of `expressions` over `columns`, for reasons in words."""

    node: str
    expressions: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """One query with one output, run whole by one engine; its result is known by its content key."""

    id: str
    node: str
    port: str
    columns: Mapping[str, str]
    ctes: tuple[Cte, ...]
    scans: tuple[Scan, ...] = ()
    feeds: tuple[Feed, ...] = ()
    fences: tuple[Fence, ...] = ()
    taps: tuple[Tap, ...] = ()
    ordered: bool = False
    engine: str = "duckdb"
    key: str = ""
    foreign: bool = False

    def sql(self, physical: bool = False) -> str:
        """Return the query's text: one CTE per connected port, then the output."""
        steps = [
            f'"{_quoted(cte.name)}" AS{" MATERIALIZED" if physical and cte.shared else ""} '
            f"(\n{_indent(cte.physical if physical else cte.sql)}\n)"
            for cte in self.ctes
        ]
        columns = ", ".join(f'"{_quoted(name)}"' for name in self.columns)
        return f'WITH {", ".join(steps)}\nSELECT {columns} FROM "{_quoted(self.ctes[-1].name)}"'


@dataclass(frozen=True)
class Effect:
    """A sink or chart that consumes the output of a segment."""

    node: str
    kind: str
    config: Mapping[str, Any]
    segment: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Edge:
    """A connection of two ports, both by name."""

    source: str
    output: str
    target: str
    input: str

    def to_json(self) -> dict[str, str]:
        """Return the form that runs and `--json` show."""
        return {"from": f"{self.source}.{self.output}", "to": f"{self.target}.{self.input}"}


@dataclass(frozen=True)
class NodePlan:
    """What the ledger and the run need to know about a node; `ledger` is the name of its class of accounting.

    `reports` are outputs whose rows say something about the input rows; they are created, and the others go on besides.
    `gates` are those of them that decide whether anything may be written.
    """

    id: str
    kind: str
    ledger: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    engine: str = "duckdb"
    muted: bool = False
    title: str = ""
    after: tuple[str, ...] = ()
    stops_after: int | None = None
    reports: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A whole compiled pipeline: segments in an order in which they can run, effects, and the graph for the ledger."""

    pipeline: str
    version: str
    folder: str
    nodes: tuple[NodePlan, ...]
    edges: tuple[Edge, ...]
    segments: tuple[Segment, ...]
    effects: tuple[Effect, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def segment(self, id: str) -> Segment:
        """Return the segment of that id."""
        return next(segment for segment in self.segments if segment.id == id)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Plan:
        """Read the JSON form."""
        parts = dict(data)
        parts["nodes"] = tuple(_made(NodePlan, item) for item in data["nodes"])
        parts["edges"] = tuple(_made(Edge, item) for item in data["edges"])
        parts["segments"] = tuple(segment_from_json(item) for item in data["segments"])
        parts["effects"] = tuple(_made(Effect, item) for item in data["effects"])
        return Plan(**parts)


def segment_from_json(data: Mapping[str, Any]) -> Segment:
    """Read one segment's JSON form."""
    parts = dict(data)
    for name, shape in (("ctes", Cte), ("scans", Scan), ("feeds", Feed), ("fences", Fence), ("taps", Tap)):
        parts[name] = tuple(_made(shape, item) for item in data[name])
    return Segment(**parts)


def _made(shape: type[Any], data: Mapping[str, Any]) -> Any:
    return shape(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})


def _quoted(name: str) -> str:
    return name.replace('"', '""')


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))
