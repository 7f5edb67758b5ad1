"""The plan of a stream: its graph cut at nodes with state, at sinks, and where rows that end meet rows that do not."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlglot
from sqlglot import exp

from runnel.compiler.graph import Graph
from runnel.compiler.segments import Cutter, build_segments, is_effect, node_plan
from runnel.compiler.streams.behaviour import INPUT, LATE
from runnel.compiler.streams.unbounded import unbounded_nodes
from runnel.compiler.typing import TypedNode
from runnel.plan.shapes import Effect, Plan, Segment
from runnel.plan.streams import StatefulStep, StreamPlan, StreamScan
from runnel.sdk.node import Ledger, Streaming
from runnel.sdk.relation import ACCEPT, Relation
from runnel.sdk.source import Source
from runnel.sdk.streaming import METADATA

PortKey = tuple[str, str]


@dataclass(frozen=True)
class _Parts:
    """What cutting a stream begins with: the graph as segments see it, and which nodes are steps."""

    graph: Graph
    typed: Mapping[str, TypedNode]
    unbounded: frozenset[str]
    steps: Mapping[str, TypedNode]
    charts: frozenset[str]


def is_stream(graph: Graph) -> bool:
    """Tell whether a pipeline has a source without end."""
    return any(node.node.streaming is Streaming.UNBOUNDED and not node.muted for node in graph.nodes.values())


def build_stream_plan(
    graph: Graph, typed: Mapping[str, TypedNode], *, pipeline: str, version: str, folder: str, settings: Mapping[str, Any]
) -> StreamPlan:
    """Cut a typed graph with a source without end."""
    parts = _parts(graph, typed)
    cutter = Cutter(graph, parts.typed, settings)
    for id, item in parts.steps.items():
        assert item.step is not None
        for port, names in item.step.uses(_read(graph, id)).items():
            cutter.wanted[(id, INPUT + port)] = list(names) or [next(iter(item.step.step.input_columns[port]))]
            cutter.live.add((id, INPUT + port))
            cutter.forced.add((id, INPUT + port))
        cutter.given.update((id, port) for port in item.schemas)
    _force(cutter, parts)
    _want_places(cutter, parts)
    segments = build_segments(cutter)
    steps = tuple(_step(cutter, parts, id) for id in graph.nodes if id in parts.steps)
    return StreamPlan(
        plan=Plan(
            pipeline=pipeline, version=version, folder=folder,
            nodes=tuple(node_plan(cutter, id, segments) for id in graph.nodes), edges=graph.edges,
            segments=tuple(segments), effects=tuple(_effects(cutter, parts)), settings=settings,
        ),
        scans=tuple(_scan(cutter, segments, id) for id in graph.nodes if _is_stream_source(graph, id)),
        steps=steps, order=_order(graph, segments, parts, cutter),
        entries={tap.node: _entry(graph, cutter, segment, tap.node) for segment in segments for tap in segment.taps},
        bounded=tuple(segment.id for segment in segments if segment.node not in parts.unbounded),
    )  # fmt: skip


def _entry(graph: Graph, cutter: Cutter, segment: Segment, node: str) -> Segment:
    """Return a segment in which a node reads rows that are given to it in place of what stands before it."""
    first = graph.into(node)[0]
    before = cutter.name((first.source, first.output))
    ctes = [
        replace(cte, sql=_reading(cte.sql, before, node), physical=_reading(cte.physical, before, node))
        if cte.node == node else cte
        for cte in segment.ctes
    ]  # fmt: skip
    return replace(segment, ctes=tuple(ctes))


def _reading(text: str, before: str, node: str) -> str:
    """Return the text of a query that reads `entering:NODE` where it read what stands before."""
    query = sqlglot.parse_one(text, dialect="duckdb")
    for table in list(query.find_all(exp.Table)):
        if table.name == before:
            table.set("this", exp.to_identifier(f"entering:{node}", quoted=True))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(before, quoted=True)))
    return query.sql("duckdb", pretty=True)


def _parts(graph: Graph, typed: Mapping[str, TypedNode]) -> _Parts:
    unbounded = unbounded_nodes(graph)
    charts = frozenset(
        id for id in unbounded if graph.nodes[id].node.ledger is Ledger.SINK and not is_effect(graph.nodes[id].node)
    )
    made = dict(typed)
    steps: dict[str, TypedNode] = {}
    for id, item in typed.items():
        if id in charts:
            made[id] = replace(item, relations={}, schemas={}, carried={})
        elif item.step is not None:
            steps[id] = item
            made[id] = _as_inputs(item)
    return _Parts(graph, made, unbounded, steps, charts)


def _as_inputs(item: TypedNode) -> TypedNode:
    """Return a node with state as segments see it: its prepared inputs are what they compute for it."""
    assert item.step is not None
    relations: dict[str, Relation] = {}
    schemas = dict(item.schemas)
    for port, made in item.prepared.items():
        assert made.query is not None
        types = item.step.step.input_columns[port]
        relations[INPUT + port] = Relation.of(made.query, list(types), types)
        schemas[INPUT + port] = dict(types)
    return replace(item, relations=relations, schemas=schemas, carried=dict.fromkeys(item.schemas, METADATA))


def _force(cutter: Cutter, parts: _Parts) -> None:
    """Let segments end before charts, and where rows that end are read by nodes whose rows do not."""
    for edge in parts.graph.edges:
        if edge.target in parts.charts or (edge.target in parts.unbounded and edge.source not in parts.unbounded):
            cutter.forced.add((edge.source, edge.output))
        if edge.target in parts.charts:
            columns = parts.typed[edge.source].schemas.get(edge.output, {})
            cutter.wanted[(edge.source, edge.output)] = list(columns)
        if edge.source in parts.steps:
            cutter.forced.add((edge.source, edge.output))
    for id in parts.steps:
        if not parts.graph.out_of(id):
            port = (id, cutter.default(id))
            cutter.live.add(port)
            cutter.forced.add(port)


def _want_places(cutter: Cutter, parts: _Parts) -> None:
    """Let rows that a node may refuse say where they came from."""
    for id in parts.unbounded:
        relations = parts.typed[id].relations.values()
        if not any(part.name == ACCEPT for made in relations for part in made.as_query().find_all(exp.Anonymous)):
            continue
        for edge in parts.graph.into(id):
            if edge.source in parts.unbounded:
                port = (edge.source, edge.output)
                cutter.wanted[port] = list(dict.fromkeys([*cutter.wanted.get(port, ()), "_partition", "_position"]))


def _is_stream_source(graph: Graph, id: str) -> bool:
    return graph.nodes[id].node.streaming is Streaming.UNBOUNDED


def _scan(cutter: Cutter, segments: Sequence[Segment], id: str) -> StreamScan:
    """Return the source with the columns that its segments read."""
    node, probe = cutter.graph.nodes[id], cutter.typed[id].probe
    assert probe is not None
    source = node.node(node.config, {}, id)
    assert isinstance(source, Source)
    used = {name for segment in segments for scan in segment.scans if scan.node == id for name in scan.columns}
    return StreamScan(
        node=id, kind=node.kind, config=node.config.model_dump(mode="json", by_alias=True), probe=probe.to_json(),
        columns={name: type for name, type in probe.columns.items() if name in used},
        metadata={name: type for name, type in METADATA.items() if name in used and name not in probe.columns},
        port=cutter.default(id), reads=tuple(source.reads(node.folder)),
    )  # fmt: skip


def _step(cutter: Cutter, parts: _Parts, id: str) -> StatefulStep:
    """Return the step of a node with state, wired to the segments that feed it."""
    found = parts.steps[id].step
    assert found is not None
    above, read = parts.graph.ancestors(id), _read(parts.graph, id)
    wanted = {port: cutter.wanted[(id, INPUT + port)] for port in found.step.input_columns}
    return replace(
        found.step, inputs={port: cutter.name((id, INPUT + port)) for port in found.step.input_columns},
        emit=tuple(found.counted(query.name, wanted) if query.name == LATE and LATE not in read else query
                   for query in found.step.emit),
        sources=tuple(name for name in parts.graph.nodes if name in above and _is_stream_source(parts.graph, name)),
        input_columns={
            port: {name: found.step.input_columns[port][name] for name in names} for port, names in wanted.items()
        },
    )  # fmt: skip


def _read(graph: Graph, id: str) -> frozenset[str]:
    """Return the output ports of a node that something reads."""
    return frozenset(edge.output for edge in graph.out_of(id))


def _effects(cutter: Cutter, parts: _Parts) -> list[Effect]:
    made: list[Effect] = []
    for id, node in parts.graph.nodes.items():
        if node.muted or not (is_effect(node.node) or id in parts.charts):
            continue
        config = node.config.model_dump(mode="json", by_alias=True)
        for edge in parts.graph.into(id):
            schema = parts.typed[edge.source].schemas[edge.output]
            made.append(Effect(id, node.kind, config, cutter.name((edge.source, edge.output)), dict(schema)))
    return made


def _order(graph: Graph, segments: Sequence[Segment], parts: _Parts, cutter: Cutter) -> tuple[str, ...]:
    """Return segments that read a stream, and steps, each after what it reads."""
    made: list[str] = []
    for id in graph.nodes:
        if id in parts.unbounded:
            made += [segment.id for segment in segments if segment.node == id]
        if id in parts.steps:
            made.append(f"step:{id}")
    return tuple(made)
