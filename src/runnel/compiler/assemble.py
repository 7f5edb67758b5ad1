"""Document → graph: kinds looked up, configs checked, wires resolved to ports, nested nodes laid out, cycles found."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runnel.catalog.registry import Catalog
from runnel.compiler.configs import checked_config
from runnel.compiler.graph import Graph, GraphNode, default_output, topological
from runnel.compiler.wiring import check_ports, no_output, output_words, resolve_wire, unknown_output
from runnel.model.document import NodeDoc, Pipeline
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.plan.shapes import Edge
from runnel.sdk.composite import Composite, Inner

MAX_DEPTH = 16

FileLoader = Callable[[str, str], tuple[Pipeline | None, tuple[Finding, ...], str]]
"""(path as written, folder) → (pipeline, findings, folder of that file); used for sub-pipelines."""


@dataclass
class Assembly:
    """What assembling needs and gathers."""

    catalog: Catalog
    env: Mapping[str, str]
    load: FileLoader
    nodes: dict[str, GraphNode] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    gathers: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)


def assemble(
    pipeline: Pipeline,
    catalog: Catalog,
    params: Mapping[str, Any],
    env: Mapping[str, str],
    folder: str,
    load: FileLoader,
) -> Graph:
    """Resolve a document into a graph; nested nodes appear as `holder/inner`."""
    assembly = Assembly(catalog, env, load)
    param_types = {name: param.type for name, param in pipeline.params.items()}
    _add_nodes(assembly, pipeline.nodes, "", (), params, param_types, folder, 0)
    _add_edges(assembly, pipeline.nodes, "", ())
    _own_outputs(assembly, pipeline.outputs)
    edges, aliases = _through_aliases(assembly)
    shells = {id[1:]: assembly.nodes.pop(id) for id in [id for id in assembly.nodes if id.startswith("\0")]}
    nodes = _in_turn(assembly.nodes, shells)
    needs = {id: [edge.source for edge in edges if edge.target == id] for id in nodes}
    for id, node in nodes.items():
        needs[id] += [other for other in node.after if other in nodes]
    order, cycle = topological(nodes, needs)
    if cycle:
        assembly.findings.append(_cycle_finding(cycle))
        return Graph(nodes, tuple(edges), tuple(assembly.findings))
    graph = Graph(
        {id: nodes[id] for id in order}, tuple(edges), aliases=aliases,
        gathers=frozenset(assembly.gathers), waiting=frozenset(assembly.waiting), shells=shells,
        broken=frozenset(assembly.broken), awaited=_awaited(assembly.read, aliases),
    )  # fmt: skip
    findings = [*assembly.findings, *check_ports(graph)]
    return replace(graph, findings=tuple(findings))


def _in_turn(nodes: Mapping[str, GraphNode], shells: Mapping[str, GraphNode]) -> dict[str, GraphNode]:
    """Let what waits for a node that holds others wait for those, and those for what their holder waits for."""

    def held(id: str) -> list[str]:
        return [inner for inner in nodes if inner.startswith(id + "/")] if id in shells else [id]

    def after(node: GraphNode) -> tuple[str, ...]:
        holders = [shell for id, shell in shells.items() if node.id.startswith(id + "/")]
        named = [other for each in (node, *holders) for other in each.after]
        return tuple(dict.fromkeys(inner for other in named for inner in held(other)))

    return {id: replace(node, after=after(node)) for id, node in nodes.items()} if shells else dict(nodes)


def _awaited(read: set[str], aliases: Mapping[tuple[str, str], tuple[str, str]]) -> frozenset[str]:
    """Return the nodes behind the names that nodes with wrong settings read from."""
    return frozenset({*read, *(inner for (holder, _), (inner, _) in aliases.items() if holder in read)})


def _cycle_finding(cycle: list[str]) -> Finding:
    path = " → ".join([*cycle, cycle[0]])
    what = f"the nodes {path} feed each other in a circle"
    hint = "Remove one of these edges; a pipeline must have a beginning."
    return Finding("RNL-GRAPH-001", "error", what, hint, Where(cycle[0], "from"))


def _add_nodes(
    assembly: Assembly,
    docs: Mapping[str, NodeDoc],
    prefix: str,
    path: tuple[str | int, ...],
    params: Mapping[str, Any],
    param_types: Mapping[str, str],
    folder: str,
    depth: int,
) -> None:
    for doc in docs.values():
        node = assembly.catalog.get(doc.kind)
        place = path or ("nodes", doc.id)
        if node is None:
            assembly.findings.append(_unknown_kind(assembly.catalog, doc, prefix))
            assembly.broken.add(prefix + doc.id)
            continue
        config, raw, findings = checked_config(node, doc, params, assembly.env)
        assembly.findings.extend(_rooted(finding, prefix) for finding in findings)
        if config is None:
            assembly.broken.add(prefix + doc.id)
            continue
        made = GraphNode(
            id=prefix + doc.id, node=node, config=config, raw=raw, ports=node.ports(config), path=place,
            folder=folder, params=params, param_types=param_types, muted=doc.muted, pinned=doc.pinned,
            after=tuple(prefix + other for other in doc.after), title=doc.title or "",
        )  # fmt: skip
        if not issubclass(node, Composite):
            assembly.nodes[made.id] = made
        elif doc.muted:
            _add_muted(assembly, made, node)
        else:
            _add_composite(assembly, made, node, depth)


def _add_muted(assembly: Assembly, made: GraphNode, node: type[Composite]) -> None:
    """A muted composite is one node with the ports of the whole, which passes on its first input."""
    ports, findings = node.shell(made.config, made.folder, assembly.load)
    assembly.findings.extend(finding.at(node=made.id) for finding in findings)
    if ports is None:
        assembly.broken.add(made.id)
    else:
        assembly.nodes[made.id] = replace(made, ports=ports)


def _add_composite(assembly: Assembly, made: GraphNode, node: type[Composite], depth: int) -> None:
    """Lay out the inner nodes of a composite as `id/inner` and remember what its own ports stand for."""
    if depth >= MAX_DEPTH:
        what = f"{made.id} nests sub-pipelines more than {MAX_DEPTH} deep"
        hint = "A sub-pipeline that runs itself never ends; check the `file` settings."
        assembly.findings.append(Finding("RNL-GRAPH-002", "error", what, hint, Where(made.id, "file")))
        assembly.broken.add(made.id)
        return
    inner, findings = node.expand(made.config, made.folder, assembly.load)
    assembly.findings.extend(finding.at(node=made.id) for finding in findings)
    if inner is None:
        assembly.broken.add(made.id)
        return
    prefix = made.id + "/"
    params = made.params if inner.inherits else inner.params
    types = made.param_types if inner.inherits else inner.param_types
    _add_nodes(assembly, inner.nodes, prefix, made.path, params, types, inner.folder or made.folder, depth + 1)
    _add_edges(assembly, inner.nodes, prefix, inner.inputs)
    assembly.gathers.update(prefix + id for id in inner.gathers)
    _alias_ports(assembly, made, inner, prefix)


def _alias_ports(assembly: Assembly, made: GraphNode, inner: Inner, prefix: str) -> None:
    shell = replace(made, ports=inner.ports or made.ports)
    assembly.nodes.setdefault("\0" + made.id, shell)
    for port, ref in inner.outputs.items():
        node, _, output = ref.partition(".")
        if node in inner.inputs:
            assembly.aliases[(made.id, port)] = ("\0in:" + made.id, node)
            continue
        target = assembly.nodes.get(prefix + node) or assembly.nodes.get("\0" + prefix + node)
        if target is not None:
            assembly.findings.extend(_wrong_port(target, node, port, output, made))
            known = target.ports.output(output) or default_output(target.ports)
            assembly.aliases[(made.id, port)] = (prefix + node, known.name if known else "output")


def _wrong_port(target: GraphNode, node: str, port: str, output: str, made: GraphNode) -> list[Finding]:
    """Say that an output of a composite names a port that its inner node does not have."""
    if not output or target.ports.output(output) is not None:
        return []
    what, hint, close = output_words(target, node, f"the output `{port}` of {made.id} is", output)
    file = getattr(made.config, "file", None)
    if close and file:
        hint += f" Write `outputs: {{{port}: {node}.{close}}}` in {file}."
    return [Finding("RNL-GRAPH-005", "error", what, hint, Where(made.id, "file" if file else None))]


def _own_outputs(assembly: Assembly, outputs: Mapping[str, str]) -> None:
    """Check the ports that the document's own outputs name."""
    for port, ref in outputs.items():
        node, _, output = ref.partition(".")
        target = assembly.nodes.get(node) or assembly.nodes.get("\0" + node)
        if target is None or not output or target.ports.output(output) is not None:
            continue
        what, hint, close = output_words(target, node, f"the output `{port}` is", output)
        edits = (Edit("set", ("outputs", port), f"{node}.{close}"),)
        fix = Fix(f"Use {node}.{close}", edits) if close else None
        assembly.findings.append(Finding("RNL-GRAPH-005", "error", what, hint, Where(None, f"outputs.{port}"), fix))


