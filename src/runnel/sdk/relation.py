"""Relation: a lazy table, a thin typed wrapper over one SQLGlot query whose columns are always spelled out."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from runnel.sdk.trees import copied, parts

ACCEPT = "RUNNEL_ACCEPT"
"""The marker in a WHERE clause that the compiler lowers: plain condition in text, dead-letter tap when run."""


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a quoted reference to a column."""
    this = exp.Identifier(this=name, quoted=True)
    return exp.Column(this=this, table=exp.Identifier(this=table, quoted=True)) if table else exp.Column(this=this)


def literal(value: str | int | float | bool | None) -> exp.Expr:
    """Return a literal of a plain value."""
    return exp.convert(value)


def call(name: str, *arguments: exp.Expr | str | int | float | bool | None) -> exp.Anonymous:
    """Return a call of a DuckDB function by name; plain values become literals."""
    made = [copied(part) if isinstance(part, exp.Expr) else exp.convert(part) for part in arguments]
    return exp.Anonymous(this=name, expressions=made)


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Join conditions with AND; none gives TRUE."""
    found = [copied(condition) for condition in conditions]
    return exp.and_(*found) if found else exp.true()


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Join conditions with OR; none gives FALSE."""
    found = [copied(condition) for condition in conditions]
    return exp.or_(*found) if found else exp.false()


@dataclass(frozen=True)
class Relation:
    """A query with its visible columns, in order; `types` holds DuckDB type names where they are known.

    Every method returns a new relation and leaves this one alone. `*` never appears: columns are expanded, because
    `EXCLUDE` and the like pass to other dialects in silence. `hidden` columns can be used in expressions but do not
    leave the node. A relation that came in through a port is a bare table reference (`name` is its CTE).
    """

    columns: tuple[str, ...]
    query: exp.Query | None = None
    name: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()

    @staticmethod
    def table(name: str, types: Mapping[str, str]) -> Relation:
        """Return the relation of a named CTE or table with the given columns."""
        return Relation(columns=tuple(types), name=name, types=dict(types))

    @staticmethod
    def of(query: exp.Query, columns: Sequence[str], types: Mapping[str, str] | None = None) -> Relation:
        """Wrap a query that gives exactly `columns`; for operations that the methods do not cover."""
        return Relation(columns=tuple(columns), query=query, types=dict(types or {}))

    def source(self, alias: str | None = None) -> exp.Expr:
        """Return what stands in a FROM clause: the table itself or the query as a sub-query."""
        if self.query is None:
            table = exp.Table(this=exp.Identifier(this=self.name or "", quoted=True))
            return exp.alias_(table, exp.to_identifier(alias, quoted=True), table=True) if alias else table
        return copied(self.query).subquery(exp.to_identifier(alias or "t", quoted=True), copy=False)

    def as_query(self) -> exp.Query:
        """Return the query of the visible columns."""
        if self.query is not None and not self.hidden:
            return self.query
        return _selected([column(name) for name in self.columns], self.source())

    def column(self, name: str) -> exp.Column:
        """Return a reference to one of the columns."""
        return column(name)

    def select(self, columns: Mapping[str, exp.Expr] | Sequence[str]) -> Relation:
        """Keep exactly these: names, or new name → expression."""
        wanted = columns if isinstance(columns, Mapping) else {name: column(name) for name in columns}
        names = tuple(wanted)
        if names == self.columns and not self.hidden and all(_is_same(tree, name) for name, tree in wanted.items()):
            return self
        if self._can_be_narrowed() and all(_is_bare(tree) for tree in wanted.values()):
            return Relation(columns=names, query=self._narrowed(wanted), types={})
        made = [_aliased(tree, name) for name, tree in wanted.items()]
        types = {name: self.types[name] for name in names if name in self.types and not isinstance(columns, Mapping)}
        return Relation(columns=names, query=_selected(made, self.source()), types=types)

    def extend(self, columns: Mapping[str, exp.Expr]) -> Relation:
        """Replace the columns of these names in place and append the new ones."""
        trees: dict[str, exp.Expr] = {name: column(name) for name in self.columns}
        trees.update(columns)
        return self.select(trees)

    def hide(self, columns: Mapping[str, exp.Expr]) -> Relation:
        """Add columns that expressions of this node may use but that do not leave it."""
        kept = [column(name) for name in (*self.columns, *self.hidden)]
        made = [_aliased(tree, name) for name, tree in columns.items()]
        query = _selected([*kept, *made], self.source())
        return replace(self, query=query, name=None, hidden=(*self.hidden, *columns))

    def drop(self, names: Iterable[str]) -> Relation:
        """Leave out these columns."""
        gone = set(names)
        return self.select([name for name in self.columns if name not in gone])

    def rename(self, names: Mapping[str, str]) -> Relation:
        """Give columns new names (old → new) and keep their order."""
        return self.select({names.get(name, name): column(name) for name in self.columns})

    def where(self, condition: exp.Expr) -> Relation:
        """Keep the rows for which the condition is true (not NULL)."""
        kept = [column(name) for name in (*self.columns, *self.hidden)]
        query = _selected(kept, self.source()).where(copied(condition), copy=False)
        return replace(self, query=query, name=None)

    def accept(self, condition: exp.Expr, reason: exp.Expr) -> Relation:
        """Keep the rows for which the condition is true; the others are refused for `reason` (a text).

        Where nothing reads the node's port `rejected`, the refused rows become dead letters in the same pass.
        """
        marked = exp.Anonymous(this=ACCEPT, expressions=[copied(condition), copied(reason)])
        return self.where(marked)

    def aggregate(self, keys: Mapping[str, exp.Expr], values: Mapping[str, exp.Expr]) -> Relation:
        """Group by the keys (name → expression) and compute the values; no keys gives exactly one row."""
        made = [_aliased(tree, name) for name, tree in (*keys.items(), *values.items())]
        query = _selected(made, self.source())
        if keys:
            query = query.group_by(*[copied(tree) for tree in keys.values()], copy=False)
        return Relation(columns=(*keys, *values), query=query)

    def order_by(self, terms: Sequence[exp.Expr]) -> Relation:
        """Sort by `exp.Ordered` terms."""
        return self._continued(self._flat().order_by(*[copied(term) for term in terms], copy=False))

    def limit(self, rows: int, offset: int = 0) -> Relation:
        """Keep `rows` rows after the first `offset`."""
        flat = self.query if self._ends_sorted() else None
        query = (copied(flat) if flat is not None else self._flat()).limit(rows, copy=False)
        return self._continued(query.offset(offset, copy=False) if offset else query)

    def distinct(self) -> Relation:
        """Keep one of each group of equal rows."""
        return self._continued(self._flat().distinct(copy=False))

    def ranked(self, name: str, keys: Sequence[str], order: Sequence[exp.Expr]) -> Relation:
        """Add the hidden column `name`: the row's number (from 1) within its keys, in the given order."""
        window = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(key) for key in keys],
            order=exp.Order(expressions=[copied(term) for term in order]) if order else None,
        )
        return self.hide({name: window})

    def union_all(self, others: Sequence[Relation]) -> Relation:
        """Append the rows of relations with the same columns in the same order."""
        query: exp.Query = copied(self.as_query())
        for other in others:
            query = exp.union(query, copied(other.as_query()), distinct=False, copy=False)
        return Relation(columns=self.columns, query=query)

    def join(
        self,
        other: Relation,
        on: exp.Expr | None,
        columns: Mapping[str, exp.Expr],
        how: str = "inner",
    ) -> Relation:
        """Join with `other`; in `on` and `columns` this side is the table `l` and the other one `r`.

        `how` is inner, left, right, full, cross, semi or anti.
        """
        kind = {"cross": "CROSS", "semi": "SEMI", "anti": "ANTI"}.get(how)
        side = how.upper() if how in ("left", "right", "full") else None
        join = exp.Join(this=other.source("r"), on=copied(on) if on is not None else None, side=side, kind=kind)
        made = [_aliased(tree, name) for name, tree in columns.items()]
        query = _selected(made, self.source("l"))
        query.append("joins", join)
        return Relation(columns=tuple(columns), query=query)

    def _can_be_narrowed(self) -> bool:
        """Whether columns may be left out of the query itself, so that no sub-query is needed."""
        query = self.query
        return (
            isinstance(query, exp.Select)
            and not query.args.get("distinct")
            and not query.args.get("order")
            and not any(map(makes_rows, query.expressions))
        )

    def _narrowed(self, wanted: Mapping[str, exp.Expr]) -> exp.Query:
        assert isinstance(self.query, exp.Select)
        query = copied(self.query)
        inner = {item.alias_or_name: item for item in query.expressions}
        made: list[exp.Expr] = []
        for name, tree in wanted.items():
            item = inner[tree.name]
            value = item.this if isinstance(item, exp.Alias) else item
            plain = isinstance(value, exp.Column) and value.name == name
            made.append(copied(value) if plain else exp.alias_(copied(value), exp.to_identifier(name, quoted=True)))
        query.set("expressions", made)
        return query

    def _flat(self) -> exp.Select:
        kept = [column(name) for name in (*self.columns, *self.hidden)]
        return _selected(kept, self.source())

    def _continued(self, query: exp.Query) -> Relation:
        return replace(self, query=query, name=None)

    def _ends_sorted(self) -> bool:
        query = self.query
        return isinstance(query, exp.Select) and bool(query.args.get("order")) and not query.args.get("limit")


