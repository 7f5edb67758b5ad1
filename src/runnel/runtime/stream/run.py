"""One stream at work: reads, computes, commits epoch by epoch, hands rows to sinks; crash-only, so that a start is a recovery."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from runnel.errors import RunnelError
from runnel.plan.shapes import Effect, Segment
from runnel.plan.streams import StreamPlan, StreamScan
from runnel.runtime.ledger import Ledger
from runnel.runtime.stream.asking import AskedInVainError
from runnel.runtime.stream.bases import BaseWriter
from runnel.runtime.stream.brakes import Brakes
from runnel.runtime.stream.checkpoints import Checkpoints, Parcel, Place, Row
from runnel.runtime.stream.clocks import END_OF_TIME, SourceClock
from runnel.runtime.stream.committing import commit, is_due
from runnel.runtime.stream.counting import Counters
from runnel.runtime.stream.early import wake
from runnel.runtime.stream.engine import StreamEngine
from runnel.runtime.stream.entering import Entering, Request, enter
from runnel.runtime.stream.epochs import (
    BATCH_BYTES,
    BATCH_SECONDS,
    BEAT_SECONDS,
    DRAIN_SECONDS,
    IDLE_SECONDS,
    REPORT_SECONDS,
    STEP,
    Epoch,
    StreamOptions,
)
from runnel.runtime.stream.files import FileRef, StreamFile
from runnel.runtime.stream.held import Held
from runnel.runtime.stream.intake import Intake, OpenSource, Taken
from runnel.runtime.stream.lanes import FarLane, Lanes
from runnel.runtime.stream.letters import EpochLetters
from runnel.runtime.stream.outbox import SinkThread, Waiting
from runnel.runtime.stream.pausing import Paused, left_of, obey, open_sinks
from runnel.runtime.stream.recovery import (
    Restored,
    damaged_parcels,
    restore,
    without,
)
from runnel.runtime.stream.repeating import repeat
from runnel.runtime.stream.spending import Spending
from runnel.runtime.stream.standing import ledger_of, status_of
from runnel.runtime.stream.steps import LATE, StepRun, Tick
from runnel.runtime.stream.switching import Switch, is_switch, refuse_misfits, renamed, take_over
from runnel.sdk.delivery import EpochRows
from runnel.sdk.streaming import METADATA, Records


class StreamRun:
    """One process's run of a stream. `run` returns how it ended; errors that end it are raised."""

    def __init__(
        self,
        plan: StreamPlan,
        sources: Mapping[str, OpenSource],
        sinks: Mapping[str, SinkThread],
        engine: StreamEngine,
        checkpoints: Checkpoints,
        options: StreamOptions,
        report: Callable[[Mapping[str, Any]], None] | None = None,
        tap: Callable[[str, pa.Table], None] | None = None,
        lanes: Sequence[FarLane] = (),
    ) -> None:
        self.plan = plan
        self.sources = sources
        self.sinks = sinks
        self.engine = engine
        self.checkpoints = checkpoints
        self.options = options
        self.report = report
        self.tap = tap
        self.letters = EpochLetters()
        self.steps = self._fresh_steps()
        self.lost: dict[int, FileRef] = {}
        self.damaged: list[str] = []
        self.entered: list[str] = []
        self.left: list[tuple[str, Records]] = []
        self.segments = {segment.id: segment for segment in plan.plan.segments}
        self.signal = threading.Event()
        self.counters = Counters(plan)
        self.row = Row("")
        self.held = Held(options.held, options.folder, options.load, options.renewed)
        self.near = Intake(plan, sources, engine, self.letters, self.signal, options.poison)
        self.intake = self.near if not lanes else Lanes(
            plan, sources, engine, self.letters, self.signal, options.poison, lanes=lanes
        )  # fmt: skip
        self.marks: dict[str, int | None] = {}
        self.epoch = Epoch(1)
        self.time = 0
        self.closing = self.telling = False
        self.rests = False
        self.bases = BaseWriter(options.folder)
        self.wanted = "running"
        self.paused = Paused()
        self.spending = Spending()
        self.brakes = Brakes(plan)
        self.braked: RunnelError | None = None
        self._beaten = 0.0
        self._told = 0.0
        self._sink_configs = {effect.node: effect.config for effect in plan.plan.effects}
        self._effects: dict[str, list[Effect]] = {}
        for effect in plan.plan.effects:
            self._effects.setdefault(effect.segment, []).append(effect)

    def run(self, stop: Callable[[], str | None]) -> str:
        """Recover, then make epochs until told to stop; returns stopped, eased, drained or finished."""
        restored = self.recover()
        self.damaged = restored.damaged
        for asking in self.options.asking.values():
            asking.lives = lambda: (stop() or self._beat()) not in ("stopped", "drained", "closed")
        try:
            if self.row.finished and restored.epoch == self.row.epoch:
                return self._deliver_rest()
            if restored.epoch < self.row.epoch:
                self._repeat(restored)
            else:
                self.intake.hold(False, self.paused.sources)
                self.intake.start(restored.place.positions)
            self._offer_kept()
            for sink in self.sinks.values():
                sink.start(self.signal)
            return self._loop(stop)
        except AskedInVainError:
            return "stopped"
        finally:
            self.intake.close()
            for asking in self.options.asking.values():
                asking.close()
            for sink in self.sinks.values():
                sink.close()
            self.bases.close()

    # -- recovery

    def _repeat(self, restored: Restored) -> None:
        """Compute epochs again in this process alone; lanes go on from there."""
        far, self.intake = self.intake, self.near
        self.near.restore(restored.place.clocks)
        self.near.start(restored.place.positions)
        repeat(self, restored)
        if far is not self.near:
            self.near.close()
            self.left = []
            far.restore(self.near.clocks_json())
            far.start(self.near.positions())
            self.intake = far

    def recover(self) -> Restored:
        """Take up the stream where its row says it stands, or as near before it as its files allow."""
        self.row = self.checkpoints.load()
        switched = is_switch(self.row, self.plan)
        switch = self.options.switch if switched else Switch()
        refuse_misfits(self.row, self.plan, switch)
        self.row = renamed(self.row, switch)
        self.lost = damaged_parcels(self.options.folder, self.row)
        last = min(self.lost) - 1 if self.lost else self.row.epoch
        restored = restore(self.options.folder, self.row, self._fresh_steps, last, switch.called)
        self.row = without(self.row, restored.damaged)
        self.steps = restored.steps
        self._stand(restored.place)
        self.epoch = Epoch(restored.epoch + 1)
        open_sinks(self)
        if switched:
            take_over(self, restored)
        return restored

    def _fresh_steps(self) -> dict[str, StepRun]:
        return {step.node: StepRun(step, self.engine, asking=self.options.asking.get(step.node)) for step in self.plan.steps}

    def _stand(self, place: Place) -> None:
        self.intake.restore(place.clocks)
        self.marks = dict(place.watermarks)
        self.counters.restore(place.counters)
        self.brakes.restore(place.watched)
        self.held.restore(place.held)
        self.time = place.time

    def _offer_kept(self) -> None:
        """Offer each sink what it does not hold yet."""
        for node, sink in self.sinks.items():
            for parcel in self.row.outboxes.get(node, ()):
                if parcel.epoch > sink.delivered:
                    sink.offer(Waiting(parcel.epoch, parcel.rows, parcel.bytes, self.loader(parcel, node)))

    def loader(self, parcel: Parcel, node: str) -> Callable[[], EpochRows]:
        """Return what reads the rows for a sink from their file."""

        def load() -> EpochRows:
            table = StreamFile(self.options.folder, parcel.file).table(f"outbox/{node}")
            assert table is not None
            return EpochRows(parcel.epoch, table)

        return load

    # -- the loop

    def _loop(self, stop: Callable[[], str | None]) -> str:
        goal = self.intake.ends() if self.options.until_caught_up else None
        eased = self.epoch.number + (self.options.eased_after or 0)
        if self.options.asked:
            self.brakes.forgive(self.counters.refused, self.counters.records)
        self._brake()
        while True:
            begun = time.monotonic()
            wanted = stop() or self._beat()
            if wanted == "closed":
                self._drain_queue(wanted)
                return self._finish()
            if wanted in ("stopped", "drained"):
                self._drain_queue(wanted)
                commit(self)
                return self._leave(wanted)
            rests = wanted == "paused" or self._full()
            self.intake.hold(rests, self.paused.sources)
            batch = [] if rests else [*left_of(self), *self.intake.take(BATCH_BYTES, self.options.batch_rows)]
            self.epoch.changed = self.epoch.changed or self.intake.fresh
            moved = self.intake.watermarks_moved()
            if batch or moved:
                self.cycle(batch)
            for request in self.checkpoints.requests():
                self.enter(request)
            self.intake.keep_together()
            wake(self)
            if is_due(self):
                commit(self)
                self._brake()
                if self.options.eased_after is not None and self.epoch.number > eased:
                    return self._leave("eased")
            goal = self.intake.known(goal) if goal is not None else None
            if goal is not None and self.intake.reached(goal):
                return self._finish()
            self._check()
            if not batch:
                self.signal.wait(BATCH_SECONDS if self.epoch.began is not None else IDLE_SECONDS)
                self.signal.clear()
            elif not self.intake.behind:  # a query costs hardly more for the rows that come meanwhile too
                time.sleep(max(0.0, begun + BATCH_SECONDS - time.monotonic()))

    def _drain_queue(self, wanted: str) -> None:
        """Take what was read already into the last epoch, where the stream is to be drained, or to end."""
        if wanted == "stopped":
            return
        self.intake.hold(True, self.paused.sources)
        while batch := self.intake.take(BATCH_BYTES, self.options.batch_rows):
            self.cycle(batch)

    def _finish(self) -> str:
        """Close all windows: the bounded input is over, and it was good enough."""
        commit(self)
        self._brake()
        self.closing = True
        self.cycle([])
        commit(self, finished=True)
        return self._leave("finished")

    def _deliver_rest(self) -> str:
        """Let sinks have what a finished stream made for them: its process died before they had it."""
        self.rests = True
        self._offer_kept()
        for sink in self.sinks.values():
            sink.start(self.signal)
        return self._leave("finished")

    def _leave(self, how: str) -> str:
        """Let sinks deliver what they have, and note it."""
        if how not in ("stopped", "eased"):
            self._wait_for_sinks(how == "drained")
            self._check()
        if any(sink.delivered != self.row.delivered.get(node, 0) for node, sink in self.sinks.items()) or self.letters.counts:
            self.epoch.changed = True
            commit(self, finished=self.row.finished)
        return how

    def _wait_for_sinks(self, draining: bool) -> None:
        """Wait until everything is delivered; while draining not for sinks that get nowhere, whose outboxes are kept."""
        reached, since = -1, time.monotonic()
        while not all(sink.idle or sink.error for sink in self.sinks.values()):
            wanted = self._beat()
            if (draining or wanted == "drained") and all(sink.at_rest for sink in self.sinks.values()):
                return
            stands = sum(sink.delivered for sink in self.sinks.values())
            if stands > reached or not (draining or wanted == "drained"):
                reached, since = stands, time.monotonic()
            if wanted == "stopped" or time.monotonic() - since > DRAIN_SECONDS:
                return
            self.signal.wait(0.05)
            self.signal.clear()

    def ledger(self) -> Ledger:
        """Return the ledger since the incarnation began; rows on their way to a sink are in flight."""
        return ledger_of(self)

    def status(self) -> dict[str, Any]:
        """Return what `stream status` tells."""
        return status_of(self)

    def _beat(self) -> str:
        """Tell how things are, show that this process lives, and see what is wanted of it."""
        now = time.monotonic()
        often = REPORT_SECONDS if self.epoch.began is not None else 3 * REPORT_SECONDS
        if self.report is not None and now - self._told >= often:
            self._told = now
            self.report(self.status())
        if now - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            self.wanted = self.checkpoints.beat()
            self.held.look()
            obey(self)
        if self.braked is not None and self.wanted == "running":
            self._go_on()
        return self.wanted

    def _brake(self) -> None:
        """Pause where too much is refused, or where records changed and the source asks for it.

        Raises CheckError where nobody could resume: when the stream is to end as soon as it has caught up.
        """
        found = self.brakes.of_shapes(self.intake.seen(), self.options.clock())
        found = self.brakes.of_letters(self.counters.refused, self.counters.records) or found
        if found is None or self.braked is not None:
            return
        if self.options.until_caught_up:
            raise found
        self.braked, self.wanted = found, "paused"
        self.checkpoints.pause()

    def _go_on(self) -> None:
        """Note that a person lets the stream go on after it paused by itself."""
        self.braked = None
        self.brakes.forgive(self.counters.refused, self.counters.records)
        self.epoch.changed = True
        self.epoch.began = self.epoch.began or time.monotonic()

    def _full(self) -> bool:
        """Tell whether a sink is so far behind that the sources must wait for it."""
        return any(sink.pending_bytes > self.limit(node)[1] for node, sink in self.sinks.items() if self.limit(node)[0] == "wait")

    def _leaving_out(self) -> frozenset[str]:
        """Return the sinks for which an epoch that begins now leaves its rows out."""
        return frozenset(
            node for node, sink in self.sinks.items()
            if self.limit(node)[0] == "drop" and sink.pending_bytes > self.limit(node)[1]
        )  # fmt: skip

    def limit(self, node: str) -> tuple[str, int]:
        """Return what happens when too much waits for a sink, and how many bytes are too much."""
        config = self._sink_configs[node]
        own = int(config["outbox_mb"]) * 1024**2 if "outbox_mb" in config else self.options.outbox_bytes
        return str(config.get("when_full", "wait")), min(own, self.options.outbox_bytes)

    def _check(self) -> None:
        """Raise what ended a source; a sink that cannot go on holds up nobody else until its outbox is full."""
        self.intake.check()
        for node, sink in self.sinks.items():
            for refused in sink.taken_refused():
                self._refused_by_sink(node, refused.epoch, refused.row, refused.reason)

    def _refused_by_sink(self, node: str, epoch: int, row: int, reason: str) -> None:
        import json

        for parcel in self.row.outboxes.get(node, ()):
            if parcel.epoch == epoch:
                table = StreamFile(self.options.folder, parcel.file).table(f"outbox/{node}")
                assert table is not None
                raw = json.dumps(table.slice(row, 1).to_pylist()[0], default=str, ensure_ascii=False).encode()
                self.letters.refuse(node, raw, reason, {"epoch": epoch, "row": row}, True)
                self.epoch.changed = True

    # -- one batch

    def enter(self, request: Request) -> None:
        """Let dead letters enter again, as part of the epoch that is being made."""
        enter(self, request)

    def begin(self) -> None:
        """Begin the epoch that is to be made: its time is `now()` for all that it computes."""
        self.epoch.began = time.monotonic()
        self.epoch.leaves_out = self._leaving_out()
        self.time = max(self.time + 1, int(self.options.clock() * 1_000_000))
        self.held.begin(self)

    def cycle(self, batch: Sequence[tuple[str, Records]], entering: Entering | None = None) -> None:
        """Compute some records, and whatever the watermark makes due."""
        began = self.epoch.began
        if began is None:
            self.begin()
        if self.options.trying is not None:
            for node, records in batch:
                self.options.trying(node, records.partition, records.table.column("_position")[0].as_py())
        taken = self.intake.read(batch, self.time)
        self.intake.watermarks_moved()
        self._count(taken, entering)
        for id in self.plan.order:
            if id.startswith(STEP):
                self._run_step(self.steps[id.removeprefix(STEP)], taken)
            elif id in taken.done:
                self._emit(id, taken.tables.get(id))
            else:
                self._run_segment(self.segments[id], taken.tables, entering)
        self.intake.settle_watermarks()
        if began is None and not self.epoch.changed:
            self.epoch.began = None

    def _count(self, taken: Taken, entering: Entering | None) -> None:
        """Note how much came; rows that enter again count as rows of their source."""
        self.epoch.bytes += taken.bytes
        self.epoch.changed = self.epoch.changed or taken.records > 0
        for (node, port), rows in taken.counts.items():
            self.counters.add(node, port, rows)
        for scan in self.plan.scans:
            if entering is not None and scan.view in entering.tables:
                taken.tables[scan.view] = entering.tables[scan.view]
                self.counters.add(scan.node, scan.port, entering.tables[scan.view].num_rows)

    def _run_segment(self, segment: Segment, tables: dict[str, pa.Table], entering: Entering | None) -> None:
        enters = entering is not None and entering.segment is not None and entering.segment.id == segment.id
        if enters and entering is not None and entering.segment is not None and entering.table is not None:
            segment = entering.segment
            tables[f"entering:{entering.node}"] = entering.table
        views = [*(scan.view for scan in segment.scans), *(feed.view for feed in segment.feeds)]
        streams = [view for view in views if view in tables]
        if enters and entering is not None:
            streams.append(f"entering:{entering.node}")
        if not any(tables[view].num_rows for view in streams):
            tables[segment.id] = self.engine.schema(segment.columns).empty_table()
            return
        made = self.engine.segment(segment, {view: tables[view] for view in streams}, self.letters)
        self.spending.add_all(made.seconds)
        for (node, port), rows in made.counts.items():
            if not port.startswith("·") and (node, port) not in self.counters.given:
                self.counters.add(node, port, rows)
        tables[segment.id] = made.rows
        self._emit(segment.id, made.rows)

    def _run_step(self, run: StepRun, taken: Taken) -> None:
        step, tables = run.step, taken.tables
        before = self.marks.get(step.node)
        mark = END_OF_TIME if self.closing else self.intake.watermark(step.sources)
        tick = Tick(before, mark if before is None or mark is None else max(before, mark), self.time, self.telling)
        with self.spending.of(step.node):
            if step.node in taken.absorbed:
                made = run.take(taken.absorbed[step.node], taken.ports[step.node], tick)
            else:
                made = run.run({port: tables[segment] for port, segment in step.inputs.items()}, tick)
        self.marks[step.node] = tick.watermark
        for query in step.emit:
            rows = made.get(query.name)
            self._output(step.node, query.name, rows, query.columns, tables)
        if step.sequenced and LATE in made and not any(query.name == LATE for query in step.emit):
            self._output(step.node, LATE, made[LATE], {}, tables)
        if any(rows.num_rows for name, rows in made.items() if name != LATE):
            self.epoch.due = True

    def _output(
        self, node: str, port: str, rows: pa.Table | None, columns: Mapping[str, str], tables: dict[str, pa.Table]
    ) -> None:
        name = self.counters.name(node, port)
        count = rows.num_rows if rows is not None else 0
        self.counters.add(node, port, count)
        if name not in self.counters.read:
            if self.tap is not None and rows is not None and count:
                self.tap(name, rows)
            return
        whole = self.engine.schema(columns).empty_table() if rows is None else rows
        for column, type in METADATA.items():
            if column not in whole.column_names:
                whole = whole.append_column(column, pa.nulls(count, self.engine.schema({column: type}).field(0).type))
        tables[name] = whole
        self.epoch.changed = self.epoch.changed or count > 0
        self._emit(name, whole)

    def _emit(self, name: str, rows: pa.Table | None) -> None:
        """Put rows into the outboxes of the sinks that read them."""
        if rows is None or not rows.num_rows:
            return
        if self.tap is not None:
            self.tap(name, rows)
        for effect in self._effects.get(name, ()):
            if effect.node in self.epoch.leaves_out:
                self.counters.leave_out(effect.node, rows.num_rows)
            elif effect.node in self.sinks:
                self.epoch.outboxes.setdefault(effect.node, []).append(rows.select(list(effect.columns)))
            self.counters.offer(effect.node, rows.num_rows)


__all__ = ["OpenSource", "SourceClock", "StreamOptions", "StreamRun", "StreamScan"]
