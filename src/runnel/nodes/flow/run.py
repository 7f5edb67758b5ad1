"""Run another pipeline file as one node."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.findings import Finding, Where, has_errors
from runnel.model.params import check_references, resolve_params
from runnel.sdk import Example, NodeConfig, Port, Ports, Relation, field
from runnel.sdk.composite import Composite, Inner, Loader

_INNER = """\
runnel: 1
name: paid
params: {least: {type: integer, default: 0}}
inputs: {orders: {columns: {price: BIGINT}}}
outputs: {large: kept, small: kept.rest}
nodes:
  kept: {kind: table.filter, from: orders, config: {where: "price >= ${params.least}"}}
"""


class Run(Composite):
    """Stands for the nodes of another file: its `inputs` are this node's inputs, its `outputs` the outputs.

    The inner nodes appear as `id/inner`. They see their own file's parameters only, with the values given here.
    """

    kind = "pipeline.run"
    title = "Run a pipeline"
    summary = "Use another pipeline file as one node"
    group = "flow"
    icon = "workflow"
    synonyms = ("sub-pipeline", "subpipeline", "call", "include", "reuse", "nested", "template", "module")
    outputs = ()

    class Config(NodeConfig):
        """Settings of the call."""

        file: str = field(title="File", help="The pipeline file, relative to this file's folder.", widget="pipeline")
        params: dict[str, Any] = field(default_factory=dict, title="Parameters", help="Name: value.", widget="mapping")

    examples = (
        Example(
            "Two outputs of an inner file",
            {"file": "inner.runnel.yaml", "params": {"least": 10}},
            {"orders": [{"price": 5}, {"price": 50}]},
            {"large": [{"price": 50}], "small": [{"price": 5}]},
            files={"inner.runnel.yaml": _INNER},
        ),
    )

    @classmethod
    def static_ports(cls) -> Ports:
        """The ports stand in the inner file."""
        return Ports((), ())

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the file."""
        return config.file

    def relate(self, **inputs: Any) -> Mapping[str, Relation]:
        """Never called: the inner nodes stand in its place."""
        return {}

    @classmethod
    def expand(cls, config: Any, folder: str, load: Loader) -> tuple[Inner | None, tuple[Finding, ...]]:
        """Load the file and return its nodes."""
        pipeline, problems, inner_folder = load(config.file, folder)
        findings = [_named(config.file, finding) for finding in problems]
        if pipeline is None:
            return None, tuple(findings)
        findings += [_named(config.file, finding) for finding in check_references(pipeline)]
        findings += [_named(config.file, finding) for finding in _missing(pipeline)]
        params, bad = resolve_params(pipeline, config.params)
        findings += [replace(finding, where=Where(field="params"), fix=None) for finding in bad]
        if has_errors(findings):
            return None, tuple(findings)
        return Inner(
            _with_checked_inputs(pipeline), dict.fromkeys(pipeline.inputs), _outputs(pipeline), _ports(pipeline), params,
            {name: param.type for name, param in pipeline.params.items()}, inner_folder,
        ), tuple(findings)  # fmt: skip


    @classmethod
    def shell(cls, config: Any, folder: str, load: Loader) -> tuple[Ports | None, tuple[Finding, ...]]:
        """Load the file and return its inputs and outputs."""
        pipeline, problems, _ = load(config.file, folder)
        if pipeline is None:
            return None, tuple(_named(config.file, finding) for finding in problems)
        return _ports(pipeline), ()


def _ports(pipeline: Pipeline) -> Ports:
    inputs = tuple(Port(name) for name in pipeline.inputs)
    return Ports(inputs, tuple(Port(name, required=False) for name in pipeline.outputs))


def _named(file: str, finding: Finding) -> Finding:
    """Say in which file and node a problem is; it is shown on the outer node."""
    place = ", ".join(str(part) for part in (finding.where.node, finding.where.field) if part)
    what = f"{file}{f' ({place})' if place else ''}: {finding.what}"
    return replace(finding, what=what, where=Where(field="file"), fix=None)


def _missing(pipeline: Pipeline) -> Iterator[Finding]:
    """Yield findings for outputs that name no node, and for inputs that are called like a node."""
    for name, ref in pipeline.outputs.items():
        node = ref.partition(".")[0]
        if node not in pipeline.nodes and node not in pipeline.inputs:
            close = difflib.get_close_matches(node, [*pipeline.nodes, *pipeline.inputs], n=1)
            known = ", ".join(pipeline.nodes) or "none"
            known = f"{known}. Did you mean `{close[0]}`" + "?" if close else f"{known}."
            yield Finding("RNL-GRAPH-014", "error", f"the output `{name}` is `{ref}`, but there is no node `{node}`",
                          f"Nodes: {known}", Where(field=f"outputs.{name}"))  # fmt: skip
    for name in pipeline.inputs:
        if name in pipeline.nodes:
            yield Finding("RNL-GRAPH-015", "error", f"`{name}` is an input and a node at once", "Rename one of them.",
                          Where(field=f"inputs.{name}"))  # fmt: skip


def _checker(pipeline: Pipeline, name: str) -> str:
    made = f"input_{name}"
    while made in pipeline.nodes or made in pipeline.inputs:
        made += "_"
    return made


def _checkers(pipeline: Pipeline) -> dict[str, str]:
    """Return input → the node that checks its declared columns."""
    return {name: _checker(pipeline, name) for name, item in pipeline.inputs.items() if item.columns}


def _with_checked_inputs(pipeline: Pipeline) -> dict[str, NodeDoc]:
    """Return the nodes; those that read an input with declared columns read it through a check of these."""
    checkers = _checkers(pipeline)
    made = {
        checker: NodeDoc(checker, "quality.schema", {"columns": dict(pipeline.inputs[name].columns)}, (Wire(name),))
        for name, checker in checkers.items()
    }
    for id, node in pipeline.nodes.items():
        wires = tuple(replace(wire, node=checkers.get(wire.node, wire.node)) for wire in node.wires)
        made[id] = replace(node, wires=wires)
    return made


def _outputs(pipeline: Pipeline) -> dict[str, str]:
    checkers = _checkers(pipeline)
    return {name: checkers.get(ref, ref) for name, ref in pipeline.outputs.items()}
