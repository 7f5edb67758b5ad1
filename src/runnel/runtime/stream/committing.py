"""The commit of a stream: everything since the last one becomes true at once; bases are begun and old files go."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from runnel.runtime.stream.checkpoints import Kept, Letters, Parcel, Place, Row
from runnel.runtime.stream.early import tell
from runnel.runtime.stream.epochs import EPOCH_BYTES, IN_MEMORY_BYTES, Epoch
from runnel.runtime.stream.failpoints import point
from runnel.runtime.stream.files import FileRef, Section, write_file
from runnel.runtime.stream.held import tables_to_json
from runnel.runtime.stream.outbox import Waiting
from runnel.runtime.stream.recovery import positions_of
from runnel.runtime.stream.standing import waiting_of
from runnel.sdk.delivery import EpochRows

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun


def is_due(run: StreamRun) -> bool:
    """Tell whether the epoch is to end now."""
    epoch = run.epoch
    if run.intake.fresh:
        return True
    if epoch.began is None or not (epoch.changed or run.letters.counts):
        return False
    return epoch.due or epoch.bytes >= EPOCH_BYTES or time.monotonic() - epoch.began >= run.options.epoch_seconds


def commit(run: StreamRun, finished: bool = False) -> None:
    """Make everything since the last commit true at once, or end the process."""
    if not (run.epoch.changed or run.letters.counts or finished):
        return
    tell(run)
    number = run.epoch.number
    sections: list[Section] = []
    marks: dict[str, dict[str, Any]] = {}
    for node, step in run.steps.items():
        made, marks[node] = step.delta()
        sections += made
    parcels: dict[str, pa.Table] = {node: pa.concat_tables(rows) for node, rows in run.epoch.outboxes.items()}
    sections += [Section(f"outbox/{node}", table.combine_chunks()) for node, table in parcels.items()]
    refused, counts = run.letters.take()
    sections += [refused] if refused else []
    for node, count in counts.items():
        run.counters.refuse(node, count)
    file = write_file(run.options.folder, f"{number:012d}-0-{run.row.token}", sections) if sections else None
    row = _next_row(run, number, file, parcels, marks, finished)
    point("row.before")
    run.checkpoints.commit(row, Letters(file, counts) if file and counts else None, run.entered)
    point("row.after")
    run.row = row
    _committed(run, number, file, parcels)


def _next_row(
    run: StreamRun, number: int, file: FileRef | None, parcels: Mapping[str, pa.Table], marks: dict[str, dict[str, Any]],
    finished: bool,
) -> Row:  # fmt: skip
    before = run.row.place  # where only what was finished is delivered, nothing is read: sources stand where they stood
    place = Place(
        positions=before.positions if run.rests else run.intake.positions(),
        clocks=before.clocks if run.rests else run.intake.clocks_json(), watermarks=dict(run.marks), marks=marks,
        counters={**run.counters.to_json(), "waiting": waiting_of(run, parcels), "version": run.options.version}, time=run.time,
        watched=run.brakes.state(), leaves_out=tuple(sorted(run.epoch.leaves_out)), held=tables_to_json(run.held.used),
    )  # fmt: skip
    bases = run.row.bases
    done = run.bases.finished()
    if done is not None:
        bases = (*bases, done)[-2:]
    since = bases[0].epoch
    deltas = tuple(kept for kept in (*run.row.deltas, Kept(number, file, place, tuple(run.entered))) if kept.epoch > since)
    delivered = {node: sink.delivered for node, sink in run.sinks.items()}
    outboxes = {
        node: tuple(parcel for parcel in run.row.outboxes.get(node, ()) if parcel.epoch > delivered[node])
        for node in run.sinks
    }
    for node, table in parcels.items():
        assert file is not None
        outboxes[node] = (*outboxes[node], Parcel(number, file, table.num_rows, table.nbytes))
    return replace(
        run.row, epoch=number, bases=bases, deltas=deltas, outboxes=outboxes, delivered=delivered, finished=finished,
        plan=run.plan.plan.version, version=run.options.version,
    )  # fmt: skip


def _committed(run: StreamRun, number: int, file: FileRef | None, parcels: Mapping[str, pa.Table]) -> None:
    """Hand rows over, begin the next epoch, and let old things go."""
    for node, table in parcels.items():
        rows, sink = EpochRows(number, table), run.sinks[node]
        far = sink.pending_bytes > IN_MEMORY_BYTES  # what waits for long is read from its file when it is its turn
        load = run.loader(run.row.outboxes[node][-1], node) if far else lambda rows=rows: rows
        sink.offer(Waiting(number, table.num_rows, table.nbytes, load))
    run.epoch = Epoch(number + 1)
    run.intake.fresh, run.entered = False, []
    newest = run.row.bases[-1].epoch if run.row.bases else 0
    if (number - newest >= run.options.deltas_per_base or run.damaged) and not run.bases.busy:
        run.damaged = []  # a base that is gone is made up for at once, so that two stand again
        _begin_base(run, number)
    if run.bases.adopted(run.row.bases):
        _release(run)


def _begin_base(run: StreamRun, number: int) -> None:
    sections = [section for step in run.steps.values() for section in step.snapshot()]
    run.bases.begin(number, run.row.token, sections, run.row.place)


def _release(run: StreamRun) -> None:
    """Let sources and the folder forget what lies before the older verified base."""
    run.intake.release(positions_of(run.row.bases[0].place))
    run.bases.collect(run.row.files() | run.checkpoints.needed() | run.held.files(), run.row.token)
