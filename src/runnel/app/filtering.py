"""Conditions that a person writes over the rows they look at: bound and checked like those of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import InvalidPipelineError
from runnel.compiler.expressions.bind import bind_expression
from runnel.compiler.expressions.references import Values
from runnel.compiler.typing import plain_sql

if TYPE_CHECKING:
    from runnel.app.project import Project


def condition(project: Project, text: str, schema: Mapping[str, str], values: Values) -> str:
    """Return a condition as SQL; a row for which it cannot be evaluated does not match.

    `values` are what it may name: `${params.x}`. Raises InvalidPipelineError with what is wrong in the text.
    """
    bound, findings = bind_expression(
        text, schema, oracle=project.compiler.oracle, params=values.params, param_types=values.param_types,
        now=project.clock(), expect="boolean",
    )  # fmt: skip
    if bound is None:
        raise InvalidPipelineError(findings)
    return f"coalesce(TRY({as_sql(bound.tree)}), false)"


def as_sql(tree: Any) -> str:
    """Return a bound expression as DuckDB's SQL."""
    from sqlglot import select

    return plain_sql(select(tree)).removeprefix("SELECT ")
