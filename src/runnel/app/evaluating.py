"""One expression, evaluated over nothing, over a file, or over rows; bound and checked as in a node."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from runnel.app import pipelines
from runnel.app.pipelines import Document
from runnel.app.previews import questions
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.findings import has_errors
from runnel.model.saving import to_yaml

if TYPE_CHECKING:
    from runnel.app.project import Project

MOST_ROWS = 1_000_000


def evaluate(project: Project, expression: str, file: str | None) -> dict[str, Any]:
    """Return {"type", "values"}: one value per input row, or one value.

    Raises InvalidPipelineError with the expression's findings. A row that cannot be evaluated gives NULL.
    """
    kind = "source.file" if file else "source.rows"
    config: dict[str, Any] = {"path": str(Path(file).resolve())} if file else {"rows": [{"_": 1}]}
    nodes = {
        "input": NodeDoc("input", kind, config),
        "value": NodeDoc("value", "table.derive", {"columns": {"value": expression}, "on_error": "null"},
                         (Wire("input"),)),
    }  # fmt: skip
    pipeline = Pipeline(name="expression", nodes=nodes)
    compiled = pipelines.compiled(project, Document(pipeline, (), str(project.root), None, to_yaml(pipeline)))
    if has_errors(compiled.findings):
        findings = tuple(
            dataclasses.replace(finding, where=dataclasses.replace(finding.where, node=None, line=None), fix=None)
            for finding in compiled.findings
        )
        raise pipelines.InvalidPipelineError(findings)
    port = ("value", "output")
    with questions(project, compiled.plan([port])) as ask:
        _, text = ask(f'SELECT "value" FROM "the rows" LIMIT {MOST_ROWS}')
    values = orjson.Fragment("[" + ",".join(_cells(text)) + "]")
    return {"type": compiled.typed["value"].schemas["output"]["value"], "values": values}


def _cells(text: str) -> list[str]:
    """Return the text of each row's only cell, digits untouched."""
    import json

    decoder = json.JSONDecoder()
    cells: list[str] = []
    position = 1
    while text[position] == "[":
        _, end = decoder.raw_decode(text, position)
        cells.append(text[position + 1 : end - 1])
        position = end + (1 if text[end] == "," else 0)
    return cells
