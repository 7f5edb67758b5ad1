"""Write pipeline documents: the JSON form, canonical YAML, and formatting that keeps comments and key order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runnel.errors import AuthoringError
from runnel.model import codes, emitting, reformatting
from runnel.model.document import NodeDoc, Param, Pipeline, Settings, TestDoc, Wire
from runnel.model.reading import read
from runnel.model.shapes import is_list, is_map

FIRST_LINE = "# yaml-language-server: $schema=.runnel/schema.json"
_BLOCK_SECTIONS = frozenset({"params", "inputs", "nodes", "outputs"})
_ROW_WIDTH = 120


def to_mapping(pipeline: Pipeline) -> dict[str, Any]:
    """Return the JSON form of a pipeline: what differs from the defaults, in the order of the format."""
    parts: dict[str, Any] = {
        "runnel": pipeline.runnel,
        "name": pipeline.name,
        "title": pipeline.title,
        "description": pipeline.description,
        "active": None if pipeline.active else False,
        "params": {name: _param(param) for name, param in pipeline.params.items()},
        "inputs": {name: _input(declared.columns) for name, declared in pipeline.inputs.items()},
        "nodes": {name: node_to_mapping(node) for name, node in pipeline.nodes.items()},
        "outputs": dict(pipeline.outputs),
        "tests": [_test(test) for test in pipeline.tests],
        "settings": _settings(pipeline.settings),
        "ui": dict(pipeline.ui),
    }
    kept = {key: value for key, value in parts.items() if value is not None and value not in ({}, [])}
    return {key: value for key, value in parts.items() if key in kept or key == "nodes"}


def node_to_mapping(node: NodeDoc) -> dict[str, Any]:
    """Return one node as it stands under its id."""
    data: dict[str, Any] = {"kind": node.kind}
    if node.title is not None:
        data["title"] = node.title
    if node.wires:
        data["from"] = wires_to_value(node.wires)
    if node.after:
        data["after"] = list(node.after)
    if node.config:
        data["config"] = dict(node.config)
    if node.muted:
        data["muted"] = True
    if node.pinned is not None:
        data["pinned"] = node.pinned
    if node.note is not None:
        data["note"] = node.note
    return data


def wires_to_value(wires: tuple[Wire, ...]) -> Any:
    """Return the shortest `from:` that gives these wires in this order."""
    if all(wire.port is None for wire in wires):
        return wires[0].ref if len(wires) == 1 else [wire.ref for wire in wires]
    ports: dict[str, list[str]] = {}
    for wire in wires:
        ports.setdefault(wire.port or "", []).append(wire.ref)
    in_order = [(port, ref) for port, refs in ports.items() for ref in refs]
    if in_order == [(wire.port, wire.ref) for wire in wires]:
        return {port: refs[0] if len(refs) == 1 else refs for port, refs in ports.items()}
    return [wire.ref if wire.port is None else {wire.port: wire.ref} for wire in wires]


def to_yaml(pipeline: Pipeline) -> str:
    """Return canonical YAML for a pipeline; loading it gives an equal pipeline.

    Raises:
        AuthoringError: a value of the pipeline is not a JSON value.
    """
    return mapping_to_yaml(to_mapping(pipeline))


def mapping_to_yaml(data: Mapping[str, Any]) -> str:
    """Return canonical YAML for the JSON form of a pipeline, in the order of its keys."""
    lines = [FIRST_LINE]
    for key, value in data.items():
        if key in _BLOCK_SECTIONS and is_map(value) and value:
            lines += [f"{key}:", *_section(key, value)]
        elif key == "tests" and is_list(value) and value:
            lines += [f"{key}:", *(line for test in value for line in _test_lines(test))]
        else:
            lines += emitting.entry(key, value, 0)
    return "\n".join(lines) + "\n"


def format_text(text: str) -> str:
    """Return the text in canonical formatting; comments, key order and meaning stay, and a second pass changes nothing.

    Raises:
        AuthoringError: the text is not readable YAML.
    """
    source = read(text.removeprefix("\ufeff"))
    if source.root is None:
        finding = source.findings[0]
        raise AuthoringError(finding.code, finding.what, finding.hint, {"line": finding.where.line})
    before = json.dumps(source.root.value)
    for formatted in reformatting.candidates(text):
        after = read(formatted)
        if after.root is not None and json.dumps(after.root.value) == before:
            return formatted
    raise AuthoringError(codes.EDIT_VALUE, "formatting would change what the file says", "simplify its quoting")


def _section(key: str, value: Mapping[str, Any]) -> list[str]:
    return [
        line
        for name, item in value.items()
        for line in emitting.entry(name, item, 2, always_block=key == "nodes" and is_map(item))
    ]


def _test_lines(test: Any) -> list[str]:
    if not is_map(test) or not test:
        return emitting.list_item(test, 2)
    lines = [line for key, value in test.items() for line in _test_entry(key, value)]
    return ["  - " + lines[0][4:], *lines[1:]]


def _test_entry(key: str, value: Any) -> list[str]:
    # Rows read best side by side, so tests may be wider than the rest of the file.
    if key in {"given", "expect"}:
        text = emitting.inline(value, _ROW_WIDTH - len(key) - 6)
        if text is not None:
            return [f"    {key}: {text}"]
    return emitting.entry(key, value, 4)


def _param(param: Param) -> dict[str, Any]:
    data: dict[str, Any] = {"type": param.type}
    if param.values:
        data["values"] = list(param.values)
    if param.has_default:
        data["default"] = param.default
    if param.description:
        data["description"] = param.description
    return data


def _input(columns: Mapping[str, str]) -> dict[str, Any]:
    return {"columns": dict(columns)} if columns else {}


def _test(test: TestDoc) -> dict[str, Any]:
    data: dict[str, Any] = {"name": test.name}
    if test.params:
        data["params"] = dict(test.params)
    if test.clock is not None:
        data["clock"] = test.clock
    if test.given:
        data["given"] = {name: [dict(row) for row in rows] for name, rows in test.given.items()}
    if test.expect:
        data["expect"] = {name: [dict(row) for row in rows] for name, rows in test.expect.items()}
    return data


def _settings(settings: Settings) -> dict[str, Any]:
    letters = {
        "max_count": settings.dead_letters.max_count,
        "max_share": _short(settings.dead_letters.max_share),
    }
    plain = Settings()
    data: dict[str, Any] = {}
    if any(value is not None for value in letters.values()):
        data["dead_letters"] = {key: value for key, value in letters.items() if value is not None}
    for key in ("counts", "decode", "schema", "memory", "timeout_seconds", "seed", "lanes"):
        value = getattr(settings, key)
        if value != getattr(plain, key):
            data[key] = _short(value) if key == "timeout_seconds" else value
    return data


def _short(number: float | None) -> float | int | None:
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 2**53 else number
