"""Rows of a stream as changes of a dataset: what is put and what is deleted, by key, and rows that cannot be either."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runnel.sdk.delivery import EpochRows, Refused
from runnel.store.delta import storable
from runnel.store.merging import CURRENT, FROM, GONE, KEPT, TO, Merge

if TYPE_CHECKING:
    import pyarrow as pa

OP, BEFORE, UNCHANGED = "_op", "_before", "_unchanged"
"""Columns that say what a change is; they are not kept themselves."""


@dataclass(frozen=True)
class Keeping:
    """How a stream keeps a dataset: by which key, and in a history, from which column's time on a row is true."""

    mode: Literal["upsert", "delete", "history"]
    key: tuple[str, ...]
    time: str | None = None

    def fitted(self, types: Mapping[str, str]) -> Keeping:
        """Return it with the names as the columns have them."""
        names = {name.lower(): name for name in types}
        key = tuple(names[name.lower()] for name in self.key)
        return Keeping(self.mode, key, None if self.time is None else names[self.time.lower()])

    def columns(self, types: Mapping[str, str]) -> dict[str, str]:
        """Return the columns of the dataset."""
        own = {name: type for name, type in types.items() if name not in (OP, BEFORE, UNCHANGED)}
        if self.time is None:
            return own
        return {**own, FROM: own[self.time], TO: own[self.time], CURRENT: "BOOLEAN"}

    def merge(self, columns: Mapping[str, str]) -> Merge:
        """Return how the dataset is read."""
        if self.time is None:
            return Merge("upsert", self.key)
        return Merge("history", self.key, beside=(*(name for name in columns if name.startswith("_")), self.time))


