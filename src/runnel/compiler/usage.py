"""Which input columns a relation needs for the columns that are wanted of it, found by walking the query."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from runnel.sdk.relation import makes_rows
from runnel.sdk.trees import parts

Needs = dict[str, set[str]]


def needed_columns(
    query: exp.Query, wanted: Iterable[str] | None, tables: Mapping[str, Iterable[str]], values_only: bool = False
) -> Needs:
    """Return table name → columns that must be read so that the `wanted` columns (None: all) can be computed.

    `values_only` leaves out columns that only decide which rows there are (conditions, join keys, order).
    Anything that the walk does not know counts as needing every column that is named below it, so the answer may be
    too large but never too small.
    """
    walker = _Walker({name: {column.lower(): column for column in columns} for name, columns in tables.items()})
    walker.values_only = values_only
    walker.walk(query, {name.lower() for name in wanted} if wanted is not None else None)
    return walker.needs


def prune(query: exp.Query, wanted: Iterable[str], tables: Mapping[str, Iterable[str]]) -> None:
    """Take the columns that nothing wants out of a query, and out of its sub-queries."""
    walker = _Walker({name: {column.lower(): column for column in columns} for name, columns in tables.items()})
    walker.trims = True
    walker.walk(query, {name.lower() for name in wanted})


class _Walker:
    """Walks one query top down with the set of wanted columns."""

    def __init__(self, known: Mapping[str, dict[str, str]]) -> None:
        self.known = known
        self.needs: Needs = {name: set() for name in known}
        self.values_only = False
        self.trims = False

    def walk(self, query: exp.Expr, wanted: set[str] | None) -> None:
        """Note what a query needs for its wanted columns."""
        if isinstance(query, exp.Subquery):
            self.walk(query.this, wanted)
        elif query.args.get("with_") or query.args.get("with"):
            self._everything(query)
        elif isinstance(query, exp.SetOperation):
            self._walk_set(query, wanted)
        elif isinstance(query, exp.Select):
            self._walk_select(query, wanted)
        else:
            self._everything(query)

    def _walk_set(self, query: exp.SetOperation, wanted: set[str] | None) -> None:
        keeps_rows = query.args.get("distinct") or isinstance(query, (exp.Except, exp.Intersect))
        keep = None if keeps_rows and not self.values_only else wanted
        left = [name.lower() for name in query.this.named_selects]
        right = [name.lower() for name in query.expression.named_selects]
        self.walk(query.this, keep)
        if keep is not None:
            keep = {right[index] for index, name in enumerate(left) if name in keep and index < len(right)}
        self.walk(query.expression, keep)

    def _walk_select(self, query: exp.Select, wanted: set[str] | None) -> None:
        whole = wanted is None or (query.args.get("distinct") is not None and not self.values_only)
        read: list[exp.Expr] = [
            item
            for item in query.expressions
            if whole or item.alias_or_name.lower() in (wanted or ()) or (not self.values_only and makes_rows(item))
        ]
        if self.trims:
            read = read or query.expressions[:1]
            query.set("expressions", list(read))
        if not self.values_only:
            read.extend(_clauses(query))
        sources = _sources(query)
        inner: dict[str, set[str]] = {name: set() for name in sources}
        for part in read:
            for column in parts(part, exp.Column):
                _attribute(column, inner)
            for nested in parts(part, exp.Query):
                self.walk(nested, None)
        for name, source in sources.items():
            self._descend(source, inner[name])

    def _descend(self, source: exp.Expr, used: set[str]) -> None:
        if isinstance(source, exp.Table):
            columns = self.known.get(source.name, {})
            self.needs.setdefault(source.name, set()).update(columns[name] for name in used if name in columns)
        elif isinstance(source, exp.Subquery):
            self.walk(source.this, used)
        else:
            self._everything(source)

    def _everything(self, tree: exp.Expr) -> None:
        """Count every column of every table that is named anywhere below."""
        for table in tree.find_all(exp.Table):
            self.needs.setdefault(table.name, set()).update(self.known.get(table.name, {}).values())
        for column in tree.find_all(exp.Column):
            for name, columns in self.known.items():
                if column.name.lower() in columns:
                    self.needs[name].add(columns[column.name.lower()])


def _clauses(query: exp.Select) -> list[exp.Expr]:
    """Return everything of a SELECT but its columns and sources."""
    read: list[exp.Expr] = []
    for key, value in query.args.items():
        if key in ("expressions", "from", "from_", "joins", "laterals"):
            continue
        read.extend(
            part for part in (value if isinstance(value, list) else [value]) if isinstance(part, exp.Expr)
        )
    for join in query.args.get("joins") or []:
        if join.args.get("on") is not None:
            read.append(join.args["on"])
        read.extend(exp.column(name.name) for name in join.args.get("using") or [])
    return read


def _sources(query: exp.Select) -> dict[str, exp.Expr]:
    found: dict[str, exp.Expr] = {}
    origin = query.args.get("from_") or query.args.get("from")
    origins = [origin.this] if origin is not None else []
    origins += [join.this for join in query.args.get("joins") or []]
    origins += list(query.args.get("laterals") or [])
    for part in origins:
        found[part.alias_or_name] = part
    return found


def _attribute(column: exp.Column, inner: dict[str, set[str]]) -> None:
    name = column.name.lower()
    if column.table and column.table in inner:
        inner[column.table].add(name)
        return
    for used in inner.values():
        used.add(name)
        if column.table:
            used.add(column.table.lower())
