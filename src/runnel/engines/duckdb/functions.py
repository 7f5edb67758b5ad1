"""Functions that DuckDB lacks, run by libraries in the worker; the type oracle knows their types only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

_XML = "STRUCT(problem VARCHAR, found VARCHAR[][])"


@dataclass(frozen=True)
class EngineFunction:
    """A function over texts: its parameters, its DuckDB type, and what computes it over Arrow batches.

    DuckDB copies a `pinned` one into no filter, so that it is computed once per row; TRY cannot stand around it.
    """

    name: str
    params: tuple[str, ...]
    returns: str
    load: Callable[[], Callable[..., Any]]
    pinned: bool = False


def _xml() -> Callable[..., Any]:
    from runnel.engines.duckdb.xml import xml_batch

    return xml_batch


def _xml_list() -> Callable[..., Any]:
    from runnel.engines.duckdb.xml import xml_list_batch

    return xml_list_batch


def _is_xml() -> Callable[..., Any]:
    from runnel.engines.duckdb.xml import is_xml_batch

    return is_xml_batch


FUNCTIONS = (
    EngineFunction("runnel_xml", ("document", "paths", "namespaces"), _XML, _xml, pinned=True),
    EngineFunction("runnel_xml_list", ("document", "path", "namespaces"), "VARCHAR[]", _xml_list),
    EngineFunction("runnel_is_xml", ("document",), "BOOLEAN", _is_xml),
)


def declare_functions(connection: Any) -> None:
    """Let a connection that only types queries know the functions, without what computes them."""
    for function in FUNCTIONS:
        made = f"{function.name}({', '.join(function.params)}) AS CAST(NULL AS {function.returns})"
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {made}")


def register_functions(connection: Any, sql: str) -> None:
    """Give a connection the functions that a query calls.

    They are vectorised (`type='arrow'`), and an error that one raises ends the query unless TRY stands around it.
    """
    for function in FUNCTIONS:
        if f"{function.name}(" not in sql.lower():
            continue
        # The cursors of one database share its functions, which have no state: one that is there is as good.
        with contextlib.suppress(duckdb.CatalogException, duckdb.NotImplementedException):
            connection.create_function(
                function.name, function.load(), ["VARCHAR"] * len(function.params), function.returns,
                type="arrow", null_handling="special", side_effects=function.pinned,
            )  # fmt: skip
