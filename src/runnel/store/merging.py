"""Datasets that are kept by key: their table holds rows, and changes of them that are not folded in yet; reading merges both.

A change is a row of the table with a sequence (`_seq`, growing), and the mark `_gone` where its key is deleted; a mark
without a key empties the table. `_kept` names columns that a change leaves as they were. Which keys there are, and what is
made of changes, stands in the note of each commit. Files without any sequence are rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

SEQUENCE, GONE, KEPT = "_seq", "_gone", "_kept"
FROM, TO, CURRENT = "valid_from", "valid_to", "is_current"
"""The columns that a history has besides its own."""


@dataclass(frozen=True)
class Merge:
    """How a dataset is kept: the newest row of each key, or all of them with the time in which they were true.

    `kept` are the stored names of columns that some change leaves as they were; `beside` those that make no version of
    their own in a history.
    """

    kind: Literal["upsert", "history"]
    key: tuple[str, ...]
    kept: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the form that notes hold."""
        return {"kind": self.kind, "key": list(self.key), "kept": list(self.kept), "beside": list(self.beside)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Merge:
        """Read the form that notes hold."""
        return Merge(data["kind"], tuple(data["key"]), tuple(data["kept"]), tuple(data["beside"]))

    def agrees(self, other: Merge) -> bool:
        """Tell whether changes of the other are read as ours are."""
        return self.kind == other.kind and [name.lower() for name in self.key] == [name.lower() for name in other.key]


def split_files(table: Any) -> tuple[list[str], list[str], int, int]:
    """Return the files of a Delta table that hold rows, and those that hold changes, with the bytes of both."""
    import pyarrow as pa

    actions = pa.table(table.get_add_actions(flatten=True))
    where = {path.rsplit("/", 1)[-1]: path for path in table.file_uris()}
    names = actions.column_names
    nothing: list[Any] = [None] * actions.num_rows
    without = actions.column(f"null_count.{SEQUENCE}").to_pylist() if f"null_count.{SEQUENCE}" in names else nothing
    rows, changes = [], []
    sizes = [0, 0]
    for path, size, count, empty in zip(
        *(actions.column(name).to_pylist() for name in ("path", "size_bytes", "num_records")), without, strict=True
    ):
        file = where[path.rsplit("/", 1)[-1]]
        changed = empty < count if empty is not None and count is not None else has_sequence(file)
        (changes if changed else rows).append(file)
        sizes[changed] += size
    return rows, changes, sizes[0], sizes[1]


def has_sequence(file: str) -> bool:
    """Tell whether a file holds changes, by looking into it."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        names = opened.schema_arrow.names
        if SEQUENCE not in names:
            return False
        groups = [opened.metadata.row_group(number) for number in range(opened.metadata.num_row_groups)]
        place = next(n for n in range(opened.metadata.num_columns) if opened.metadata.schema.column(n).path == SEQUENCE)
        figures = [group.column(place).statistics for group in groups]
        return any(
            found is None or not found.has_null_count or found.null_count < group.num_rows
            for found, group in zip(figures, groups, strict=True)
        )


def merged_query(rows: Sequence[str], changes: Sequence[str], columns: Mapping[str, str], merge: Merge) -> str:
    """Return the SQL (DuckDB) that reads a dataset as it stands, under the stored names of its columns."""
    return _Query(rows, changes, columns, merge).text()


class _Query:
    """Writes the query for one version of a dataset."""

    def __init__(self, rows: Sequence[str], changes: Sequence[str], columns: Mapping[str, str], merge: Merge) -> None:
        self.merge = merge
        self.stored = {name: f"c{index}" for index, name in enumerate(columns)}
        places = {name.lower(): place for name, place in self.stored.items()}
        self.keys = [places[name.lower()] for name in merge.key]
        self.all = list(self.stored.values())
        extra = [SEQUENCE, GONE, *([KEPT] if merge.kept else [])]
        self.parts = [f"stored AS ({files_query(rows, self.all)})", f"changes AS ({files_query(changes, [*self.all, *extra])})"]
        known = " AND ".join(f"{key} IS NOT NULL" for key in self.keys)
        since = f"(SELECT coalesce(max({SEQUENCE}), -1) FROM changes WHERE {GONE} AND NOT ({known}))"
        self.parts.append(f"counted AS (SELECT * FROM changes WHERE {known} AND {SEQUENCE} > {since})")
        self.parts.append(f"old AS (SELECT * FROM stored WHERE {since} < 0)")

    def text(self) -> str:
        """Return the query."""
        body = self._history() if self.merge.kind == "history" else self._newest()
        return f"WITH {', '.join(self.parts)} {body}"

    def _newest(self) -> str:
        source = "counted"
        if self.merge.kept:
            source = "told"
            self.parts.append(
                f"events AS (SELECT {_list(self.all)}, {SEQUENCE}, {GONE}, {KEPT} FROM counted "
                f"UNION ALL SELECT {_list(self.all)}, -1, FALSE, NULL FROM old WHERE {self._touched()})"
            )
            self.parts.append(self._told())
        self.parts.append(f"last AS ({_first_of(source, self.keys, f'{SEQUENCE} DESC')})")
        return (
            f"SELECT {_list(self.all)} FROM last WHERE NOT {GONE} "
            f"UNION ALL SELECT {_list(self.all)} FROM old WHERE NOT {self._touched()}"
        )

    def _history(self) -> str:
        """Each change ends what was true before it, in the order in which changes came; time never goes back for a key.

        Of the rows only the last one of a key counts for that: the one that is current, else the end of what was.
        """
        begins, ends, current = (self.stored[name] for name in (FROM, TO, CURRENT))
        own = [name for name in self.all if name not in (begins, ends, current)]
        beside = {self.stored[name] for name in self.merge.beside if name in self.stored}
        state = [name for name in own if name not in self.keys and name not in beside]
        empty = [name if name in self.keys else f"NULL AS {name}" for name in own]
        kept = KEPT if self.merge.kept else "NULL::VARCHAR[]"
        open_row, keys = f"coalesce({current}, FALSE) AND {self._touched()}", _list(self.keys)
        ended = f"max({ends}) AS _ended, bool_or({current}) AS _open"
        self.parts.append(f"closed AS (SELECT {keys}, {ended} FROM old WHERE {self._touched()} GROUP BY {keys})")
        self.parts.append(
            f"events AS (SELECT {_list(own)}, {begins} AS _at, {SEQUENCE}, {GONE}, {kept} AS {KEPT} FROM counted "
            f"UNION ALL SELECT {_list(own)}, {begins}, -1, FALSE, NULL FROM old WHERE {open_row} "
            f"UNION ALL SELECT {_list(empty)}, _ended, -1, TRUE, NULL FROM closed WHERE NOT _open)"
        )
        source = "events"
        if self.merge.kept:
            source = "told"
            self.parts.append(self._told())
        by = f"OVER (PARTITION BY {keys} ORDER BY {SEQUENCE})"
        packed = f"struct_pack({', '.join(f'{name} := {name}' for name in state)})" if state else "0"
        before = f"lag({GONE}) {by} AS _g, {packed} AS _v, lag({packed}) {by} AS _w"
        self.parts.append(f"beside AS (SELECT *, {before} FROM {source})")
        nothing = f"_g IS NULL AND {GONE} AND {SEQUENCE} >= 0"
        same = f"_g IS NOT NULL AND {GONE} = _g AND ({GONE} OR _v IS NOT DISTINCT FROM _w)"
        told = f"SELECT * FROM beside WHERE NOT ({nothing}) AND NOT ({same})"
        self.parts.append(f"timed AS (SELECT * REPLACE (max(_at) {by} AS _at) FROM ({told}))")
        self.parts.append(f"lasting AS (SELECT *, lead(_at) {by} AS _end FROM timed)")
        made = {begins: "_at", ends: "_end", current: "_end IS NULL"}
        told = ", ".join(f"{made[name]} AS {name}" if name in made else name for name in self.all)
        return (
            f"SELECT {told} FROM lasting WHERE NOT {GONE} "
            f"UNION ALL SELECT {_list(self.all)} FROM old WHERE NOT ({open_row})"
        )

    def _told(self) -> str:
        """Return events with the values that changes left as they were taken from the event before."""
        by = f"PARTITION BY {_list(self.keys)} ORDER BY {SEQUENCE} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        values = []
        for name in self.merge.kept:
            left = f"coalesce(list_contains({KEPT}, '{name}'), FALSE)"
            last = f"last_value(CASE WHEN {left} THEN NULL ELSE struct_pack(v := {name}) END IGNORE NULLS) OVER ({by})"
            values.append(f"CASE WHEN {left} THEN ({last}).v ELSE {name} END AS {name}")
        return f"told AS (SELECT * REPLACE ({', '.join(values)}) FROM events)"

    def _touched(self) -> str:
        keys = self.keys
        if len(keys) == 1:
            return f"coalesce({keys[0]} IN (SELECT {keys[0]} FROM counted), FALSE)"
        same = " AND ".join(f"counted.{key} = old.{key}" for key in keys)
        return f"EXISTS (SELECT 1 FROM counted WHERE {same})"


def files_query(files: Sequence[str], columns: Sequence[str]) -> str:
    """Return the SQL that reads stored columns of files; those that none of them has are NULL."""
    nothing = f"SELECT {', '.join(f'NULL AS {name}' for name in columns)} WHERE FALSE"
    if SEQUENCE in columns:
        nothing = f"SELECT {', '.join(f'{_empty(name)} AS {name}' for name in columns)} WHERE FALSE"
    if not files:
        return nothing
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    union = f"{nothing} UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], union_by_name = true)"
    return f"SELECT {_list(columns)} FROM ({union})"


def _empty(name: str) -> str:
    types = {SEQUENCE: "BIGINT", GONE: "BOOLEAN", KEPT: "VARCHAR[]"}
    return f"NULL::{types[name]}" if name in types else "NULL"


def _first_of(source: str, groups: Sequence[str], order: str) -> str:
    numbered = f"SELECT *, row_number() OVER (PARTITION BY {_list(groups)} ORDER BY {order}) AS _n FROM {source}"
    return f"SELECT * FROM ({numbered}) WHERE _n = 1"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
