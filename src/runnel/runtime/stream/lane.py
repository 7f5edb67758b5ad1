"""One of several processes that share the reading of a stream: decodes, computes what needs no state, and hands it over.

It keeps nothing that matters: where its partitions stand is noted by the process that commits, and when either of them
ends, the stream starts again from its last row.
"""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from runnel.errors import RunnelError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.channel import Channel, Message
from runnel.runtime.stream.dividing import Division, divide
from runnel.runtime.stream.engine import StreamEngine
from runnel.runtime.stream.epochs import BATCH_BYTES, REPORT_SECONDS
from runnel.runtime.stream.held import Tables, tables_from_json
from runnel.runtime.stream.intake import Intake, OpenSource, Taken
from runnel.runtime.stream.letters import EpochLetters
from runnel.runtime.stream.spending import Spending, summed
from runnel.runtime.stream.steps import apart
from runnel.sdk.streaming import Position

VIEW, ABSORBED, PORT, LETTERS = "table:", "absorbed:", "port:", "letters"


class Lane:
    """Answers what the committing process asks, until that one is gone."""

    def __init__(
        self, plan: StreamPlan, sources: Mapping[str, OpenSource], engine: StreamEngine, channel: Channel, batch_rows: int,
        mine: Callable[[str, str], bool], poison: Mapping[tuple[str, str, int], str],
        tap: Callable[[str, pa.Table], None] | None = None, report: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.engine = engine
        self.channel = channel
        self.batch_rows = batch_rows
        self.mine = mine
        self.tap = tap
        self.report = report
        self.load: Callable[[Tables], None] = lambda _: None
        self._reported = 0.0
        self.division: Division = divide(plan)
        self.segments = {segment.id: segment for segment in plan.plan.segments}
        self.steps = [step for step in plan.steps if step.node in self.division.steps]
        self.letters = EpochLetters()
        self.signal = threading.Event()
        self.intake = Intake(plan, sources, engine, self.letters, self.signal, poison)
        self.spending = Spending()
        self._ended = threading.Event()
        self._told = threading.Event()

    def serve(self) -> None:
        """Answer until the other end is gone."""
        teller = threading.Thread(target=self._tell, name="arrivals", daemon=True)
        teller.start()
        try:
            while True:
                message = self.channel.receive()
                try:
                    said, tables = self.answer(message)
                except RunnelError as error:
                    said, tables = {"error": error.to_json()}, {}
                if said is not None:
                    self.channel.send(said, tables)
                self._report()
        except (EOFError, OSError):
            return
        finally:
            self._ended.set()
            self.signal.set()
            self.intake.close()
            self.channel.close()

    def _report(self) -> None:
        """Let those who look in have what they asked for."""
        if self.report is not None and time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            self.report()

    def _tell(self) -> None:
        """Say once that something arrived; again after it was asked for."""
        while not self._ended.is_set():
            self.signal.wait()
            self.signal.clear()
            if not self._told.is_set() and not self._ended.is_set():
                self._told.set()
                with contextlib.suppress(OSError):
                    self.channel.send({"arrived": True})

    def answer(self, message: Message) -> tuple[dict[str, Any] | None, dict[str, pa.Table]]:
        """Do what a message asks, and return the answer; None where none is expected."""
        said = message.said
        if said["do"] == "start":
            self.intake.restore(said["clocks"])
            self.intake.start({
                node: {name: at for name, at in found.items() if self.mine(node, name)}
                for node, found in said["positions"].items()
            })  # fmt: skip
            return self._standing(), {}
        if said["do"] == "read":
            return self._read(said)
        if said["do"] == "hold":
            self._hold(bool(said["held"]), frozenset(said["sources"]))
        elif said["do"] == "pause":
            for node, names in said["paused"].items():
                self.intake.sources[node].thread.paused = tuple(names)
        elif said["do"] == "renew":
            self.load(tables_from_json(said["tables"]))
        elif said["do"] == "release":
            self._release(said["positions"])
        return None, {}

    def _read(self, said: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, pa.Table]]:
        """Take what has arrived as far as state; event time goes by the watermarks that the message brings."""
        self._told.clear()
        self.intake.check()
        for node, watermark in said["watermarks"].items():
            self.intake.clocks[node].watermark = watermark
        batch = self.intake.take(BATCH_BYTES, self.batch_rows)
        taken = self.intake.read(batch, said["time"])
        if taken.records:
            self._compute(taken)
        tables = {VIEW + name: table for name, table in taken.tables.items() if name in self.division.sent}
        tables.update({ABSORBED + node: table for node, table in taken.absorbed.items()})
        for node, ports in taken.ports.items():
            tables.update({f"{PORT}{node}:{port}": table for port, table in ports.items()})
        if self.letters.counts:
            tables[LETTERS] = self.letters.drain()
        answer = {
            **self._standing(), "records": taken.records, "bytes": taken.bytes,
            "counts": [[node, port, rows] for (node, port), rows in taken.counts.items()],
            "more": self._has_more(),
        }  # fmt: skip
        return answer, tables if taken.records else {LETTERS: tables[LETTERS]} if LETTERS in tables else {}

    def _has_more(self) -> bool:
        return any(source.thread.queued for node, source in self.intake.sources.items() if node not in self.intake.held)

    def _hold(self, held: bool, sources: frozenset[str]) -> None:
        """Hold sources back, or let them go on: what was read of those then is told as if it had just arrived."""
        self.intake.hold(held, sources)
        if self._has_more():
            self.signal.set()

    def _compute(self, taken: Taken) -> None:
        """Compute this lane's segments, and make rows fit for states."""
        for id in self.division.segments:
            segment = self.segments[id]
            views = [*(scan.view for scan in segment.scans), *(feed.view for feed in segment.feeds)]
            tables = {view: taken.tables[view] for view in views if view in taken.tables}
            if not any(table.num_rows for table in tables.values()):
                taken.tables[id] = self.engine.schema(segment.columns).empty_table()
                continue
            made = self.engine.segment(segment, tables, self.letters)
            self.spending.add_all(made.seconds)
            for (node, port), rows in made.counts.items():
                if not port.startswith("·") and (node, port) not in taken.counts:
                    taken.counts[(node, port)] = rows
            taken.tables[id] = made.rows
            if self.tap is not None and id not in self.division.sent and made.rows.num_rows:
                self.tap(id, made.rows)
        absorbed: dict[str, pa.Table] = {}
        ports: dict[str, Mapping[str, pa.Table]] = {}
        for step in self.steps:
            inputs = {port: taken.tables[segment] for port, segment in step.inputs.items()}
            with self.spending.of(step.node):
                absorbed[step.node], ports[step.node] = apart(self.engine, step, inputs)
        taken.absorbed, taken.ports = absorbed, ports

    def _standing(self) -> dict[str, Any]:
        """Return where this lane's partitions stand."""
        fresh, self.intake.fresh = self.intake.fresh, False
        return {
            "positions": self.intake.positions(), "clocks": self.intake.clocks_json(), "ends": self.intake.ends(),
            "lag": self.intake.lag(), "told": self.intake.told(), "fresh": fresh,
            "spent": summed(self.intake.spent(), self.spending.seconds), "together": self.spending.together,
            "seen": {node: look.to_json() for node, look in self.intake.seen().items() if look.records or look.misfits},
        }  # fmt: skip

    def _release(self, positions: Mapping[str, Mapping[str, Any]]) -> None:
        mine = self.intake.numbers()
        self.intake.release({
            node: {name: Position.from_json(at) for name, at in found.items() if name in mine.get(node, {})}
            for node, found in positions.items()
        })  # fmt: skip
