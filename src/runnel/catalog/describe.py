"""The catalogue as data: entries for lists, forms, docs and the palette, and the JSON Schema of pipeline files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel

from runnel.catalog.registry import Catalog
from runnel.model.schema import document_schema
from runnel.sdk.composite import Composite
from runnel.sdk.connector import Connector, secret_fields
from runnel.sdk.fields import (
    ColumnMark,
    ConnectionMark,
    ExpressionMark,
    GuardedConfig,
    PathMark,
    SecretMark,
    TypeMark,
    marks_of,
)
from runnel.sdk.node import Example, Node, Port
from runnel.sdk.source import Sink, Source


def entry(node: type[Node], full: bool = False) -> dict[str, Any]:
    """Return one node as plain JSON values; `full` adds config schema, ports and examples."""
    made: dict[str, Any] = {
        "kind": node.kind, "title": node.title, "summary": node.summary, "group": node.group, "icon": node.icon,
        "synonyms": list(node.synonyms), "version": node.version, "since": node.since,
        "streaming": str(node.streaming), "ledger": str(node.ledger), "role": _role(node),
    }  # fmt: skip
    if not full:
        return made
    made["description"] = (node.__doc__ or "").strip()
    made["config"] = config_schema(node)
    made["ports"] = ports(node)
    made["examples"] = [_example(example) for example in node.examples]
    made["dialects"] = {name: declared.reason for name, declared in node.dialects.items()}
    made["dialect_limits"] = dict(node.dialect_limits)
    if issubclass(node, Sink) and not issubclass(node, Source):
        made["guarantee"] = node.guarantee
    return made


def node_support(catalog: Catalog) -> list[dict[str, str]]:
    """Return per relational kind and dialect whether it gives DuckDB's result; `tests/matrix` proves each row.

    `outcome` is same, partly (`reason` says what is left out) or unsupported.
    """
    found: list[dict[str, str]] = []
    for kind, node in catalog.nodes.items():
        if not kind.startswith("table.") or issubclass(node, Source | Sink | Composite):
            continue
        declared, limit = node.dialects.get("postgres"), node.dialect_limits.get("postgres", "")
        outcome = "unsupported" if declared else "partly" if limit else "same"
        reason = declared.reason if declared else limit
        found.append({"kind": kind, "dialect": "duckdb", "outcome": "same", "reason": ""})
        found.append({"kind": kind, "dialect": "postgres", "outcome": outcome, "reason": reason})
    return found


def _role(node: type[Node]) -> str:
    if issubclass(node, Source):
        return "source"
    if issubclass(node, Sink):
        return "sink"
    return "chart" if node.kind.startswith("chart.") else "transform"


def ports(node: type[Node]) -> dict[str, list[dict[str, Any]]]:
    """Return the ports that the kind has without settings; `dynamic` kinds get further ones from their config."""
    found = node.static_ports()
    return {
        "inputs": [_port(port) for port in found.inputs],
        "outputs": [_port(port) for port in found.outputs],
    }


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "type": str(port.type), "many": port.many, "required": port.required}


def _example(example: Example) -> dict[str, Any]:
    return {
        "title": example.title, "config": dict(example.config),
        "given": {port: [dict(row) for row in rows] for port, rows in example.given.items()},
        "expect": {port: [dict(row) for row in rows] for port, rows in example.expect.items()},
    }  # fmt: skip


def config_schema(node: type[Node]) -> dict[str, Any]:
    """Return the JSON Schema of a node's config, with the hints that forms need (`x-runnel`)."""
    schema = node.Config.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    _hint(schema, node.Config)
    schema["title"] = node.title
    schema["x-guarded"] = issubclass(node.Config, GuardedConfig)
    return schema


def _hint(schema: dict[str, Any], config: type[BaseModel]) -> None:
    """Add what the marks of a model's fields mean for forms."""
    properties: dict[str, Any] = schema.get("properties", {})
    names = {name: info.alias or name for name, info in config.model_fields.items()}
    for kind, label in (
        (ExpressionMark, "expression"), (ColumnMark, "column"), (SecretMark, "secret"), (PathMark, "path"),
        (TypeMark, "types"), (ConnectionMark, "connection"),
    ):  # fmt: skip
        for name, mark in marks_of(config, kind).items():
            hints: Mapping[str, Any] = {"field": label, **vars(mark)}
            if names[name] in properties:
                properties[names[name]].setdefault("x-runnel", {}).update(hints)


def connector_entry(connector: type[Connector]) -> dict[str, Any]:
    """Return one kind of connection as plain JSON values, with the JSON Schema of its options."""
    schema = connector.Options.model_json_schema(ref_template="#/$defs/{model}")
    _hint(schema, connector.Options)
    for name in secret_fields(connector.Options):
        schema["properties"][name]["writeOnly"] = True
    schema["title"] = connector.title
    return {
        "name": connector.name, "title": connector.title, "summary": connector.summary, "icon": connector.icon,
        "extra": connector.extra, "ready": connector.driver is None or find_spec(connector.driver) is not None,
        "since": connector.since, "options": schema,
        "secret_fields": sorted(secret_fields(connector.Options)),
    }  # fmt: skip


def listing(catalog: Catalog) -> dict[str, Any]:
    """Return every installed kind, and the plugins that could not be loaded."""
    return {
        "nodes": [entry(node) for node in catalog.nodes.values()],
        "broken": [{"name": item.name, "error": item.error} for item in catalog.broken],
    }


def file_schema(catalog: Catalog) -> dict[str, Any]:
    """Return the JSON Schema of pipeline files, with the config of every installed kind."""
    return document_schema({kind: config_schema(node) for kind, node in catalog.nodes.items()})
