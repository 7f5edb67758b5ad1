"""Locks an engine connection from inside a worker: the inner wall, behind the process's own.

DuckDB is handed in by the caller; this package does not import it. `allowed_directories` would also let COPY write
into a folder granted for reading: Landlock refuses that, so the outer wall is needed too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from runnel.sandbox.context import TaskContext


class _Engine(Protocol):
    """The part of the `duckdb` module that is used here."""

    def connect(self, database: str, *, config: dict[str, Any]) -> Any:
        """Open a database."""
        ...


def _quoted(paths: Iterable[str]) -> str:
    """Return a DuckDB list of text."""
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def _value(value: Any) -> str:
    """Return a setting's value as SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def connect_locked(
    duckdb: _Engine,
    *,
    memory_bytes: int,
    threads: int,
    spill_folder: str | None = None,
    folders: Iterable[str] = (),
    files: Iterable[str] = (),
    settings: Mapping[str, Any] | None = None,
    opened: Any = None,
) -> Any:
    """Open an in-memory database that reaches only `folders` and `files`, and lock its configuration.

    The configuration lock comes last: nothing, not even RESET, changes a setting after it. Without a spill folder
    nothing is spilled to disk. `settings` are further engine settings (`max_temp_directory_size`, say), made before
    the lock; their names are the caller's own, never a user's. Several statements per call remain possible: parse
    before you execute. `opened` is a connection of `open_before_fork` that takes the place of a new one.
    """
    config: dict[str, Any] = {
        "memory_limit": f"{max(1, memory_bytes >> 20)}MiB",
        "threads": threads,
        "temp_directory": spill_folder or "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
        "preserve_insertion_order": True,
    }
    if opened is None:
        connection, made = duckdb.connect(":memory:", config=config), dict(settings or {})
    else:
        opened.execute("RESET async_threads")
        connection, made = opened, {**config, **(settings or {})}
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    for name, value in made.items():
        connection.execute(f"SET {name} = {_value(value)}")
    connection.execute(f"SET allowed_directories = {_quoted(folders)}")
    connection.execute(f"SET allowed_paths = {_quoted(files)}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def open_before_fork(duckdb: _Engine) -> Any:
    """Open an in-memory database without threads, so that processes forked from this one hold it ready.

    Opening takes ten times as long as the fork. Nothing may be read with it before `connect_locked` has locked it.
    """
    return duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0, "allocator_background_threads": False})


def interrupt_on_cancel(context: TaskContext, connection: Any) -> None:
    """Let a cancel or timeout of the call interrupt the query that runs on the connection."""
    context.on_cancel(connection.interrupt)
