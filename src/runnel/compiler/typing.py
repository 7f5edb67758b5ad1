"""The typed pass: every node's relations and the exact schema of every port, kept by content."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlglot import exp

from runnel.compiler.binding import REASON, Binding, Surroundings, bind_node
from runnel.compiler.graph import REJECTED, Graph, GraphNode
from runnel.compiler.repairs import placed
from runnel.compiler.streams.behaviour import Typed, typed_step
from runnel.compiler.streams.carrying import carried, filled, with_metadata
from runnel.compiler.streams.unbounded import unbounded_nodes
from runnel.errors import EngineError
from runnel.model.findings import Finding, Where, has_errors
from runnel.plan.oracle import TypeOracle
from runnel.sdk.chart import Chart
from runnel.sdk.node import Streaming
from runnel.sdk.relation import ACCEPT, Relation
from runnel.sdk.source import Probe, Sink, Source
from runnel.sdk.stateful import StatefulNode
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied


@dataclass(frozen=True)
class TypedNode:
    """One node with its relations (over CTE names) and the schema of each output port."""

    node: GraphNode
    inputs: Mapping[str, tuple[str, ...]]
    relations: Mapping[str, Relation] = field(default_factory=dict)
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    failing: tuple[str, ...] = ()
    probe: Probe | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, Any] | None = None
    clock: bool = False
    carried: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By port, the metadata columns that its relation gives besides its schema."""
    prepared: Mapping[str, Relation] = field(default_factory=dict)
    """Of a node with state, its inputs with every column visible, guarded where an expression may fail."""
    step: Typed | None = None

    def columns(self, port: str) -> dict[str, str]:
        """Return every column that the relation of a port gives, metadata too."""
        return {**self.schemas[port], **self.carried.get(port, {})}

    @property
    def broken(self) -> bool:
        """Whether the node has errors, so that what follows cannot be typed."""
        return has_errors(self.findings)


def cte_name(node: str, port: str, default: str) -> str:
    """Return the name of a port's CTE: the node for its default port, `node__port` for the others."""
    return node if port == default else f"{node}__{port}"


class Typist:
    """Types graphs; keeps results by content, so that a change re-types only what follows from it."""

    def __init__(self, oracle: TypeOracle, limit: int = 4000) -> None:
        self.oracle = oracle
        self.limit = limit
        self.kept: OrderedDict[str, tuple[TypedNode, datetime]] = OrderedDict()
        self.computed = 0

    def type_graph(self, graph: Graph, around: Surroundings, probes: Mapping[str, Probe]) -> dict[str, TypedNode]:
        """Return every node typed, in graph order; `probes` holds what is known of each source."""
        typed: dict[str, TypedNode] = {}
        unbounded = unbounded_nodes(graph)
        for id, node in graph.nodes.items():
            inputs = _inputs_of(graph, node, typed, unbounded)
            if inputs is None:
                typed[id] = TypedNode(node, {}, findings=(_downstream(node),))
                continue
            typed[id] = self._typed(node, inputs, replace(around, look=_looking(around, graph, typed)), probes.get(id))
        return typed

    def _typed(
        self, node: GraphNode, inputs: Mapping[str, Any], around: Surroundings, probe: Probe | None
    ) -> TypedNode:
        if node.node.probed:
            return _type_node(node, inputs, around, probe)
        key = _key(node, inputs, around, probe)
        found = self.kept.get(key)
        if found is not None and (found[1] == around.now or not found[0].clock):
            self.kept.move_to_end(key)
            return found[0]
        self.computed += 1
        made = _type_node(node, inputs, around, probe)
        self.kept[key] = (made, around.now)
        if len(self.kept) > self.limit:
            self.kept.popitem(last=False)
        return made


def _downstream(node: GraphNode) -> Finding:
    what = f"{node.id} cannot be checked until the nodes before it are right"
    return Finding("RNL-GRAPH-020", "info", what, "", Where(node.id))


def _inputs_of(
    graph: Graph, node: GraphNode, typed: Mapping[str, TypedNode], unbounded: frozenset[str]
) -> dict[str, Any] | None:
    """Return port → relation (a list for ports with many edges, None where unconnected), or None when one is broken.

    Rows of a stream have their metadata columns besides: hidden, so that only who names them gets them.
    """
    if node.id in graph.waiting:
        return None
    inputs: dict[str, Any] = {}
    for port in node.ports.inputs:
        relations: list[Relation] = []
        for edge in graph.into(node.id, port.name):
            source = typed.get(edge.source)
            schema = source.schemas.get(edge.output) if source else None
            if source is None or schema is None:
                return None
            name = cte_name(edge.source, edge.output, source.node.ports.outputs[0].name)
            relation = Relation.table(name, schema)
            if edge.source in unbounded:
                relation = replace(relation, hidden=tuple(name for name in METADATA if name not in schema))
            relations.append(relation)
        if port.required and not relations:
            return None
        inputs[port.name] = relations if port.many else (relations[0] if relations else None)
    return inputs


