"""Trying: one node, the whole pipeline on a sample, the tests in the file, and a comparison of two versions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from runnel.app.desk.calls.looking import left_out
from runnel.app.desk.context import DeskContext
from runnel.app.desk.held import inputs_of
from runnel.app.desk.registry import answers
from runnel.app.looks import Look, window
from runnel.app.making_tests import made_test
from runnel.app.pipeline_tests import run_tests
from runnel.app.pipelines import InvalidPipelineError, read_text
from runnel.app.trying import estimate as estimated
from runnel.app.trying import try_out
from runnel.errors import RunnelError
from runnel.model.difference import difference
from runnel.model.findings import has_errors


@answers("test_node")
def test_node(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Run one node over all that comes to it, write nothing, and say what went where."""
    begun = time.monotonic()
    node = str(payload["node"])
    made = context.compiled(payload)
    before = made.graph.ancestors(node)
    findings = [found.to_json() for found in made.findings if found.where.node in before]
    try:
        context.sound(payload, node)
        came = [
            {"port": name, "from": ".".join(port), "rows": window(context.project, made, port, Look(limit=0)).total}
            for name, port in inputs_of(made, node)
        ]  # fmt: skip
        went = left_out(context, payload)
    except RunnelError as error:
        return {"passed": False, "findings": findings, "error": error.to_json(), "seconds": time.monotonic() - begun}
    return {"passed": True, "findings": findings, "inputs": came, "kept": went["kept"], "left_out": went["parts"],
            "error": None, "seconds": round(time.monotonic() - begun, 4)}  # fmt: skip


@answers("test_pipeline")
def test_pipeline(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Send a sample through every node, and list every issue with an estimate of the whole."""
    made = context.compiled(payload)
    issues = [found.to_json() for found in made.findings]
    if has_errors(made.findings):
        return {"passed": False, "issues": issues, "nodes": [], "estimate": None, "error": None, "sample": 0}
    found = try_out(context.project, made, int(payload.get("sample") or 1000))
    return {**found, "passed": found["error"] is None, "issues": issues, "estimate": estimated(context.project, made)}


@answers("estimate")
def estimate(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run would read, write and take."""
    return estimated(context.project, context.runnable(payload))


@answers("tests")
def tests(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Run the tests that stand in the file."""
    with context.compiling:
        return {"tests": [result.to_json() for result in run_tests(context.project, context.document(payload))]}


@answers("make_test")
def make_test(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a test of a node, made from the first rows of the sources before it."""
    with context.compiling:
        return {"test": made_test(context.project, context.document(payload), str(payload["node"]))}


@answers("diff")
def diff(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compare two texts of a pipeline by meaning; says what happened to each node."""
    folder = str(payload.get("folder") or context.project.root)
    pair = [read_text(str(payload[side]), folder) for side in ("old", "new")]
    for document in pair:
        if document.pipeline is None:
            raise InvalidPipelineError(document.findings)
    old, new = pair[0].pipeline, pair[1].pipeline
    assert old is not None and new is not None
    found = difference(old, new)
    return {**found.to_json(), "text": found.to_text(), "empty": found.is_empty}
