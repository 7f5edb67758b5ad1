"""Hashes of documents: one over what a pipeline means, one over the exact text of a version."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from runnel.model.document import NodeDoc, Pipeline, Settings, Wire
from runnel.model.shapes import is_list, is_map


def semantic_hash(pipeline: Pipeline) -> str:
    """Return the SHA-256 (hex) of what the pipeline means.

    Layout, notes, titles, descriptions, comments, tests and how much a run may take do not count, nor does the order of
    nodes, parameters, ports or config fields; the order inside config values and among the wires of one port does.
    """
    parts = {
        "runnel": pipeline.runnel,
        "name": pipeline.name,
        "active": pipeline.active,
        "params": {
            name: [param.type, param.has_default, _ordered(param.default), _ordered(list(param.values))]
            for name, param in pipeline.params.items()
        },
        "inputs": {name: _ordered(declared.columns) for name, declared in pipeline.inputs.items()},
        "outputs": dict(pipeline.outputs),
        "settings": {key: value for key, value in asdict(_meant(pipeline.settings)).items() if key != "lanes"},
        "nodes": {name: node_meaning(node) for name, node in pipeline.nodes.items()},
    }
    return _digest(json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def _meant(settings: Settings) -> Settings:
    """Return settings without those that say how much a run may take: a stream that has others goes on as it stands."""
    return replace(settings, memory=None, timeout_seconds=None)


def version_hash(text: str) -> str:
    """Return the SHA-256 (hex) of the text of a version, as UTF-8."""
    return _digest(text)


def node_meaning(node: NodeDoc) -> dict[str, Any]:
    """Return what of a node changes what runs, as JSON values whose order is significant only inside lists."""
    return {
        "kind": node.kind,
        "config": {key: _ordered(value) for key, value in node.config.items()},
        "wires": _wires_by_port(node.wires),
        "after": sorted(set(node.after)),
        "muted": node.muted,
        "pinned": _ordered(node.pinned),
    }


def _wires_by_port(wires: tuple[Wire, ...]) -> list[list[Any]]:
    ports: dict[str, list[str]] = {}
    for wire in wires:
        ports.setdefault("" if wire.port is None else f".{wire.port}", []).append(wire.ref)
    return [[port, refs] for port, refs in sorted(ports.items())]


def _ordered(value: Any) -> Any:
    """Return the value with mappings as lists of pairs, since their order may matter (`columns` of table.derive)."""
    if is_map(value):
        return {"pairs": [[key, _ordered(item)] for key, item in value.items()]}
    if is_list(value):
        return [_ordered(item) for item in value]
    return value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
