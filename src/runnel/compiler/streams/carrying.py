"""Metadata columns of records travel along the rows: nodes do not mention them, and their queries pass them on."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from runnel.sdk.relation import Relation, column
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied


def with_metadata(input: Relation) -> Relation:
    """Return an input that has every metadata column, hidden unless it is one of its own; NULL where rows have none."""
    kept = [*input.columns, *input.hidden]
    missing = [name for name in METADATA if name not in kept]
    made: list[exp.Expr] = [*map(column, kept), *map(empty, missing)]
    query = exp.select(*made, copy=False).from_(input.source(), copy=False)
    return replace(input, query=query, name=None, hidden=(*input.hidden, *missing))


def empty(name: str) -> exp.Expr:
    """Return the metadata column of a row that comes from no record."""
    value = exp.cast(exp.null(), exp.DataType.build(METADATA[name], dialect="duckdb"))
    return exp.alias_(value, exp.to_identifier(name, quoted=True))


def carried(made: Relation, names: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> Relation | None:
    """Return a relation that gives `names` besides its columns; None where its rows are not those of an input.

    `inputs` maps the tables that it may read to the metadata columns that they have.
    """
    query = copied(made.as_query())
    wanted = [name for name in names if name not in made.columns]
    if not _inject(query, wanted, inputs):
        return None
    return replace(made, columns=(*made.columns, *wanted), query=query, name=None, hidden=())


def filled(made: Relation, names: Sequence[str]) -> Relation:
    """Return a relation that gives `names` besides its columns: those that it hides itself, NULL for the others."""
    given = [*made.columns, *(name for name in made.hidden if name in names)]
    missing = [name for name in names if name not in given]
    trees: list[exp.Expr] = [column(name) for name in given]
    query = exp.select(*trees, *[empty(name) for name in missing], copy=False).from_(made.source(), copy=False)
    return replace(made, columns=(*given, *missing), query=query, name=None, hidden=())


def _inject(query: exp.Expr, names: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> bool:
    """Let a query give further columns of the table that its rows come from."""
    if isinstance(query, exp.Subquery):
        return _inject(query.this, names, inputs)
    if isinstance(query, exp.Union):
        if query.args.get("distinct"):
            return False
        return _inject(query.this, names, inputs) and _inject(query.expression, names, inputs)
    if not isinstance(query, exp.Select) or _groups(query):
        return False
    origin = query.args.get("from_") or query.args.get("from")
    sources = ([origin.this] if origin is not None else []) + [join.this for join in query.args.get("joins") or []]
    for source in sources:
        if not _gives(source, names, inputs):
            continue
        table = source.alias_or_name if len(sources) > 1 else None
        have = {item.alias_or_name for item in query.expressions}
        for name in names:
            if name not in have:
                query.append("expressions", column(name, table))
        return True
    return False


def _gives(source: exp.Expr, names: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> bool:
    if isinstance(source, exp.Table):
        return source.name in inputs and all(name in inputs[source.name] for name in names)
    return _inject(source, names, inputs)


def _groups(query: exp.Select) -> bool:
    """Tell whether rows of the result stand for several rows."""
    if query.args.get("group") or query.args.get("distinct") or query.args.get("having"):
        return True
    return any(_has_aggregate(item) for item in query.expressions)


def _has_aggregate(tree: exp.Expr) -> bool:
    stack: list[exp.Expr] = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, exp.AggFunc):
            return True
        if isinstance(part, (exp.Window, exp.Query)):
            continue
        stack.extend(part.iter_expressions())
    return False
