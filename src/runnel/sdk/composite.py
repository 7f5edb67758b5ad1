"""Composite nodes: a node that stands for other nodes (a sub-pipeline, a list of rules)."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.model.document import NodeDoc, Pipeline
from runnel.model.findings import Finding
from runnel.sdk.node import Node, Ports

Loader = Callable[[str, str], tuple[Pipeline | None, tuple[Finding, ...], str]]


@dataclass(frozen=True)
class Inner:
    """The nodes that a composite stands for.

    `inputs` are the names by which inner wires read the composite's input ports; `outputs` maps each output port to
    an inner `node.port` (or to an input's name, which passes it through). `inherits` keeps the outer parameters.
    `gathers` are inner nodes that only collect rows for an output port; where nothing reads that port the compiler
    leaves them out, so that refused rows become dead letters.
    """

    nodes: Mapping[str, NodeDoc]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, str]
    ports: Ports | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    param_types: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    inherits: bool = False
    gathers: frozenset[str] = frozenset()


class Composite(Node):
    """A node that the compiler replaces by its inner nodes; it has no entry in the ledger of its own."""

    @classmethod
    def expand(cls, config: Any, folder: str, load: Loader) -> tuple[Inner | None, tuple[Finding, ...]]:
        """Return the inner nodes under `config`, or None with findings that say why not."""
        raise NotImplementedError

    @classmethod
    def shell(cls, config: Any, folder: str, load: Loader) -> tuple[Ports | None, tuple[Finding, ...]]:
        """Return the ports alone, for a muted node: whether its inner nodes could run does not matter then."""
        return cls.ports(config), ()