def _key(node: GraphNode, inputs: Mapping[str, Any], around: Surroundings, probe: Probe | None) -> str:
    def shape(value: Any) -> Any:
        if isinstance(value, Relation):
            return [value.name, list(value.types.items()), list(value.hidden)]
        return [shape(part) for part in value] if isinstance(value, list) else None

    material = [
        node.id, node.kind, node.node.version, node.raw, node.muted, node.folder,
        [[str(key), str(value)] for key, value in node.params.items()],
        {name: shape(value) for name, value in inputs.items()},
        probe.to_json() if probe else None, [port.name for port in node.ports.outputs],
    ]  # fmt: skip
    text = json.dumps(material, default=str, sort_keys=False, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _names(inputs: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for port, value in inputs.items():
        relations = value if isinstance(value, list) else [value]
        found[port] = tuple(relation.name or "" for relation in relations if relation is not None)
    return found


def _type_node(node: GraphNode, inputs: Mapping[str, Any], around: Surroundings, probe: Probe | None) -> TypedNode:
    names = _names(inputs)
    if issubclass(node.node, Source):
        return _typed_source(node, probe)
    if node.muted:
        relations = _muted(node, inputs)
        schemas = {port: dict(relation.types) for port, relation in relations.items()}
        return _carrying(TypedNode(node, names, relations, schemas), inputs)
    if issubclass(node.node, Sink) and not issubclass(node.node, Source):
        binding = bind_node(node, inputs, around)
        instance = node.node(node.config, binding.bound, node.id)
        findings = [*binding.findings, *instance.check(binding.inputs)]
        located = tuple(placed(node, finding) for finding in findings)
        return TypedNode(node, names, findings=located, clock=binding.clock)
    return _typed_relational(node, inputs, names, around)


def _typed_source(node: GraphNode, probe: Probe | None) -> TypedNode:
    if probe is None:
        what = f"{node.id} has not been read yet, so its columns are not known"
        return TypedNode(node, {}, findings=(Finding("RNL-SOURCE-001", "error", what, "", Where(node.id)),))
    if not probe.columns:
        what = f"{node.id} has no columns{f': {probe.notes[0]}' if probe.notes else ''}"
        hint = "Write a line with the names of the columns, or choose other data."
        return TypedNode(node, {}, findings=(Finding("RNL-SOURCE-002", "error", what, hint, Where(node.id)),), probe=probe)
    port = node.ports.outputs[0].name
    notes = tuple(placed(node, finding) for finding in probe.findings)
    extra: dict[str, str] = {}
    if node.node.streaming is Streaming.UNBOUNDED:
        extra = {name: type for name, type in METADATA.items() if name not in probe.columns}
    relation = Relation.table(f"source:{node.id}", probe.columns).select([*probe.columns, *extra])
    return TypedNode(node, {}, {port: relation}, {port: dict(probe.columns)}, notes, probe=probe, carried={port: extra})


def _muted(node: GraphNode, inputs: Mapping[str, Any]) -> dict[str, Relation]:
    first = next((value for value in inputs.values() if value), None)
    relation = first[0] if isinstance(first, list) else first
    if relation is None:
        return {}
    made: dict[str, Relation] = {}
    for index, port in enumerate(node.ports.outputs):
        kept = relation if index == 0 else relation.where(exp.false())
        made[port.name] = Relation.of(kept.as_query(), relation.columns, relation.types)
    return made


def _typed_relational(
    node: GraphNode, inputs: Mapping[str, Any], names: Mapping[str, tuple[str, ...]], around: Surroundings
) -> TypedNode:
    binding = bind_node(node, inputs, around)
    instance = node.node(node.config, binding.bound, node.id)
    if has_errors(binding.findings):
        return TypedNode(node, names, findings=tuple(binding.findings), types=binding.types)
    endless = any(relation.hidden for relation in _flat(inputs))
    if isinstance(instance, StatefulNode):
        instance.endless = endless
    checks = [placed(node, finding) for finding in instance.check(binding.inputs)]
    findings = [*binding.findings, *checks]
    if has_errors(findings):
        return TypedNode(node, names, findings=tuple(findings), types=binding.types)
    if node.node.probed:
        instance.seen = _seen(instance, node, binding, around)
    prepared: dict[str, Relation] = {}
    if isinstance(instance, StatefulNode):
        prepared = {port: with_metadata(made) for port, made in binding.inputs.items() if made is not None}
        binding.inputs = {port: prepared.get(port) for port in binding.inputs}
    relations = _relations(instance, node, binding)
    oracle = around.foreign if node.node.foreign and around.foreign is not None else around.oracle
    schemas, problems = _described(node, relations, inputs, oracle)
    settled = instance.settled(binding.inputs["input"]) if isinstance(instance, Chart) else None
    made = TypedNode(
        node, names, relations, schemas, (*findings, *problems), tuple(binding.failing), types=binding.types,
        settled=settled, clock=binding.clock, prepared=prepared,
    )  # fmt: skip
    if problems:
        return made
    if isinstance(instance, StatefulNode) and endless:
        step, findings = typed_step(node, instance, prepared, _tables(inputs), schemas, oracle)
        made = replace(made, step=step, findings=(*made.findings, *findings))
    return _carrying(made, inputs)


def _flat(inputs: Mapping[str, Any]) -> list[Relation]:
    return [
        relation
        for value in inputs.values()
        for relation in (value if isinstance(value, list) else [value])
        if relation is not None
    ]


def _tables(inputs: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the columns of the tables that a node's queries read, metadata too."""
    return {
        relation.name or "": {**relation.types, **{name: METADATA[name] for name in relation.hidden}}
        for relation in _flat(inputs)
    }


def _carrying(made: TypedNode, inputs: Mapping[str, Any]) -> TypedNode:
    """Let the relations of a node in a stream give the metadata columns of its rows."""
    tables = {relation.name or "": relation.hidden for relation in _flat(inputs) if relation.hidden}
    if not tables:
        return made
    relations: dict[str, Relation] = {}
    extra: dict[str, dict[str, str]] = {}
    for port, relation in made.relations.items():
        names = [name for name in METADATA if name not in made.schemas[port]]
        passed = None if made.prepared else carried(relation, names, tables)
        relations[port] = passed or filled(relation, names)
        extra[port] = {name: METADATA[name] for name in names}
    return replace(made, relations=relations, carried=extra)


def _looking(around: Surroundings, graph: Graph, typed: Mapping[str, TypedNode]) -> Any:
    """Bind the caller's way to look at data to the graph and to what has been typed so far."""
    look = around.look
    return None if look is None else partial(look, graph, typed)


def _seen(instance: Any, node: GraphNode, binding: Binding, around: Surroundings) -> Any:
    """Return the rows that the node asks to see before its columns are known; None where it need not look."""
    query = instance.probe_query(**binding.inputs)
    if query is None or around.look is None:
        return None
    return list(around.look(node.id, query))


def _relations(instance: Any, node: GraphNode, binding: Binding) -> dict[str, Relation]:
    made = instance.relate(**{name.replace("-", "_"): value for name, value in binding.inputs.items()})
    first = node.ports.outputs[0].name if node.ports.outputs else "output"
    relations: dict[str, Relation] = {first: made} if isinstance(made, Relation) else dict(made)
    has_port = node.ports.output(REJECTED) is not None
    if has_port and REJECTED not in relations:
        relations[REJECTED] = binding.rejected or _never_rejected(binding)
    return relations


def _never_rejected(binding: Binding) -> Relation:
    """A node whose expressions cannot fail still has its port `rejected`, without rows."""
    first = next(value for value in binding.inputs.values() if isinstance(value, Relation))
    visible = {name: first.column(name) for name in first.columns}
    reason = exp.cast(exp.null(), exp.DataType.build("VARCHAR", dialect="duckdb"))
    refused = first.where(exp.false()).select({**visible, REASON: reason})
    return replace(refused, types={**first.types, REASON: "VARCHAR"})


def _described(
    node: GraphNode, relations: Mapping[str, Relation], inputs: Mapping[str, Any], oracle: TypeOracle
) -> tuple[dict[str, dict[str, str]], list[Finding]]:
    tables = _tables(inputs)
    schemas: dict[str, dict[str, str]] = {}
    findings: list[Finding] = []
    for port, relation in relations.items():
        clash = _name_clash(relation.columns)
        if clash:
            what = f"two columns of {node.id} are called `{clash}` (letter case does not tell columns apart)"
            findings.append(Finding("RNL-COLUMN-002", "error", what, "Rename one of them.", Where(node.id)))
            continue
        if port == REJECTED and set(relation.types) == set(relation.columns):
            schemas[port] = {name: relation.types[name] for name in relation.columns}
            continue
        try:
            described = oracle.describe(plain_sql(relation.as_query()), tables)
        except EngineError as error:
            hint = error.hint or "Check the types of the columns that this node uses."
            findings.append(Finding("RNL-TYPE-001", "error", error.what, hint, Where(node.id)))
            continue
        # By position: DuckDB gives a column that is renamed only in letter case its old name when it describes.
        schemas[port] = dict(zip(relation.columns, described.values(), strict=True))
    return schemas, findings


def _name_clash(columns: tuple[str, ...]) -> str | None:
    seen: set[str] = set()
    for name in columns:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None


def plain(query: exp.Query) -> exp.Query:
    """Return a query in which every acceptance marker is the condition it stands for."""
    return copied(query, _condition)


def _condition(part: exp.Expr) -> exp.Expr:
    return part.expressions[0] if isinstance(part, exp.Anonymous) and part.name == ACCEPT else part


def plain_sql(query: exp.Query, pretty: bool = False) -> str:
    """Return the query's DuckDB text without markers."""
    return plain(query).sql("duckdb", pretty=pretty, copy=False)
