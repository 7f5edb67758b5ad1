"""The query that reads a dataset: its own names and types over what its table stores, changes merged in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from runnel.store.merging import Merge, merged_query, split_files
from runnel.store.notes import newest_note


def reading_query(table: Any, columns: Mapping[str, str], version: int) -> str:
    """Return the SQL (DuckDB) for a Delta table at a version, opened there; `columns` are its exact names and types."""
    casts = ", ".join(
        f'CAST("c{index}" AS {type}) AS {_quoted(column)}' for index, (column, type) in enumerate(columns.items())
    )
    files = table.file_uris()
    if not files:
        empty = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(column)}" for column, type in columns.items())
        return f"SELECT {empty} WHERE FALSE"
    note = newest_note(unquote(urlsplit(table.table_uri).path), version)
    if note is not None and note.get("merge"):
        rows, changes, _, _ = split_files(table)
        return f"SELECT {casts} FROM ({merged_query(rows, changes, columns, Merge.from_json(note['merge']))})"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return f"SELECT {casts} FROM read_parquet([{listed}], union_by_name = true)"


def is_keyed(location: str) -> bool:
    """Tell whether the rows of a table go by key: changes of it are folded in, and small files are not joined."""
    from deltalake import DeltaTable

    return is_keyed_at(location, DeltaTable(location).version())


def is_keyed_at(location: str, version: int) -> bool:
    """Tell whether the rows of a table went by key at a version."""
    note = newest_note(location, version)
    return note is not None and bool(note.get("merge"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
