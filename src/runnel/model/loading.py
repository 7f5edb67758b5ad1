"""Load pipeline documents from text, a file or the JSON form; every problem becomes a finding with its line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from runnel.model import codes, migrations, references, sections
from runnel.model.checking import Checker, is_slug, plain_json, slug_of
from runnel.model.document import FORMAT_VERSION, NodeDoc, Pipeline
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.model.places import Lines, Path, shown
from runnel.model.reading import MAX_BYTES, MAX_NODES, read
from runnel.model.shapes import is_list, is_map

Loaded = tuple[Pipeline | None, tuple[Finding, ...]]

TOP_KEYS = (
    "runnel",
    "name",
    "title",
    "description",
    "active",
    "params",
    "inputs",
    "nodes",
    "outputs",
    "tests",
    "settings",
    "ui",
)
NODE_KEYS = ("kind", "title", "from", "after", "config", "muted", "pinned", "note")


def load_text(text: str, *, path: str | None = None) -> Loaded:
    """Load a pipeline from YAML text; `path` names the file in findings.

    The pipeline is None when the text has no mapping to read; else it holds whatever could be read, so callers must
    look at `has_errors(findings)` before they run it. Never raises for any text.
    """
    source = read(text.removeprefix("\ufeff"))
    if source.root is None:
        return None, _named(source.findings, path)
    value: Any = source.root.value
    if not is_map(value):
        place = Where(line=source.root.line + 1, column=source.root.column + 1)
        what = f"the file holds {shown(value)}, not a mapping"
        finding = Finding(codes.WRONG_TYPE, "error", what, "begin with `runnel: 1` and `name: …`", place)
        return None, _named([*source.findings, finding], path)
    pipeline, findings = _load(value, source.lines)
    return pipeline, _named([*source.findings, *findings], path)


def load_file(path: str | os.PathLike[str]) -> Loaded:
    """Load a pipeline file; an unreadable file or text that is not UTF-8 is a finding."""
    name = os.fspath(path)
    try:
        with FilePath(name).open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        what = f"reading {name}: {getattr(error, 'strerror', None) or error}"
        return None, (Finding(codes.FILE_UNREADABLE, "error", what, "check the path and its permissions"),)
    if len(raw) > MAX_BYTES:
        what = f"{name} has more than {MAX_BYTES // 1024 // 1024} MB"
        return None, (Finding(codes.TOO_MANY_BYTES, "error", what, "keep data in data files"),)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, (_not_utf8(name, raw, error.start),)
    return load_text(text, path=name)


def from_mapping(data: Mapping[str, Any], lines: Lines | None = None) -> Loaded:
    """Load a pipeline from its JSON form; `lines` gives the places of values when they are known."""
    places = lines or {}
    checker = Checker(places)
    if not is_map(data):  # pyright: ignore[reportUnnecessaryIsInstance] (JSON from outside)
        checker.wrong_type((), data, "a mapping")
        return None, tuple(checker.findings)
    plain = plain_json(data, checker)
    pipeline, findings = _load(plain, places)
    return pipeline, (*checker.findings, *findings)


def _not_utf8(name: str, raw: bytes, offset: int) -> Finding:
    line = raw.count(b"\n", 0, offset) + 1
    column = offset - raw.rfind(b"\n", 0, offset)
    what = f"{name} line {line} holds the byte 0x{raw[offset]:02X}, which is not UTF-8"
    return Finding(codes.NOT_UTF8, "error", what, "save the file as UTF-8", Where(line=line, column=column))


def _named(findings: list[Finding], path: str | None) -> tuple[Finding, ...]:
    if path is None:
        return tuple(findings)
    located = (codes.SYNTAX, codes.EMPTY_DOCUMENT)
    return tuple(
        replace(finding, what=f"{path}: {finding.what}") if finding.code in located else finding for finding in findings
    )


def _load(data: Mapping[str, Any], lines: Lines) -> Loaded:
    checker = Checker(lines)
    if not _version_is_known(data, checker):
        return None, tuple(checker.findings)
    migrated = migrations.migrate(data, lines)
    checker.lines = migrated.lines
    pipeline = _pipeline(migrated.data, checker)
    findings = checker.findings
    if migrated.version != FORMAT_VERSION:
        # The paths of fixes belong to the new format, so they would miss in the old text.
        findings = [replace(finding, fix=None) for finding in findings]
        what = f"the file has format version {migrated.version} and was read as version {FORMAT_VERSION}"
        findings.insert(0, Finding(codes.MIGRATED, "info", what, "saving writes the new format"))
    return pipeline, tuple(findings)


def _version_is_known(data: Mapping[str, Any], checker: Checker) -> bool:
    version = migrations.version_of(data)
    fix = Fix(f"Use {FORMAT_VERSION}", (Edit("set", ("runnel",), FORMAT_VERSION),))
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        what = f"the format version is {shown(version)}"
        checker.report(codes.VERSION_UNKNOWN, ("runnel",), what, f"write `runnel: {FORMAT_VERSION}`", fix)
        return False
    if version > FORMAT_VERSION:
        what = f"the file has format version {shown(version)[11:]}, this Runnel knows up to {FORMAT_VERSION}"
        checker.report(codes.VERSION_NEWER, ("runnel",), what, "update Runnel")
        return False
    if "runnel" not in data and version == FORMAT_VERSION:
        hint = f"write `runnel: {FORMAT_VERSION}` as the first line"
        checker.report(codes.MISSING_KEY, (), "the format version is missing", hint, fix, "warning")
    return True


def _pipeline(data: Mapping[str, Any], checker: Checker) -> Pipeline:
    checker.unknown_keys(data, TOP_KEYS, (), "a pipeline")
    pipeline = Pipeline(
        name=_name(data, checker),
        title=checker.text(data, "title", ()),
        description=checker.text(data, "description", ()),
        active=checker.flag(data, "active", (), True),
        params=sections.params(data, checker),
        inputs=sections.inputs(data, checker),
        nodes=_nodes(data, checker),
        outputs=sections.outputs(data, checker),
        tests=sections.tests(data, checker),
        settings=sections.settings(data, checker),
        ui=dict(checker.mapping(data, "ui", ())),
        lines=checker.lines,
    )
    _check_references(data, pipeline, checker)
    return pipeline


def _name(data: Mapping[str, Any], checker: Checker) -> str:
    name = checker.text(data, "name", ())
    if name is None:
        if data.get("name") is None:
            checker.report(codes.MISSING_KEY, (), "the pipeline has no `name`", "add `name: my_pipeline`")
        return ""
    if not is_slug(name):
        better = slug_of(name)
        fix = Fix(f"Use {better}", (Edit("set", ("name",), better),))
        what = f"the name {shown(name)[9:]} is not a slug"
        checker.report(codes.NAME_NOT_SLUG, ("name",), what, "use letters, digits, `_` and `-`; `title` is free", fix)
    return name


def _nodes(data: Mapping[str, Any], checker: Checker) -> dict[str, NodeDoc]:
    nodes = checker.mapping(data, "nodes", ())
    if len(nodes) > MAX_NODES:
        what = f"the pipeline has {len(nodes):,} nodes, more than {MAX_NODES:,}"
        checker.report(codes.TOO_MANY_NODES, ("nodes",), what, "split it into sub-pipelines (kind pipeline.run)")
        return {}
    return {name: _node(name, value, checker) for name, value in nodes.items()}


def _node(name: str, value: Any, checker: Checker) -> NodeDoc:
    path: Path = ("nodes", name)
    if not is_slug(name):
        hint = f"use letters, digits, `_` and `-`, as in `{slug_of(name)}`"
        checker.report(codes.ID_NOT_SLUG, path, f"the node id {shown(name)[9:]} is not a slug", hint)
    data = checker.as_mapping(value, path)
    checker.unknown_keys(data, NODE_KEYS, path, "a node")
    kind = checker.text(data, "kind", path)
    if not kind and (data.get("kind") is None or kind == ""):
        checker.report(
            codes.MISSING_KEY,
            path,
            f"the node {name[:80]!r} has no `kind`",
            "say what it does, as in `kind: table.filter`",
        )
    return NodeDoc(
        id=name,
        kind=kind or "",
        config=dict(checker.mapping(data, "config", path)),
        wires=references.wires(data.get("from"), (*path, "from"), checker),
        after=_after(data, path, checker),
        title=checker.text(data, "title", path),
        muted=checker.flag(data, "muted", path, False),
        pinned=data.get("pinned"),
        note=checker.text(data, "note", path),
    )


def _after(data: Mapping[str, Any], path: Path, checker: Checker) -> tuple[str, ...]:
    value = data.get("after")
    items: list[Any] = [value] if isinstance(value, str) else checker.items(data, "after", path)
    for place, item in enumerate(items):
        if not isinstance(item, str):
            checker.wrong_type((*path, "after", place), item, "the id of a node")
    return tuple(item for item in items if isinstance(item, str))


def _check_references(data: Mapping[str, Any], pipeline: Pipeline, checker: Checker) -> None:
    known = {**dict.fromkeys(pipeline.nodes), **dict.fromkeys(pipeline.inputs)}
    for name in pipeline.inputs:
        if name in pipeline.nodes:
            what = f"{name!r} is the name of an input and of a node"
            checker.report(codes.NAME_TAKEN, ("inputs", name), what, "rename one of them")
    for name, node in _entries(data.get("nodes")):
        if name in pipeline.nodes and is_map(node):
            _check_refs(node.get("from"), ("nodes", name, "from"), known, checker)
            _check_refs(node.get("after"), ("nodes", name, "after"), known, checker)
    for name, ref in pipeline.outputs.items():
        references.check_known(ref, ("outputs", name), known, checker)
    for place, test in enumerate(pipeline.tests):
        for key, tables in (("given", test.given), ("expect", test.expect)):
            for ref in tables:
                references.check_known(ref, ("tests", place, key, ref), known, checker, key=True)


def _entries(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if is_map(value) else []


def _check_refs(value: Any, path: Path, known: Mapping[str, Any], checker: Checker) -> None:
    if isinstance(value, str):
        if references.is_reference(value):
            references.check_known(value, path, known, checker)
    elif is_list(value):
        for place, item in enumerate(value):
            _check_refs(item, (*path, place), known, checker)
    elif is_map(value):
        for port, item in value.items():
            _check_refs(item, (*path, port), known, checker)
