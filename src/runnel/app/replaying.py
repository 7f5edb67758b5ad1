"""Replay: the records that a node refused enter the corrected pipeline at that node, once."""

from __future__ import annotations

import base64
import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
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
DECODED = ("excel", "xml", "avro")
"""Formats whose refused records are kept as JSON."""
ABOUT_THE_FILE = ("skip_rows", "header_row", "comment", "member", "sheet", "range", "record_path")
"""Settings that say where records stand in the original file."""
AS_FOUND = {"delimiter": "delimiter", "escape": "escape", "decimal": "decimal", "thousands": "thousands",
            "date_format": "date", "timestamp_format": "timestamp"}  # fmt: skip
"""Setting → what a look at a CSV file found; too few records would not tell it again."""


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
        nodes[node] = _reading_again(project, document, doc, letters, folder)
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


def _reading_again(
    project: Project, document: Document, doc: NodeDoc, letters: list[dict[str, Any]], folder: Path
) -> NodeDoc:
    """Return the source over a file of the raw records, which are told apart as they were in the original."""
    records = [base64.b64decode(letter["raw"]).rstrip(b"\r\n") for letter in letters]
    kept = {key: value for key, value in doc.config.items() if key not in ABOUT_THE_FILE}
    probe = pipelines.compiled(project, document).typed[doc.id].probe
    look: dict[str, Any] = probe.options.get("files", [{}])[0] if probe is not None else {}
    format = look.get("format")
    if format in DECODED:
        format = "ndjson"
    elif "dialect" in look.get("options", {}):
        dialect = look["options"]["dialect"]
        found = {setting: dialect[name] for setting, name in AS_FOUND.items() if dialect[name]}
        kept |= {**found, "quote": dialect["quote"], "header": True}
        header = _header(look["options"]["columns"], dialect)
        records.insert(0, header.encode(str(doc.config.get("encoding") or "utf-8")))
    path = folder / "records"
    path.write_bytes(b"\n".join(records) + b"\n")
    return dataclasses.replace(
        doc, config={**kept, "path": str(path), "compression": "none", **({"format": format} if format else {})}
    )


def _header(names: Sequence[str], dialect: Mapping[str, Any]) -> str:
    """Return the first line of a CSV file, every name in quotation marks where the file has such."""
    quote = dialect["quote"]
    return dialect["delimiter"].join(
        quote + name.replace(quote, (dialect["escape"] or quote) + quote) + quote if quote else name for name in names
    )


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
