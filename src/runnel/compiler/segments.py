"""Segments: the graph is cut where a result is read more than once or leaves the engine; each piece is one query."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from runnel.compiler.graph import REJECTED, Graph
from runnel.compiler.lowering import Labels, physical, store_columns
from runnel.compiler.typing import TypedNode, cte_name, plain_sql
from runnel.compiler.usage import needed_columns, prune
from runnel.plan.shapes import Cte, Effect, Feed, Fence, NodePlan, Plan, Scan, Segment, Tap
from runnel.sdk.node import Ledger, Node
from runnel.sdk.relation import ACCEPT, Relation
from runnel.sdk.source import Sink, Source
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied, parts

PortKey = tuple[str, str]
DECODED_BYTES = 512 * 1024 * 1024
"""Up to this many bytes of input a preview decodes a source once, as a whole, and keeps it."""
ORDERED_BYTES = 64 * 1024 * 1024
"""Up to this many input bytes a segment keeps the order of its input, where the fences cost little."""


@dataclass
class Cutter:
    """Everything that cutting needs to know about a typed graph."""

    graph: Graph
    typed: Mapping[str, TypedNode]
    settings: Mapping[str, Any]
    wanted: dict[PortKey, list[str]] = field(default_factory=dict)
    used: dict[PortKey, list[str]] = field(default_factory=dict)
    forced: set[PortKey] = field(default_factory=set)
    live: set[PortKey] = field(default_factory=set)
    readers: dict[PortKey, int] = field(default_factory=dict)
    outputs: dict[PortKey, str] = field(default_factory=dict)
    given: set[PortKey] = field(default_factory=set)
    """Ports whose rows come from elsewhere (a step of a stream): no segment computes them."""

    def name(self, port: PortKey) -> str:
        """Return the CTE name of a port."""
        return cte_name(port[0], port[1], self.default(port[0]))

    def default(self, node: str) -> str:
        """Return the name of a node's default output."""
        ports = self.graph.nodes[node].ports.outputs
        return ports[0].name if ports else "data"


def build_plan(
    graph: Graph,
    typed: Mapping[str, TypedNode],
    *,
    pipeline: str,
    version: str,
    folder: str,
    settings: Mapping[str, Any],
    targets: Iterable[PortKey] | None = None,
    whole: bool = False,
) -> Plan:
    """Cut a typed graph into segments.

    `targets` limits the plan to what these ports need (a preview or `--to`); the columns that sources decode are
    those of the whole graph all the same, so that counts agree. `whole` shows every column of the targets besides;
    a value of these further ones that does not fit its type is NULL and refuses nothing.
    """
    cutter = Cutter(graph, typed, settings)
    shown = [port for port in targets or () if whole or not graph.out_of(*port)]
    if whole:
        _mark_wanted(cutter)
        cutter.used = cutter.wanted
    cutter.wanted = {port: list(typed[port[0]].schemas[port[1]]) for port in shown}
    _mark_wanted(cutter)
    if settings.get("decode") == "all":
        _want_everything(cutter)
    keep = _kept_nodes(graph, targets)
    _mark_live(cutter, keep, list(targets) if targets is not None else [], whole)
    _mark_outputs(cutter, keep, list(targets) if targets is not None else [])
    if whole:
        _keep_decoded(cutter, keep)
    segments = _ordered(cutter, [_segment(cutter, port) for port in cutter.outputs])
    return Plan(
        pipeline=pipeline, version=version, folder=folder,
        nodes=tuple(node_plan(cutter, id, segments) for id in graph.nodes if id in keep),
        edges=tuple(edge for edge in graph.edges if edge.source in keep and edge.target in keep),
        segments=tuple(segments), effects=tuple(_effects(cutter, keep)), settings=settings,
    )  # fmt: skip


def build_segments(cutter: Cutter) -> list[Segment]:
    """Cut the whole graph of a cutter that was told beforehand what else it wants, forces and is given."""
    _mark_wanted(cutter)
    keep = _kept_nodes(cutter.graph, None)
    _mark_live(cutter, keep, [], False)
    _mark_outputs(cutter, keep, [])
    return _ordered(cutter, [_segment(cutter, port) for port in cutter.outputs if port not in cutter.given])


