"""State that is dropped by time: rows in runs that are sorted by their moment; they go when the watermark has reached it."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runnel.runtime.stream.arrow import pc

Combine = Callable[[pa.Table], pa.Table]
Moments = npt.NDArray[np.int64]
MANY = 16
"""So many runs of about one size become one."""


@dataclass(frozen=True)
class Run:
    """Rows in the order of their moments; what is over is cut off its front without a copy."""

    moments: Moments
    rows: pa.Table

    @staticmethod
    def of(rows: pa.Table, column: str) -> Run:
        """Sort rows by their moment; equal ones stay as they are."""
        moments = pc.cast(rows.column(column), pa.int64()).to_numpy()
        if len(moments) > 1 and not bool((moments[1:] >= moments[:-1]).all()):
            order = np.argsort(moments, kind="stable")
            moments, rows = moments[order], rows.take(pa.array(order))
        return Run(moments, rows)


class BucketState:
    """Rows by the moment (microseconds) at which they may be dropped.

    What was added since the last checkpoint is its delta; everything at or before `dropped` is gone. With `strict` a
    row goes only when the watermark has passed its moment.
    """

    def __init__(self, schema: pa.Schema, column: str, combine: Combine | None = None, strict: bool = False) -> None:
        self.schema = schema
        self.column = column
        self.combine = combine
        self.strict = strict
        self.buckets: list[Run] = []
        self.dropped: int | None = None
        self._fresh: list[pa.Table] = []

    @property
    def rows(self) -> int:
        """How many rows are kept."""
        return sum(run.rows.num_rows for run in self.buckets)

    @property
    def bytes(self) -> int:
        """How much memory the rows take, about."""
        return sum(run.rows.nbytes for run in self.buckets)

    def add(self, rows: pa.Table) -> None:
        """Keep rows; they belong to the next delta."""
        if rows.num_rows:
            self._fresh.append(rows)
            self._place(rows)

    def _place(self, rows: pa.Table) -> None:
        self.buckets.append(Run.of(rows, self.column))
        while len(self.buckets) >= MANY:
            sizes = [run.rows.num_rows for run in self.buckets]
            start = len(sizes) - 2
            while start > 0 and sizes[start - 1] <= 4 * sum(sizes[start:]):
                start -= 1
            self.buckets[start:] = [self._merged(self.buckets[start:])]

    def _merged(self, runs: list[Run]) -> Run:
        rows = pa.concat_tables([run.rows for run in runs])
        return Run.of(self.combine(rows) if self.combine is not None else rows, self.column)

    def due(self, watermark: int | None) -> pa.Table:
        """Return the rows whose moment the watermark has reached."""
        if watermark is None:
            return self.schema.empty_table()
        return self._gathered([run.rows.slice(0, self._over(run, watermark)) for run in self.buckets])

    def all(self) -> pa.Table:
        """Return all rows."""
        return self._gathered([run.rows for run in self.buckets])

    def drop(self, watermark: int | None) -> None:
        """Forget the rows whose moment the watermark has reached."""
        if watermark is None:
            return
        kept: list[Run] = []
        for run in self.buckets:
            over = self._over(run, watermark)
            if over < len(run.moments):
                kept.append(Run(run.moments[over:], run.rows.slice(over)) if over else run)
        self.buckets = kept
        self.dropped = watermark if self.dropped is None else max(self.dropped, watermark)

    def _over(self, run: Run, watermark: int) -> int:
        """Return how many rows at the front of a run the watermark has reached."""
        return int(np.searchsorted(run.moments, watermark, side="left" if self.strict else "right"))

    def _gathered(self, tables: list[pa.Table]) -> pa.Table:
        some = [table for table in tables if table.num_rows]
        return pa.concat_tables(some) if some else self.schema.empty_table()

    def delta(self) -> pa.Table:
        """Return the rows added since the last call that are still needed."""
        fresh, self._fresh = self._fresh, []
        made = pa.concat_tables(fresh) if fresh else self.schema.empty_table()
        if self.dropped is None or not made.num_rows:
            return made
        moments = pc.cast(made.column(self.column), pa.int64())
        kept = pc.greater_equal(moments, self.dropped) if self.strict else pc.greater(moments, self.dropped)
        made = made.filter(kept)
        return self.combine(made) if self.combine is not None and len(fresh) > 1 and made.num_rows else made

    def snapshot(self) -> pa.Table:
        """Return all rows in as few as possible, for a base."""
        made = self.all()
        return self.combine(made) if self.combine is not None and made.num_rows else made

    def restore(self, rows: pa.Table, dropped: int | None) -> None:
        """Take over rows of a checkpoint, without those that were dropped by then; they are in no later delta."""
        if rows.num_rows:
            self._place(rows)
        if dropped is not None:
            self.drop(dropped)
