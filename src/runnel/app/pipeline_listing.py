"""Pipelines as cards and rows: what each is, how its last runs went, and what uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.examples import is_example
from runnel.app.pipeline_files import PipelineFile, PipelineFiles, document_of
from runnel.app.run_listing import rows_of
from runnel.model.shapes import is_list, is_map
from runnel.store.moments import text as moment_text

if TYPE_CHECKING:
    from runnel.store import Store
    from runnel.store.runs import Run

RECENT = 14


def listed(files: PipelineFiles, store: Store) -> list[dict[str, Any]]:
    """Return every pipeline with its last runs."""
    found = files.all()
    recent = store.runs.recent(RECENT)
    drafts = store.drafts.open()
    return [card(file, files.root, recent.get(name, []), name in drafts) for name, file in found.items()]


def card(file: PipelineFile, root: Path, runs: list[Run], has_draft: bool) -> dict[str, Any]:
    """Return one pipeline as a row of a list; `runs` are its newest ones, newest first."""
    document = file.document or {}
    last = runs[0] if runs else None
    return {
        "name": file.name, "title": file.title, "description": str(document.get("description") or ""),
        "path": str(file.path.relative_to(root)) if file.path.is_relative_to(root) else str(file.path),
        "nodes": len(file.kinds), "kinds": file.kinds, "example": is_example(file.path, root),
        "active": bool(document.get("active", True)), "transformation": is_transformation(document),
        "edited_at": moment_text(file.modified_at), "has_draft": has_draft, "readable": file.document is not None,
        "last_run": None if last is None else {
            "run_id": last.id, "status": last.status, "started_at": moment_text(last.started_at), "seconds": last.seconds,
            "rows": rows_of(last), "error": {"what": last.error.get("what")} if last.error else None,
        },
        "recent": [{"run_id": run.id, "status": run.status, "seconds": run.seconds} for run in reversed(runs)],
    }  # fmt: skip


def is_transformation(document: Mapping[str, Any]) -> bool:
    """Whether a pipeline is made to stand inside others: it declares inputs and outputs."""
    return bool(document.get("inputs")) and bool(document.get("outputs"))


Documents = Mapping[str, Mapping[str, Any]]
"""Documents by the name of their pipeline."""


def open_documents(store: Store) -> Documents:
    """Return the documents of drafts that are open: what they name is in use, although no file says so yet."""
    found = {name: document_of(draft.text) for name, draft in store.drafts.open().items() if draft.text}
    return {name: document for name, document in found.items() if document is not None}


def used_by(files: PipelineFiles, name: str, drafts: Documents) -> list[dict[str, Any]]:
    """Return the pipelines that hold this one, or read what it writes, in their file or their open draft."""
    every = files.all()
    mine = every.get(name)
    if mine is None:
        return []
    written = set(_configs(mine, "sink.dataset", "name", drafts))
    made: list[dict[str, Any]] = []
    for other in every.values():
        if other.name == name:
            continue
        inner = {(other.path.parent / path).resolve() for path in _configs(other, "pipeline.run", "file", drafts)}
        if mine.path.resolve() in inner:
            made.append({"kind": "pipeline", "name": other.name, "title": other.title, "why": "runs it as a step"})
        read = written & set(_configs(other, "source.dataset", "name", drafts))
        if read:
            why = f"reads the dataset {', '.join(sorted(read))} that it writes"
            made.append({"kind": "pipeline", "name": other.name, "title": other.title, "why": why})
    return made


def readers_of_dataset(files: PipelineFiles, dataset: str) -> dict[str, list[dict[str, str]]]:
    """Return which pipelines write a dataset and which read it."""
    every = files.all().values()

    def those(kind: str) -> list[dict[str, str]]:
        return [{"name": file.name, "title": file.title} for file in every if dataset in _configs(file, kind, "name")]

    return {"written_by": those("sink.dataset"), "read_by": those("source.dataset")}


def readers_of_file(files: PipelineFiles, path: Path, drafts: Documents) -> list[dict[str, str]]:
    """Return the pipelines that read a file by its name."""
    wanted = path.resolve()
    return [
        {"name": file.name, "title": file.title}
        for file in files.all().values()
        if any((file.path.parent / given).resolve() == wanted for given in _configs(file, "source.file", "path", drafts))
    ]


def _configs(file: PipelineFile, kind: str, key: str, drafts: Documents | None = None) -> list[str]:
    return [*_values(file.document, kind, key), *_values((drafts or {}).get(file.name), kind, key)]


def _values(document: Mapping[str, Any] | None, kind: str, key: str) -> Iterable[str]:
    nodes = (document or {}).get("nodes")
    for node in nodes.values() if is_map(nodes) else ():
        if is_map(node) and node.get("kind") == kind and is_map(node.get("config")):
            value = node["config"].get(key)
            yield from (str(item) for item in value) if is_list(value) else ([str(value)] if value is not None else [])