def _kept_nodes(graph: Graph, targets: Iterable[PortKey] | None) -> set[str]:
    if targets is None:
        return {id for id in graph.nodes if id not in graph.gathers or graph.out_of(id)}
    return set().union(*(graph.ancestors(node) for node, _ in targets))


def is_effect(node: type[Node]) -> bool:
    """Tell whether a node ends a branch and does something with the rows (a sink)."""
    return issubclass(node, Sink) and not issubclass(node, Source)


def _is_chart(cutter: Cutter, id: str) -> bool:
    node = cutter.graph.nodes[id]
    return node.node.ledger is Ledger.SINK and not is_effect(node.node)


def _mark_wanted(cutter: Cutter) -> None:
    """Walk against the edges and note which columns of each port anything uses."""
    for id in reversed(list(cutter.graph.nodes)):
        item = cutter.typed[id]
        node = item.node
        if is_effect(node.node):
            _want_all_inputs(cutter, id)
            continue
        read = [port for port in item.relations if cutter.graph.out_of(id, port)]
        for port in item.relations:
            if port in node.node.gates and not node.muted:
                cutter.wanted[(id, port)] = list(item.schemas[port])
            if (id, port) not in cutter.wanted and ((port == cutter.default(id) and not read) or _is_chart(cutter, id)):
                cutter.wanted[(id, port)] = list(item.schemas[port])
            elif (id, port) not in cutter.wanted and _counts_unread(item, port):
                cutter.wanted[(id, port)] = [_any_column(item, port)]
        tables = _input_columns(cutter, id)
        for port, relation in item.relations.items():
            wanted = cutter.wanted.get((id, port))
            if wanted is None:
                continue
            if not wanted:
                wanted = cutter.wanted[(id, port)] = [_any_column(item, port)]
            for table, columns in needed_columns(relation.as_query(), wanted, tables).items():
                _want(cutter, id, table, columns)


def _want_everything(cutter: Cutter) -> None:
    """Let every source decode all its columns; one with columns that nothing uses ends a segment, which keeps them.

    Inside a longer query the engine would leave them out again.
    """
    for id, item in cutter.typed.items():
        port = (id, cutter.default(id))
        if item.probe is None or port not in cutter.wanted:
            continue
        columns = list(item.probe.columns)
        if len(cutter.wanted[port]) < len(columns) and not item.probe.options.get("exact_rows"):
            cutter.forced.add(port)
        cutter.wanted[port] = cutter.used[port] = columns


def _any_column(item: TypedNode, port: str) -> str:
    """Return the column that stands for a row where only the number of rows matters; a text is always readable."""
    schema = item.schemas[port]
    return next((name for name, type in schema.items() if type == "VARCHAR"), next(iter(schema)))


def _input_columns(cutter: Cutter, id: str) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for edge in cutter.graph.into(id):
        port = (edge.source, edge.output)
        found[cutter.name(port)] = list(_columns(cutter, port))
    return found


def _columns(cutter: Cutter, port: PortKey) -> dict[str, str]:
    """Return every column that a port has, metadata of streams too."""
    item = cutter.typed[port[0]]
    return item.columns(port[1]) if port[1] in item.schemas else {}


def _want_all_inputs(cutter: Cutter, id: str) -> None:
    for edge in cutter.graph.into(id):
        port = (edge.source, edge.output)
        columns = cutter.typed[edge.source].schemas.get(edge.output, {})
        cutter.wanted[port] = list(dict.fromkeys([*columns, *cutter.wanted.get(port, ())]))


def _want(cutter: Cutter, id: str, table: str, columns: Iterable[str]) -> None:
    for edge in cutter.graph.into(id):
        port = (edge.source, edge.output)
        if cutter.name(port) == table:
            schema = _columns(cutter, port)
            have = set(cutter.wanted.get(port, ())) | set(columns)
            cutter.wanted[port] = [name for name in schema if name in have]


