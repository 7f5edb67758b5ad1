"""The type oracle: DuckDB describes a query over empty typed tables, so the schema is exact before anything runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import duckdb

from runnel.engines.duckdb.functions import declare_functions
from runnel.errors import EngineError


class DuckOracle:
    """Types queries of ours over empty tables, on one in-memory connection without access to anything outside."""

    def __init__(self) -> None:
        config: dict[str, Any] = {"enable_external_access": "false", "threads": "1", "memory_limit": "512MiB"}
        self._connection = duckdb.connect(":memory:", config=config)
        self._connection.execute("SET TimeZone = 'UTC'")
        declare_functions(self._connection)
        self._tables: dict[str, tuple[tuple[str, str], ...]] = {}
        self._lock = threading.Lock()

    def describe(self, sql: str, tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Return column name → DuckDB type of a SELECT over tables of the given columns.

        Raises EngineError with the engine's words when the query cannot be typed.
        """
        with self._lock:
            try:
                for name, columns in tables.items():
                    self._declare(name, columns)
                rows = self._connection.execute(f"DESCRIBE {sql}").fetchall()
            except duckdb.Error as error:
                raise EngineError("RNL-ENGINE-001", _words(error), "") from error
        return {row[0]: row[1] for row in rows}

    def _declare(self, name: str, columns: Mapping[str, str]) -> None:
        shape = tuple(columns.items())
        if self._tables.get(name) == shape:
            return
        if len(self._tables) > 2000:
            for known in self._tables:
                self._connection.execute(f"DROP TABLE IF EXISTS {quoted(known)}")
            self._tables.clear()
        made = ", ".join(f"{quoted(column)} {type}" for column, type in shape) or '"_" BOOLEAN'
        self._connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({made})")
        self._tables[name] = shape


def quoted(name: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def _words(error: Exception) -> str:
    """Return the first sentence of an engine error without the caret picture below it."""
    lines = [line for line in str(error).split("\n") if line.strip()]
    kept: list[str] = []
    for line in lines:
        if line.startswith("LINE ") or set(line.strip()) <= {"^"}:
            break
        kept.append(line.strip())
    return " ".join(kept) or str(error)
