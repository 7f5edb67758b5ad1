"""The type oracle: who tells the type of an expression, so that nobody re-implements the engine's typing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class TypeOracle(Protocol):
    """Types of queries over tables that exist only as schemas.

    Called by the compiler, about once per expression and once per node; implementations may cache by arguments.
    Only SQL that the compiler generated from an allow-listed tree is ever passed.
    """

    def describe(self, sql: str, tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Return the DuckDB type of every column of the SELECT `sql`, in order, over empty `tables` (name -> schema).

        Nothing is executed. Raises `EngineError` with the engine's own words when the query does not bind.
        """
        ...
