"""SQL templates of nodes: fixed text of ours, parsed once, with trees put in place of `:name`."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp


@lru_cache(maxsize=512)
def _parsed(template: str) -> exp.Expr:
    return sqlglot.parse_one(template, read="duckdb")


def fill(template: str, **parts: exp.Expr | str | int | float | bool | None) -> exp.Expr:
    """Return the tree of a template; plain values become literals. Never give it text that a person wrote."""

    def swap(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder) and node.name in parts:
            value = parts[node.name]
            return value.copy() if isinstance(value, exp.Expr) else exp.convert(value)
        return node

    made: exp.Expr = _parsed(template).transform(swap)
    return made


def types_of(types: str) -> exp.DataType:
    """Return the tree of a type's name."""
    return exp.DataType.build(types, dialect="duckdb")
