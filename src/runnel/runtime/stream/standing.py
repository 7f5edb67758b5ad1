"""How a stream stands: its ledger now, what waits, and the status that it tells."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from runnel.runtime.ledger import Ledger
from runnel.runtime.stream.clocks import least_watermark
from runnel.runtime.stream.pausing import waiting_for_sources
from runnel.runtime.stream.spending import summed

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun


def ledger_of(run: StreamRun) -> Ledger:
    """Return the ledger since the incarnation began; rows on their way to a sink are in flight."""
    unsent = {node: pa.concat_tables(rows) for node, rows in run.epoch.outboxes.items()}
    counters = copy(run.counters)  # what the epoch that is being made refused is counted with its row
    counters.letters = dict(run.counters.letters)
    for node, count in run.letters.counts.items():
        counters.refuse(node, count)
    return counters.settle(waiting_of(run, unsent))


def waiting_of(run: StreamRun, parcels: Mapping[str, pa.Table]) -> dict[str, int]:
    """Return the rows per node that wait for the watermark, or for delivery."""
    waiting = {node: step.in_flight for node, step in run.steps.items()}
    for node, sink in run.sinks.items():
        kept = sum(parcel.rows for parcel in run.row.outboxes.get(node, ()) if parcel.epoch > sink.delivered)
        waiting[node] = kept + (parcels[node].num_rows if node in parcels else 0)
    return waiting


def spent_of(run: StreamRun) -> dict[str, float]:
    """Return the seconds that each node took since the process began, deliveries included."""
    sinks = {node: sink.spent for node, sink in run.sinks.items()}
    return {node: round(found, 4) for node, found in summed(run.spending.seconds, run.intake.spent(), sinks).items()}


def together_of(run: StreamRun) -> dict[str, list[str]]:
    """Return the nodes whose time is one, because one step of a query computes them: node → the others."""
    return {**run.intake.together(), **run.spending.together}


def status_of(run: StreamRun) -> dict[str, Any]:
    """Return what `stream status` tells."""
    return {
        "epoch": run.row.epoch, "positions": run.intake.numbers(), "lag": run.intake.lag(),
        "watermark": least_watermark(run.intake.clocks.values()), "state_bytes": sum(s.bytes for s in run.steps.values()),
        "state": {node: {"rows": step.rows, "bytes": step.bytes, "waiting": step.in_flight,
                         "trouble": step.asking.trouble if step.asking else ""} for node, step in run.steps.items()},
        "outbox": {
            node: {"epochs": len([p for p in run.row.outboxes.get(node, ()) if p.epoch > sink.delivered]),
                   "bytes": sink.pending_bytes, "limit": run.limit(node)[1], "when_full": run.limit(node)[0],
                   "left_out": run.counters.left_out.get(node, 0), "delivered": sink.delivered, "trouble": sink.trouble,
                   "held": sink.held,
                   "error": sink.error.to_json() if sink.error else None}
            for node, sink in run.sinks.items()
        },
        "sources": {node: {**told, "held": node in run.paused.sources} for node, told in run.intake.told().items()},
        "held_by": dict(waiting_for_sources(run)), "spent": spent_of(run), "together": together_of(run),
        "ports": run.counters.told(), "letters": dict(run.counters.letters),
        "watermarks": dict(run.marks), "epoch_rows": run.epoch.number,
        "paused_because": run.braked.to_json() if run.braked else None, "changes": run.brakes.changes,
        "wanted": run.wanted, "outbox_limit": run.options.outbox_bytes,
    }  # fmt: skip
