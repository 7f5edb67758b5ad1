"""State by key: immutable levels of rows, sorted by the hash of their key, the newest level that knows a key counts."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runnel.runtime.stream.arrow import pc

Hashes = npt.NDArray[np.uint64]
HASH = "_hash"
MANY = 10
"""So many levels of about one size become one."""


@dataclass
class Level:
    """Rows of some keys: `hashes` are sorted and without doubles; a key's rows stand together, none means forgotten.

    What is due before `due_from` was looked at already. Nothing else of a level changes.
    """

    hashes: Hashes
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int32]
    rows: pa.Table
    due: npt.NDArray[np.int64]
    due_hashes: Hashes
    due_from: int = 0

    @staticmethod
    def of(hashes: Hashes, row_hashes: Hashes, rows: pa.Table, due: str | None) -> Level:
        """Make a level of the rows (with one hash each) of keys; a key without a row is forgotten."""
        known = hashes if _rises(hashes, strictly=True) else np.unique(hashes)
        ordered = row_hashes
        if not _rises(row_hashes):
            order = np.argsort(row_hashes, kind="stable")
            ordered, rows = row_hashes[order], rows.take(pa.array(order))
        if len(ordered) == len(known) and bool((ordered == known).all()):  # one row of each key, as most states have it
            starts, counts = np.arange(len(known)), np.ones(len(known), np.int32)
        else:
            starts = np.searchsorted(ordered, known, side="left")
            counts = np.searchsorted(ordered, known, side="right") - starts
        moments, owners = _due(rows, ordered, due)
        return Level(known, starts.astype(np.int64), counts.astype(np.int32), rows, moments, owners)

    def empty(self) -> None:
        """Let go of everything: another level has it."""
        self.hashes = self.due_hashes = np.empty(0, np.uint64)
        self.starts = self.due = np.empty(0, np.int64)
        self.counts, self.rows = np.empty(0, np.int32), self.rows.schema.empty_table()

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Return the rows with their hashes, and the hashes of all keys, as a file keeps them."""
        if bool((self.counts == 1).all()):
            row_hashes, order = self.hashes, self.starts
        else:
            row_hashes = np.repeat(self.hashes, self.counts)
            order = np.repeat(self.starts, self.counts) + _within(self.counts)
        rows = self.rows if _is_sorted(order) and len(order) == self.rows.num_rows else self.rows.take(pa.array(order))
        return rows.append_column(HASH, pa.array(row_hashes)), pa.table({HASH: pa.array(self.hashes)})


