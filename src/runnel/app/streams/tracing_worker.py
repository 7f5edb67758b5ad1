"""The entry points of the process that traces rows: finds them in files, reads records again, computes them, and compares."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from runnel.app.streams.equals import quoted, same
from runnel.app.streams.tracked import COLUMN, places_of
from runnel.app.streams.wiring import open_engine, open_sources
from runnel.errors import ConnectorError, LimitError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.intake import OpenSource
from runnel.runtime.stream.outbox import SinkThread
from runnel.runtime.stream.recovery import Cutting
from runnel.runtime.stream.run import StreamOptions, StreamRun
from runnel.sandbox import TaskContext
from runnel.sdk.streaming import Position, Records

MOST_RECORDS = 5_000_000
MOST_TRIES = 400
SILENCE_SECONDS = 20.0
OF_THE_CLOCK = frozenset({"begun", "start"})
"""What positions say of sources whose first read decides their times: when it was."""
Place = tuple[str, int, str]


def find(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Return the rows of Parquet files that an expression picks, each with its file; values as JSON."""
    engine = open_engine(payload, context)
    names = {f"c{number}": name for number, name in enumerate(payload["columns"])}
    listed = ", ".join(f'"{physical}" AS {quoted(name)}' for physical, name in names.items())
    files = engine.connection.read_parquet(list(payload["files"]), filename=True, union_by_name=True)
    rows = files.project(f"filename AS __file, {listed}").filter(payload["where"]).limit(int(payload["limit"]))
    table = rows.to_arrow_table()
    return {"rows": [
        {"file": row.pop("__file"), "row": json.loads(json.dumps(row, default=_text))}
        for row in table.to_pylist()
    ]}  # fmt: skip


