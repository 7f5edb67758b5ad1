"""Partitions that run ahead of the slowest in event time are held back, and go on when it has come after."""

from __future__ import annotations

import threading
from typing import Any, cast

from runnel.plan.streams import StreamPlan, StreamScan
from runnel.runtime.stream.clocks import PartitionClock
from runnel.runtime.stream.intake import Intake, OpenSource
from runnel.runtime.stream.letters import EpochLetters
from runnel.runtime.stream.sources import SourceThread

SECOND = 1_000_000


def intake(**limits: float | None) -> Intake:
    sources: dict[str, OpenSource] = {}
    for node, limit in limits.items():
        scan = StreamScan(node, "source.given", {"max_lead_seconds": limit}, {}, {}, {})
        sources[node] = OpenSource(scan, SourceThread(node, cast(Any, None)), None)
    plan = cast(StreamPlan, None)
    return Intake(plan, sources, cast(Any, None), EpochLetters(), threading.Event())


def test_partitions_too_far_ahead_wait_until_the_slowest_comes_after():
    made = intake(a=10.0)
    clocks = made.clocks["a"].partitions
    clocks.update({"0": PartitionClock(newest=0), "1": PartitionClock(newest=11 * SECOND), "2": PartitionClock()})
    made.keep_together()
    assert made.sources["a"].thread.paused == ("1",)
    clocks["0"].newest = 2 * SECOND
    made.keep_together()
    assert made.sources["a"].thread.paused == ()


def test_another_source_may_be_the_slowest_but_not_an_idle_one():
    made = intake(a=10.0, b=None)
    made.clocks["a"].partitions["0"] = PartitionClock(newest=50 * SECOND)
    made.clocks["b"].partitions["0"] = PartitionClock(newest=1 * SECOND)
    made.keep_together()
    assert made.sources["a"].thread.paused == ("0",)
    made.clocks["b"].partitions["0"].idle = True
    made.keep_together()
    assert made.sources["a"].thread.paused == ()
