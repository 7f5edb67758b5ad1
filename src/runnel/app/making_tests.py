"""A test made from what a preview shows: the first rows of every source before a node, and what the node gives for them."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines
from runnel.app.looks import Look, window
from runnel.app.pipeline_tests import given_node, known_schemas, run_tests
from runnel.app.pipelines import Document
from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, Pipeline, TestDoc
from runnel.model.saving import to_yaml
from runnel.sdk.source import Source

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

ROWS = (20, 200)
"""So many rows of each source are given: the fewer, unless nothing comes out for them."""


def made_test(project: Project, document: Document, node: str) -> dict[str, Any]:
    """Return a test of a node, as it stands in a pipeline file; it passes. Raises AuthoringError where none can be made."""
    pipeline = document.pipeline
    compiled = pipelines.compiled(project, document)
    if pipeline is None or node not in pipeline.nodes:
        raise AuthoringError("RNL-TEST-001", f"there is no node `{node}`", "Choose one of the pipeline's nodes.")
    before = compiled.graph.ancestors(node)
    sources = [id for id in pipeline.nodes if id in before and _is_source(compiled, id)]
    if not sources:
        raise AuthoringError("RNL-TEST-002", f"no source stands before {node}", "Connect it to a source first.")
    made: dict[str, Any] = {}
    for most in ROWS:
        given = {id: _rows(project, compiled, (id, _output(compiled, id)), most) for id in sources}
        made = _expecting(project, document, pipeline, node, given)
        if made["expect"][node]:
            break
    return _proved(project, document, pipeline, made)


def _is_source(compiled: Compiled, id: str) -> bool:
    known = compiled.graph.nodes.get(id)
    return known is not None and issubclass(known.node, Source) and bool(compiled.typed[id].schemas)


def _output(compiled: Compiled, id: str) -> str:
    return next(iter(compiled.typed[id].schemas))


def _rows(project: Project, compiled: Compiled, port: tuple[str, str], most: int) -> list[dict[str, Any]]:
    """Return the first rows of a port as a pipeline file writes them."""
    found = window(project, compiled, port, Look(limit=most))
    names = [column["name"] for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in json.loads(found.rows)]


def _expecting(
    project: Project, document: Document, pipeline: Pipeline, node: str, given: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    known = known_schemas(project, document)
    stand_ins: dict[str, NodeDoc] = {id: given_node(id, rows, known.get(id)) for id, rows in given.items()}
    changed = dataclasses.replace(pipeline, nodes={**pipeline.nodes, **stand_ins}, tests=())
    compiled = pipelines.compiled(project, Document(changed, (), document.folder, None, to_yaml(changed)))
    port = pipelines.port_of(compiled, node)
    if port[1] not in compiled.typed[port[0]].schemas:
        raise pipelines.InvalidPipelineError(compiled.findings)
    taken = {test.name for test in pipeline.tests}
    first = f"{node} of first rows"
    others = (f"{first} {number}" for number in itertools.count(2))
    name = next(name for name in itertools.chain([first], others) if name not in taken)
    return {"name": name, "given": dict(given), "expect": {node: _rows(project, compiled, port, 10_000)}}


def _proved(project: Project, document: Document, pipeline: Pipeline, made: dict[str, Any]) -> dict[str, Any]:
    """Return the test when it passes as it will stand in the file."""
    test = TestDoc(name=made["name"], given=made["given"], expect=made["expect"])
    alone = dataclasses.replace(pipeline, tests=(test,))
    [result] = run_tests(project, Document(alone, (), document.folder, None, to_yaml(alone)))
    if not result.passed:
        hint = "Rows that change with the time or by chance, or values that a file cannot write, make no test."
        raise AuthoringError("RNL-TEST-003", f"the rows cannot be kept as a test: {result.difference}", hint)
    return made
