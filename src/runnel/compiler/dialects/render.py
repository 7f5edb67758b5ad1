"""A bound tree as text of a dialect: DuckDB as it is, PostgreSQL by typed translation or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlglot import exp

from runnel.compiler.dialects.grammar import plain, read
from runnel.compiler.dialects.postgres.queries import write_query
from runnel.compiler.dialects.postgres.typed import identifier
from runnel.compiler.dialects.postgres.writer import Writer
from runnel.compiler.dialects.unsupported import UnsupportedOperation

Dialect = Literal["duckdb", "postgres"]

__all__ = ["Dialect", "UnsupportedOperation", "render", "render_query"]


def render(tree: exp.Expr, dialect: Dialect, types: Mapping[str, str]) -> str:
    """Return a bound expression over columns (name -> DuckDB type) as SQL of a dialect.

    Raises UnsupportedOperation, with the reason, where the meaning there is not proven to be DuckDB's.
    """
    if dialect == "duckdb":
        return tree.sql("duckdb")

    def column(node: exp.Column) -> tuple[str, str]:
        if node.name not in types or node.table:
            raise UnsupportedOperation(f"the column {node.sql('duckdb')}", dialect, "its type is not known")
        return identifier(node.name), types[node.name]

    return Writer(column).write(kept(tree)).sql


def render_query(query: exp.Query, schemas: Mapping[str, Mapping[str, str]], dialect: Dialect) -> str:
    """Return a query over tables (name -> column -> DuckDB type) as SQL of a dialect; raises UnsupportedOperation."""
    if dialect == "duckdb":
        return query.sql("duckdb")
    return write_query(query, schemas)


def kept(tree: exp.Expr) -> exp.Expr:
    """Return the tree with every function as the plain call that DuckDB's text has."""
    if not any(isinstance(node, exp.Func) and not isinstance(node, _KEPT) for node in tree.walk()):
        return plain(tree.copy())
    return read(tree.sql("duckdb"))


_KEPT = (exp.Anonymous, exp.Case, exp.If, exp.Cast, exp.And, exp.Or, exp.Extract, exp.Array, exp.Struct)
