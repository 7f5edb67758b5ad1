"""Epochs computed again: where a file was damaged, its epoch is read from exactly the records that it had."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from runnel.runtime.stream.checkpoints import Kept, Parcel
from runnel.runtime.stream.early import tell
from runnel.runtime.stream.epochs import BATCH_BYTES, BATCH_ROWS, Epoch
from runnel.runtime.stream.files import Section, StreamFile, write_file
from runnel.runtime.stream.recovery import Cutting, Restored, compare_counts, epochs_to_repeat, positions_of

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun


def repeat(run: StreamRun, restored: Restored) -> None:
    """Compute the epochs again whose files are damaged, each from exactly the records that it had.

    What they give must be what they gave; sinks skip what they hold. A base then stands for all of them, beside the one
    from which they were computed.
    """
    outboxes = dict(run.row.outboxes)
    cutting = Cutting()
    for kept in epochs_to_repeat(run.row, restored.epoch):
        _repeat_epoch(run, kept, cutting)
        compare_counts(kept.epoch, kept.place.counters, run.counters.to_json())
        _mend(run, kept, outboxes)
    sections = [section for step in run.steps.values() for section in step.snapshot()]
    file = write_file(run.options.folder, f"{run.row.epoch:012d}-base-{run.row.token}", sections)
    StreamFile(run.options.folder, file).verify()
    base = Kept(run.row.epoch, file, run.row.place)
    run.row = replace(run.row, bases=(restored.base, base), outboxes=outboxes)
    run.epoch = Epoch(run.row.epoch + 1, changed=True)
    run.left = cutting.rest()


def _repeat_epoch(run: StreamRun, kept: Kept, cutting: Cutting) -> None:
    run.epoch = Epoch(kept.epoch, began=time.monotonic(), leaves_out=frozenset(kept.place.leaves_out))
    run.time = kept.place.time
    run.held.repeat(run, kept.place.held)
    wanted = positions_of(kept.place)
    while not run.intake.stands_at(wanted):
        for node, records in run.intake.take(BATCH_BYTES, BATCH_ROWS):
            cutting.add(node, records)
        batch = [
            (node, records)
            for node, found in wanted.items() for partition, at in found.items()
            for records in cutting.take(node, partition, at.next)
        ]  # fmt: skip
        if batch:
            run.cycle(batch)
        else:
            run.intake.check()
            run.signal.wait(0.05)
            run.signal.clear()
    run.intake.restore(kept.place.clocks, settle=False)
    run.cycle([])
    for request in run.checkpoints.entered(kept.entered):
        run.enter(request)
    tell(run)
    run.intake.place(wanted)


def _mend(run: StreamRun, kept: Kept, outboxes: dict[str, tuple[Parcel, ...]]) -> None:
    """Write again what the damaged file of an epoch held for sinks and of dead letters."""
    for step in run.steps.values():
        step.delta()
    refused, counts = run.letters.take()
    if kept.epoch not in run.lost and not (kept.file and kept.file.name in run.damaged and counts):
        return
    tables = {node: pa.concat_tables(rows) for node, rows in run.epoch.outboxes.items()}
    sections = [Section(f"outbox/{node}", table.combine_chunks()) for node, table in tables.items()]
    file = write_file(
        run.options.folder, f"{kept.epoch:012d}-0-{run.row.token}", [*sections, *([refused] if refused else [])]
    )
    for node, parcels in outboxes.items():
        outboxes[node] = tuple(
            replace(parcel, file=file) if parcel.epoch == kept.epoch else parcel for parcel in parcels
        )
    if counts:
        run.checkpoints.mended(kept.epoch, file)
