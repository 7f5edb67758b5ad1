"""A dataset as its versions made it: what each of them added, changed or replaced, in an order that is always the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError
from runnel.store.dataset_reading import is_keyed_at, reading_query
from runnel.store.delta_log import actions, commit_file, path_of
from runnel.store.merging import GONE, SEQUENCE, files_query, has_sequence
from runnel.store.notes import NAME

BATCH_ROWS = 64 * 1024


@dataclass(frozen=True)
class Step:
    """What one version did: `sql` gives its rows with `_op` (under stored names), `count` how many, None: not known."""

    version: int
    columns: Mapping[str, str]
    at: datetime
    sql: str = ""
    count: int | None = 0


class FollowedDataset:
    """Reads versions of one dataset's table; `connection` is a DuckDB connection that may read its folder."""

    def __init__(self, name: str, location: Path, connection: Any) -> None:
        self.name = name
        self.location = location
        self.connection = connection
        self._counts: dict[str, int] = {}

    def table(self) -> str | None:
        """Return the id of the table, None where there is none yet."""
        from deltalake import DeltaTable

        return str(self._delta().metadata().id) if DeltaTable.is_deltatable(str(self.location)) else None

    def newest(self) -> int:
        """Return the newest version."""
        return int(self._delta().version())

    def check(self, version: int) -> None:
        """Raise ConnectorError where a version is not kept."""
        self._read(version)

    def has(self, version: int) -> bool:
        """Tell whether a version is there."""
        return commit_file(self.location, version).exists()

    def whole(self, version: int) -> Step:
        """Return all rows of a version as a step, each a `snapshot`."""
        found = self._read(version)
        table = self._delta()
        table.load_as_version(version)
        if is_keyed_at(str(self.location), version):  # merged rows have no order of their own
            text = f"SELECT *, 'snapshot' AS _op FROM ({reading_query(table, found.columns, version)}) ORDER BY ALL"
            return Step(version, found.columns, found.at, text, None)
        stored = [f"c{index}" for index in range(len(found.columns))]
        text = f"SELECT *, 'snapshot' AS _op FROM ({files_query(sorted(table.file_uris()), stored)})"
        return _typed(Step(version, found.columns, found.at, text, None))

    def selected(self, version: int, query: str, columns: Mapping[str, str]) -> Step:
        """Return what a query makes of all rows of a version; it reads them from `{rows}`, and must say in which order."""
        found = self.whole(version)
        return Step(version, columns, found.at, f"SELECT *, NULL AS _op FROM ({query.replace('{rows}', f'({found.sql})')})", None)

    def answer(self, version: int, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a small query over all rows of a version, which it reads from `{rows}`."""
        return self._run(query.replace("{rows}", f"({self.whole(version).sql})"), version)

    def step(self, version: int) -> Step:
        """Return what a version did; raises ConnectorError where it is not kept."""
        return _typed(self._read(version))

    def count(self, step: Step) -> int:
        """Return how many rows a step gives."""
        if step.count is not None:
            return step.count
        if step.sql not in self._counts:
            self._counts[step.sql] = int(self._run(f"SELECT count(*) FROM ({step.sql})", step.version)[0][0])
        return self._counts[step.sql]

    def batches(self, step: Step, columns: Mapping[str, str], after: int) -> Iterator[Any]:
        """Yield the rows of a step from a number on as Arrow tables, with these columns and `_op`.

        Raises ConnectorError where files are gone, or where a column has another type now.
        """
        import duckdb
        import pyarrow as pa

        known = {name.lower(): (name, type) for name, type in step.columns.items()}
        parts = []
        for name, type in columns.items():
            found, has = known.get(name.lower(), (None, type))
            if has != type:
                what = f"`{name}` of the dataset {self.name} is {has} from version {step.version} on, and was {type}"
                raise ConnectorError("RNL-DATASET-011", what, "Start the stream anew, so that it reads the new columns.")
            parts.append(f"{_quoted(found) if found else f'CAST(NULL AS {type})'} AS {_quoted(name)}")
        text = f"SELECT {', '.join([*parts, '_op'])} FROM ({step.sql})"
        try:
            reader = self.connection.cursor().sql(text).to_arrow_reader(BATCH_ROWS)
            skip = after
            for batch in reader:
                taken = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - taken.num_rows
                if taken.num_rows:
                    yield pa.Table.from_batches([taken])
        except duckdb.IOException as error:
            raise self._gone(step.version, error) from error

    def _run(self, text: str, version: int) -> list[Any]:
        import duckdb

        try:
            return self.connection.cursor().execute(text).fetchall()
        except duckdb.IOException as error:
            raise self._gone(version, error) from error

    def _gone(self, version: int, error: Exception) -> ConnectorError:
        what = f"version {version} of the dataset {self.name} is not kept any more: {str(error).splitlines()[0][:200]}"
        hint = "Rewind the stream to empty state: it then begins with the rows that the dataset has."
        return ConnectorError("RNL-DATASET-010", what, hint)

    def _delta(self) -> Any:
        from deltalake import DeltaTable

        return DeltaTable(str(self.location))

    @lru_cache(maxsize=64)  # noqa: B019 - lives as long as the reader
    def _read(self, version: int) -> Step:
        """Read a version's entry of the log, as a query under stored names."""
        try:
            did = list(actions(self.location, version, "commitInfo", "add", "remove"))
        except FileNotFoundError as error:
            raise self._gone(version, error) from error
        told = next((action for kind, action in did if kind == "commitInfo"), {})
        note = json.loads(told[NAME]) if NAME in told else {}
        at = datetime.fromtimestamp(int(told.get("timestamp", 0)) / 1000, UTC)
        if not note:
            what = f"version {version} of the dataset {self.name} was not written by Runnel"
            raise ConnectorError("RNL-DATASET-010", what, "Rewind the stream to empty state: it then begins with the rows.")
        added = [action for kind, action in did if kind == "add" and action.get("dataChange")]
        removed = [self._path(action) for kind, action in did if kind == "remove"]
        columns, mode = note["columns"], note["mode"]
        if mode == "compact" or not added:
            emptied = mode == "replace" and bool(removed)
            return Step(version, columns, at, _cleared(columns) if emptied else "", int(emptied))
        files = [self._path(action) for action in sorted(added, key=lambda action: str(action["path"]))]
        rows = sum(int(json.loads(action["stats"])["numRecords"]) for action in added if action.get("stats"))
        known = all(action.get("stats") for action in added)
        stored = [f"c{index}" for index in range(len(columns))]
        try:
            changed = has_sequence(files[0])
        except FileNotFoundError as error:
            raise self._gone(version, error) from error
        if changed:
            text = _changes(files, stored, [stored[list(columns).index(name)] for name in note["merge"]["key"]])
        elif removed and mode == "upsert":
            gone = files_query(removed, stored)
            text, known = f"SELECT *, 'update' AS _op FROM ({files_query(files, stored)} EXCEPT ALL {gone}) ORDER BY ALL", False
        else:
            text = f"SELECT *, 'insert' AS _op FROM ({files_query(files, stored)})"
        if removed and mode != "upsert":
            text, rows = f"{_cleared(columns)} UNION ALL ({text})", rows + 1
        return Step(version, columns, at, text, rows if known else None)

    def _path(self, action: dict[str, Any]) -> str:
        return str(self.location / path_of(action))


def _typed(step: Step) -> Step:
    """Return a step whose rows have the names and types of the dataset."""
    if not step.sql:
        return step
    known = enumerate(step.columns.items())
    casts = ", ".join(f'CAST("c{index}" AS {type}) AS {_quoted(name)}' for index, (name, type) in known)
    return Step(step.version, step.columns, step.at, f"SELECT {casts}, _op FROM ({step.sql})", step.count)


def _changes(files: Sequence[str], stored: Sequence[str], keys: Sequence[str]) -> str:
    """Return the changes that files hold, in their order; a mark without a key empties the dataset."""
    inner = files_query(files, [*stored, SEQUENCE, GONE])
    empty = " OR ".join(f"{name} IS NULL" for name in keys)
    op = f"CASE WHEN {GONE} AND ({empty}) THEN 'truncate' WHEN {GONE} THEN 'delete' ELSE 'update' END"
    return f"SELECT {', '.join(stored)}, {op} AS _op FROM ({inner}) ORDER BY {SEQUENCE}"


def _cleared(columns: Mapping[str, str]) -> str:
    nothing = ", ".join(f"NULL AS c{index}" for index in range(len(columns)))
    return f"SELECT {nothing}, 'truncate' AS _op"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
