"""Results before their time: what a step holds of windows that are not over leaves at the end of an epoch, as changes.

That happens once in an epoch, and by nothing but the state and the epoch's recorded time: an epoch that is computed again from
the same records, however they are cut, tells the same rows.
"""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from runnel.runtime.stream.clocks import MOMENT
from runnel.sdk.stateful import SINCE, UNTIL

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun


@dataclass
class Early:
    """When a step told its open windows last, and when something came last; times are those of epochs, in microseconds."""

    every: int
    told: int | None = None
    came: int | None = None

    def is_due(self, now: int) -> bool:
        """Tell whether something came since the last time, and that is long enough ago."""
        if self.came is None:
            return False
        return self.told is None or (self.came > self.told and now >= self.told + self.every)

    def moment(self, now: int) -> int:
        """Return the time that rows have which come now: after the last telling, also in an epoch of the same time."""
        return now if self.told is None else max(now, self.told + 1)

    def stamped(self, rows: pa.Table, now: int) -> pa.Table:
        """Return rows for a bucketed state with the time at which they came."""
        if rows.num_rows:
            self.came = now
        times = pa.array([now] * rows.num_rows, pa.int64()).cast(MOMENT)
        return rows.append_column(SINCE, times).append_column(UNTIL, times)

    def to_json(self) -> list[int | None]:
        """Return what a row keeps."""
        return [self.told, self.came]

    def restore(self, data: Any) -> None:
        """Take over what a row kept."""
        self.told, self.came = data if data is not None else (None, None)


def tell(run: StreamRun) -> None:
    """Let steps tell what is due, as the last thing of an epoch; the rows go their way as any others."""
    if not any(step.early is not None and step.early.is_due(run.time) for step in run.steps.values()):
        return
    run.telling = True
    try:
        run.cycle([])
    finally:
        run.telling = False


def wake(run: StreamRun) -> None:
    """Begin an epoch where a window that changed may be told by now, though nothing comes."""
    if run.epoch.began is not None:
        return
    now = int(run.options.clock() * 1_000_000)
    if any(step.early is not None and step.early.is_due(now) for step in run.steps.values()):
        run.begin()
        run.epoch.changed = run.epoch.due = True


def joined(made: Mapping[str, pa.Table], more: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the rows of ports with further rows behind them."""
    return {
        **made,
        **{port: pa.concat_tables([made[port], rows]) if port in made else rows for port, rows in more.items()},
    }
