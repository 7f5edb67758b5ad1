"""What an editor draws without running anything: findings, ports, schemas, one line per node, and content keys."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from typing import Any

import orjson

from runnel.app import pipelines
from runnel.app.desk.context import DeskContext, sound_nodes
from runnel.app.desk.held import outputs_of
from runnel.app.desk.registry import answers
from runnel.app.words import pipeline_in_words, sentence
from runnel.compiler.compile import Compiled
from runnel.compiler.lineage import column_lineage
from runnel.model.describing import title
from runnel.model.hashing import node_meaning
from runnel.sdk.node import Port


@answers("analysis")
def analysis(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return findings, the pipeline in words, and what is known of every node."""
    document = context.document(payload)
    if document.pipeline is None:
        return {"findings": _json(document.findings), "words": "", "clauses": [], "order": [], "nodes": {}}
    made = context.compiled(payload)
    sound = sound_nodes(made)
    keys = content_keys(made, sound)
    clauses = pipeline_in_words(made)
    return {
        "findings": _json(made.findings),
        "words": sentence(clauses),
        "clauses": clauses,
        "order": list(made.graph.nodes),
        "nodes": {
            **{id: _node(made, id, keys) for id in made.graph.nodes},
            **{id: _shell(made, id, keys) for id in made.graph.shells},
        },
    }


@answers("validate")
def validate(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every finding."""
    document = context.document(payload)
    found = document.findings if document.pipeline is None else context.compiled(payload).findings
    return {"findings": _json(found)}


@answers("schema")
def schema(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of every port."""
    return pipelines.schema(context.compiled(payload))


@answers("sql")
def sql(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SQL of a node, or of the last one, in a dialect."""
    node = payload.get("node")
    made = context.runnable(payload) if node is None else context.sound(payload, node)
    return pipelines.sql(made, node, payload.get("dialect") or "duckdb")


@answers("lineage")
def lineage(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a column comes from, and which columns further on are made of it."""
    made = context.sound(payload, payload["node"])
    column = str(payload["column"])
    found = pipelines.lineage(made, f"{payload['node']}.{column}")
    return {**found, "uses": _uses(made, str(payload["node"]), column)}


def _uses(made: Compiled, node: str, column: str) -> list[dict[str, str]]:
    """Return every column after `node` into which the values of a column flow."""
    uses: list[dict[str, str]] = []
    for id in made.graph.nodes:
        if id not in made.graph.descendants(node):
            continue
        for port, columns in made.typed[id].schemas.items():
            for name in columns:
                sources, path = column_lineage(made.graph, made.typed, id, name, port)
                if any(place.node == node and place.column == column for place in [*sources, *path]):
                    uses.append({"node": id, "port": port, "column": name})
    return uses


def content_keys(made: Compiled, among: Container[str] | None = None) -> dict[str, str]:
    """Return a key per node that changes when its result may change: its meaning, its source, and what is before it.

    A node that holds others has the keys of its outputs as one, and none while one of them is not `among` the wanted.
    """
    keys: dict[str, str] = {}
    for id, node in made.graph.nodes.items():
        doc = made.pipeline.nodes.get(id)
        typed = made.typed.get(id)
        material = [
            node_meaning(doc) if doc is not None else [node.kind, node.config.model_dump(mode="json", by_alias=True)],
            [[edge.output, edge.input, keys.get(edge.source, "")] for edge in made.graph.into(id)],
            typed.probe.to_json() if typed is not None and typed.probe is not None else None,
            {name: str(value) for name, value in made.params.items()},
        ]
        keys[id] = hashlib.sha256(orjson.dumps(material, default=str, option=orjson.OPT_NON_STR_KEYS)).hexdigest()[:20]
    found = {id: key for id, key in keys.items() if among is None or id in among}
    for shell in made.graph.shells:
        known = [found.get(inner) for inner, _ in outputs_of(made, shell).values()]
        if known and None not in known:
            found[shell] = hashlib.sha256(orjson.dumps(known)).hexdigest()[:20]
    return found


def _node(made: Compiled, id: str, keys: Mapping[str, str]) -> dict[str, Any]:
    node = made.graph.nodes[id]
    typed = made.typed.get(id)
    doc = made.pipeline.nodes.get(id)
    return {
        "kind": node.kind,
        "title": title(doc) if doc is not None else id,
        "summary": node.node.describe(node.config),
        "inputs": [_port(port) for port in node.ports.inputs],
        "outputs": [_port(port) for port in node.ports.outputs],
        "schemas": columns_by_port(made, id),
        "key": keys.get(id),
        "engine": "duckdb",
        "notes": list(typed.probe.notes) if typed is not None and typed.probe is not None else [],
    }


def columns_by_port(made: Compiled, id: str) -> dict[str, list[dict[str, Any]]]:
    """Return the columns of every output of a node."""
    typed = made.typed.get(id)
    return {
        port: [{"name": name, "type": type, "nullable": True} for name, type in columns.items()]
        for port, columns in (typed.schemas if typed is not None else {}).items()
    }


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "type": port.type.value, "many": port.many, "required": port.required}


def _shell(made: Compiled, id: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known of a node that holds others: each of its outputs is a port of one of those."""
    node = made.graph.shells[id]
    doc = made.pipeline.nodes.get(id)
    outputs = outputs_of(made, id)
    schemas = {port: columns_by_port(made, inner).get(output, []) for port, (inner, output) in outputs.items()}
    return {
        "kind": node.kind,
        "title": title(doc) if doc is not None else id,
        "summary": node.node.describe(node.config),
        "inputs": [_port(port) for port in node.ports.inputs],
        "outputs": [_port(port) for port in node.ports.outputs],
        "schemas": schemas,
        "key": keys.get(id),
        "engine": "duckdb",
        "notes": [],
    }


def _json(findings: Any) -> list[dict[str, Any]]:
    return [finding.to_json() for finding in findings]