def makes_rows(tree: exp.Expr) -> bool:
    """Tell whether a column of a SELECT decides how many rows there are (`unnest`)."""
    if isinstance(tree, exp.Column):
        return False
    return any(
        isinstance(part, (exp.Unnest, exp.Explode)) or (isinstance(part, exp.Anonymous) and part.name.upper() == "UNNEST")
        for part in parts(tree, exp.Expr)
    )


def _is_same(tree: exp.Expr, name: str) -> bool:
    return isinstance(tree, exp.Column) and not tree.table and tree.name == name


def _is_bare(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Column) and not tree.table


def _aliased(tree: exp.Expr, name: str) -> exp.Expr:
    if isinstance(tree, exp.Column) and tree.name == name and not tree.table:
        return copied(tree)
    return exp.alias_(copied(tree), exp.to_identifier(name, quoted=True))


def _selected(columns: Iterable[exp.Expr], source: exp.Expr) -> exp.Select:
    """Return a SELECT of trees that nothing else holds; SQLGlot copies whole trees at every step unless told."""
    return exp.select(*columns, copy=False).from_(source, copy=False)


def sort_term(tree: exp.Expr, descending: bool = False, nulls: str = "last") -> exp.Ordered:
    """Return one term of ORDER BY with the place of NULLs spelled out."""
    return exp.Ordered(this=copied(tree), desc=descending, nulls_first=nulls == "first")
