"""The near end of a stream: takes records from readers, decodes them, and keeps event time."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from runnel.plan.streams import StreamPlan, StreamScan
from runnel.runtime.stream.arrow import pc
from runnel.runtime.stream.clocks import MOMENT, SourceClock, least_watermark
from runnel.runtime.stream.engine import StreamEngine
from runnel.runtime.stream.held import Tables
from runnel.runtime.stream.letters import EpochLetters
from runnel.runtime.stream.sources import Seen, SourceThread
from runnel.runtime.stream.spending import Spending, summed
from runnel.sdk.streaming import METADATA, UNKNOWN_END, Decoder, Position, Records

UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}


@dataclass(frozen=True)
class OpenSource:
    """A source without end, ready to be read: its reader, its decoder, and the settings of its event time."""

    scan: StreamScan
    thread: SourceThread
    decoder: Decoder | None


@dataclass
class Taken:
    """What became of some records: tables by name, rows by (node, port) that were counted, and how much there was.

    Where lanes computed, `done` names the segments that need not be computed, `absorbed` holds rows that are fit for the
    state of a step, and `ports` what its ports give of these records.
    """

    tables: dict[str, pa.Table]
    counts: dict[tuple[str, str], int]
    records: int = 0
    bytes: int = 0
    done: frozenset[str] = frozenset()
    absorbed: Mapping[str, pa.Table] = field(default_factory=dict)
    ports: Mapping[str, Mapping[str, pa.Table]] = field(default_factory=dict)


@dataclass
class Intake:
    """Takes records in, source by source; positions and clocks move when a batch was decoded."""

    plan: StreamPlan
    sources: Mapping[str, OpenSource]
    engine: StreamEngine
    letters: EpochLetters
    signal: threading.Event
    poison: Mapping[tuple[str, str, int], str] = field(default_factory=dict)
    clocks: dict[str, SourceClock] = field(default_factory=dict)
    _positions: dict[str, dict[str, Position]] = field(default_factory=dict)
    _settled: dict[str, int | None] = field(default_factory=dict)
    _paused: dict[str, list[str]] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    """Sources of which nothing is taken, because the wire behind them is paused."""
    spending: Spending = field(default_factory=Spending)
    fresh: bool = False
    """Whether a partition was placed that no row knows yet: where a stream begins to read must be durable."""

    def __post_init__(self) -> None:
        for node, source in self.sources.items():
            config = source.scan.config
            delay, idle = config.get("watermark_delay_seconds", 0), config.get("idle_timeout_seconds", 30)
            self.clocks[node] = SourceClock(round(delay * 1_000_000), float(idle))
            self._positions[node] = {}

    def restore(self, clocks: Mapping[str, Mapping[str, Any]], settle: bool = True) -> None:
        """Take over the clocks of a checkpoint; without `settle` the next batch sees the watermarks as moved."""
        for node, data in clocks.items():
            if node in self.clocks:
                self.clocks[node].restore(data)
        if settle:
            self.settle_watermarks()

    def stands_at(self, wanted: Mapping[str, Mapping[str, Position]]) -> bool:
        """Tell whether everything before these positions was decoded."""
        return all(
            self._positions.get(node, {}).get(name, Position(-1)).next >= at.next
            for node, found in wanted.items() for name, at in found.items()
        )  # fmt: skip

    def place(self, positions: Mapping[str, Mapping[str, Position]]) -> None:
        """Note positions as a checkpoint has them."""
        for node, found in positions.items():
            self._positions[node] = dict(found)

    def start(self, positions: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin to read where a checkpoint says."""
        for node, source in self.sources.items():
            known = {name: Position.from_json(data) for name, data in positions.get(node, {}).items()}
            self._positions[node] = dict(known)
            source.thread.start(known, self.signal)
            for partition in source.thread.partitions:
                self.clocks[node].join(partition)

    def take(self, most_bytes: int, most_rows: int) -> list[tuple[str, Records]]:
        """Return what has arrived, up to a limit."""
        found: list[tuple[str, Records]] = []
        size = rows = 0
        for node, source in self.sources.items():
            if node in self.held:
                continue
            while size < most_bytes and rows < most_rows and (records := source.thread.take()) is not None:
                if records.table.num_rows:
                    found.append((node, records))
                    size += records.bytes
                    rows += records.table.num_rows
                else:
                    self.clocks[node].rest(records.partition, time.monotonic(), records.at_end)
                    self.fresh = self.fresh or records.partition not in self._positions[node]
                    self._positions[node][records.partition] = records.position
        return found

    @property
    def behind(self) -> bool:
        """Whether more has arrived than was taken."""
        return any(source.thread.queued for node, source in self.sources.items() if node not in self.held)

    def hold(self, held: bool, sources: frozenset[str] = frozenset()) -> None:
        """Keep the readers from reading on, all or some; of those `sources` nothing is taken either that was read."""
        self.held = sources
        for node, source in self.sources.items():
            source.thread.hold = held or node in sources
            if source.thread.hold:
                self.clocks[node].hold()

    def spent(self) -> dict[str, float]:
        """Return the seconds in which the records of each source were decoded, and made rows."""
        return summed(self.spending.seconds, {node: source.thread.spent for node, source in self.sources.items()})

    def together(self) -> dict[str, list[str]]:
        """Return the nodes that something beside this process computes at once."""
        return {}

    def keep_together(self) -> None:
        """Hold back the partitions that are further ahead in event time than their source's longest lead allows."""
        paused = self._too_far_ahead()
        if paused != self._paused:
            self._paused = paused
            self._pause(paused)

    def _too_far_ahead(self) -> dict[str, list[str]]:
        limits = {node: source.scan.config.get("max_lead_seconds") for node, source in self.sources.items()}
        limits = {node: round(float(limit) * 1_000_000) for node, limit in limits.items() if limit is not None}
        if not limits:
            return {}
        newest = [
            clock.newest for source in self.clocks.values() for clock in source.partitions.values()
            if not clock.idle and clock.newest is not None
        ]  # fmt: skip
        slowest = min(newest, default=0)
        return {
            node: [
                name for name, clock in self.clocks[node].partitions.items()
                if clock.newest is not None and clock.newest - slowest > limit
            ]
            for node, limit in limits.items()
        }  # fmt: skip

    def _pause(self, paused: Mapping[str, Sequence[str]]) -> None:
        for node, names in paused.items():
            self.sources[node].thread.paused = tuple(names)

    def check(self) -> None:
        """Raise what ended a reader."""
        for node, source in self.sources.items():
            if source.thread.error is not None:
                raise source.thread.error.at(node=node)

    def read(self, batch: Sequence[tuple[str, Records]], now: int) -> Taken:
        """Return the rows of each source's view; records that cannot be decoded become dead letters."""
        made: dict[str, list[pa.Table]] = {node: [] for node in self.sources}
        for node, records in batch:
            if self.poison:
                records = self._without_poison(node, records)
            with self.spending.of(node):
                rows = self.rows_of(self.sources[node], records, now, moves=True)
            self._positions[node][records.partition] = records.position
            if rows.num_rows:
                made[node].append(rows)
        tables = {
            source.scan.view: pa.concat_tables(made[node], promote_options="default") if made[node]
            else self.engine.schema({**source.scan.columns, **source.scan.metadata}).empty_table()
            for node, source in self.sources.items()
        }  # fmt: skip
        counts = {(scan.node, scan.port): tables[scan.view].num_rows for scan in self.plan.scans}
        records = sum(records.table.num_rows for _, records in batch)
        return Taken(tables, counts, records, sum(records.bytes for _, records in batch))

    def rows_of(
        self, source: OpenSource, records: Records, now: int, given_watermark: int | None = None, moves: bool = False
    ) -> pa.Table:
        """Return the rows of records with all that segments read.

        With `moves` they move their partition's clock; else their watermark is the given one, and no clock moves.
        """
        scan, rows = source.scan, records.table
        if source.decoder is not None:
            decoded = records.decoded or self.engine.decode(source.decoder, records.table)
            for number, reason in decoded.refused:
                self._refuse(scan, records, records.table, number, reason)
            rows = decoded.rows
        rows = _complete(rows, records.partition, scan.node, now)
        rows = rows.append_column("_time", _event_times(rows, scan.config))
        rows = self._timed(scan, records, rows)
        if not rows.num_rows:
            marks = pa.array([], MOMENT)
        elif moves:
            marks = self.clocks[scan.node].pass_records(records.partition, rows.column("_time"))
        else:
            marks = _same(given_watermark, pa.int64(), rows.num_rows).cast(MOMENT)
        rows = rows.append_column("_watermark", marks)
        if "_event_time" in rows.column_names:
            rows = rows.drop_columns(["_event_time"])
        rows = rows.rename_columns([_renamed(name) for name in rows.column_names])
        columns = {**scan.columns, **scan.metadata}
        return rows.select(list(columns)).cast(self.engine.schema(columns))

    def _timed(self, scan: StreamScan, records: Records, rows: pa.Table) -> pa.Table:
        """Leave out rows without a time, and those whose time lies too far in the future: they would close all windows."""
        times = rows.column("_time")
        ahead = round(float(scan.config.get("max_ahead_seconds", 3600)) * 1_000_000)
        arrived = pc.cast(rows.column("_ingest_time"), pa.int64())
        far = pc.fill_null(pc.greater(pc.cast(times, pa.int64()), pc.add(arrived, ahead)), False)
        none = pc.is_null(times)
        bad = pc.or_(far, none)
        if not pc.any(bad).as_py():
            return rows
        named = scan.config.get("event_time") or "_event_time"
        for number in pc.indices_nonzero(bad).to_pylist():
            row = rows.slice(number, 1)
            late = f"its time ({named}) is {row.column('_time')[0].as_py()}, long after it arrived"
            reason = late if far[number].as_py() else f"it has no time ({named})"
            self._refuse_row(scan, row, reason)
        return rows.filter(pc.invert(bad))

    def _without_poison(self, node: str, records: Records) -> Records:
        """Leave out the records that are known to kill the process; they become dead letters."""
        positions = records.table.column("_position").to_pylist()
        reasons = {number: self.poison.get((node, records.partition, at)) for number, at in enumerate(positions)}
        bad = {number: reason for number, reason in reasons.items() if reason is not None}
        if not bad:
            return records
        scan = self.sources[node].scan
        for number, reason in bad.items():
            if "value" in records.table.column_names:
                self._refuse(scan, records, records.table, number, reason)
            else:
                row = records.table.slice(number, 1)
                if "_partition" not in row.column_names:
                    row = row.append_column("_partition", pa.array([records.partition], pa.string()))
                self._refuse_row(scan, row, reason)
        kept = pa.array([number not in bad for number in range(len(positions))])
        return replace(records, table=records.table.filter(kept), decoded=None)

    def _refuse(self, scan: StreamScan, records: Records, raw: pa.Table, number: int, reason: str) -> None:
        value = raw.column("value")[number].as_py()
        data = value if isinstance(value, bytes) else ("" if value is None else str(value)).encode("utf-8", "surrogatepass")
        position = {"partition": records.partition, "position": raw.column("_position")[number].as_py()}
        self.letters.refuse(scan.node, data, reason, position, False)

    def _refuse_row(self, scan: StreamScan, row: pa.Table, reason: str) -> None:
        import json

        names = [name for name in row.column_names if not name.startswith("_")]
        data = json.dumps(row.select(names).to_pylist()[0], default=str, ensure_ascii=False).encode()
        position = {name[1:]: row.column(name)[0].as_py() for name in ("_partition", "_position")}
        self.letters.refuse(scan.node, data, reason, position, True)

    # -- event time

    def watermark(self, sources: Sequence[str]) -> int | None:
        """Return the watermark that holds for what several sources give."""
        return least_watermark(self.clocks[node] for node in sources)

    def watermarks_moved(self) -> bool:
        """Move the watermarks on; returns whether one moved since the last batch."""
        return any(clock.advance() != self._settled.get(node) for node, clock in self.clocks.items())

    def settle_watermarks(self) -> None:
        """Note that a batch saw the watermarks as they are."""
        self._settled = {node: clock.watermark for node, clock in self.clocks.items()}

    # -- positions

    def positions(self) -> dict[str, dict[str, Any]]:
        """Return where each partition is read on."""
        return {node: {name: at.to_json() for name, at in found.items()} for node, found in self._positions.items()}

    def numbers(self) -> dict[str, dict[str, int]]:
        """Return the number of the next record of each partition."""
        return {node: {name: at.next for name, at in found.items()} for node, found in self._positions.items()}

    def clocks_json(self) -> dict[str, dict[str, Any]]:
        """Return what a checkpoint keeps of the clocks."""
        return {node: clock.to_json() for node, clock in self.clocks.items()}

    def ends(self) -> dict[str, dict[str, int]]:
        """Return where each partition ended when that was last looked at."""
        return {node: dict(source.thread.ends) for node, source in self.sources.items()}

    def known(self, goal: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Return a goal with the ends that were not known when it was set, as far as they are known now."""
        now = self.ends()
        return {
            node: {name: now[node].get(name, end) if end >= UNKNOWN_END else end for name, end in ends.items()}
            for node, ends in goal.items()
        }

    def reached(self, goal: Mapping[str, Mapping[str, int]]) -> bool:
        """Tell whether every partition was read up to a goal."""
        return all(
            number <= 0 or (name in self._positions[node] and self._positions[node][name].next >= number)
            for node, ends in goal.items() for name, number in ends.items()
        )  # fmt: skip

    def lag(self) -> dict[str, int]:
        """Return how many records of each source were not read yet, about."""
        return {
            node: sum(
                max(0, end - (self._positions[node][name].next if name in self._positions[node] else 0))
                for name, end in source.thread.ends.items() if end < UNKNOWN_END
            )
            for node, source in self.sources.items()
        }

    def seen(self) -> dict[str, Seen]:
        """Return how the records of each source looked since the last call."""
        return {node: source.thread.seen() for node, source in self.sources.items()}

    def told(self) -> dict[str, dict[str, Any]]:
        """Return what is told of each source: trouble, and event time by partition."""
        return {
            node: {**source.thread.told(), **self.clocks[node].to_json()}
            for node, source in self.sources.items()
        }  # fmt: skip

    def renew(self, tables: Tables) -> None:
        """Let other processes that compute have these tables too; here the engine has them."""

    def release(self, positions: Mapping[str, Mapping[str, Position]]) -> None:
        """Let the readers forget what lies before these positions."""
        for node, source in self.sources.items():
            source.thread.release(positions.get(node, {}))

    def close(self) -> None:
        """End the readers."""
        for source in self.sources.values():
            source.thread.close()


def _renamed(name: str) -> str:
    return "_event_time" if name == "_time" else name


def _complete(table: pa.Table, partition: str, node: str, now: int) -> pa.Table:
    """Return rows with every metadata column but those of event time.

    Records that do not know when they came have the time of their epoch, which is recorded: read again they have it again.
    """
    count = table.num_rows
    if "_ingest_time" not in table.column_names:
        table = table.append_column("_ingest_time", _same(now, pa.int64(), count).cast(MOMENT))
    given = {"_source": node, "_partition": partition}
    for name, value in given.items():
        if name not in table.column_names:
            table = table.append_column(name, _same(value, pa.string(), count))
    if "_key" not in table.column_names:
        table = table.append_column("_key", pa.nulls(count, pa.string()))
    if "_headers" not in table.column_names:
        table = table.append_column("_headers", pa.nulls(count, pa.map_(pa.string(), pa.string())))
    return table


def _same(value: Any, type: pa.DataType, count: int) -> pa.Array:
    """Return a column of one value."""
    return pa.repeat(pa.scalar(value, type), count)


def _event_times(rows: pa.Table, config: Mapping[str, Any]) -> pa.ChunkedArray:
    """Return the event time of each row: of the named column, else the source's own, else its arrival."""
    name = config.get("event_time")
    if name is None:
        return rows.column("_event_time" if "_event_time" in rows.column_names else "_ingest_time").cast(MOMENT)
    times = _as_times(rows.column(name), config)
    if "_op" in rows.column_names and "_event_time" in rows.column_names:  # a deleted row often has nothing but its key
        own = rows.column("_event_time").cast(MOMENT)
        return pc.if_else(pc.equal(rows.column("_op"), "delete"), pc.coalesce(times, own), times)
    return times


def _as_times(values: pa.ChunkedArray, config: Mapping[str, Any]) -> pa.ChunkedArray:
    """Return the values of a column as moments."""
    if pa.types.is_integer(values.type):
        scaled = pc.multiply(values.cast(pa.int64()), UNITS[config.get("event_time_unit", "milliseconds")])
        return scaled.cast(MOMENT)
    if pa.types.is_floating(values.type):
        scaled = pc.multiply(values, float(UNITS[config.get("event_time_unit", "milliseconds")]))
        return pc.round(scaled).cast(pa.int64()).cast(MOMENT)
    if pa.types.is_date(values.type):
        return values.cast(pa.timestamp("us")).cast(MOMENT)
    if pa.types.is_timestamp(values.type) and values.type.tz is None:
        return pc.assume_timezone(values.cast(pa.timestamp("us")), "UTC")
    return values.cast(MOMENT)


__all__ = ["METADATA", "Intake", "OpenSource"]
