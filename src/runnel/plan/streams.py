"""The plan of a stream: segments over batches, steps with state, and the order in which an epoch goes through them."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.plan.shapes import Plan, Segment, segment_from_json


@dataclass(frozen=True)
class StreamScan:
    """A source without end: `columns` and `metadata` are what anything uses of it (name → DuckDB type)."""

    node: str
    kind: str
    config: Mapping[str, Any]
    probe: Mapping[str, Any]
    columns: Mapping[str, str]
    metadata: Mapping[str, str]
    port: str = "output"
    reads: tuple[str, ...] = ()

    @property
    def view(self) -> str:
        """The name under which segments read its rows."""
        return f"source:{self.node}"


@dataclass(frozen=True)
class Query:
    """One query of a step under its name, with the exact types of its columns."""

    name: str
    sql: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class StatefulStep:
    """A node with state. `inputs` maps ports to segments, whose rows stand in the tables `batch:PORT`.

    `sources` are the streams above it: their watermarks are its own. `clocks` name, by port, the column by which rows
    wait for the watermark (`sequenced` only). `every` is how often at most, in microseconds, results leave before the watermark
    has reached them (None: never). `code` tells whether an older state means the same. `asks` gives the keys that
    another system is asked for, `answers` are the columns of the answers, and `config` is what the node that asks needs.
    """

    node: str
    kind: str
    layout: str
    inputs: Mapping[str, str]
    state: Mapping[str, str]
    absorb: str
    emit: tuple[Query, ...]
    sources: tuple[str, ...]
    code: str
    keys: tuple[str, ...] = ()
    touched: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Query, ...] = ()
    combine: str | None = None
    due: str | None = None
    live: bool = False
    every: int | None = None
    sequenced: bool = False
    clocks: Mapping[str, str] = field(default_factory=dict)
    asks: str | None = None
    answers: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    input_columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamPlan:
    """A compiled stream.

    `plan` holds its graph, its segments and its sinks; `order` names segments (by id) and steps (by node) as an epoch
    goes through them. `bounded` are the segments that read no stream: they are computed before it starts.
    """

    plan: Plan
    scans: tuple[StreamScan, ...]
    steps: tuple[StatefulStep, ...]
    order: tuple[str, ...]
    bounded: tuple[str, ...] = ()
    entries: Mapping[str, Segment] = field(default_factory=dict)
    """By node that may refuse rows: its segment, in which it reads the table `entering:NODE` in place of its input."""

    def step(self, node: str) -> StatefulStep | None:
        """Return the step of a node, or None."""
        return next((step for step in self.steps if step.node == node), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**dataclasses.asdict(self), "plan": self.plan.to_json()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> StreamPlan:
        """Read the JSON form."""
        return StreamPlan(
            plan=Plan.from_json(data["plan"]),
            scans=tuple(_scan(item) for item in data["scans"]),
            steps=tuple(_step(item) for item in data["steps"]),
            order=tuple(data["order"]), bounded=tuple(data["bounded"]),
            entries={node: segment_from_json(item) for node, item in data.get("entries", {}).items()},
        )  # fmt: skip


def _scan(data: Mapping[str, Any]) -> StreamScan:
    parts = dict(data)
    parts["reads"] = tuple(data["reads"])
    return StreamScan(**parts)


def _step(data: Mapping[str, Any]) -> StatefulStep:
    parts = dict(data)
    for name in ("emit", "steps"):
        parts[name] = tuple(Query(**item) for item in data[name])
    for name in ("sources", "keys", "answers"):
        parts[name] = tuple(data[name])
    return StatefulStep(**parts)