def _unknown_kind(catalog: Catalog, doc: NodeDoc, prefix: str) -> Finding:
    close = catalog.nearest(doc.kind)
    hint = f"Did you mean `{close}`?" if close else "`runnel nodes list` shows every installed kind."
    fix = Fix(f"Use {close}", (Edit("set", ("nodes", doc.id, "kind"), close),)) if close and not prefix else None
    what = f"there is no node kind `{doc.kind}`"
    return Finding("RNL-GRAPH-003", "error", what, hint, Where(prefix + doc.id, "kind"), fix)


def _rooted(finding: Finding, prefix: str) -> Finding:
    if not prefix:
        return finding
    where = replace(finding.where, node=prefix + (finding.where.node or ""))
    return replace(finding, where=where, fix=None)


def _add_edges(
    assembly: Assembly, docs: Mapping[str, NodeDoc], prefix: str, inputs: Mapping[str, Any] | tuple[()]
) -> None:
    for doc in docs.values():
        target = assembly.nodes.get(prefix + doc.id) or assembly.nodes.get("\0" + prefix + doc.id)
        if target is None:
            assembly.read.update(prefix + wire.node for wire in doc.wires)
            continue
        for index, wire in enumerate(doc.wires):
            if wire.node in inputs:
                holder = prefix[:-1]
                port = resolve_wire(assembly.findings, target, wire, index, len(doc.wires))
                if port:
                    assembly.edges.append(Edge("\0in:" + holder, wire.node, target.id, port))
                continue
            source = assembly.nodes.get(prefix + wire.node) or assembly.nodes.get("\0" + prefix + wire.node)
            port = resolve_wire(assembly.findings, target, wire, index, len(doc.wires))
            output = _output_of(assembly, source, index, doc, prefix) if source else None
            if port and output and source:
                assembly.edges.append(Edge(source.id, output, target.id, port))
            elif wire.node in docs:
                assembly.waiting.add(target.id)


