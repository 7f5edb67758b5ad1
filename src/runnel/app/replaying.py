"""Replay: the records that a node refused enter the corrected pipeline at that node, once."""

from __future__ import annotations

import base64
import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines
from runnel.app.pipelines import Document
from runnel.app.runs import RunOptions, RunReport
from runnel.app.runs import run as run_document
from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.saving import to_yaml

if TYPE_CHECKING:
    from runnel.app.project import Project

MOST = 1_000_000


def replay(project: Project, document: Document, run_id: str, node: str) -> tuple[RunReport, int]:
    """Run the open dead letters of a node through the pipeline; marks them as replayed when the run ended well.

    A source's records are read again as a file of their raw bytes; another node's rows stand in place of its input.
    Branches that had the other rows already see nothing of this run but what the replayed rows bring.
    """
    if document.pipeline is None:
        raise pipelines.InvalidPipelineError(document.findings)
    letters = [item for item in project.store.letters.show(run_id, node, MOST) if item["state"] == "open"]
    if not letters:
        hint = "`runnel dead-letters list` shows what is open."
        raise AuthoringError("RNL-LETTER-002", f"run {run_id} has no open dead letters of {node}", hint)
    if node not in document.pipeline.nodes:
        raise AuthoringError(
            "RNL-GRAPH-005", f"there is no node `{node}` in the pipeline", "Replay enters at that node."
        )
    with tempfile.TemporaryDirectory(dir=project.scratch) as folder:
        changed = _entering(project, document, document.pipeline, node, letters, Path(folder))
        made = Document(changed, (), document.folder, None, to_yaml(changed))
        report = run_document(project, made, RunOptions(use_cache=False))
    if report.status in ("success", "warning"):
        numbers = [int(item["number"]) for item in letters]
        project.store.letters.settle(run_id, node, "replayed", f"run {report.run_id}", numbers)
    return report, len(letters)


def _entering(
    project: Project, document: Document, pipeline: Pipeline, node: str, letters: list[dict[str, Any]], folder: Path
) -> Pipeline:
    nodes = dict(pipeline.nodes)
    doc = nodes[node]
    if not doc.wires:
        path = folder / ("records" + Path(str(doc.config.get("path", ""))).suffix)
        path.write_bytes(_as_file(letters, doc))
        nodes[node] = dataclasses.replace(doc, config={**doc.config, "path": str(path)})
    else:
        compiled = pipelines.compiled(project, document)
        wire = doc.wires[0]
        source = compiled.typed[wire.node]
        schema = source.schemas.get(wire.output or next(iter(source.schemas)), {})
        entry = f"{node}-replayed"
        rows = [letter["row"] for letter in letters]
        nodes[entry] = NodeDoc(entry, "source.rows", {"rows": rows, "columns": dict(schema)})
        wires = (Wire(entry, None, wire.port), *doc.wires[1:])
        nodes[node] = dataclasses.replace(doc, wires=wires)
    return dataclasses.replace(pipeline, nodes=_reached(nodes, node), tests=())


def _as_file(letters: list[dict[str, Any]], doc: NodeDoc) -> bytes:
    """Return the raw records as a file of the source's format, with the header of the original for CSV."""
    records = [base64.b64decode(letter["raw"]).rstrip(b"\r\n") for letter in letters]
    return b"\n".join(records) + b"\n"


def _reached(nodes: dict[str, NodeDoc], start: str) -> dict[str, NodeDoc]:
    """Keep the nodes that the replayed rows reach, and what those need besides; sinks elsewhere stay untouched."""
    after = {start}
    changed = True
    while changed:
        found = {id for id, doc in nodes.items() if any(wire.node in after for wire in doc.wires)}
        changed = not found <= after
        after |= found
    needed = set(after)
    stack = list(after)
    while stack:
        for wire in nodes[stack.pop()].wires:
            if wire.node not in needed:
                needed.add(wire.node)
                stack.append(wire.node)
    return {id: doc for id, doc in nodes.items() if id in needed}