def trace(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Return each target row with the records that made it."""
    engine = open_engine(payload, context)
    plan = StreamPlan.from_json(payload["plan"])
    range_ = payload["range"]
    sources = open_sources(plan, payload, engine)
    read = Read()
    for node, source in sources.items():
        read_again(node, source, range_, read)
    replay = Replay(plan, sources, engine, payload["sink"], range_, Path(payload["folder"]))
    traced = None
    if payload["traced"] is not None:
        traced = replace(replay, plan=StreamPlan.from_json(payload["traced"]))
    return {"rows": Tracer(replay, traced, read, payload["where"], int(payload["limit"])).all(payload["targets"])}


@dataclass
class Read:
    """What was read again, in the order in which it came, and what the sources keep no more."""

    batches: list[tuple[str, Records]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)

    def places(self) -> list[Place]:
        """Return the places of all records."""
        return [
            (node, at, records.partition) for node, records in self.batches
            for at in records.table.column("_position").to_pylist()
        ]  # fmt: skip

    def only(self, places: set[Place]) -> list[tuple[str, Records]]:
        """Return the records that stand at some places."""
        wanted: dict[tuple[str, str], list[int]] = {}
        for node, at, partition in places:
            wanted.setdefault((node, partition), []).append(at)
        made: list[tuple[str, Records]] = []
        for node, records in self.batches:
            found = wanted.get((node, records.partition))
            if found is None:
                continue
            mask = np.isin(records.table.column("_position").to_numpy(), np.array(found, dtype=np.int64))
            if mask.any():
                made.append((node, replace(records, table=records.table.filter(pa.array(mask)), decoded=None)))
        return made


def read_again(node: str, source: OpenSource, range_: Mapping[str, Any], read: Read) -> None:
    """Read the records of a source between the places of two epochs; what is gone is noted."""
    ends = {name: Position.from_json(at) for name, at in range_["ends"].get(node, {}).items()}
    known = {name: Position.from_json(at) for name, at in range_["starts"].get(node, {}).items()}
    starts = {name: known.get(name) for name, end in ends.items() if name not in known or known[name].next < end.next}
    for name, start in starts.items():
        if start is None and OF_THE_CLOCK & ends[name].detail.keys():  # those of then, not those of a clock that begins now
            starts[name] = Position(0, ends[name].detail)
    if not starts:
        return
    reader: Any = getattr(source.thread.reader, "alone", source.thread.reader)
    cutting, count = Cutting(), 0
    try:
        reader.open(starts)
        left, heard = dict.fromkeys(starts, True), time.monotonic()
        while any(left.values()) and time.monotonic() - heard < SILENCE_SECONDS:
            for records in reader.poll(16 * 1024 * 1024, 100_000, 0.1):
                cutting.add(node, records)
                end = ends[records.partition]
                for inside in cutting.take(node, records.partition, end.next) if records.table.num_rows else ():
                    read.batches.append((node, inside))
                    heard, count = time.monotonic(), count + inside.table.num_rows
                left[records.partition] = records.position.next < end.next and not records.at_end
            if count > MOST_RECORDS:
                what = f"more than {MOST_RECORDS:,} records of {node} were read in the epochs of these rows"
                raise LimitError("RNL-STREAM-063", what, "Pick fewer rows, such as those of one window.")
    except ConnectorError as error:
        read.gone.append({"source": node, "from": {name: at.to_json() if at else None for name, at in starts.items()},
                          "what": error.what})  # fmt: skip
    finally:
        forget = getattr(reader, "forget", None)
        if forget is not None:
            forget()
        reader.close()


@dataclass(frozen=True)
class Replay:
    """Computes records from an empty state, with the clocks and the time that were recorded; nothing is written."""

    plan: StreamPlan
    sources: Mapping[str, OpenSource]
    engine: Any
    sink: str
    range: Mapping[str, Any]
    folder: Path

    def rows(self, batch: Sequence[tuple[str, Records]]) -> pa.Table | None:
        """Return the rows for the sink when all windows close; None where there are none."""
        made = self._run(batch).epoch.outboxes.get(self.sink)
        return pa.concat_tables(made) if made else None

    def counted(self, batch: Sequence[tuple[str, Records]]) -> dict[str, int]:
        """Return how many rows each source gives, with those that are refused."""
        run = self._run(batch)
        refused = run.letters.counts
        return {
            scan.node: run.counters.ports.get((scan.node, scan.port), 0) + refused.get(scan.node, 0) for scan in self.plan.scans
        }

    def _run(self, batch: Sequence[tuple[str, Records]]) -> StreamRun:
        nothing: Any = None
        options = StreamOptions(self.folder, clock=lambda: self.range["time"] / 1e6)
        scans = {scan.node: scan for scan in self.plan.scans}
        sources = {node: replace(source, scan=scans[node]) for node, source in self.sources.items() if node in scans}
        run = StreamRun(self.plan, sources, {self.sink: SinkThread(self.sink, nothing, 1.0)}, self.engine, nothing, options)
        run.intake.restore(self.range["clocks"])
        run.cycle(list(batch))
        run.closing = True
        run.cycle([])
        return run


class Tracer:
    """Finds the records of rows: by the places that they carry, or by leaving out whatever is not needed."""

    def __init__(self, replay: Replay, traced: Replay | None, read: Read, where: str, limit: int) -> None:
        self.replay = replay
        self.traced = traced
        self.read = read
        self.where = where
        self.limit = limit

    def all(self, targets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows with their records."""
        self._note_gone()
        whole = self.traced.rows(self.read.batches) if self.traced is not None else None
        carried = whole is not None and COLUMN in whole.column_names
        made: list[dict[str, Any]] = []
        for target in targets:
            rows = [target["row"]] if target["row"] is not None else self._picked(whole)
            made += [self._one(target, row, whole if carried else None) for row in rows]
        return made

    def _note_gone(self) -> None:
        """Name the sources that give fewer rows than they gave when their records were read first."""
        found = self.replay.counted(self.read.batches)
        for node, count in self.replay.range["counted"].items():
            if found.get(node, 0) < count and all(one["source"] != node for one in self.read.gone):
                what = f"{count - found.get(node, 0):,} of the {count:,} rows of these epochs are not there any more"
                self.read.gone.append({"source": node, "what": what})

    def _picked(self, whole: pa.Table | None) -> list[dict[str, Any]]:
        """Return the rows of a sink that the expression picks."""
        table = whole if whole is not None else self.replay.rows(self.read.batches)
        if table is None:
            return []
        names = [name for name in table.column_names if name != COLUMN]
        found = self.replay.engine.connection.from_arrow(table.select(names)).filter(self.where).limit(self.limit)
        return [json.loads(json.dumps(row, default=_text)) for row in found.to_arrow_table().to_pylist()]

    def _one(self, target: Mapping[str, Any], row: Mapping[str, Any], whole: pa.Table | None) -> dict[str, Any]:
        places: set[Place] = set()
        how = "gone"
        for number in matching(self.replay.engine, whole, row) if whole is not None else ():
            assert whole is not None
            places |= set(places_of(whole.column(COLUMN)[number].as_py()))
            how = "carried"
        if not places and self._gives(self.read.batches, row):
            places, whole_way = self._narrowed(row)
            how = "narrowed" if whole_way else "sufficient"
        chosen = self.read.only(places) if places else []
        return {
            "row": row, "incarnation": target.get("incarnation"), "epochs": target["epochs"], "how": how,
            "reproduced": bool(chosen) and self._gives(chosen, row), "records": _shown(chosen), "gone": self.read.gone,
        }  # fmt: skip

    def _gives(self, batch: Sequence[tuple[str, Records]], row: Mapping[str, Any]) -> bool:
        return bool(matching(self.replay.engine, self.replay.rows(batch), row))

    def _narrowed(self, row: Mapping[str, Any]) -> tuple[set[Place], bool]:
        """Leave out ever smaller parts as long as the row comes; returns what stays, and whether each of it is needed."""
        return narrowed(self.read.places(), lambda kept: self._gives(self.read.only(kept), row))


def narrowed(places: Sequence[Place], gives: Callable[[set[Place]], bool]) -> tuple[set[Place], bool]:
    """Return few of the places that are enough, and whether nothing more of them can be left out."""
    kept, tries = list(places), 0
    size = max(1, len(kept) // 2)
    while True:
        start, left_out = 0, False
        while start < len(kept):
            without = kept[:start] + kept[start + size :]
            tries += 1
            if tries > MOST_TRIES:
                return set(kept), False
            if without and gives(set(without)):
                kept, left_out = without, True
            else:
                start += size
        if size == 1 and not left_out:
            return set(kept), True
        size = max(1, size // 2)


def matching(engine: Any, table: pa.Table | None, row: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the rows that are equal to a row; doubles may differ in the last digits."""
    if table is None or not table.num_rows:
        return []
    names = [name for name in table.column_names if name in row]
    numbered = table.select(names).append_column("__number", pa.array(range(table.num_rows), pa.int64()))
    tests: list[str] = []
    for name in names:
        kind, value = table.schema.field(name).type, row[name]
        if value is None:
            tests.append(f"{quoted(name)} IS NULL")
        elif not (pa.types.is_nested(kind) or pa.types.is_binary(kind)):
            tests.append(same(quoted(name), _type(kind), value))
    text = f"SELECT __number FROM computed_rows WHERE {' AND '.join(tests) or 'true'}"
    found = engine.query(text, {"computed_rows": numbered})
    return found.column("__number").to_pylist()


def _type(kind: Any) -> str:
    if pa.types.is_floating(kind):
        return "DOUBLE"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ" if kind.tz else "TIMESTAMP"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_date(kind):
        return "DATE"
    if pa.types.is_time(kind):
        return "TIME"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return "HUGEINT" if pa.types.is_integer(kind) else "VARCHAR"


def _shown(batch: Sequence[tuple[str, Records]]) -> list[dict[str, Any]]:
    """Return records as JSON: place, time, and the bytes as text (base64 where they are none) or the columns."""
    made: list[dict[str, Any]] = []
    for node, records in batch:
        for row in records.table.to_pylist():
            one: dict[str, Any] = {"source": node, "partition": records.partition, "position": row["_position"]}
            if "value" in row and not isinstance(row["value"], bytes):
                one["value"] = row["value"]
            elif "value" in row:
                try:
                    one["value"] = row["value"].decode("utf-8")
                except UnicodeDecodeError:
                    one["base64"] = base64.b64encode(row["value"]).decode()
            else:
                plain = {name: value for name, value in row.items() if not name.startswith("_")}
                one["columns"] = json.loads(json.dumps(plain, default=_text))
            made.append(one)
    return made


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
