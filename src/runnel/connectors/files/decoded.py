"""Formats without a reader in DuckDB: decoded once into Parquet in a working folder, then read from there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from runnel.connectors.files import limits, sql
from runnel.connectors.files.formats import Chosen, Format, Prepared, Reading, Sniffed
from runnel.connectors.files.overlay import rows_checked
from runnel.connectors.files.structure import Tree, merge, type_text
from runnel.connectors.files.values import Signs, candidates, overriding
from runnel.sdk import Opened

BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Decoded:
    """Where the decoded rows lie, and what to say about how they were found."""

    path: str
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


class DecodedFormat(Format):
    """A format whose files become Parquet files first."""

    def decode(self, file: Prepared, reading: Reading) -> Decoded:
        """Write the file's rows as Parquet; records that cannot be read become dead letters."""
        raise NotImplementedError

    def sniff(self, file: Prepared, reading: Reading) -> Sniffed:
        """Decode the file and read off the columns."""
        decoded = self.decode(file, reading)
        rows = reading.connection.execute(f"DESCRIBE SELECT * FROM read_parquet({sql.text(decoded.path)})").fetchall()
        columns = {row[0]: row[1] for row in rows if row[0] != _NOTHING}
        limits.columns(file.shown, len(columns))
        return Sniffed(overriding(columns, reading.given), {"found": columns, **decoded.options}, decoded.notes)

    def open(self, files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> Opened:
        """Decode the files and return the scan of the result."""
        parts = []
        for chosen in files:
            path = self.decode(chosen.file, reading).path
            scan = f"read_parquet({sql.text(path)})"
            found = chosen.options["found"]
            parts.append(rows_checked(scan, found, columns, reading, {"file": chosen.file.path}) or scan)
        if len(parts) == 1:
            return Opened(parts[0])
        wanted = sql.names(columns)
        return Opened(f"({' UNION ALL '.join(f'SELECT {wanted} FROM {part}' for part in parts)})")


_NOTHING = "_nothing"


def batches(rows: Iterable[Any], size: int = BATCH_ROWS) -> Iterator[list[Any]]:
    """Yield lists of up to `size` rows."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def parquet_of_records(records: Iterable[Mapping[str, Any]], reading: Reading, typed: bool = True) -> str:
    """Write records of texts, nested mappings and lists as Parquet; with `typed`, texts at the top are typed."""
    lines = reading.workspace.new(".ndjson")
    seen: dict[str, Tree] = {}
    with open(lines, "w", encoding="utf-8") as file:
        for record in records:
            tree = _tree(record)
            seen.setdefault(json.dumps(tree), tree)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    tree = merge(seen.values()).tree
    if not isinstance(tree, dict):
        return empty_parquet(reading)
    columns = {name: type_text(part) for name, part in tree.items()}
    call = (
        f"read_json({sql.text(lines)}, format='newline_delimited', columns={sql.struct(columns)}, auto_detect=false, "
        f"maximum_object_size={limits.MAX_RECORD_BYTES})"
    )
    made = reading.workspace.new(".parquet")
    types = fitting_types(call, columns, reading) if typed else columns
    selected = ", ".join(f"CAST({sql.name(name)} AS {type}) AS {sql.name(name)}" for name, type in types.items())
    reading.connection.execute(f"COPY (SELECT {selected} FROM {call}) TO {sql.text(made)} (FORMAT parquet)").fetchall()
    return made


def _tree(value: Any) -> Tree:
    if isinstance(value, Mapping):
        return {key: _tree(part) for key, part in value.items()}
    if isinstance(value, list):
        return [merge(_tree(part) for part in value).tree if value else "NULL"]
    return "NULL" if value is None else "VARCHAR"


def empty_parquet(reading: Reading) -> str:
    """Return a Parquet file without rows and without columns that count."""
    made = reading.workspace.new(".parquet")
    reading.connection.execute(
        f"COPY (SELECT 1 AS {_NOTHING} WHERE false) TO {sql.text(made)} (FORMAT parquet)"
    ).fetchall()
    return made


def fitting_types(scan: str, columns: Mapping[str, str], reading: Reading) -> dict[str, str]:
    """Return the columns with texts given the narrowest type that all their values fit without loss."""
    tried = candidates(Signs())
    made: dict[str, str] = dict(columns)
    texts = [name for name, type in columns.items() if type == "VARCHAR" and name not in reading.given]
    for name in texts:
        column = sql.name(name)
        counts = ", ".join(
            f"count(*) FILTER (WHERE {column} IS NOT NULL AND NOT {one.condition(column)})" for one in tried
        )
        row = sql.one(reading.connection, f"SELECT count({column}), {counts} FROM {scan}")
        if row[0]:
            made[name] = next((one.type for one, bad in zip(tried, row[1:], strict=True) if not bad), "VARCHAR")
    return made
