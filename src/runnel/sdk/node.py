"""Node: one step of a pipeline; the class is its config schema, form, palette entry, docs page and compiler rule."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from sqlglot import exp

from runnel.model.document import PortType
from runnel.model.findings import Finding
from runnel.sdk.fields import GuardedConfig, NodeConfig
from runnel.sdk.relation import Relation
from runnel.sdk.trees import copied


class Streaming(StrEnum):
    """How a node behaves over unbounded rows: row by row, over state, as a source without end, or not at all."""

    STATELESS = "stateless"
    STATEFUL = "stateful"
    BOUNDED = "bounded"
    UNBOUNDED = "unbounded"


class Ledger(StrEnum):
    """Which classes of the ledger a node's rows fall into (INTERFACE section 3)."""

    SOURCE = "source"
    PASSED = "passed"
    SUBSET = "subset"
    ROUTE = "route"
    ABSORBED = "absorbed"
    SIDE = "side"
    SINK = "sink"


@dataclass(frozen=True)
class Port:
    """An input or output: `many` takes any number of edges, an optional one may stay unconnected."""

    name: str
    type: PortType = PortType.TABLE
    many: bool = False
    required: bool = True


@dataclass(frozen=True)
class Ports:
    """The ports that a node has under a given config; the first output is the default one."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def input(self, name: str) -> Port | None:
        """Return the input port of that name."""
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> Port | None:
        """Return the output port of that name."""
        return next((port for port in self.outputs if port.name == name), None)


Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Example:
    """A runnable example: rows per input port, config, and the rows expected per output port (order ignored).

    `types` gives column types per input port where they cannot be read off the values; `files` are text files (name:
    content) that stand beside the pipeline.
    """

    title: str
    config: Mapping[str, Any]
    given: Mapping[str, Rows] = field(default_factory=dict)
    expect: Mapping[str, Rows] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ordered: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unsupported:
    """A declared no: `reason` is shown to people; `mark` says whose turn it is."""

    reason: str
    mark: str = "never"


class Node:
    """The base of every node. Authors set the class attributes and write `relate`.

    The compiler makes one instance per node of a pipeline. Fields typed as expressions or columns were parsed,
    checked, typed and bound before `relate` is called; `tree`, `trees` return them as SQLGlot trees, with every part
    that may fail already guarded. `relate` takes one `Relation` per input port (a list for a port with many edges,
    None for an unconnected optional one) and returns one `Relation`, or a mapping of output port → `Relation`.
    It must not touch files, clock or randomness. `reports` are outputs whose rows say something about the input, which
    goes on besides (ledger class passed); `gates` are those among them that decide whether the run is well: they are
    computed also where nothing reads them, and a row whose `fails` is true ends the run with exit code 4. `ordered`
    says that the node depends on the order of its input, `probed` that its columns may depend on the data, `foreign`
    that it carries SQL that a person wrote.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    title: ClassVar[str]
    summary: ClassVar[str]
    group: ClassVar[str]
    icon: ClassVar[str] = "box"
    synonyms: ClassVar[tuple[str, ...]] = ()
    since: ClassVar[str] = "0.1"
    streaming: ClassVar[Streaming] = Streaming.STATELESS
    ledger: ClassVar[Ledger] = Ledger.PASSED
    outputs: ClassVar[tuple[str, ...]] = ("output",)
    reports: ClassVar[tuple[str, ...]] = ()
    gates: ClassVar[tuple[str, ...]] = ()
    ordered: ClassVar[bool] = False
    probed: ClassVar[bool] = False
    foreign: ClassVar[bool] = False
    dialects: ClassVar[Mapping[str, Unsupported]] = {}
    dialect_limits: ClassVar[Mapping[str, str]] = {}
    examples: ClassVar[tuple[Example, ...]] = ()

    class Config(NodeConfig):
        """A node without settings."""

    def __init__(self, config: NodeConfig, bound: Mapping[str, Any] | None = None, id: str = "") -> None:
        self.config: Any = config
        self.bound: Mapping[str, Any] = bound or {}
        self.id = id
        self.seen: Rows | None = None

    @classmethod
    def ports(cls, config: Any) -> Ports:
        """Return the ports under `config`; the default reads them off `relate` and `outputs`."""
        return cls.static_ports()

    @classmethod
    def static_ports(cls) -> Ports:
        """Return the ports that do not depend on the config; shown by the catalogue."""
        return Ports(inputs=input_ports(cls), outputs=output_ports(cls, cls.outputs))

    @classmethod
    def migrate(cls, config: dict[str, Any], version: int) -> dict[str, Any]:
        """Turn a config that an older version of this kind wrote into today's."""
        return config

    @classmethod
    def describe(cls, config: Any) -> str:
        """Say in one short line what the node does under `config`; shown under its name."""
        return cls.summary

    @classmethod
    def dialects_of(cls, config: Any) -> Mapping[str, Unsupported]:
        """Return the dialects that cannot give DuckDB's result under `config`, with the reasons.

        A kind whose answer depends on the config says in `dialect_limits` (dialect: words) what is left out.
        """
        return cls.dialects

    @classmethod
    def ledger_of(cls, config: Any) -> Ledger:
        """Return the classes that the node's rows fall into under `config`."""
        return cls.ledger

    @classmethod
    def window(cls, config: Any) -> exp.Window | None:
        """Return the window that calls without OVER get in the node's window expressions."""
        return None

    @classmethod
    def stops_after(cls, config: Any) -> int | None:
        """Return after how many rows the node stops reading, or None; counts above it then hold until the stop."""
        return None

    @classmethod
    def refuses_stream(cls, config: Any, unbounded: frozenset[str]) -> str | None:
        """Return in words why the node cannot bear rows without end at these input ports, or None."""
        if cls.streaming is Streaming.BOUNDED:
            return "it needs all rows before it gives one, and here they never end"
        return None

    def check(self, inputs: Any) -> Iterable[Finding]:
        """Yield findings that the config's types and the bound fields cannot express; called before `relate`."""
        return ()

    def relate(self, *args: Any, **inputs: Any) -> Relation | Mapping[str, Relation]:
        """Return the output relations; see the class."""
        raise NotImplementedError(f"{type(self).__name__}.relate")

    def probe_query(self, *args: Any, **inputs: Any) -> Relation | None:
        """Return the small relation whose rows decide the node's columns (`probed` kinds only), or None.

        Its rows are in `self.seen` when `relate` is called.
        """
        return None

    def tree(self, name: str) -> exp.Expr:
        """Return the bound expression of a field."""
        return copied(self.bound[name])

    def trees(self, name: str) -> dict[str, exp.Expr]:
        """Return the bound expressions of a mapping field, in the config's order."""
        return {key: copied(tree) for key, tree in self.bound[name].items()}


def input_ports(node: type[Node]) -> tuple[Port, ...]:
    """Read the input ports off the signature of `relate`: `list[Relation]` takes many, a default makes it optional."""
    found: list[Port] = []
    for parameter in list(inspect.signature(node.relate).parameters.values())[1:]:
        if parameter.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
            continue
        many = "list[" in str(parameter.annotation) or "Sequence[" in str(parameter.annotation)
        required = parameter.default is inspect.Parameter.empty
        found.append(Port(parameter.name, many=many, required=required))
    return tuple(found)


def output_ports(node: type[Node], names: Sequence[str]) -> tuple[Port, ...]:
    """Return the output ports of these names; a node with guarded expressions gets `rejected` besides."""
    made = [Port(name, required=False) for name in names]
    if issubclass(node.Config, GuardedConfig) and "rejected" not in names:
        made.append(Port("rejected", required=False))
    return tuple(made)
