"""Event time: how far each partition is, which records came too late for it, and the watermark that closes windows."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from runnel.runtime.stream.arrow import pc

MOMENT = pa.timestamp("us", "UTC")
END_OF_TIME = 253_402_300_799_000_000
"""The last second of the year 9999, in microseconds: the watermark when everything is closed."""


@dataclass
class PartitionClock:
    """The clock of one partition; times are microseconds since 1970, None before the first record.

    `floor` is the least watermark that its records have: that at which it joined, or came back from being idle.
    """

    newest: int | None = None
    floor: int | None = None
    idle: bool = False
    at_end_since: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"newest": self.newest, "floor": self.floor, "idle": self.idle}


@dataclass
class SourceClock:
    """The clocks of one source's partitions, and the watermark that follows from them."""

    delay: int
    idle_after: float
    partitions: dict[str, PartitionClock] = field(default_factory=dict)
    watermark: int | None = None

    def join(self, partition: str) -> PartitionClock:
        """Return the clock of a partition; a new one joins at the current watermark."""
        clock = self.partitions.get(partition)
        if clock is None:
            clock = self.partitions[partition] = PartitionClock(floor=self.watermark)
        return clock

    def pass_records(self, partition: str, times: pa.ChunkedArray) -> pa.Array:
        """Move a partition's clock past records in their order; returns each record's own watermark.

        That is the largest event time of the records before it in its partition, less the delay.
        """
        clock = self.join(partition)
        if clock.idle:
            clock.idle, clock.floor = False, self.watermark
        clock.at_end_since = None
        values = np.asarray(pc.cast(times.combine_chunks(), pa.int64()).to_numpy(zero_copy_only=False))
        least = np.iinfo(np.int64).min // 2
        newest = np.maximum.accumulate(values)
        before = np.empty_like(newest)
        before[0] = clock.newest if clock.newest is not None else least
        np.maximum(newest[:-1], before[0], out=before[1:])
        marks = before - self.delay
        if clock.floor is not None:
            np.maximum(marks, clock.floor, out=marks)
        clock.newest = int(max(newest[-1], before[0]))
        return pa.array(marks, pa.int64(), mask=marks <= least).cast(MOMENT)

    def rest(self, partition: str, now: float, at_end: bool) -> None:
        """Note that a partition gave nothing: it becomes idle when it has stood at its end for long enough."""
        clock = self.join(partition)
        if not at_end:
            clock.at_end_since = None
            return
        if clock.at_end_since is None:
            clock.at_end_since = now
        if not clock.idle and now - clock.at_end_since >= self.idle_after:
            clock.idle = True

    def hold(self) -> None:
        """Note that the source is held back: no partition proves that it stands at its end meanwhile."""
        for clock in self.partitions.values():
            clock.at_end_since = None

    def advance(self) -> int | None:
        """Return the watermark: the least of all partitions that are not idle; it never falls. All idle: it holds."""
        active = [clock for clock in self.partitions.values() if not clock.idle]
        if active and all(clock.newest is not None for clock in active):
            least = min(clock.newest for clock in active if clock.newest is not None) - self.delay
            self.watermark = least if self.watermark is None else max(self.watermark, least)
        return self.watermark

    def to_json(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "watermark": self.watermark, "partitions": {name: clock.to_json() for name, clock in self.partitions.items()}
        }  # fmt: skip

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what a checkpoint kept."""
        self.watermark = data.get("watermark")
        self.partitions = {
            name: PartitionClock(item["newest"], item["floor"], item["idle"])
            for name, item in data.get("partitions", {}).items()
        }


def least_watermark(clocks: Iterable[SourceClock]) -> int | None:
    """Return the watermark of what several sources give together: the least, None while one knows none."""
    marks = [clock.watermark for clock in clocks]
    known = [mark for mark in marks if mark is not None]
    return min(known) if known and len(known) == len(marks) else None
