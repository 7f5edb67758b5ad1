"""What the processes of a stream are made of: the engine with the tables that it holds, readers of sources, targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runnel.app import worker
from runnel.app.streams.tapping import TappedEngine
from runnel.connectors.decoding.shapes import StrictDecoder, names_of
from runnel.engines.duckdb.folding import folding_connection
from runnel.engines.duckdb.storage import reading_query
from runnel.engines.duckdb.streaming import DuckStreamEngine
from runnel.errors import InternalError
from runnel.plan.streams import StreamPlan, StreamScan
from runnel.runtime.stream.asking import Asking
from runnel.runtime.stream.held import FOLDER, Tables, tables_from_json
from runnel.runtime.stream.intake import OpenSource
from runnel.runtime.stream.outbox import SinkThread
from runnel.runtime.stream.sources import SourceThread
from runnel.sandbox import TaskContext, connect_locked
from runnel.sdk.asking import AskingContext, AskingNode
from runnel.sdk.delivery import DeliveryContext, StreamSink
from runnel.sdk.source import Probe
from runnel.sdk.streaming import Decoded, Decoder, Records, StreamContext, StreamSource
from runnel.store.stream_delta import StreamDatasets

MEMORY_SHARE = 0.6


def open_engine(payload: Mapping[str, Any], context: TaskContext) -> TappedEngine:
    """Return an engine that is locked to what the process may read, holding the tables that end."""
    import duckdb

    readable = [str(path) for path in context.grant.read]
    connection = connect_locked(
        duckdb, memory_bytes=int((context.limits.memory_bytes or worker.DEFAULT_MEMORY_BYTES) * MEMORY_SHARE),
        threads=int(payload.get("threads", 1)), spill_folder=payload["scratch"],
        folders=[*readable, str(Path(payload["folder"]) / FOLDER)], files=readable,
        settings={"enable_profiling": "no_output", "disabled_optimizers": "common_subexpressions"},
    )  # fmt: skip
    engine = TappedEngine(connection)
    holding(engine, payload)(tables_from_json(payload["held"]))
    return engine


def holding(engine: DuckStreamEngine, payload: Mapping[str, Any]) -> Callable[[Tables], None]:
    """Return what gives an engine tables that end, from their files in the stream's folder."""
    plans = [plan["plan"] for plan in (payload["plan"], payload.get("traced")) if plan]
    columns = {segment["id"]: segment["columns"] for plan in plans for segment in plan["segments"]}

    def hold(tables: Tables) -> None:
        for id, table in tables.items():
            query = reading_query([str(Path(payload["folder"]) / table.file)], columns[id])
            engine.hold(id, engine.connection.sql(query).to_arrow_table())

    return hold


def poison_of(payload: Mapping[str, Any]) -> dict[tuple[str, str, int], str]:
    """Return the records that end a process, with the reason, by source, partition and position."""
    return {(node, partition, at): reason for node, partition, at, reason in payload["poison"]}


def open_sources(plan: StreamPlan, payload: Mapping[str, Any], engine: DuckStreamEngine) -> dict[str, OpenSource]:
    """Return the sources with their readers and decoders; nothing is opened yet."""
    made: dict[str, OpenSource] = {}
    for scan in plan.scans:
        source = source_of(scan)
        probe = Probe.from_json(scan.probe)
        reader = source.reader(context_of(scan, plan, payload), probe)
        thread = SourceThread(scan.node, reader)
        if payload["most_records"] is not None:
            thread.most_records = int(payload["most_records"])
        decoder = source.decoder(probe, _decoded(scan, probe))
        if decoder is not None and scan.config.get("schema_change") == "dead_letter":
            decoder = StrictDecoder(decoder, frozenset(probe.columns))
        if decoder is not None and not payload["careful"]:
            thread.decode = _decoding(decoder, engine.beside())
            thread.names = names_of
        made[scan.node] = OpenSource(scan, thread, decoder)
    return made


def source_of(scan: StreamScan) -> StreamSource:
    """Return the node of a source."""
    source = _node(scan.kind, scan.config, scan.node)
    assert isinstance(source, StreamSource)
    return source


def _decoding(decoder: Decoder, engine: DuckStreamEngine) -> Callable[[Records], Decoded]:
    return lambda records: engine.decode(decoder, records.table)


def _decoded(scan: StreamScan, probe: Probe) -> dict[str, str]:
    """Return the columns that are decoded: those that anything uses, and the one that says when."""
    timed = scan.config.get("event_time")
    return {name: type for name, type in probe.columns.items() if name in scan.columns or name == timed}


def context_of(scan: StreamScan, plan: StreamPlan, payload: Mapping[str, Any]) -> StreamContext:
    """Return what a reader is given."""
    given = payload["outside"].get(scan.node, {})
    identity = f"runnel-{plan.plan.pipeline}-{scan.node}{payload.get('beside', '')}"
    return StreamContext(
        pipeline=plan.plan.pipeline, node=scan.node, identity=identity,
        folder=plan.plan.folder, home=payload["home"], connections=given.get("connections", {}),
        secrets=given.get("secrets", {}), logs=_logs(payload), egress=payload.get("egress"), datasets=_datasets(payload),
        lane=int(payload.get("lane", 0)), lanes=int(payload.get("lanes", 1)), place=plan.scans.index(scan),
    )  # fmt: skip


def _datasets(payload: Mapping[str, Any]) -> StreamDatasets:
    places, scratch = payload["datasets"], payload["scratch"]
    return StreamDatasets(places, lambda: folding_connection(scratch, list(places.values())), scratch)


def _logs(payload: Mapping[str, Any]) -> Any:
    from runnel.store.log.project import ProjectLogs

    return ProjectLogs(Path(payload["home"]))


def open_sinks(plan: StreamPlan, payload: Mapping[str, Any]) -> dict[str, SinkThread]:
    """Return the targets, each with its thread; nothing is opened yet."""
    made: dict[str, SinkThread] = {}
    lease = payload["lease"]
    datasets = _datasets(payload)
    for effect in plan.plan.effects:
        if effect.kind.startswith("chart."):
            continue
        sink = _node(effect.kind, effect.config, effect.node)
        assert isinstance(sink, StreamSink)
        given = payload["outside"].get(effect.node, {})
        context = DeliveryContext(
            app=f"{lease['incarnation']}-{effect.node}", token=lease["token"], pipeline=plan.plan.pipeline, node=effect.node,
            folder=plan.plan.folder, home=payload["home"], types=effect.columns, connections=given.get("connections", {}),
            secrets=given.get("secrets", {}), datasets=datasets, egress=payload.get("egress"), scratch=payload["scratch"],
        )  # fmt: skip
        made[effect.node] = SinkThread(effect.node, sink.delivery(context), sink.most_per_second)
    return made


def open_asking(plan: StreamPlan, payload: Mapping[str, Any]) -> dict[str, Asking]:
    """Return what asks other systems, by node; nothing is opened yet."""
    made: dict[str, Asking] = {}
    for step in plan.steps:
        if step.asks is None:
            continue
        node = _node(step.kind, step.config, step.node)
        assert isinstance(node, AskingNode)
        connections = payload["outside"].get(step.node, {}).get("connections", {})
        context = AskingContext(step.node, connections, payload.get("egress"), payload["scratch"])
        made[step.node] = Asking(node.asker(context), node.when_silent, node.tries)
    return made


def _node(kind: str, config: Mapping[str, Any], id: str) -> Any:
    node = worker.catalog().get(kind)
    if node is None:
        raise InternalError("RNL-WORKER-001", f"the worker knows no node kind {kind}")
    return node(node.Config.model_validate(config), {}, id)