def _mark_live(cutter: Cutter, keep: set[str], targets: list[PortKey], whole: bool) -> None:
    """Note which ports are computed at all: those read by a kept node, targets, and the default port of leaves.

    A run counts every route of a `table.route` besides: rows of one that nothing reads have passed all the same. A run
    up to a target counts what is connected as the whole run does, also where the reader is left out; a preview (`whole`)
    has no ledger.
    """
    for edge in cutter.graph.edges:
        if edge.source in keep and edge.target in keep:
            cutter.live.add((edge.source, edge.output))
    cutter.live.update(targets)
    if targets:
        if not whole:
            cutter.live.update((edge.source, edge.output) for edge in cutter.graph.edges if edge.source in keep)
            cutter.live.update((id, port) for id in keep for port in _unread_routes(cutter.typed[id]))
        return
    for id in keep:
        item = cutter.typed[id]
        if item.relations and not any((id, port) in cutter.live for port in item.relations):
            cutter.live.add((id, cutter.default(id) if not _is_chart(cutter, id) else next(iter(item.relations))))
        cutter.live.update((id, port) for port in _unread_routes(item))
        cutter.live.update((id, port) for port in item.node.node.gates if port in item.relations and not item.node.muted)


def _unread_routes(item: TypedNode) -> list[str]:
    return [port for port in item.relations if _counts_unread(item, port)]


def _counts_unread(item: TypedNode, port: str) -> bool:
    return item.node.node.ledger is Ledger.ROUTE and not item.node.muted and port not in ("rest", REJECTED)


def _mark_outputs(cutter: Cutter, keep: set[str], targets: list[PortKey]) -> None:
    """Decide which ports end a segment, from the ends of the graph backwards.

    A port that is read twice inside one segment stays in it; one that two segments would read ends one of its own.
    """
    readers: dict[PortKey, list[PortKey]] = {}
    for port in cutter.live:
        for read in _references(cutter, port):
            cutter.readers[read] = cutter.readers.get(read, 0) + 1
            readers.setdefault(read, []).append(port)
    order = {id: index for index, id in enumerate(cutter.graph.nodes)}
    inside: dict[PortKey, set[PortKey]] = {}
    for port in sorted(cutter.live, key=lambda port: order[port[0]], reverse=True):
        ends: set[PortKey] = set()
        for reader in readers.get(port, []):
            ends |= {reader} if reader in cutter.outputs else inside[reader]
        inside[port] = ends
        if len(ends) != 1 or port in targets or _ends_here(cutter, port, keep):
            cutter.outputs[port] = cutter.name(port)
    ordered = sorted(cutter.outputs, key=lambda port: order[port[0]])
    cutter.outputs = {port: cutter.outputs[port] for port in ordered}


def _ends_here(cutter: Cutter, port: PortKey, keep: set[str]) -> bool:
    """Tell whether a port's result leaves its segment whatever reads it."""
    node, name = port
    targets = [edge.target for edge in cutter.graph.out_of(node, name) if edge.target in keep]
    kinds = [cutter.graph.nodes[target].node for target in targets]
    return (
        any(is_effect(kind) or _breaks(kind) for kind in kinds)
        or cutter.graph.nodes[node].pinned is not None
        or port in cutter.forced
        or _breaks(cutter.graph.nodes[node].node)
    )


def _keep_decoded(cutter: Cutter, keep: set[str]) -> None:
    """Let previews read decoded sources from kept results, unless they are large or need no decoding."""
    for id in keep:
        probe = cutter.typed[id].probe
        port = (id, cutter.default(id))
        if probe is None or probe.options.get("exact_rows") or probe.bytes > DECODED_BYTES or port not in cutter.live:
            continue
        cutter.outputs.setdefault(port, cutter.name(port))


def _breaks(node: type[Node]) -> bool:
    """Foreign SQL and nodes whose schema depends on data read finished results only."""
    return bool(getattr(node, "foreign", False)) or node.probed


def _references(cutter: Cutter, port: PortKey) -> list[PortKey]:
    """Return the ports that a port's query reads, once per place where it reads them."""
    relation = cutter.typed[port[0]].relations.get(port[1])
    if relation is None:
        return []
    names = {cutter.name((edge.source, edge.output)): (edge.source, edge.output) for edge in cutter.graph.into(port[0])}
    return [names[table.name] for table in parts(relation.as_query(), exp.Table) if table.name in names]