def _output_of(assembly: Assembly, source: GraphNode, index: int, doc: NodeDoc, prefix: str) -> str | None:
    """Return the output port that a wire of `doc` reads, or None after adding a finding."""
    name, target = doc.wires[index].output, prefix + doc.id
    port = default_output(source.ports) if name is None else source.ports.output(name)
    if port is not None:
        return port.name
    if name is None:
        assembly.findings.append(no_output(source, target))
    else:
        assembly.findings.append(_rooted(unknown_output(source, name, doc, index), prefix))
    return None


def _through_aliases(assembly: Assembly) -> tuple[list[Edge], dict[tuple[str, str], tuple[str, str]]]:
    """Replace ports of composites by the inner ports that they stand for, however deep."""
    feeds = {(edge.target, edge.input): edge for edge in assembly.edges}
    shells = {id[1:] for id in assembly.nodes if id.startswith("\0")}

    def origin(source: str, output: str, hops: int = 0) -> tuple[str, str] | None:
        if hops > 10 * MAX_DEPTH:
            return None
        if source.startswith("\0in:"):
            feed = feeds.get((source[4:], output))
            return origin(feed.source, feed.output, hops + 1) if feed else None
        if source in shells:
            alias = assembly.aliases.get((source, output))
            return origin(*alias, hops + 1) if alias else None
        return source, output

    edges: list[Edge] = []
    for edge in assembly.edges:
        if edge.target in shells:
            continue
        found = origin(edge.source, edge.output)
        if found is not None:
            edges.append(Edge(found[0], found[1], edge.target, edge.input))
    aliases = {port: found for port in assembly.aliases if (found := origin(*port)) is not None}
    return edges, aliases
