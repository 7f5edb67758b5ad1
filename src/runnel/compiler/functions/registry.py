"""The library: every function found by walking this package's modules, by name and alias."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlglot import exp

from runnel.compiler.functions.model import Function, Unsupported


def _modules() -> list[str]:
    package = importlib.import_module("runnel.compiler.functions")
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__))


@cache
def library() -> Mapping[str, Function]:
    """Return every function by its own name, in alphabetic order."""
    found: dict[str, Function] = {}
    for module_name in _modules():
        module = importlib.import_module(f"runnel.compiler.functions.{module_name}")
        for function in getattr(module, "FUNCTIONS", ()):
            if function.name in found:
                raise ValueError(
                    f"function {function.name} is defined in {found[function.name].family} and {module_name}"
                )
            found[function.name] = replace(function, family=module_name)
    return dict(sorted(found.items()))


@cache
def names() -> Mapping[str, Function]:
    """Return every function by each name that can be written: its own and its aliases, lower case."""
    found: dict[str, Function] = dict(library())
    for function in library().values():
        for alias in function.aliases:
            if alias in found:
                raise ValueError(f"alias {alias} of {function.name} is already {found[alias].name}")
            found[alias] = function
    return found


_EMITTED = {
    "aggregate": frozenset(
        {
            "sum",
            "quantile_cont",
            "stddev_samp",
            "stddev_pop",
            "var_samp",
            "var_pop",
            "string_agg",
            "corr",
            "covar_samp",
            "covar_pop",
            "regr_slope",
            "product",
            "skewness",
            "kurtosis",
        }
    )
}


@cache
def own_names(kind: str) -> frozenset[str]:
    """Return the DuckDB names of a kind: its functions emitted as they are, and those its compositions start with."""
    found = {function.name for function in library().values() if function.kind == kind and function.build is None}
    return frozenset(found | _EMITTED.get(kind, frozenset()))


def functions_index() -> list[dict[str, Any]]:
    """Return the listing that `runnel functions list` and `describe` print: one entry of JSON values per function."""
    return [function.to_json() for function in library().values()]


def support_table() -> list[dict[str, str]]:
    """Return one row per function and dialect: `same`, or `unsupported` with its reason; the matrix tests prove it."""
    rows: list[dict[str, str]] = []
    for function in library().values():
        rows.append({"function": function.name, "dialect": "duckdb", "outcome": "same", "reason": ""})
        no = function.postgres if isinstance(function.postgres, Unsupported) else None
        outcome, reason = ("unsupported", no.reason) if no else ("same", "")
        rows.append({"function": function.name, "dialect": "postgres", "outcome": outcome, "reason": reason})
    return rows


@cache
def _many_row_names() -> frozenset[str]:
    return own_names("aggregate") | own_names("window")


def is_aggregate(node: exp.Expr) -> bool:
    """Tell whether a node of a bound tree is a call that looks at several rows (an aggregate or window function)."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _many_row_names()
    return isinstance(node, exp.AggFunc)