def _segment(cutter: Cutter, output: PortKey) -> Segment:
    """Build the segment that ends in a port."""
    order = list(cutter.graph.nodes)
    inside: set[PortKey] = set()
    feeds: set[PortKey] = set()
    stack = [output]
    while stack:
        port = stack.pop()
        if port in inside:
            continue
        inside.add(port)
        for reference in _references(cutter, port):
            if reference in cutter.outputs:
                feeds.add(reference)
            else:
                stack.append(reference)
    ports = sorted(inside, key=lambda port: (order.index(port[0]), port != output, port[1]))
    labels = Labels()
    scans = [_scan(cutter, port[0]) for port in ports if cutter.typed[port[0]].probe is not None]
    taps: list[Tap] = []
    ctes = [_cte(cutter, port, output, labels, taps) for port in ports]
    schema = _columns(cutter, output)
    columns = {name: schema[name] for name in cutter.wanted.get(output, list(schema)) if name in schema} or schema
    size = sum(int(scan.probe.get("bytes", 0)) for scan in scans)
    nodes = {port[0] for port in ports}
    foreign = any(getattr(cutter.graph.nodes[node].node, "foreign", False) for node in nodes)
    wants_order = any(cutter.graph.nodes[node].node.ordered for node in nodes)
    made = Segment(
        id=cutter.name(output), node=output[0], port=output[1], columns=columns, ctes=tuple(ctes),
        scans=tuple(scans), feeds=tuple(Feed(cutter.name(port), cutter.name(port)) for port in sorted(feeds)),
        fences=tuple(Fence(label, *port) for label, port in labels.made.items() if port is not None),
        taps=tuple(taps), ordered=wants_order or size <= ORDERED_BYTES, foreign=foreign,
    )  # fmt: skip
    return made


def _scan(cutter: Cutter, id: str) -> Scan:
    item = cutter.typed[id]
    node = item.node
    probe = item.probe
    assert probe is not None
    wanted = cutter.wanted.get((id, cutter.default(id)), list(probe.columns))
    types = {**METADATA, **probe.columns}
    used = set(cutter.used.get((id, cutter.default(id)), () if cutter.used else wanted))
    source = node.node(node.config, {}, id)
    reads = tuple(dict.fromkeys([*probe.files, *(source.reads(node.folder) if isinstance(source, Source) else ())]))
    return Scan(
        node=id, kind=node.kind, config=node.config.model_dump(mode="json", by_alias=True), view=f"source:{id}",
        columns={name: types[name] for name in wanted}, probe=probe.to_json(), reads=reads,
        pushes=bool(probe.options.get("exact_rows")), lenient=tuple(name for name in wanted if name not in used),
    )  # fmt: skip


def _cte(cutter: Cutter, port: PortKey, output: PortKey, labels: Labels, taps: list[Tap]) -> Cte:
    id, name = port
    item = cutter.typed[id]
    relation = item.relations[name]
    wanted = cutter.wanted.get(port)
    tap = _tap(cutter, item, name, taps)
    counted = port if _is_counted(cutter, item, name) else None
    kept = [column for column in relation.columns if column in set(wanted or relation.columns[:1])]
    query = copied(relation.select(kept).as_query())
    if tap is not None:
        store_columns(query, next(iter(tap.values())))
    prune(query, kept, _input_columns(cutter, id))
    narrowed = Relation.of(query, kept)
    text = plain_sql(narrowed.as_query(), pretty=True)
    run = physical(narrowed, labels, counted, next(iter(tap)) if tap else None)
    return Cte(cutter.name(port), id, name, text, run, shared=cutter.readers.get(port, 0) > 1)