class KeyedState:
    """The rows of every key. `put` replaces all rows of some keys; what was put since the last checkpoint is its delta."""

    def __init__(self, schema: pa.Schema, due: str | None) -> None:
        self.schema = schema
        self.due_column = due
        self.levels: list[Level] = []
        self._fresh: list[Level] = []
        self._asked: int | None = None

    @property
    def keys(self) -> int:
        """How many keys are known, about: a key in two levels counts twice."""
        return sum(int((level.counts > 0).sum()) for level in self.levels)

    @property
    def bytes(self) -> int:
        """How much memory rows and index take, about."""
        return sum(level.rows.nbytes + level.hashes.nbytes * 3 for level in self.levels)

    def find(self, hashes: Hashes) -> tuple[pa.Table, Hashes]:
        """Return the rows of keys (by hash, without doubles), and each row's hash."""
        left = hashes
        tables: list[pa.Table] = []
        owners: list[Hashes] = []
        for level in reversed(self.levels):
            if not left.size:
                break
            if not level.hashes.size:
                continue
            at = np.searchsorted(level.hashes, left)
            at_safe = np.minimum(at, len(level.hashes) - 1)
            known = level.hashes[at_safe] == left
            found = at_safe[known]
            if found.size:
                counts = level.counts[found]
                places = np.repeat(level.starts[found], counts) + _within(counts)
                if places.size:
                    tables.append(level.rows.take(pa.array(places)))
                    owners.append(np.repeat(left[known], counts))
                left = left[~known]
        if not tables:
            return self.schema.empty_table(), np.empty(0, np.uint64)
        return pa.concat_tables(tables), np.concatenate(owners)

    def due(self, watermark: int | None) -> Hashes:
        """Return the hashes of keys with a row that the watermark makes due; the next `put` has to replace their rows."""
        if watermark is None or self.due_column is None:
            return np.empty(0, np.uint64)
        self._asked = watermark
        found = [level.due_hashes[level.due_from : np.searchsorted(level.due, watermark, side="right")] for level in self.levels]
        hashes = np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)
        if not hashes.size:
            return hashes
        rows, owners = self.find(hashes)  # an older level may say what a newer one has put off
        moments = pc.cast(rows.column(self.due_column), pa.int64())
        now = pc.fill_null(pc.less_equal(moments, watermark), False).to_numpy(zero_copy_only=False)
        return np.unique(owners[now])

    def since(self, column: str, moment: int | None) -> Hashes:
        """Return the hashes of keys with a row whose time in a column lies after a moment (None: all), and perhaps of more."""
        found: list[Hashes] = []
        for level in self.levels:
            times = pc.cast(level.rows.column(column), pa.int64())
            owners = np.zeros(level.rows.num_rows, np.uint64)
            owners[np.repeat(level.starts, level.counts) + _within(level.counts)] = np.repeat(level.hashes, level.counts)
            if moment is not None:
                owners = owners[pc.fill_null(pc.greater(times, moment), False).to_numpy(zero_copy_only=False)]
            found.append(owners)
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)

    def put(self, hashes: Hashes, row_hashes: Hashes, rows: pa.Table) -> None:
        """Replace all rows of the keys."""
        if self._asked is not None:
            for known in self.levels:
                known.due_from = int(np.searchsorted(known.due, self._asked, side="right"))
            self._asked = None
        level = Level.of(hashes, row_hashes, rows.combine_chunks(), self.due_column)
        self.levels.append(level)
        self._fresh.append(level)
        self._shrink()

    def _shrink(self) -> None:
        """Merge the newest levels while there are many of about one size."""
        while len(self.levels) >= MANY:
            sizes = [len(level.hashes) for level in self.levels]
            start = len(sizes) - 2
            while start > 0 and sizes[start - 1] <= 4 * sum(sizes[start:]):
                start -= 1
            self.levels[start:] = [merged(self.levels[start:], self.due_column)]

    def delta(self) -> Level | None:
        """Return what was put since the last call as one level."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return None
        return fresh[0] if len(fresh) == 1 else merged(fresh, self.due_column)

    def snapshot(self) -> Level:
        """Return everything as one level, without forgotten keys, for a base."""
        if not self.levels:
            return Level.of(np.empty(0, np.uint64), np.empty(0, np.uint64), self.schema.empty_table(), self.due_column)
        levels, self.levels = self.levels, []
        spent = [level for level in levels if not any(level is fresh for fresh in self._fresh)]
        whole = merged(levels, self.due_column, spent)
        kept = whole.counts > 0
        if not kept.all():
            whole = Level(whole.hashes[kept], whole.starts[kept], whole.counts[kept], whole.rows, whole.due, whole.due_hashes)
        self.levels = [whole]
        return whole

    def restore(self, rows: pa.Table, hashes: Hashes) -> None:
        """Take over a level of a checkpoint; it is in no later delta."""
        row_hashes = rows.column(HASH).to_numpy().astype(np.uint64, copy=False)
        self.levels.append(Level.of(hashes, row_hashes, rows.drop_columns([HASH]), self.due_column))
        self._shrink()


def merged(levels: Sequence[Level], due: str | None, spent: Sequence[Level] = ()) -> Level:
    """Return one level that says what several say, of which the later ones count.

    Those of `spent` are emptied on the way, so that a state of millions of keys does not stand in memory twice.
    """
    if len(levels) == 1:
        return levels[0]
    newest = list(reversed(levels))
    # the first of equal ones is of the newest level; what is of millions of keys is let go as soon as it was used
    known, first = np.unique(np.concatenate([level.hashes for level in newest]), return_index=True)
    base = np.cumsum([0, *(level.rows.num_rows for level in newest)])
    starts = np.concatenate([level.starts + base[index] for index, level in enumerate(newest)])[first]
    counts = np.concatenate([level.counts for level in newest])[first]
    del first
    one_each = bool((counts == 1).all())
    places = starts if one_each else np.repeat(starts, counts) + _within(counts)
    table = pa.concat_tables([level.rows for level in newest])
    for level in spent:
        level.empty()
    schema, columns = table.schema, []
    for name in schema.names:  # one at a time, since taking puts the pieces of a column together first
        columns.append(table.column(name).take(pa.array(places)).combine_chunks())
        table = table.drop_columns([name])
        pa.default_memory_pool().release_unused()
    rows = pa.table(columns, schema=schema)
    del starts, places
    moments, due_hashes = _due(rows, known if one_each else np.repeat(known, counts), due)
    return Level(known, np.cumsum(counts, dtype=np.int64) - counts, counts, rows, moments, due_hashes)


def _within(counts: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return 0, 1, … for each group of so many."""
    total = int(counts.sum())
    starts = np.repeat(np.cumsum(counts, dtype=np.int64) - counts, counts)
    return np.arange(total, dtype=np.int64) - starts


def _rises(hashes: Hashes, strictly: bool = False) -> bool:
    """Tell whether hashes are in order already, as they are in files: then rows stay where they are, unread."""
    return bool((hashes[1:] > hashes[:-1]).all() if strictly else (hashes[1:] >= hashes[:-1]).all())


def _is_sorted(order: npt.NDArray[np.int64]) -> bool:
    return bool((order == np.arange(len(order))).all())


def _due(rows: pa.Table, owners: Hashes, due: str | None) -> tuple[npt.NDArray[np.int64], Hashes]:
    """Return the moments at which rows are due, in order, and the hashes of their keys."""
    if due is None or not rows.num_rows:
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    moments = pc.cast(rows.column(due), pa.int64())
    some = pc.is_valid(moments).to_numpy(zero_copy_only=False)
    values = pc.fill_null(moments, 0).to_numpy()[some]
    order = np.argsort(values, kind="stable")
    return values[order], owners[some][order]
