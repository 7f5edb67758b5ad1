"""The rows that are there already, read in chunks of keys between two marks while changes go on.

Source: Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-Capture Framework" (2020). A chunk is read between
a low and a high mark in the database's log; rows that changed between them are left to the changes. One race remains there:
a transaction whose commit stands before the low mark may not be visible to the chunk's snapshot yet. Its id is then among
those that the snapshot calls running, and the chunk is read again.
"""

from __future__ import annotations

import io
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.connectors.postgres.cdc_session import PREFIX, Table, driver, quoted, rows, told

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass
class Progress:
    """How far the snapshot of one table is: the key of the last row that is kept, and whether all are."""

    last: list[str] | None = None
    done: bool = False


@dataclass
class Chunk:
    """Rows between two marks, by key; `running` are the transactions that the chunk's snapshot did not see."""

    table: Table
    name: str
    rows: dict[tuple[str, ...], list[Any]]
    last: list[str] | None
    is_last: bool
    running: frozenset[int]
    open: bool = False


@dataclass
class Snapshot:
    """Reads the tables one after the other, a chunk at a time."""

    tables: Sequence[Table]
    progress: dict[str, Progress]
    chunk_rows: int
    run: str
    chunk: Chunk | None = None
    number: int = 0
    retries: int = 0

    @property
    def done(self) -> bool:
        """Whether every table was read."""
        return self.chunk is None and all(self.progress[table.full].done for table in self.tables)

    def begin(self, session: Any) -> None:
        """Read the next chunk, between its marks."""
        table = next(table for table in self.tables if not self.progress[table.full].done)
        self.number += 1
        name = f"{self.run}-{self.number}"
        mark(session, f"low {name}")
        self.chunk = self._read(session, table, name)
        mark(session, f"high {name}")

    def _read(self, session: Any, table: Table, name: str) -> Chunk:
        psycopg2 = driver()
        keys = ", ".join(quoted(key) for key in table.key)
        columns = ", ".join(quoted(column) for column in table.columns)
        last = self.progress[table.full].last
        out = io.BytesIO()
        try:
            with session.cursor() as cursor:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SELECT pg_current_snapshot()::text")
                running = cursor.fetchone()[0]
                after = ""
                if last is not None:
                    values = cursor.mogrify(", ".join(["%s"] * len(last)), last).decode()
                    after = f" WHERE ({keys}) > ({values})"
                query = f"SELECT {columns} FROM {table.sql}{after} ORDER BY {keys} LIMIT {self.chunk_rows}"
                cursor.copy_expert(f"COPY ({query}) TO STDOUT", out)
                cursor.execute("COMMIT")
        except psycopg2.Error as error:
            raise told(error, f"reading {table.full}") from error
        found = [_fields(line) for line in out.getvalue().decode().split("\n")[:-1]]
        places = [table.columns.index(key) for key in table.key]
        by_key = {tuple(row[place] for place in places): row for row in found}
        end = [found[-1][place] for place in places] if found else last
        return Chunk(table, name, by_key, end, len(found) < self.chunk_rows, _running(running))

    def mark_seen(self, text: str, committed: Container[int]) -> Chunk | None:
        """Take a mark of the stream; returns the chunk when its high mark has come. `committed` came before in the stream."""
        kind, _, name = text.partition(" ")
        chunk = self.chunk
        if chunk is None or name != chunk.name:
            return None
        if kind == "low":
            chunk.open = True
            if any(xid in committed for xid in chunk.running):
                self.chunk, self.retries = None, self.retries + 1
            return None
        self.chunk = None
        return chunk

    def changed(self, table: str, keys: Sequence[tuple[Any, ...]]) -> None:
        """Leave rows that changed between the marks to the changes."""
        chunk = self.chunk
        if chunk is not None and chunk.open and chunk.table.full == table:
            for key in keys:
                chunk.rows.pop(key, None)

    def truncated(self, table: str) -> None:
        """Leave out everything: the table was emptied between the marks."""
        chunk = self.chunk
        if chunk is not None and chunk.open and chunk.table.full == table:
            chunk.rows.clear()

    def kept(self, table: str, last: list[str] | None, done: bool) -> None:
        """Note that a chunk is durable."""
        self.progress[table] = Progress(last, done)


def sampled(session: Any, table: Table, most: int) -> list[list[Any]]:
    """Return some rows of a table, as texts."""
    psycopg2 = driver()
    out = io.BytesIO()
    columns = ", ".join(quoted(column) for column in table.columns)
    try:
        with session.cursor() as cursor:
            cursor.copy_expert(f"COPY (SELECT {columns} FROM {table.sql} LIMIT {most}) TO STDOUT", out)
    except psycopg2.Error as error:
        raise told(error, f"reading {table.full}") from error
    return [_fields(line) for line in out.getvalue().decode().split("\n")[:-1]]


def mark(session: Any, text: str) -> None:
    """Write a mark into the database's log, in a transaction of its own so that it is flushed."""
    rows(session, "SELECT pg_logical_emit_message(true, %s, %s)", [PREFIX, text])


def _running(text: str) -> frozenset[int]:
    """Return the transactions that a snapshot saw running, as the stream numbers them (32 bits)."""
    listed = text.rpartition(":")[2]
    return frozenset(int(xid) & 0xFFFFFFFF for xid in listed.split(",") if xid)


def _fields(line: str) -> list[Any]:
    """Return the values of a line of COPY's text form."""
    if "\\" not in line:
        return line.split("\t")
    return [None if value == "\\N" else _unescaped(value) for value in line.split("\t")]


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    parts = value.split("\\")
    made, place = [parts[0]], 1
    while place < len(parts):
        part = parts[place]
        if part:
            made.append(_ESCAPES.get(part[0], part[0]) + part[1:])
        else:  # an escaped backslash; what follows it stands for itself
            place += 1
            made.append("\\" + (parts[place] if place < len(parts) else ""))
        place += 1
    return "".join(made)


def restored(tables: Sequence[Table], kept: Mapping[str, Any], wanted: bool) -> dict[str, Progress]:
    """Return the progress of each table as it was kept; one that is new begins, unless no snapshot is wanted."""
    made: dict[str, Progress] = {}
    for table in tables:
        known = kept.get(table.full)
        made[table.full] = Progress(known["last"], known["done"]) if known else Progress(None, not wanted)
    return made


