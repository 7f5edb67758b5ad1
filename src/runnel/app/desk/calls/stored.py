"""What is stored: datasets, files and their rows, as lists and as files to download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app.desk.calls.looking import look_of, port_asked
from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.exports import export as exported
from runnel.app.pipelines import read_text
from runnel.app.streams.picking import streams_of
from runnel.connectors.files.source import FileSource
from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, Pipeline
from runnel.model.saving import to_yaml


@answers("datasets")
def datasets(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every dataset."""
    return {"items": context.project.store.datasets.list()}


@answers("dataset")
def dataset(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's columns and its versions (the newest `most`), and the streams that write it."""
    name = str(payload["name"])
    found = context.project.store.datasets.show(name, payload.get("most"))
    columns = [{"name": name, "type": type, "nullable": True} for name, type in found["columns"].items()]
    return {**found, "columns": columns, "streams": streams_of(context.project, context.streams.store, name)}


@answers("export")
def export(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Write the rows of a port into a file; returns its path, which the caller removes."""
    made, port = port_asked(context, payload)
    format = str(payload.get("format") or "csv")
    path = exported(context.project, made, port, look_of(payload, 0), format, bool(payload.get("raw")))
    return {"path": str(path), "bytes": path.stat().st_size}


@answers("sniff")
def sniff(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a file is: format, options, columns, and what was decided about it in words."""
    config = {"path": str(payload["path"]), **dict(payload.get("options") or {})}
    pipeline = Pipeline(name="look", nodes={"file": NodeDoc("file", FileSource.kind, config)})
    document = read_text(to_yaml(pipeline), str(context.project.root))
    made = context.compiled({"text": document.text})
    probe = made.typed["file"].probe if "file" in made.typed else None
    findings = [found.to_json() for found in made.findings]
    if probe is None:
        first = next((found for found in made.findings if found.severity == "error"), None)
        what = first.what if first is not None else f"{payload['path']} cannot be read"
        raise AuthoringError(first.code if first else "RNL-FILE-001", what, first.hint if first else "")
    columns = [{"name": name, "type": type, "nullable": True} for name, type in probe.columns.items()]
    return {
        "kind": FileSource.kind, "config": config, "columns": columns, "notes": list(probe.notes),
        "words": ", ".join(probe.notes), "options": dict(probe.options), "bytes": probe.bytes, "findings": findings,
        "text": document.text, "sheets": _sheets(probe.options),
    }  # fmt: skip


def _sheets(options: Mapping[str, Any]) -> list[str]:
    """Return the sheets of a workbook; other files have none."""
    looks = options.get("files") or [{}]
    return list(looks[0].get("options", {}).get("sheets", []))
