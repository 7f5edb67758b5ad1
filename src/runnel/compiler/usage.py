"""Which input columns a relation needs for the columns that are wanted of it, found by walking the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

Needs = dict[str, set[str]]


def needed_columns(query: exp.Query, wanted: Iterable[str] | None, tables: Mapping[str, Iterable[str]]) -> Needs:
    """Return table name → columns that must be read so that the `wanted` columns (None: all) can be computed.

    Anything that the walk does not know counts as needing every column that is named below it, so the answer may be
    too large but never too small.
    """
    known = {name: {column.lower(): column for column in columns} for name, columns in tables.items()}
    needs: Needs = {name: set() for name in tables}
    _walk(query, {name.lower() for name in wanted} if wanted is not None else None, known, needs)
    return needs


def _walk(query: exp.Expression, wanted: set[str] | None, known: Mapping[str, dict[str, str]], needs: Needs) -> None:
    if isinstance(query, exp.Subquery):
        _walk(query.this, wanted, known, needs)
    elif isinstance(query, exp.SetOperation):
        keep = wanted if not query.args.get("distinct") and not isinstance(query, (exp.Except, exp.Intersect)) else None
        _walk(query.this, keep, known, needs)
        _walk(query.expression, keep, known, needs)
    elif isinstance(query, exp.Select) and not query.args.get("with_") and not query.args.get("with"):
        _walk_select(query, wanted, known, needs)
    else:
        _everything(query, known, needs)


def _walk_select(
    query: exp.Select, wanted: set[str] | None, known: Mapping[str, dict[str, str]], needs: Needs
) -> None:
    whole = wanted is None or query.args.get("distinct") is not None
    read = [item for item in query.expressions if whole or item.alias_or_name.lower() in (wanted or ())]
    clauses = [value for key, value in query.args.items() if key not in ("expressions", "from", "from_", "joins")]
    for clause in clauses:
        read.extend(part for part in (clause if isinstance(clause, list) else [clause]) if _is_tree(part))
    sources = _sources(query)
    for join in query.args.get("joins") or []:
        read.extend(part for part in (join.args.get("on"),) if part is not None)
        if join.args.get("using"):
            read.extend(join.args["using"])
    columns = [column for part in read for column in part.find_all(exp.Column)]
    inner: dict[str, set[str]] = {name: set() for name in sources}
    for column in columns:
        _attribute(column, sources, inner)
    for part in read:
        for nested in part.find_all(exp.Query):
            _walk(nested, None, known, needs)
    for name, source in sources.items():
        _descend(source, inner[name], known, needs)


def _is_tree(part: object) -> bool:
    return isinstance(part, exp.Expression)


def _sources(query: exp.Select) -> dict[str, exp.Expression]:
    found: dict[str, exp.Expression] = {}
    origin = query.args.get("from_") or query.args.get("from")
    parts = [origin.this] if origin is not None else []
    parts += [join.this for join in query.args.get("joins") or []]
    parts += list(query.args.get("laterals") or [])
    for part in parts:
        found[part.alias_or_name] = part
    return found


def _attribute(column: exp.Column, sources: Mapping[str, exp.Expression], inner: dict[str, set[str]]) -> None:
    name = column.name.lower()
    if column.table and column.table in inner:
        inner[column.table].add(name)
        return
    for used in inner.values():
        used.add(name)
        if column.table:
            used.add(column.table.lower())


def _descend(
    source: exp.Expression, used: set[str], known: Mapping[str, dict[str, str]], needs: Needs
) -> None:
    if isinstance(source, exp.Table):
        columns = known.get(source.name, {})
        needs.setdefault(source.name, set()).update(columns[name] for name in used if name in columns)
        return
    if isinstance(source, exp.Subquery):
        _walk(source.this, used, known, needs)
        return
    _everything(source, known, needs)


def _everything(tree: exp.Expression, known: Mapping[str, dict[str, str]], needs: Needs) -> None:
    """Count every column of every table that is named anywhere below."""
    for table in tree.find_all(exp.Table):
        needs.setdefault(table.name, set()).update(known.get(table.name, {}).values())
    for column in tree.find_all(exp.Column):
        for name, columns in known.items():
            if column.name.lower() in columns:
                needs[name].add(columns[column.name.lower()])
