"""Making pipelines: blank, from text, from a template with its data, as a copy, or as a reader of a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runnel.app.draft_states import State
from runnel.app.drafting import Drafting
from runnel.app.examples import copy_data, example, place
from runnel.app.pipeline_files import SUFFIX, document_of
from runnel.errors import AuthoringError
from runnel.model.checking import slug_of
from runnel.model.editing import apply_edits
from runnel.model.findings import Edit
from runnel.model.saving import mapping_to_yaml


@dataclass(frozen=True)
class Origin:
    """What a new pipeline is to be; `start` has one of template, example, pipeline, file, rows, sql, or nothing."""

    name: str | None = None
    title: str | None = None
    description: str | None = None
    text: str | None = None
    start: Mapping[str, Any] = field(default_factory=dict)


def create(drafting: Drafting, root: Path, origin: Origin, actor: str) -> State:
    """Make a pipeline and return what is edited then; a given name is taken as it is, else a free one is found.

    Raises AuthoringError when the name is taken (NameTakenError) or none, or the start unknown.
    """
    start = origin.start
    if origin.name is not None:
        drafting.files.path_for(origin.name)
    if start.get("example"):
        return _placed_example(drafting, root, str(start["example"]), actor)
    if start.get("template"):
        return _from_template(drafting, root, str(start["template"]), origin, actor)
    if start.get("pipeline"):
        return _copied(drafting, str(start["pipeline"]), origin, actor)
    if origin.text is not None:
        return _from_text(drafting, origin, actor)
    document = _started(root, start)
    own = document.pop("name", None)
    wanted = (own or origin.title if start.get("file") else origin.title or own) or "pipeline"
    own_title = document.pop("title", None)
    heading = {"title": origin.title or own_title, "description": origin.description}
    given = {key: value for key, value in heading.items() if value is not None}

    def made(name: str) -> State:
        return drafting.create(
            name, mapping_to_yaml({"runnel": 1, "name": name, **given, "nodes": {}, **document}), actor
        )

    return _named(drafting, origin, str(wanted), made)


def file_document(path: str) -> dict[str, Any]:
    """Return the document of a pipeline that reads one file; `path` is as the pipeline file will say it."""
    id = slug_of(Path(path).name.split(".")[0].lower()) or "data"
    return {"name": id, "title": Path(path).name, "nodes": {id: {"kind": "source.file", "config": {"path": path}}}}


def _started(root: Path, start: Mapping[str, Any]) -> dict[str, Any]:
    if start.get("file"):
        path = Path(str(start["file"]))
        inside = path.relative_to(root) if path.is_absolute() and path.is_relative_to(root) else path
        return file_document(str(inside))
    if start.get("rows"):
        return {"name": "pasted", "nodes": {"pasted": {"kind": "source.rows", "config": {"rows": list(start["rows"])}}}}
    if start.get("sql"):
        return {"name": "query", "nodes": {"query": {"kind": "table.sql", "config": {"sql": str(start["sql"])}}}}
    return {}


def _named(drafting: Drafting, origin: Origin, wanted: str, create: Callable[[str], State]) -> State:
    return create(origin.name) if origin.name is not None else drafting.under_free_name(wanted, create)


def _from_text(drafting: Drafting, origin: Origin, actor: str) -> State:
    text = origin.text or ""
    document = document_of(text)
    if document is None:
        raise AuthoringError("RNL-PIPELINE-004", "the text is no pipeline", "It begins with `runnel: 1` and `name: …`.")
    heading = [Edit("set", (key,), value) for key, value in (("title", origin.title), ("description", origin.description))
               if value is not None]  # fmt: skip

    def made(name: str) -> State:
        named = [Edit("set", ("name",), name)] if document.get("name") != name else []
        return drafting.create(name, apply_edits(text, [*named, *heading]), actor)

    return _named(drafting, origin, str(document.get("name") or "pipeline"), made)


def _copied(drafting: Drafting, source: str, origin: Origin, actor: str) -> State:
    state = drafting.state(source)
    document = document_of(state.text)
    if document is None:
        raise AuthoringError("RNL-PIPELINE-004", f"the text of {source} cannot be read", "Correct it first.")
    title = origin.title or f"{document.get('title') or source} (copy)"

    def made(name: str) -> State:
        text = apply_edits(state.text, [Edit("set", ("name",), name), Edit("set", ("title",), title)])
        return drafting.create(name, text, actor, state.path.with_name(name + SUFFIX))

    return _named(drafting, origin, f"{source}_copy", made)


def _placed_example(drafting: Drafting, root: Path, name: str, actor: str) -> State:
    path = place(name, root)
    found = next((file for file in drafting.files.all().values() if file.path == path), None)
    if found is None:
        raise AuthoringError("RNL-EXAMPLE-003", f"the example {name} was not found after it was made")
    drafting.keep_version(found.name, found.text, actor)
    return drafting.state(found.name)


def _from_template(drafting: Drafting, root: Path, template: str, origin: Origin, actor: str) -> State:
    """Copy a template with its data into a folder of its own; the pipeline gets a name that is free."""
    source = example(template)
    text = source.path.read_text("utf-8")
    document = document_of(text) or {}
    ui = {key: value for key, value in dict(document.get("ui") or {}).items() if key not in ("category", "sample")}
    edits = [Edit("set", ("ui",), ui), *([Edit("set", ("title",), origin.title)] if origin.title else [])]

    def made(name: str) -> State:
        folder = _new_folder(root, name)
        try:
            copy_data(template, folder)
            named = apply_edits(text, [Edit("set", ("name",), name), *edits])
            return drafting.create(name, named, actor, folder / f"{name}{SUFFIX}")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    return _named(drafting, origin, source.name, made)


def _new_folder(root: Path, name: str) -> Path:
    """Make a folder that is like a name and was not there."""
    number = 0
    while True:
        folder = root / (name if number == 0 else f"{name}_files" if number == 1 else f"{name}_files_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder
