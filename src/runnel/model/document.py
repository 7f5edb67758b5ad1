"""The pipeline document as frozen values: what a pipeline file says, before any node kind is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

FORMAT_VERSION = 1


class PortType(StrEnum):
    """What may travel along an edge; unbounded rows are a property of the edge, not a type."""

    TABLE = "TABLE"
    DB_TABLE = "DB_TABLE"
    S3_FILE = "S3_FILE"
    ML_MODEL = "ML_MODEL"
    TRIGGER = "TRIGGER"


ParamType = Literal["string", "integer", "number", "decimal", "boolean", "date", "timestamp", "enum", "list"]


Rows = tuple[Mapping[str, Any], ...]
Lines = Mapping[tuple[str | int, ...], tuple[int, int]]


@dataclass(frozen=True)
class Param:
    """A typed parameter of a pipeline; `values` are the choices of an enum."""

    type: ParamType
    default: Any = None
    has_default: bool = False
    description: str = ""
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Wire:
    """One incoming edge as written: node `node`, output port `output` (None: the default one), into `port`.

    `port` is None where the file names no input port (`from: orders` or `from: [a, b]`).
    """

    node: str
    output: str | None = None
    port: str | None = None

    @property
    def ref(self) -> str:
        """The edge's origin as the file writes it: `node` or `node.output`."""
        return self.node if self.output is None else f"{self.node}.{self.output}"


@dataclass(frozen=True)
class NodeDoc:
    """One node as written: kind, config (plain JSON values, references unresolved), wires, and its marks."""

    id: str
    kind: str
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    wires: tuple[Wire, ...] = ()
    after: tuple[str, ...] = ()
    title: str | None = None
    muted: bool = False
    pinned: Any = None
    note: str | None = None


@dataclass(frozen=True)
class TestDoc:
    """One test of a pipeline: rows given to source nodes (or any nodes), and rows expected from nodes or ports."""

    __test__ = False

    name: str
    given: Mapping[str, Rows] = field(default_factory=dict[str, Rows])
    expect: Mapping[str, Rows] = field(default_factory=dict[str, Rows])
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    clock: str | None = None


@dataclass(frozen=True)
class DeadLetterSettings:
    """When dead letters stop a run; None means never."""

    max_count: int | None = None
    max_share: float | None = None


@dataclass(frozen=True)
class Settings:
    """The `settings:` of a pipeline; `lanes` are the processes that share the reading of a stream."""

    dead_letters: DeadLetterSettings = field(default_factory=DeadLetterSettings)
    counts: Literal["edges", "segments"] = "edges"
    decode: Literal["used", "all"] = "used"
    schema: Literal["evolve", "fail", "dead_letter"] = "evolve"
    memory: str | None = None
    timeout_seconds: float | None = None
    seed: int = 0
    lanes: int = 1


@dataclass(frozen=True)
class InputDoc:
    """A declared input of a sub-pipeline: column name → type."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline document. Key order of every mapping is the file's order.

    `ui` holds layout, frames and notes and never changes what runs; `lines` maps a document path (tuple of keys) to
    its 1-based (line, column) in the file it was loaded from and takes no part in equality.
    """

    name: str
    nodes: Mapping[str, NodeDoc] = field(default_factory=dict[str, NodeDoc])
    title: str | None = None
    description: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict[str, Param])
    tests: tuple[TestDoc, ...] = ()
    settings: Settings = field(default_factory=Settings)
    ui: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inputs: Mapping[str, InputDoc] = field(default_factory=dict[str, InputDoc])
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    active: bool = True
    runnel: int = FORMAT_VERSION
    lines: Lines = field(default_factory=dict[tuple[str | int, ...], tuple[int, int]], compare=False, repr=False)
