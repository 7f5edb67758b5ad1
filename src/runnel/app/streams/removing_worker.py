"""The entry point of the process that lets go what a stream holds in other systems and in logs of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app.streams.wiring import context_of, source_of
from runnel.plan.streams import StreamPlan
from runnel.sandbox import TaskContext


def forget(payload: Mapping[str, Any], context: TaskContext) -> None:
    """Let each of the named sources forget its stream; raises ConnectorError where one cannot."""
    plan = StreamPlan.from_json(payload["plan"])
    for scan in plan.scans:
        if scan.node in payload["nodes"]:
            source_of(scan).forget(context_of(scan, plan, payload))
