"""One node with state at work: takes rows, moves with the watermark, gives rows, and knows what changed since a checkpoint."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from runnel.plan.streams import StatefulStep
from runnel.runtime.stream.arrow import pc
from runnel.runtime.stream.asking import Asking
from runnel.runtime.stream.buckets import BucketState
from runnel.runtime.stream.clocks import MOMENT
from runnel.runtime.stream.dividing import is_of_batch
from runnel.runtime.stream.early import Early, joined
from runnel.runtime.stream.engine import StreamEngine
from runnel.runtime.stream.files import Section
from runnel.runtime.stream.keyed import HASH, KeyedState
from runnel.sdk.asking import ANSWERS, KNOWN
from runnel.sdk.stateful import BUCKET, CLOCK, STATE, UNTIL

LATE = "late"
TIME = "_time"


@dataclass(frozen=True)
class Tick:
    """The moment of a step: the watermark before and after, and the epoch's time, in microseconds.

    With `telling` the epoch ends: what is not over may be told early.
    """

    before: int | None
    watermark: int | None
    now: int
    telling: bool = False

    def table(self, told: int | None = None, telling: bool = False) -> pa.Table:
        """Return the table `clock`, for a step that told early at `told`, and does so now or not."""
        times = {"wm_before": self.before, "wm": self.watermark, "now": self.now, "told": told}
        columns = {name: pa.array([value], pa.int64()).cast(MOMENT) for name, value in times.items()}
        return pa.table({**columns, "telling": pa.array([telling])})


@dataclass
class StepRun:
    """A step with its state in this process."""

    step: StatefulStep
    engine: StreamEngine
    buckets: BucketState | None = None
    keyed: KeyedState | None = None
    waiting: dict[str, BucketState] = field(default_factory=dict)
    asking: Asking | None = None
    early: Early | None = None

    def __post_init__(self) -> None:
        self.early = Early(self.step.every) if self.step.every is not None else None
        schema = self.engine.schema(self.step.state)
        if self.step.layout == "buckets":
            combine = self.step.combine
            joined = None if combine is None else lambda rows: self.engine.query(combine, {STATE: rows})
            self.buckets = BucketState(schema, BUCKET, joined)
        else:
            self.keyed = KeyedState(schema, self.step.due)
        for port in self.step.clocks:
            columns = self.engine.schema(self.step.input_columns[port]).append(pa.field(TIME, MOMENT))
            self.waiting[port] = BucketState(columns, TIME, strict=True)

    @property
    def in_flight(self) -> int:
        """How many rows wait for the watermark."""
        return sum(state.rows for state in self.waiting.values())

    @property
    def bytes(self) -> int:
        """How much the state takes, about."""
        state = self.buckets or self.keyed
        return (state.bytes if state is not None else 0) + sum(waiting.bytes for waiting in self.waiting.values())

    @property
    def rows(self) -> int:
        """How many rows (or keys) are kept, about."""
        return self.buckets.rows if self.buckets is not None else self.keyed.keys if self.keyed is not None else 0

    def run(self, inputs: Mapping[str, pa.Table], tick: Tick) -> dict[str, pa.Table]:
        """Take rows and move to the tick's watermark; returns rows per output port."""
        late: list[pa.Table] = []
        tick = self._timed(tick)
        if self.step.sequenced:
            inputs = {port: self._sequenced(port, rows, tick, late) for port, rows in inputs.items()}
        if not self._moves(inputs, tick):
            return self._told({LATE: pa.concat_tables(late)} if late else {}, tick)
        made = self._bucketed(inputs, tick) if self.buckets is not None else self._keyed(inputs, tick)
        if late:
            made[LATE] = pa.concat_tables(late)
        return self._told(made, tick)

    def take(self, absorbed: pa.Table, ports: Mapping[str, pa.Table], tick: Tick) -> dict[str, pa.Table]:
        """Take rows that are fit for the state already, with what ports give of them; see `apart`."""
        assert self.buckets is not None
        tick = self._timed(tick)
        self.buckets.add(self.early.stamped(absorbed, tick.now) if self.early is not None else absorbed)
        due = self._due({}, tick)
        made = {**due, **{name: rows for name, rows in ports.items() if rows.num_rows or name not in due}}
        return self._told(made, tick)

    def _told(self, made: dict[str, pa.Table], tick: Tick) -> dict[str, pa.Table]:
        """Return what leaves, with what is told early of what does not, where the epoch ends and it is time for that."""
        if self.early is None or not tick.telling or not self.early.is_due(tick.now):
            return made
        moment = replace(tick, before=tick.watermark)
        if self.buckets is not None:
            tables = {CLOCK: self._clock(moment, telling=True), STATE: self.buckets.all()}
            more = self._emitted(tables, {STATE: tables[STATE].num_rows > 0, "batch": False})
        else:
            assert self.keyed is not None
            nothing = {port: self.engine.schema(types).empty_table() for port, types in self.step.input_columns.items()}
            more = self._keyed(nothing, moment, telling=True)
        self.early.told = tick.now
        return joined(made, more)

    def _timed(self, tick: Tick) -> Tick:
        return tick if self.early is None else replace(tick, now=self.early.moment(tick.now))

    def _clock(self, tick: Tick, telling: bool = False) -> pa.Table:
        return tick.table(self.early.told if self.early is not None else None, telling)

    def _moves(self, inputs: Mapping[str, pa.Table], tick: Tick) -> bool:
        """Tell whether there is anything to do."""
        if any(rows.num_rows for rows in inputs.values()):
            return True
        if tick.watermark is None or tick.watermark == tick.before:
            return False
        if self.buckets is not None:
            return bool(self.buckets.buckets)
        return self.keyed is not None and bool(self.keyed.due(tick.watermark).size)

    def _sequenced(self, port: str, rows: pa.Table, tick: Tick, late: list[pa.Table]) -> pa.Table:
        """Let rows wait until the watermark has passed them; returns those that it has, in their order."""
        waiting = self.waiting[port]
        if rows.num_rows:
            times = pc.cast(rows.column(self.step.clocks[port]), MOMENT)
            behind = pc.fill_null(pc.less(times, rows.column("_watermark")), False)
            gone = pc.or_(pc.is_null(times), behind)
            if pc.any(gone).as_py():
                late.append(rows.filter(gone))
                kept = pc.invert(gone)
                rows, times = rows.filter(kept), times.filter(kept)
            waiting.add(rows.append_column(TIME, times))
        ready = waiting.due(tick.watermark)
        waiting.drop(tick.watermark)
        order = [(TIME, "ascending"), ("_partition", "ascending"), ("_position", "ascending")]
        return ready.take(pc.sort_indices(ready, sort_keys=order)).drop_columns([TIME])

    def _tables(self, inputs: Mapping[str, pa.Table], tick: Tick, telling: bool = False) -> dict[str, pa.Table]:
        tables = {f"batch:{port}": rows for port, rows in inputs.items()}
        return {**tables, CLOCK: self._clock(tick, telling)}

    def _bucketed(self, inputs: Mapping[str, pa.Table], tick: Tick) -> dict[str, pa.Table]:
        assert self.buckets is not None
        tables = self._tables(inputs, tick)
        if any(rows.num_rows for rows in inputs.values()):
            absorbed = self.engine.query(self.step.absorb, tables)
            self.buckets.add(self.early.stamped(absorbed, tick.now) if self.early is not None else absorbed)
        return self._due(tables, tick)

    def _due(self, tables: dict[str, pa.Table], tick: Tick) -> dict[str, pa.Table]:
        """Return what the ports give, of the batch where there is one, and of what the watermark has reached."""
        assert self.buckets is not None
        moved = tick.watermark is not None and tick.watermark != tick.before
        kept = self.buckets.schema.empty_table()
        if moved:
            kept = self.buckets.all() if self.step.live else self.buckets.due(tick.watermark)
        made: dict[str, pa.Table] = {}
        if tables or kept.num_rows:
            tables = {**(tables or {CLOCK: self._clock(tick)}), STATE: kept}
            made = self._emitted(tables, {STATE: kept.num_rows > 0, "batch": len(tables) > 2})
        self.buckets.drop(tick.watermark)
        return made

    def _keyed(self, inputs: Mapping[str, pa.Table], tick: Tick, telling: bool = False) -> dict[str, pa.Table]:
        assert self.keyed is not None
        tables = self._tables(inputs, tick, telling)
        touched = self._touched(tables)
        if self.early is not None and touched.size:
            self.early.came = tick.now
        hashes = np.union1d(touched, self.keyed.due(tick.watermark))
        if telling and self.early is not None:
            hashes = np.union1d(hashes, self.keyed.since(UNTIL, self.early.told))
        tables[STATE] = self.keyed.find(hashes)[0]
        if self.step.asks is not None:
            assert self.asking is not None, "a step that asks is given whom to ask"
            schema = self.engine.schema({**dict.fromkeys(self.step.answers, "VARCHAR"), KNOWN: "BOOLEAN"})
            tables[ANSWERS] = self.asking.answers(self.engine.query(self.step.asks, tables), schema)
        for query in self.step.steps:
            tables[query.name] = self.engine.query(query.sql, tables)
        keys = ", ".join('"' + name.replace('"', '""') + '"' for name in self.step.keys)
        made = self._emitted(tables, {})
        rows = self.engine.query(f"SELECT *, hash({keys}) AS {HASH} FROM ({self.step.absorb})", tables)
        row_hashes = rows.column(HASH).to_numpy().astype(np.uint64, copy=False)
        self.keyed.put(np.union1d(hashes, row_hashes), row_hashes, rows.drop_columns([HASH]))
        return made

    def _touched(self, tables: Mapping[str, pa.Table]) -> Any:
        keys = ", ".join('"' + name.replace('"', '""') + '"' for name in self.step.keys)
        every = " UNION ALL ".join(f"SELECT {keys} FROM ({sql})" for sql in self.step.touched.values())
        found = self.engine.query(f"SELECT DISTINCT hash({keys}) AS {HASH} FROM ({every})", tables)
        return found.column(HASH).to_numpy().astype(np.uint64, copy=False)

    def _emitted(self, tables: Mapping[str, pa.Table], some: Mapping[str, bool]) -> dict[str, pa.Table]:
        """Run the queries of the output ports that may give something."""
        made: dict[str, pa.Table] = {}
        for query in self.step.emit:
            reads_batch = "batch:" in query.sql
            reads_state = f"{STATE}" in query.sql and not reads_batch
            if some and ((reads_state and not some[STATE]) or (reads_batch and not some["batch"])):
                continue
            made[query.name] = self.engine.query(query.sql, tables)
        return made

    def delta(self) -> tuple[list[Section], dict[str, Any]]:
        """Return what changed since the last call, as sections of a file and as marks of the row."""
        sections: list[Section] = []
        node = self.step.node
        if self.buckets is not None:
            _add(sections, f"state/{node}/rows", self.buckets.delta())
        elif self.keyed is not None:
            level = self.keyed.delta()
            if level is not None:
                _level(sections, node, *level.tables())
        for port, state in self.waiting.items():
            _add(sections, f"state/{node}/waiting/{port}", state.delta())
        return sections, self.marks()

    def marks(self) -> dict[str, Any]:
        """Return what a row keeps of the state besides its files."""
        found: dict[str, Any] = {"code": self.step.code, "hashing": self.engine.hashing}
        if self.buckets is not None:
            found["dropped"] = self.buckets.dropped
        if self.early is not None:
            found["early"] = self.early.to_json()
        if self.waiting:
            found["waiting"] = {port: state.dropped for port, state in self.waiting.items()}
        return found

    def snapshot(self) -> list[Section]:
        """Return the whole state."""
        sections: list[Section] = []
        node = self.step.node
        if self.buckets is not None:
            _add(sections, f"state/{node}/rows", self.buckets.snapshot())
        elif self.keyed is not None:
            _level(sections, node, *self.keyed.snapshot().tables())
        for port, state in self.waiting.items():
            _add(sections, f"state/{node}/waiting/{port}", state.snapshot())
        return sections

    def restore(self, file: Any, marks: Mapping[str, Any], called: str | None = None) -> None:
        """Take over what a file says; files come in the order in which they were written.

        `called` is the node's name there, where that was another one.
        """
        node = called or self.step.node
        if self.early is not None:
            self.early.restore(marks.get("early"))
        if self.buckets is not None:
            rows = file.table(f"state/{node}/rows")
            self.buckets.restore(rows if rows is not None else self.buckets.schema.empty_table(), marks.get("dropped"))
        elif self.keyed is not None:
            rows, hashes = file.table(f"state/{node}/rows"), file.table(f"state/{node}/keys")
            if rows is not None and hashes is not None:
                if marks.get("hashing") != self.engine.hashing:
                    rows, hashes = self._hashed_anew(rows, hashes)
                self.keyed.restore(rows, hashes.column(HASH).to_numpy().astype(np.uint64, copy=False))
        for port, state in self.waiting.items():
            rows = file.table(f"state/{node}/waiting/{port}")
            dropped = (marks.get("waiting") or {}).get(port)
            state.restore(rows if rows is not None else state.schema.empty_table(), dropped)

    def _hashed_anew(self, rows: pa.Table, hashes: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Hash the keys of a state that another version of the engine hashed; only a base may be restored so."""
        keys = ", ".join('"' + name.replace('"', '""') + '"' for name in self.step.keys)
        plain = rows.drop_columns([HASH])
        made = self.engine.query(f"SELECT *, hash({keys}) AS {HASH} FROM {STATE}", {STATE: plain})
        return made, made.select([HASH])


def apart(engine: StreamEngine, step: StatefulStep, inputs: Mapping[str, pa.Table]) -> tuple[pa.Table, dict[str, pa.Table]]:
    """Return rows made fit for a step's state, and what its ports give of them; elsewhere than where the state is."""
    tables = {f"batch:{port}": rows for port, rows in inputs.items()}
    ports = {query.name: engine.query(query.sql, tables) for query in step.emit if is_of_batch(query)}
    return engine.query(step.absorb, tables), ports


def _add(sections: list[Section], name: str, table: pa.Table) -> None:
    if table.num_rows:
        sections.append(Section(name, table.combine_chunks()))


def _level(sections: list[Section], node: str, rows: pa.Table, keys: pa.Table) -> None:
    if keys.num_rows:
        sections.append(Section(f"state/{node}/rows", rows.combine_chunks()))
        sections.append(Section(f"state/{node}/keys", keys))
