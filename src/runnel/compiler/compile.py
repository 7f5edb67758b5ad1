"""The compiler's front door: a document becomes a graph, typed nodes, findings, and, without errors, a plan."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from runnel.catalog.registry import Catalog
from runnel.compiler.assemble import FileLoader, assemble
from runnel.compiler.binding import Surroundings
from runnel.compiler.graph import Graph, GraphNode
from runnel.compiler.hints import hints
from runnel.compiler.schema_policy import Recall, Seen, explained, settle
from runnel.compiler.segments import PortKey, build_plan
from runnel.compiler.streams.changing import change_findings
from runnel.compiler.streams.plan import build_stream_plan, is_stream
from runnel.compiler.streams.unbounded import stream_findings, unbounded_nodes
from runnel.compiler.targets import shared_targets
from runnel.compiler.typing import TypedNode, Typist
from runnel.errors import RunnelError
from runnel.model.document import Pipeline
from runnel.model.findings import Finding, Where, has_errors
from runnel.model.hashing import semantic_hash
from runnel.model.params import check_references, resolve_params
from runnel.plan.oracle import TypeOracle
from runnel.plan.shapes import Plan
from runnel.plan.streams import StreamPlan
from runnel.sdk.source import Probe, Source

Prober = Callable[[GraphNode], Probe]
"""Looks at a source (in a worker, or in the sniff cache) and says what it found; raises RunnelError."""


@contextmanager
def _uncollected() -> Generator[None, None, None]:
    """Put off the collection of cycles: compiling makes trees that stay, and looking through them all takes long."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True)
class Compiled:
    """A compiled document: what is known about every node, and what is wrong.

    `seen` says what the sources look like now, `earlier` what they looked like in the last good run.
    """

    pipeline: Pipeline
    graph: Graph
    typed: Mapping[str, TypedNode]
    findings: tuple[Finding, ...]
    folder: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    earlier: Mapping[str, Seen] = field(default_factory=dict)
    plans: dict[tuple[tuple[PortKey, ...] | None, bool], Plan] = field(default_factory=dict, compare=False, repr=False)

    @property
    def valid(self) -> bool:
        """Whether the pipeline can run."""
        return not has_errors(self.findings)

    @_uncollected()
    def plan(self, targets: Iterable[PortKey] | None = None, whole: bool = False) -> Plan:
        """Return the plan of the whole pipeline, or of what some ports need (`whole`: with all their columns)."""
        wanted = None if targets is None else tuple(targets)
        found = self.plans.get((wanted, whole))
        if found is None:
            found = build_plan(
                self.graph, self.typed, pipeline=self.pipeline.name, version=semantic_hash(self.pipeline),
                folder=self.folder, settings=self.settings, targets=wanted, whole=whole,
            )  # fmt: skip
            self.plans[(wanted, whole)] = found
        return found

    @property
    def is_stream(self) -> bool:
        """Whether a run of the pipeline does not end by itself."""
        return is_stream(self.graph)

    @_uncollected()
    def stream_plan(self) -> StreamPlan:
        """Return the plan of a pipeline with a source without end."""
        return build_stream_plan(
            self.graph, self.typed, pipeline=self.pipeline.name, version=semantic_hash(self.pipeline), folder=self.folder,
            settings=self.settings,
        )  # fmt: skip

    def port(self, ref: str) -> PortKey | None:
        """Return (node, port) of a text `node` or `node.port`, or None when there is no such port."""
        held = self._held(ref)
        if held is not None:
            return held
        node, _, port = ref.rpartition(".") if ref not in self.graph.nodes else (ref, "", "")
        if node not in self.graph.nodes:
            return None
        outputs = list(self.typed[node].relations) if node in self.typed else []
        declared = [item.name for item in self.graph.nodes[node].ports.outputs]
        known = declared or outputs
        if not port:
            return (node, known[0]) if known else None
        return (node, port) if port in known else None

    def _held(self, ref: str) -> PortKey | None:
        """Return the inner port of a node that holds others; its first port without a port's name."""
        for (node, port), inner in self.graph.aliases.items():
            if ref in (f"{node}.{port}", node):
                return inner
        return None