def _tap(cutter: Cutter, item: TypedNode, port: str, taps: list[Tap]) -> dict[str, list[str]] | None:
    """Return node id → columns of the stored row, where refused rows become dead letters."""
    id = item.node.id
    relation = item.relations[port]
    if port == REJECTED or (id, REJECTED) in cutter.live:
        return None
    if not any(part.name == ACCEPT for part in parts(relation.as_query(), exp.Anonymous)):
        return None
    first = next(iter(cutter.graph.into(id)), None)
    if first is None:
        return None
    if port != _tapping_port(cutter, id):
        return None
    schema = _columns(cutter, (first.source, first.output))
    wanted = cutter.wanted.get((first.source, first.output), list(schema))
    taps.append(Tap(id, item.failing, {name: schema[name] for name in wanted}))
    return {id: list(wanted)}


def _tapping_port(cutter: Cutter, id: str) -> str | None:
    """Of several live ports only the first taps; the refused rows would be stored twice otherwise."""
    return next((port for port in cutter.typed[id].relations if (id, port) in cutter.live), None)


def _is_counted(cutter: Cutter, item: TypedNode, port: str) -> bool:
    if cutter.settings.get("counts") == "segments":
        return False
    if item.node.muted:
        return False
    if item.probe is not None:
        return not item.probe.options.get("exact_rows")
    kind = item.node.node.ledger_of(item.node.config)
    return kind is not Ledger.PASSED or port == REJECTED or port in item.node.node.reports


def _effects(cutter: Cutter, keep: set[str]) -> Iterable[Effect]:
    for id, node in cutter.graph.nodes.items():
        if id not in keep or node.muted:
            continue
        config = node.config.model_dump(mode="json", by_alias=True)
        if is_effect(node.node):
            for edge in cutter.graph.into(id):
                schema = cutter.typed[edge.source].schemas[edge.output]
                yield Effect(id, node.kind, config, cutter.name((edge.source, edge.output)), schema)
        elif _is_chart(cutter, id):
            port = next(iter(cutter.typed[id].relations))
            if (id, port) in cutter.outputs:
                schema = cutter.typed[id].schemas[port]
                drawn = cutter.typed[id].settled or {"kind": node.kind, "config": config}
                yield Effect(id, drawn["kind"], drawn["config"], cutter.name((id, port)), schema)


def node_plan(cutter: Cutter, id: str, segments: Sequence[Segment]) -> NodePlan:
    """Return what the ledger and the run need to know about a node."""
    node = cutter.graph.nodes[id]
    inside = tuple(segment.id for segment in segments if any(cte.node == id for cte in segment.ctes))
    named = [port.name for port in node.ports.outputs]
    outputs = tuple(name for name in named if (id, name) in cutter.live or (node.muted and name == named[0]))
    return NodePlan(
        id=id, kind=node.kind, ledger=str(node.node.ledger_of(node.config)),
        inputs=tuple(port.name for port in node.ports.inputs), outputs=outputs, segments=inside, muted=node.muted,
        title=node.title or id, after=node.after,
        stops_after=None if node.muted else node.node.stops_after(node.config),
        reports=node.node.reports,
        gates=() if node.muted else node.node.gates,
    )  # fmt: skip


def _ordered(cutter: Cutter, segments: list[Segment]) -> list[Segment]:
    """Sort segments so that feeds and `after` come first, and give each its content key."""
    by_id = {segment.id: segment for segment in segments}
    order = list(cutter.graph.nodes)
    made: dict[str, Segment] = {}
    for segment in sorted(segments, key=lambda segment: order.index(segment.node)):
        _keyed(segment, by_id, made)
    return [made[segment.id] for segment in sorted(segments, key=lambda segment: order.index(segment.node))]


def _keyed(segment: Segment, by_id: Mapping[str, Segment], made: dict[str, Segment]) -> str:
    if segment.id in made:
        return made[segment.id].key
    material: list[Any] = [
        [cte.sql for cte in segment.ctes], list(segment.columns.items()), segment.ordered,
        [[scan.kind, scan.config, scan.probe.get("identity"), list(scan.columns.items()), scan.lenient]
         for scan in segment.scans],
        [_keyed(by_id[feed.segment], by_id, made) if feed.segment in by_id else feed.segment for feed in segment.feeds], "1",
        [[fence.node, fence.port] for fence in segment.fences], [tap.node for tap in segment.taps],
    ]  # fmt: skip
    text = json.dumps(material, default=str, ensure_ascii=False)
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    made[segment.id] = replace(segment, key=key)
    return key
