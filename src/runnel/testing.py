"""For authors of nodes: run a node's examples as tests, on the real compiler and engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from runnel.app import pipelines
from runnel.app.comparing import difference
from runnel.app.previews import port_rows
from runnel.app.project import Project
from runnel.app.runs import RunOptions, run_compiled
from runnel.app.writing import atomic_write
from runnel.catalog import Catalog, discover
from runnel.compiler.segments import is_effect
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.saving import to_yaml
from runnel.sdk.node import Example, Node
from runnel.sdk.source import Source

CLOCK = datetime(2025, 1, 16, 8, 0, tzinfo=UTC)


class ExampleFailedError(AssertionError):
    """A node's example gave something else than it says."""


@contextmanager
def example_project(*nodes: type[Node]) -> Iterator[Project]:
    """Open a project in a temporary folder, with the installed nodes and the given ones, and a fixed clock."""
    catalog = discover()
    known = Catalog({**catalog.nodes, **{node.kind: node for node in nodes}}, catalog.broken)
    with tempfile.TemporaryDirectory(prefix="runnel-example-") as folder:
        project = Project(folder, environ={}, clock=lambda: CLOCK, catalog=known)
        try:
            yield project
        finally:
            project.close()


def check_examples(node: type[Node]) -> int:
    """Run every example of a node; returns how many there are. Raises ExampleFailedError with the difference."""
    with example_project(node) as project:
        for example in node.examples:
            check_example(project, node, example)
    return len(node.examples)


def check_example(project: Project, node: type[Node], example: Example) -> None:
    """Run one example of a node and compare every output port that it names."""
    for name, text in example.files.items():
        atomic_write(project.root / name, text)
    document = example_document(node, example, str(project.root))
    compiled = pipelines.runnable(project, document)
    if is_effect(node):
        report = run_compiled(project, document, compiled, RunOptions(use_cache=False))
        if report.status != "success" or not report.ledger.balanced:
            raise ExampleFailedError(f"{node.kind}, example {example.title!r}: {report.result.error}")
        return
    for port, expected in example.expect.items():
        actual = port_rows(project, compiled, f"node.{port}" if port else "node")
        found = difference(list(expected), actual, ordered=example.ordered)
        if found is not None:
            raise ExampleFailedError(f"{node.kind}, example {example.title!r}, port {port}: {found}")


def example_document(node: type[Node], example: Example, folder: str) -> pipelines.Document:
    """Return the pipeline of an example: a source of rows per input port, and the node."""
    nodes: dict[str, NodeDoc] = {}
    wires: list[Wire] = []
    for port, rows in example.given.items():
        name = f"given_{port}"
        config: dict[str, Any] = {"rows": [dict(row) for row in rows]}
        if port in example.types:
            config["columns"] = dict(example.types[port])
        nodes[name] = NodeDoc(name, "source.rows", config)
        wires.append(Wire(name, None, port))
    own = () if issubclass(node, Source) else tuple(wires)
    nodes["node"] = NodeDoc("node", node.kind, dict(example.config), own)
    pipeline = Pipeline(name="example", nodes=nodes)
    return pipelines.Document(pipeline, (), folder, None, to_yaml(pipeline))