class Compiler:
    """Compiles documents; one instance keeps types by content across calls."""

    def __init__(self, catalog: Catalog, oracle: TypeOracle, load: FileLoader) -> None:
        self.catalog = catalog
        self.oracle = oracle
        self.load = load
        self.typist = Typist(oracle)

    @_uncollected()
    def compile(
        self,
        pipeline: Pipeline,
        *,
        folder: str,
        prober: Prober,
        now: datetime,
        params: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        look: Any = None,
        foreign: TypeOracle | None = None,
        recall: Recall | None = None,
    ) -> Compiled:
        """Compile a document; never raises for what is wrong in it, but returns findings."""
        values, findings = resolve_params(pipeline, params or {})
        surroundings = Surroundings(self.oracle, env or {}, now, look, foreign)
        graph = assemble(pipeline, self.catalog, values, env or {}, folder, self.load)
        problems = [*findings, *check_references(pipeline), *graph.findings]
        settings = _settings(pipeline)
        if any(finding.code == "RNL-GRAPH-001" for finding in problems):
            return Compiled(pipeline, graph, {}, _placed(pipeline, problems), folder, settings, values)
        probes, probing = _probe(graph, prober)
        earlier = recall(pipeline.name) if recall is not None and probes else {}
        settled = settle(graph, probes, settings["schema"], earlier, prober, folder)
        graph, probes = settled.graph, settled.probes
        problems += settled.findings
        typed = self.typist.type_graph(graph, surroundings, probes)
        problems += probing
        failed = {finding.where.node for finding in probing}
        for id, item in typed.items():
            problems += [found for found in item.findings if not (id in failed and found.code == "RNL-SOURCE-001")]
        problems += shared_targets(graph, folder)
        unbounded = unbounded_nodes(graph)
        problems += [*stream_findings(graph, unbounded), *change_findings(graph, typed, unbounded)]
        problems += hints(graph, typed)
        found = _placed(pipeline, explained(problems, settled))
        return Compiled(pipeline, graph, typed, found, folder, settings, values, settled.seen, earlier)


def _probe(graph: Graph, prober: Prober) -> tuple[dict[str, Probe], list[Finding]]:
    probes: dict[str, Probe] = {}
    findings: list[Finding] = []
    for id, node in graph.nodes.items():
        if not issubclass(node.node, Source):
            continue
        try:
            probes[id] = prober(node)
        except RunnelError as error:
            where = Where(id, error.where.get("field"))
            findings.append(Finding(error.code, "error", error.what, error.hint, where))
    return probes, findings


def _settings(pipeline: Pipeline) -> dict[str, Any]:
    settings = pipeline.settings
    return {
        "counts": settings.counts, "decode": settings.decode, "schema": settings.schema, "memory": settings.memory,
        "timeout_seconds": settings.timeout_seconds, "seed": settings.seed,
        "lanes": settings.lanes,
        "dead_letters": {
            "max_count": settings.dead_letters.max_count, "max_share": settings.dead_letters.max_share,
        },
    }  # fmt: skip


def _placed(pipeline: Pipeline, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give every finding the line of the file where its node or field stands, and drop doubles."""
    seen: set[tuple[str, str | None, str | None, str]] = set()
    made: list[Finding] = []
    for finding in findings:
        key = (finding.code, finding.where.node, finding.where.field, finding.what)
        if key not in seen:
            seen.add(key)
            made.append(_with_line(pipeline, finding))
    return tuple(made)


def _with_line(pipeline: Pipeline, finding: Finding) -> Finding:
    node = finding.where.node
    if node is None or finding.where.line is not None:
        return finding
    outer = node.split("/")[0]
    places: list[tuple[str | int, ...]] = [("nodes", outer)]
    if finding.where.field and outer == node:
        parts = finding.where.field.split(".")
        places = [
            ("nodes", outer, "config", *(int(part) if part.isdigit() else part for part in parts)),
            ("nodes", outer, "config", *parts),
            ("nodes", outer, "config", parts[0]),
            ("nodes", outer, parts[0]),
            *places,
        ]
    for place in places:
        spot = pipeline.lines.get(place)
        if spot is not None:
            return replace(finding, where=replace(finding.where, line=spot[0], column=spot[1]))
    return finding
