"""Running one query on both engines and comparing the results exactly (doubles within 1e-12 relative)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import psycopg

from runnel.engines.duckdb.functions import declare_functions
from runnel.errors import EngineError


@dataclass
class Engines:
    """DuckDB and PostgreSQL with the same table `m`."""

    duck: duckdb.DuckDBPyConnection
    server: psycopg.Connection[Any]

    def duckdb_rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.duck.execute(sql).fetchall()

    def postgres_rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.execute(sql.encode()).fetchall()


class DuckOracle:
    """A type oracle over an in-memory DuckDB."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"enable_external_access": "false"})
        self.connection.execute("SET TimeZone='UTC'")
        declare_functions(self.connection)
        self.calls = 0
        self.made: dict[str, str] = {}

    def describe(self, sql: str, tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        self.calls += 1
        for name, schema in tables.items():
            columns = ", ".join(_quoted(column) + " " + kind for column, kind in schema.items())
            if self.made.get(name) != columns:
                self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {_quoted(name)} ({columns})")
                self.made[name] = columns
        try:
            return {row[0]: row[1] for row in self.connection.execute("DESCRIBE " + sql).fetchall()}
        except duckdb.Error as error:
            raise EngineError("RNL-ENGINE-001", str(error)) from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def same(left: Any, right: Any) -> bool:
    """Tell whether two results are equal: NaN equals NaN, doubles may differ in the last digits."""
    left, right = plain_value(left), plain_value(right)
    if isinstance(left, float) or isinstance(right, float):
        return _same_double(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def plain_value(value: Any) -> Any:
    """Return a value in one form: moments in UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


def _same_double(left: Any, right: Any) -> bool:
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if not isinstance(left, int | float | Decimal) or not isinstance(right, int | float | Decimal):
        return False
    first, second = float(left), float(right)
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return first == second or math.isclose(first, second, rel_tol=1e-12, abs_tol=1e-300)
