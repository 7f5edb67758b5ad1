"""The entry point of a process that shares the reading of a stream; see `runtime.stream.lane`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runnel.app.streams.tapping import Tapping
from runnel.app.streams.wiring import context_of, holding, open_engine, open_sources, poison_of
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.channel import Channel
from runnel.runtime.stream.epochs import BATCH_ROWS
from runnel.runtime.stream.lane import Lane
from runnel.sandbox import TaskContext


def run(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Serve the process that commits until it is gone."""
    plan = StreamPlan.from_json(payload["plan"])
    engine = open_engine(payload, context)
    tapping = Tapping(plan, Path(payload["folder"]), engine, {}, context.emit)
    owners = {scan.node: context_of(scan, plan, payload) for scan in plan.scans}
    (line,) = context.take_descriptors()
    context.emit("connected")
    lane = Lane(
        plan, open_sources(plan, payload, engine), engine, Channel(line), int(payload["most_records"] or BATCH_ROWS),
        lambda node, partition: owners[node].mine(partition), poison_of(payload),
        tapping.tap, tapping.report,
    )  # fmt: skip
    lane.load = holding(engine, payload)
    lane.serve()
    return {}
