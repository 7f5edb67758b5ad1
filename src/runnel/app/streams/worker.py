"""The entry point of the process that commits a stream: wires readers, engine, rows and sinks, and runs until told to end."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runnel.app.streams.announcing import Announced
from runnel.app.streams.rates import Rates
from runnel.app.streams.tapping import Tapping
from runnel.app.streams.wiring import holding, open_asking, open_engine, open_sinks, open_sources, poison_of
from runnel.plan.streams import StreamPlan
from runnel.runtime.ledger import Ledger
from runnel.runtime.stream.channel import Channel
from runnel.runtime.stream.checkpoints import LeaseLostError, Letters, Row
from runnel.runtime.stream.entering import Request
from runnel.runtime.stream.epochs import BATCH_ROWS, OUTBOX_BYTES
from runnel.runtime.stream.failpoints import FAILPOINTS
from runnel.runtime.stream.files import FileRef
from runnel.runtime.stream.held import tables_from_json
from runnel.runtime.stream.lanes import FarLane
from runnel.runtime.stream.pausing import Paused
from runnel.runtime.stream.run import StreamOptions, StreamRun
from runnel.runtime.stream.switching import Switch
from runnel.sandbox import TaskContext
from runnel.sandbox.failure import unpack
from runnel.store.streams import Lease, StreamLeaseLostError, StreamStore


class StoredRows:
    """The rows of one stream under a lease; implements `runtime.stream.checkpoints.Checkpoints`."""

    def __init__(self, store: StreamStore, lease: Lease) -> None:
        self.store = store
        self.lease = lease
        self.told: Mapping[str, Any] | None = None
        self._looked = 0.0
        self._given: set[str] = set()

    def load(self) -> Row:
        """Return the last row under the token of this lease."""
        from dataclasses import replace

        found = self.store.load(self.lease)
        row = Row.from_json(found) if found else Row(self.lease.incarnation)
        return replace(row, token=self.lease.token)

    def requests(self) -> Sequence[Request]:
        """Return the dead letters that are to enter again; the store is looked at once a second."""
        if time.monotonic() - self._looked < 1.0:
            return ()
        self._looked = time.monotonic()
        found = [item for item in self.store.requests(self.lease) if item["id"] not in self._given]
        self._given.update(item["id"] for item in found)
        return [_request(item) for item in found]

    def entered(self, ids: Sequence[str]) -> Sequence[Request]:
        """Return requests that entered before."""
        return [_request(item) for item in self.store.requests(self.lease, ids)] if ids else ()

    def commit(self, row: Row, letters: Letters | None, entered: Sequence[str] = ()) -> None:
        """Write a row; its dead letters become visible with it, and those that entered again are replayed."""
        counts = dict(letters.counts) if letters else {}
        file = letters.file.to_json() if letters else None
        try:
            self.store.commit(self.lease, row.epoch, row.to_json(), row.place.time, counts, file, entered)
        except StreamLeaseLostError as error:
            raise self._lost() from error

    def beat(self) -> str:
        """Show that this process lives, with what it tells."""
        try:
            told, self.told = self.told, None
            return self.store.beat(self.lease, told)
        except StreamLeaseLostError as error:
            raise self._lost() from error

    def paused(self) -> Paused:
        """Return the wires that a person paused, as they are wanted now."""
        found = self.store.pauses.of(self.lease.name)
        ends = {end: frozenset(item["node"] for item in found if item["end"] == end) for end in ("sink", "source")}
        return Paused(ends["sink"], ends["source"])

    def pause(self) -> None:
        """Say that the stream is to be paused."""
        self.store.wish(self.lease.name, "paused")

    def mended(self, epoch: int, file: FileRef) -> None:
        """Note where the dead letters of an epoch lie now."""
        self.store.mended(self.lease, epoch, file.to_json())

    def needed(self) -> set[str]:
        """Return the names of files that dead letters need."""
        return self.store.needed(self.lease)

    def _lost(self) -> LeaseLostError:
        what = f"another process has taken over the stream {self.lease.name}"
        return LeaseLostError("RNL-STREAM-032", what, "This one ends; nothing of it counts any more.")


def _request(item: Mapping[str, Any]) -> Request:
    return Request(item["id"], item["node"], [base64.b64decode(text) for text in item["records"]], item["incarnation"])


def run(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Run a stream until it is told to end; returns how it ended, with its last status and ledger."""
    FAILPOINTS.arm(payload["faults"])
    plan = StreamPlan.from_json(payload["plan"])
    lease = Lease(**payload["lease"])
    store = StreamStore.attach(payload["url"], Path(payload["home"]))
    engine = open_engine(payload, context)
    tapping = Tapping(plan, Path(payload["folder"]), engine, payload.get("charts", {}), context.emit)
    rows = StoredRows(store, lease)
    lanes = [FarLane(number, Channel(line), unpack) for number, line in enumerate(context.take_descriptors())]
    if lanes:
        context.emit("connected")

    rates, shares = Rates(), Rates()

    def report(status: Mapping[str, Any]) -> None:
        ledger = stream.ledger()
        status = _with_all_ports(status, ledger)
        speeds = {"rates": rates.of(status["ports"]), "busy": shares.of(status["spent"])}
        joins = {"versions": stream.held.told(), "trouble": announced.trouble}
        told = {**status, **speeds, "joins": joins, "ledger": ledger.to_json(), "at": time.time()}
        rows.told = told
        context.emit("status", **told)
        tapping.report()

    announced = Announced(Path(payload["folder"]))
    stream = StreamRun(
        plan, open_sources(plan, payload, engine), open_sinks(plan, payload), engine, rows,
        StreamOptions(
            folder=Path(payload["folder"]), until_caught_up=bool(payload["until_caught_up"]),
            epoch_seconds=float(payload["epoch_seconds"]), deltas_per_base=int(payload["deltas_per_base"]),
            batch_rows=int(payload["most_records"] or BATCH_ROWS),
            eased_after=payload["eased_after"], switch=Switch.from_json(payload["switch"]), version=payload["version"],
            trying=(lambda node, partition, at: context.emit("trying", at=[node, partition, at])) if payload["careful"] else None,
            poison=poison_of(payload), asked=bool(payload["asked"]), asking=open_asking(plan, payload),
            held=tables_from_json(payload["held"]), load=holding(engine, payload), renewed=announced,
            outbox_bytes=int(payload["outbox_bytes"] or OUTBOX_BYTES), clock=FAILPOINTS.clock,
        ),
        report, tapping.tap, lanes,
    )  # fmt: skip
    tapping.steps = lambda: stream.steps
    ended = threading.Event()
    try:
        how = stream.run(lambda: "drained" if context.cancelled or ended.is_set() else None)
    finally:
        store.close()
    ledger = stream.ledger()
    status = _with_all_ports(stream.status(), ledger)
    return {"how": how, "status": status, "ledger": ledger.to_json(), "letters": stream.counters.letters}


def _with_all_ports(status: Mapping[str, Any], ledger: Ledger) -> dict[str, Any]:
    """Return a status with the rows of every port: those within a segment are not counted, they follow from the others."""
    return {**status, "ports": {**ledger.port_rows(), **status["ports"]}}