@dataclass(frozen=True)
class ChangeRows:
    """Turns epochs into change rows under stored names; `places` has them by column, `types` the types as DuckDB has them.

    `engine` gives a DuckDB connection, by which keys of earlier rows are read.
    """

    dataset: str
    keeping: Keeping
    types: Mapping[str, str]
    places: Mapping[str, str]
    engine: Callable[[], Any]

    def of(self, item: EpochRows, refused: list[Refused]) -> pa.Table:
        """Return the changes of an epoch in their order; rows without a key or a time go to `refused`."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        rows = item.rows.combine_chunks()
        op = _flat(rows.column(OP).cast(pa.string())) if OP in rows.column_names else pa.nulls(rows.num_rows, pa.string())
        cleared = pc.fill_null(pc.equal(op, "truncate"), False)
        gone = pc.fill_null(pc.equal(op, "delete"), self.keeping.mode == "delete")
        if self.keeping.mode == "delete":
            gone = pa.array([True] * rows.num_rows, pa.bool_())
        wrong = self._refuse(item.epoch, rows, cleared, refused)
        made = self._stored(rows, pc.or_(gone, cleared), cleared)
        order = pa.array(range(rows.num_rows), pa.int64())
        moved = self._moved(rows, op, made)
        if moved is not None:  # the earlier key goes right before the row that has another one now
            order = pa.concat_arrays([_flat(moved.column("n")), order])
            wrong = pa.concat_arrays([pa.array([False] * moved.num_rows), wrong])
            made = pa.concat_tables([moved.drop_columns(["n"]), made], promote_options="default")
            numbered = pa.table({"at": order, "n": pa.array(range(len(order)), pa.int64())})
            places = pc.sort_indices(numbered, sort_keys=[("at", "ascending"), ("n", "ascending")])
            made, wrong = made.take(places), wrong.take(places)
        return made.filter(pc.invert(wrong))

    def _refuse(self, epoch: int, rows: pa.Table, cleared: Any, refused: list[Refused]) -> Any:
        """Find rows that have no key, or no time where that counts; returns a mark for each row."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        keeping = self.keeping
        needed = (*keeping.key, *([keeping.time] if keeping.time is not None else []))
        empty = {name: pc.and_(_flat(pc.is_null(rows.column(name))), pc.invert(cleared)) for name in needed}
        wrong = cleared if keeping.mode != "upsert" else pa.array([False] * rows.num_rows, pa.bool_())
        for found in empty.values():
            wrong = pc.or_(wrong, found)
        for number in pc.indices_nonzero(wrong).to_pylist():
            name = next((name for name, found in empty.items() if found[number].as_py()), None)
            reason = f"`{name}` is empty, and the dataset {self.dataset} goes by it"
            if name is None:
                reason = f"the dataset {self.dataset} is kept by key: it cannot be emptied by a row (mode {keeping.mode})"
            refused.append(Refused(epoch, number, reason))
        return wrong

    def _stored(self, rows: pa.Table, gone: Any, cleared: Any) -> pa.Table:
        """Return rows under stored names, with the marks of changes; a row that empties the dataset has no key."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        columns: dict[str, Any] = {GONE: gone}
        emptied = pc.any(cleared).as_py()
        for name in rows.column_names:
            if name not in self.places:
                continue
            column = _flat(rows.column(name))
            column = column.cast(storable(column.type))
            if emptied and name in self.keeping.key:
                column = pc.if_else(cleared, pa.scalar(None, column.type), column)
            columns[self.places[name]] = column
        if self.keeping.time is not None:
            columns[self.places[FROM]] = columns[self.places[self.keeping.time]]
        if UNCHANGED in rows.column_names:
            told = rows.column(UNCHANGED).to_pylist()
            found = [[self.places[name] for name in row or () if name in self.places] for row in told]
            columns[KEPT] = pa.array([row or None for row in found], pa.list_(pa.string()))
        return pa.table(columns)

    def _moved(self, rows: pa.Table, op: Any, made: pa.Table) -> pa.Table | None:
        """Return deletions of the keys that rows had before an update gave them another one; `n` is the row's number."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        if BEFORE not in rows.column_names:
            return None
        wanted = pc.indices_nonzero(pc.and_(pc.fill_null(pc.equal(op, "update"), False), _flat(pc.is_valid(rows.column(BEFORE)))))
        if not len(wanted):
            return None
        earlier = self._earlier_keys(wanted, rows.column(BEFORE).take(wanted))
        columns: dict[str, Any] = {"n": earlier.column("n"), GONE: pa.array([True] * earlier.num_rows, pa.bool_())}
        differs, known = pa.array([False] * earlier.num_rows), pa.array([True] * earlier.num_rows)
        for number, name in enumerate(self.keeping.key):
            now = _flat(made.column(self.places[name]).take(wanted))
            then = _flat(earlier.column(f"k{number}")).cast(now.type)
            columns[self.places[name]] = then
            differs = pc.or_(differs, pc.fill_null(pc.not_equal(then, now), False))
            known = pc.and_(known, pc.is_valid(then))
        if self.keeping.time is not None:
            columns[self.places[FROM]] = made.column(self.places[FROM]).take(wanted)
        found = pa.table(columns).filter(pc.and_(differs, known))
        return found.combine_chunks() if found.num_rows else None

    def _earlier_keys(self, numbers: Any, before: Any) -> pa.Table:
        """Read the keys from the JSON of earlier rows, in their types."""
        import pyarrow as pa

        connection = self.engine()
        connection.register("_earlier", pa.table({"n": numbers.cast(pa.int64()), "b": before.cast(pa.string())}))
        try:
            keys = ", ".join(
                f"TRY_CAST(json_extract_string(b, {_quoted(_pointer(name))}) AS {self.types[name]}) AS k{number}"
                for number, name in enumerate(self.keeping.key)
            )
            return connection.sql(f"SELECT n, {keys} FROM _earlier ORDER BY n").to_arrow_table()
        finally:
            connection.unregister("_earlier")


def _flat(column: Any) -> Any:
    """Return a column as one array."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    if not column.num_chunks:
        return pa.nulls(0, column.type)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
