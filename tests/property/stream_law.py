"""The law of streams, ready to be tried: bounded rows cut anyhow, with deaths between, must give what they give at once."""

from __future__ import annotations

import math
import random
import socket
import tempfile
import threading
import time
import weakref
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from runnel.catalog import Catalog, discover
from runnel.compiler.compile import Compiled, Compiler
from runnel.engines.duckdb.functions import register_functions
from runnel.engines.duckdb.oracle import DuckOracle
from runnel.engines.duckdb.streaming import DuckStreamEngine
from runnel.model.loading import load_text
from runnel.runtime.stream.channel import Channel
from runnel.runtime.stream.checkpoints import Letters, Row
from runnel.runtime.stream.clocks import SourceClock
from runnel.runtime.stream.committing import commit
from runnel.runtime.stream.intake import Intake, OpenSource
from runnel.runtime.stream.lane import Lane
from runnel.runtime.stream.lanes import FarLane
from runnel.runtime.stream.outbox import SinkThread
from runnel.runtime.stream.pausing import Paused
from runnel.runtime.stream.run import StreamOptions, StreamRun
from runnel.runtime.stream.sources import SourceThread
from runnel.sandbox.failure import unpack
from runnel.sdk.delivery import Delivered, EpochRows
from runnel.sdk.source import Probe
from runnel.sdk.streaming import METADATA, Position, Records, StreamConfig, StreamSource

MOMENT = pa.timestamp("us", "UTC")
TYPES: dict[str, Mapping[str, str]] = {}
ROWS: dict[str, list[tuple[str, dict[str, Any]]]] = {}


class GivenSource(StreamSource):
    """A source whose records a test gives: (partition, row) in the order of their arrival."""

    kind = "source.given"
    title = "Given"
    summary = "Rows of a test"
    icon = "box"

    class Config(StreamConfig):
        """The name of the rows."""

        name: str

    def identity(self, folder: str) -> str:
        """Rows are given under their name."""
        return self.config.name

    def probe(self, connection: Any, folder: str) -> Probe:
        """Return the types that the test gives."""
        return Probe(TYPES[self.config.name])


def catalog() -> Catalog:
    """Return every installed node and the given source."""
    return Catalog({**discover().nodes, GivenSource.kind: GivenSource})


@dataclass
class Case:
    """A pipeline whose sources are given, compiled; `ports` are those whose rows are compared: sink → text of its port."""

    compiled: Compiled
    sinks: tuple[str, ...]
    folder: Path
    seed: int = 0
    rows: Mapping[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)


def compiled(document: str, given: Mapping[str, tuple[Mapping[str, str], list[tuple[str, dict[str, Any]]]]]) -> Case:
    """Compile a pipeline over given sources: name → (types, rows)."""
    for name, (types, rows) in given.items():
        TYPES[name], ROWS[name] = types, rows
    pipeline, findings = load_text(document)
    assert pipeline is not None, findings

    def probe(node: Any) -> Probe:
        return node.node(node.config, {}, node.id).probe(duckdb.connect(), ".")

    compiler = Compiler(catalog(), DuckOracle(), lambda path, folder: (None, (), folder))
    made = compiler.compile(pipeline, folder=".", prober=probe, now=datetime(2026, 1, 1, tzinfo=UTC))
    wrong = [finding for finding in made.findings if finding.severity == "error"]
    assert not wrong, wrong
    sinks = tuple(id for id, node in made.graph.nodes.items() if node.kind == "sink.dataset")
    return Case(made, sinks, Path(tempfile.mkdtemp(prefix="runnel-law-")), rows={name: given[name][1] for name in given})


