"""Trying a transformation on pasted rows: they stand in for its inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.looks import Look, window
from runnel.app.pipelines import Document, InvalidPipelineError, compiled, port_of
from runnel.errors import RunnelError
from runnel.model.document import NodeDoc
from runnel.model.findings import has_errors
from runnel.model.saving import to_yaml

MOST_ROWS = 500


@answers("try_transformation")
def try_transformation(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rows of every output for rows given to the inputs, with all findings and what was refused."""
    document = context.document(payload)
    pipeline = document.pipeline
    if pipeline is None:
        raise InvalidPipelineError(document.findings)
    given = payload["inputs"]
    if isinstance(given, list):
        given = {next(iter(pipeline.inputs), "input"): given}
    sources = {
        name: NodeDoc(name, "source.rows", {"rows": list(given.get(name, [])), "columns": dict(declared.columns)})
        for name, declared in pipeline.inputs.items()
    }
    outputs = dict(pipeline.outputs)
    changed = dataclasses.replace(pipeline, nodes={**sources, **pipeline.nodes}, inputs={}, outputs={}, tests=())
    with context.compiling:
        made = compiled(context.project, Document(changed, (), document.folder, None, to_yaml(changed)))
    findings = [found.to_json() for found in made.findings if found.code != "RNL-GRAPH-011"]
    if has_errors(made.findings):
        return {"passed": False, "findings": findings, "outputs": {}, "refused": {}}
    results: dict[str, Any] = {}
    for name, ref in outputs.items():
        found = window(context.project, made, port_of(made, ref), Look(limit=MOST_ROWS))
        results[name] = {"columns": found.columns, "rows": orjson.Fragment(found.rows), "total_rows": found.total}
    return {"passed": True, "findings": findings, "outputs": results, "refused": _refused(context, made)}


def _refused(context: DeskContext, made: Any) -> dict[str, int]:
    """Return how many rows each node refused."""
    counts: dict[str, int] = {}
    for id, item in made.typed.items():
        if "rejected" not in item.schemas:
            continue
        try:
            rows = window(context.project, made, (id, "rejected"), Look(limit=0)).total
        except RunnelError:
            continue
        if rows:
            counts[id] = rows
    return counts
