"""The JSON Schema of pipeline files, made from the format and the config schemas of the installed kinds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from runnel.model.document import FORMAT_VERSION
from runnel.model.sections import PARAM_TYPES
from runnel.model.shapes import is_list, is_map

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SLUG = r"^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}_-]*$"

_TEXT: dict[str, Any] = {"type": "string"}
_REFERENCE: dict[str, Any] = {"type": "string", "description": "node or node.port", "pattern": r"^\S.*$"}
_REFERENCES: dict[str, Any] = {
    "anyOf": [{"$ref": "#/$defs/reference"}, {"type": "array", "items": {"$ref": "#/$defs/reference"}}]
}
_ROWS: dict[str, Any] = {"type": ["array", "null"], "items": {"type": "object"}}
_INSERTED = {"type": "string", "pattern": r"\$\{(params|env|secrets)\.", "description": "a reference: ${params.name}"}


def document_schema(node_schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of pipeline files for editors.

    `node_schemas` maps each installed kind to the JSON Schema of its config; a value of another type may also be a
    `${…}` reference, since references are resolved before a config is checked.
    """
    definitions = _definitions(node_schemas)
    return {
        "$schema": DIALECT,
        "title": "Runnel pipeline",
        "type": "object",
        "required": ["runnel", "name", "nodes"],
        "additionalProperties": False,
        "properties": _top(),
        "$defs": definitions,
    }


def _top() -> dict[str, Any]:
    return {
        "runnel": {"const": FORMAT_VERSION, "description": "Format version"},
        "name": {**_TEXT, "pattern": SLUG, "description": "Slug, unique in a project"},
        "title": _TEXT,
        "description": _TEXT,
        "active": {"type": "boolean", "default": True},
        "params": {"type": "object", "additionalProperties": {"$ref": "#/$defs/param"}},
        "inputs": {"type": "object", "additionalProperties": {"$ref": "#/$defs/input"}},
        "nodes": {
            "type": "object",
            "propertyNames": {"pattern": SLUG},
            "additionalProperties": {"$ref": "#/$defs/node"},
        },
        "outputs": {"type": "object", "additionalProperties": {"$ref": "#/$defs/reference"}},
        "tests": {"type": "array", "items": {"$ref": "#/$defs/test"}},
        "settings": {"$ref": "#/$defs/settings"},
        "ui": {"type": "object", "description": "Layout, frames and notes; never changes what runs"},
    }


def _definitions(node_schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    shared = {
        "reference": _REFERENCE,
        "param": _param(),
        "input": _closed({"columns": {"type": "object", "additionalProperties": _TEXT}}),
        "test": _test(),
        "settings": _settings(),
        "node": _node(sorted(node_schemas)),
    }
    configs = {f"config.{kind}": _config(kind, node_schemas[kind]) for kind in sorted(node_schemas)}
    return shared | configs


def _closed(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "additionalProperties": False, "properties": properties, **needed}


def _param() -> dict[str, Any]:
    properties: dict[str, Any] = {
        "type": {"enum": list(PARAM_TYPES)},
        "default": {},
        "description": _TEXT,
        "values": {"type": "array", "description": "The choices of an enum"},
    }
    enum = {"properties": {"type": {"const": "enum"}}, "required": ["type"]}
    return {**_closed(properties, ("type",)), "if": enum, "then": {"required": ["values"]}}


def _test() -> dict[str, Any]:
    tables = {"type": "object", "additionalProperties": _ROWS}
    properties = {"name": _TEXT, "given": tables, "expect": tables, "params": {"type": "object"}, "clock": _TEXT}
    return _closed(properties, ("name",))


def _settings() -> dict[str, Any]:
    letters = {
        "max_count": {"type": "integer", "minimum": 0, "description": "0 stops at the first bad record"},
        "max_share": {"type": "number", "minimum": 0, "maximum": 1},
    }
    return _closed(
        {
            "dead_letters": _closed(letters),
            "counts": {"enum": ["edges", "segments"]},
            "decode": {"enum": ["used", "all"]},
            "schema": {
                "enum": ["evolve", "fail", "dead_letter"],
                "description": "What a source means that looks otherwise than in the last good run",
            },
            "memory": _TEXT,
            "timeout_seconds": {"type": "number", "minimum": 0},
            "seed": {"type": "integer"},
            "lanes": {
                "type": "integer", "minimum": 1, "maximum": 64,
                "description": "How many processes share the reading of a stream; takes effect at its next start",
            },
        }
    )


def _node(kinds: list[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "kind": {"enum": kinds} if kinds else _TEXT,
        "title": _TEXT,
        "from": _from(),
        "after": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        "config": {"type": ["object", "null"]},
        "muted": {"type": "boolean", "description": "Pass the first input on and leave other ports empty"},
        "pinned": {"description": "Data used by previews only"},
        "note": _TEXT,
    }
    choices = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"properties": {"config": {"$ref": f"#/$defs/config.{kind}"}}},
        }
        for kind in kinds
    ]
    return {**_closed(properties, ("kind",)), **({"allOf": choices} if choices else {})}


def _from() -> dict[str, Any]:
    ports = {"type": "object", "additionalProperties": _REFERENCES, "description": "port: node or node.port"}
    items = {
        "anyOf": [
            {"$ref": "#/$defs/reference"},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/reference"}},
        ]
    }
    return {"anyOf": [{"$ref": "#/$defs/reference"}, {"type": "array", "items": items}, ports]}


def _config(kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kind's config schema with its own `$defs` reachable and with references allowed in its fields."""
    own = _rebased(copy.deepcopy(dict(schema)), f"#/$defs/config.{kind}/$defs/")
    properties = own.get("properties")
    if is_map(properties):
        own["properties"] = {name: _or_reference(field) for name, field in properties.items()}
    return own


def _rebased(value: Any, prefix: str) -> Any:
    if is_map(value):
        return {
            key: prefix + item.removeprefix("#/$defs/")
            if key == "$ref" and isinstance(item, str) and item.startswith("#/$defs/")
            else _rebased(item, prefix)
            for key, item in value.items()
        }
    return [_rebased(item, prefix) for item in value] if is_list(value) else value


def _or_reference(field: Any) -> Any:
    if not is_map(field) or field.get("type") in {"string", "object"}:
        return field
    described = {key: field[key] for key in ("title", "description", "default") if key in field}
    return {**described, "anyOf": [dict(field), _INSERTED]}