def engine() -> DuckStreamEngine:
    connection = duckdb.connect(
        ":memory:", config={"threads": "1", "disabled_optimizers": "common_subexpressions"}
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_profiling = 'no_output'")
    return DuckStreamEngine(connection)


def hold_bounded(case: Case, made: DuckStreamEngine, counts: dict[tuple[str, str], int] | None = None) -> None:
    """Open the sources that end, and let an engine hold what their segments give; notes the rows of their ports."""
    plan = case.compiled.stream_plan()
    for segment in (segment for segment in plan.plan.segments if segment.id in plan.bounded):
        for scan in segment.scans:
            node = case.compiled.graph.nodes[scan.node]
            source = node.node(node.config, {}, node.id)
            opened = source.open(made.connection, Probe.from_json(scan.probe), scan.columns, None)
            made.connection.execute(f'CREATE OR REPLACE VIEW "{scan.view}" AS SELECT * FROM {opened.sql}')
            if counts is not None:
                counts[(scan.node, segment.port if segment.node == scan.node else "output")] = opened.rows
        made.hold(segment.id, made.connection.sql(segment.sql()).to_arrow_table())


def records_of(name: str, partition: str, start: int, rows: Sequence[dict[str, Any]]) -> Records:
    """Return rows of a partition as its reader would give them."""
    types = TYPES[name]
    schema = engine_schema(types)
    columns = {column: pa.array([row.get(column) for row in rows], schema.field(column).type) for column in types}
    columns["_position"] = pa.array(range(start, start + len(rows)), pa.int64())
    columns["_ingest_time"] = pa.array([datetime(2026, 6, 1, tzinfo=UTC)] * len(rows), MOMENT)
    table = pa.table(columns)
    return Records(partition, table, Position(start + len(rows)), bytes=table.nbytes)


_SCHEMAS: dict[tuple[Any, ...], pa.Schema] = {}


def engine_schema(types: Mapping[str, str]) -> pa.Schema:
    key = tuple(types.items())
    if key not in _SCHEMAS:
        _SCHEMAS[key] = engine().schema(types)
    return _SCHEMAS[key]


class Silent:
    """A target that holds nothing, so that outboxes keep every epoch."""

    def open(self) -> Delivered:
        return Delivered(0)

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        return Delivered(0)

    def close(self) -> None:
        pass


class NoReader:
    """A reader that is never polled: records are handed to the run directly."""

    def partitions(self) -> Sequence[str]:
        return []

    def open(self, positions: Any) -> None:
        pass

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        time.sleep(wait_seconds)
        return ()

    def ends(self) -> Mapping[str, int]:
        return {}

    def release(self, positions: Any) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Memory:
    """Rows in memory, written in the JSON form that a store keeps."""

    row: dict[str, Any] | None = None
    letters: Counter[str] = field(default_factory=Counter)

    def load(self) -> Row:
        return Row.from_json(self.row) if self.row else Row("law")

    def requests(self) -> Sequence[Any]:
        return ()

    def entered(self, ids: Sequence[str]) -> Sequence[Any]:
        return ()

    def commit(self, row: Row, letters: Letters | None, entered: Sequence[str] = ()) -> None:
        import json

        assert row.epoch == (self.row["epoch"] if self.row else 0) + 1
        self.row = json.loads(json.dumps(row.to_json()))
        for node, count in (letters.counts if letters else {}).items():
            self.letters[node] += count

    def beat(self) -> str:
        return "running"

    def paused(self) -> Paused:
        return Paused()

    def mended(self, epoch: int, file: Any) -> None:
        pass

    def needed(self) -> set[str]:
        return set()


def given_sources(case: Case) -> dict[str, OpenSource]:
    """Return sources whose records are put into their queues by hand."""
    scans = case.compiled.stream_plan().scans
    return {scan.node: OpenSource(scan, SourceThread(scan.node, NoReader()), None) for scan in scans}  # type: ignore[arg-type]


class LawLanes:
    """Lanes as a stream has them, each on its own engine and thread; records are dealt out by partition."""

    def __init__(self, case: Case, count: int) -> None:
        self.near: list[FarLane] = []
        self.lanes: list[Lane] = []
        self.threads: list[threading.Thread] = []
        for number in range(count):
            near, far = socket.socketpair()
            made = engine()
            hold_bounded(case, made)
            lane = Lane(
                case.compiled.stream_plan(), given_sources(case), made, Channel(far.detach()), 10_000,
                lambda node, partition, number=number: self.of(partition) == number, {},
            )  # fmt: skip
            thread = threading.Thread(target=lane.serve, daemon=True)
            thread.start()
            self.threads.append(thread)
            self.lanes.append(lane)
            self.near.append(FarLane(number, Channel(near.detach()), unpack))

    def join(self) -> None:
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()

    def of(self, partition: str) -> int:
        return zlib.crc32(partition.encode()) % len(self.lanes)

    def put(self, batch: Sequence[tuple[str, Records]]) -> None:
        for node, records in batch:
            number = self.of(records.partition)
            self.lanes[number].intake.sources[node].thread.queued.append(records)
            self.near[number].waiting = True


LANES: weakref.WeakKeyDictionary[StreamRun, LawLanes] = weakref.WeakKeyDictionary()


def fresh_run(case: Case, memory: Memory, lanes: int = 1) -> StreamRun:
    """Return a run that recovered from what is kept."""
    plan = case.compiled.stream_plan()
    sources = given_sources(case)
    sinks = {id: SinkThread(id, Silent(), 1000) for id in case.sinks}
    options = StreamOptions(folder=case.folder, deltas_per_base=3, clock=lambda: 1_780_000_000.0)
    made = engine()
    beside = LawLanes(case, lanes) if lanes > 1 else None
    run = StreamRun(plan, sources, sinks, made, memory, options, lanes=beside.near if beside else ())
    run.recover()
    hold_bounded(case, made, run.counters.ports)
    for node, found in run.row.place.positions.items():
        run.intake._positions[node] = {name: Position.from_json(data) for name, data in found.items()}
    for scan in plan.scans:
        for partition in {partition for partition, _ in case.rows[scan.config["name"]]}:
            run.intake.clocks[scan.node].join(partition)
    if beside is not None:
        LANES[run] = beside
        run.intake.start(run.row.place.positions)
    return run


def cycled(run: StreamRun, batch: Sequence[tuple[str, Records]]) -> None:
    """Let a run take records, or its lanes where it has some."""
    if run not in LANES:
        return run.cycle(batch)
    LANES[run].put(batch)
    while tokens := run.intake.take(1, 1):
        run.cycle(tokens)


def streamed(case: Case, seed: int, deaths: bool = True) -> tuple[dict[str, Counter[Any]], StreamRun, Memory]:
    """Run a case cut at random, with random commits and deaths; returns the rows of each sink."""
    random_ = random.Random(seed)
    memory = Memory()
    lanes = (1, 2, 1, 3)[seed % 4]
    run = fresh_run(case, memory, lanes)
    while True:
        batch = _next(case, run, random_)
        if not batch:
            break
        cycled(run, batch)
        if random_.random() < 0.4:
            commit(run)
            _wait_for_base(run, random_)
        if deaths and random_.random() < 0.15:
            _end(run)
            run = fresh_run(case, memory, lanes)
    run.closing = True
    run.cycle([])
    commit(run, finished=True)
    _end(run)
    return {id: _parcels(run, id) for id in case.sinks}, run, memory


def _end(run: StreamRun) -> None:
    if run in LANES:
        run.intake.close()
        LANES[run].join()
        for lane in LANES[run].lanes:
            lane.engine.close()
    run.engine.close()


def _wait_for_base(run: StreamRun, random_: random.Random) -> None:
    """Let a base sometimes be ready for the next row, sometimes not."""
    if run.bases._thread is not None and random_.random() < 0.5:
        run.bases._thread.join()


def _next(case: Case, run: StreamRun, random_: random.Random) -> list[tuple[str, Records]]:
    """Return some records of some partitions, in their order."""
    found: list[tuple[str, Records]] = []
    left: list[tuple[str, str, list[dict[str, Any]], int]] = []
    for scan in run.plan.scans:
        rows = case.rows[scan.config["name"]]
        for partition in sorted({partition for partition, _ in rows}):
            mine = [row for part, row in rows if part == partition]
            at = run.intake._positions[scan.node].get(partition, Position(0)).next
            if at < len(mine):
                left.append((scan.node, partition, mine, at))
    if not left:
        return []
    for node, partition, mine, at in random_.sample(left, random_.randint(1, len(left))):
        count = random_.choice([1, 1, 2, 3, 5, 8, 40])
        name = next(scan.config["name"] for scan in run.plan.scans if scan.node == node)
        found.append((node, records_of(name, partition, at, mine[at : at + count])))
    return found


def _parcels(run: StreamRun, id: str) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for parcel in run.row.outboxes.get(id, ()):
        found.update(_rows(run.loader(parcel, id)().rows))
    return found


def at_once(case: Case) -> dict[str, Counter[Any]]:
    """Return the rows of each sink as a batch over all rows gives them, through the nodes' own `relate`."""
    made = engine()
    plan = case.compiled.plan()
    hold_bounded(case, made)
    for segment in plan.segments:
        for scan in (scan for scan in segment.scans if scan.kind == GivenSource.kind):
            made.connection.register(scan.view, _whole(case, scan.node, scan.config, made))
    results: dict[str, pa.Table] = {}
    bounded = case.compiled.stream_plan().bounded
    for segment in (segment for segment in plan.segments if segment.id not in bounded):
        register_functions(made.connection, segment.sql())
        results[segment.id] = made.connection.sql(segment.sql()).to_arrow_table()
        made.connection.register(segment.id, results[segment.id])
    made.close()
    return {effect.node: Counter(_rows(results[effect.segment])) for effect in plan.effects if effect.node in case.sinks}


def _whole(case: Case, node: str, config: Mapping[str, Any], made: DuckStreamEngine) -> pa.Table:
    """Return all rows of a source with their metadata, each with its partition's watermark."""
    plan = case.compiled.stream_plan()
    scan = next(scan for scan in plan.scans if scan.node == node)
    import dataclasses

    probe = Probe.from_json(scan.probe)
    everything = dataclasses.replace(
        scan, columns=dict(probe.columns), metadata={name: type for name, type in METADATA.items() if name not in probe.columns}
    )
    whole_plan = dataclasses.replace(plan, scans=(everything,))
    source = OpenSource(everything, SourceThread(node, NoReader()), None)  # type: ignore[arg-type]

    from runnel.runtime.stream.letters import EpochLetters

    intake = Intake(whole_plan, {node: source}, made, EpochLetters(), threading.Event())
    rows = case.rows[config["name"]]
    batch = [
        (node, records_of(config["name"], partition, 0, [row for part, row in rows if part == partition]))
        for partition in sorted({partition for partition, _ in rows})
    ]
    return intake.read(batch, 1_780_000_000_000_000).tables[scan.view]


def _rows(table: pa.Table) -> list[Any]:
    return [tuple((name, _plain(value)) for name, value in row.items()) for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    """Round what may differ in the last digits of sums over DOUBLE."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else float(f"{value:.9g}")
    if isinstance(value, Decimal):
        return float(f"{value:.9g}") if value != value.to_integral_value() else int(value)
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return tuple((key, _plain(item)) for key, item in value.items())
    return value


def check_law(case: Case, seeds: Sequence[int]) -> None:
    """Compare every cutting with the batch; raises AssertionError with the first difference."""
    wanted = at_once(case)
    for seed in seeds:
        got, run, _ = streamed(case, seed)
        for sink, rows in wanted.items():
            missing, extra = rows - got[sink], got[sink] - rows
            assert not missing and not extra, f"seed {seed}, {sink}: missing {list(missing)[:3]}, too many {list(extra)[:3]}"
        ledger = run.ledger()
        assert ledger.balanced, ledger.findings
        run.bases.close()


__all__ = ["Case", "SourceClock", "at_once", "check_law", "compiled", "streamed"]
