"""Whole queries in PostgreSQL: SELECT with joins, CTEs, unions, grouping, windows, QUALIFY and DISTINCT ON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from runnel.compiler.dialects.grammar import GRAMMAR, plain
from runnel.compiler.dialects.postgres.typed import Typed, common_type, identifier, refuse
from runnel.compiler.dialects.postgres.writer import Writer

Columns = dict[str, str]
_JOINS = {
    ("", ""): "JOIN",
    ("", "INNER"): "JOIN",
    ("LEFT", ""): "LEFT JOIN",
    ("RIGHT", ""): "RIGHT JOIN",
    ("FULL", ""): "FULL JOIN",
    ("LEFT", "OUTER"): "LEFT JOIN",
    ("RIGHT", "OUTER"): "RIGHT JOIN",
    ("FULL", "OUTER"): "FULL JOIN",
    ("", "CROSS"): "CROSS JOIN",
}
_KNOWN = frozenset(
    {
        "with_",
        "with",
        "expressions",
        "from_",
        "from",
        "joins",
        "where",
        "group",
        "having",
        "qualify",
        "order",
        "limit",
        "offset",
        "distinct",
        "kind",
        "hint",
        "operation_modifiers",
    }
)


@dataclass
class Scope:
    """The relations that a SELECT sees: alias -> columns with their types."""

    relations: dict[str, Columns] = field(default_factory=dict[str, Columns])

    def find(self, node: exp.Column) -> tuple[str, str]:
        """Return the text and type of a column reference; refuses unknown and ambiguous ones."""
        places = (
            [node.table] if node.table else [alias for alias, columns in self.relations.items() if node.name in columns]
        )
        if len(places) != 1 or node.name not in self.relations.get(places[0], {}):
            raise refuse(f"the column {node.sql('duckdb')}", "its relation or type is not known")
        prefix = f"{identifier(places[0])}." if node.table else ""
        return f"{prefix}{identifier(node.name)}", self.relations[places[0]][node.name]


@dataclass
class Written:
    """A written query with its columns."""

    sql: str
    columns: Columns


def write_query(query: exp.Query, schemas: Mapping[str, Mapping[str, str]]) -> str:
    """Return a query as PostgreSQL text; `schemas` are the tables that it may name."""
    text = query.sql("duckdb")
    tree = plain(GRAMMAR.parse(text)[0] or exp.Select())
    return _query(tree, {name: dict(columns) for name, columns in schemas.items()}).sql


def _query(tree: exp.Expr, tables: dict[str, Columns]) -> Written:
    tables = dict(tables)
    head = _ctes(tree, tables)
    if isinstance(tree, exp.Subquery) and not tree.args.get("joins"):
        inside = _query(tree.this, tables)
        return Written(f"{head}({inside.sql})", inside.columns)
    if isinstance(tree, exp.SetOperation):
        made = _set_operation(tree, tables)
    elif isinstance(tree, exp.Select):
        made = _select(tree, tables)
    else:
        raise refuse(type(tree).__name__, "no equal is known")
    return Written(head + made.sql, made.columns)


def _ctes(tree: exp.Expr, tables: dict[str, Columns]) -> str:
    found = tree.args.get("with_") or tree.args.get("with")
    if found is None:
        return ""
    if found.args.get("recursive"):
        raise refuse("a recursive CTE", "it is not translated")
    parts: list[str] = []
    for cte in found.expressions:
        inside = _query(cte.this, tables)
        tables[cte.alias] = inside.columns
        parts.append(f"{identifier(cte.alias)} AS ({inside.sql})")
    return f"WITH {', '.join(parts)} "


def _set_operation(tree: exp.SetOperation, tables: dict[str, Columns]) -> Written:
    if tree.args.get("by_name"):
        raise refuse("UNION BY NAME", "list the columns of both sides in one order")
    left, right = _query(tree.this, tables), _query(tree.expression, tables)
    word = type(tree).__name__.upper() + ("" if tree.args.get("distinct") else " ALL")
    pairs = zip(left.columns.items(), right.columns.values(), strict=True)
    columns = {name: common_type([first, second]) for (name, first), second in pairs}
    return _wrapped(f"({left.sql}) {word} ({right.sql})", columns, tree)


def _wrapped(sql: str, columns: Columns, tree: exp.Expr) -> Written:
    """Sort and cut a query from outside, where PostgreSQL allows no expression (COLLATE) in its own ORDER BY."""
    tail = _tail(tree, Scope({"_q": columns}))
    if not tail:
        return Written(sql, columns)
    listed = ", ".join(identifier(name) for name in columns)
    return Written(f'SELECT {listed} FROM ({sql}) AS "_q"{tail}', columns)


def _select(tree: exp.Select, tables: dict[str, Columns]) -> Written:
    unknown = [key for key, value in tree.args.items() if value and key not in _KNOWN]
    if unknown:
        raise refuse(unknown[0].strip("_").upper(), "it is not translated")
    scope = Scope()
    source = _from(tree, tables, scope)
    writer = Writer(scope.find)
    columns, items = _items(tree, scope, writer)
    body = _body(tree, source, writer, _exists(tree, tables, scope))
    if tree.args.get("qualify") is not None:
        return _qualified(tree, body, scope, writer, columns, items)
    distinct = _distinct(tree, writer)
    if distinct == "DISTINCT ":
        return _wrapped(f"SELECT {distinct}{', '.join(items)}{body}", columns, tree)
    return Written(f"SELECT {distinct}{', '.join(items)}{body}{_tail(tree, _output(scope, columns))}", columns)


def _output(scope: Scope, columns: Columns) -> Scope:
    """Return the scope of ORDER BY: the input's columns, and the output's where the input has none of the name."""
    taken = {name for relation in scope.relations.values() for name in relation}
    own = {name: kind for name, kind in columns.items() if name not in taken}
    return Scope({**scope.relations, "": own}) if own else scope


def _from(tree: exp.Select, tables: dict[str, Columns], scope: Scope) -> str:
    found = tree.args.get("from_") or tree.args.get("from")
    if found is None:
        return ""
    text = " FROM " + _relation(found.this, tables, scope)
    joins: list[exp.Join] = tree.args.get("joins") or []
    for join in joins:
        if not _exists_kind(join):
            text += " " + _join(join, tables, scope)
    return text


def _relation(node: exp.Expr, tables: dict[str, Columns], scope: Scope) -> str:
    if isinstance(node, exp.Table):
        if node.name not in tables or node.args.get("db") or node.args.get("joins") or node.args.get("pivots"):
            raise refuse(f"the table {node.sql('duckdb')}", "its columns are not known")
        alias = node.alias or node.name
        scope.relations[alias] = tables[node.name]
        return identifier(node.name) + (f" AS {identifier(alias)}" if node.alias else "")
    if isinstance(node, exp.Subquery) and not node.args.get("pivots"):
        inside = _query(node.this, tables)
        alias = node.alias or f"t{len(scope.relations)}"
        scope.relations[alias] = inside.columns
        return f"({inside.sql}) AS {identifier(alias)}"
    raise refuse(type(node).__name__, "it is not translated in FROM")


def _join(join: exp.Join, tables: dict[str, Columns], scope: Scope) -> str:
    if join.args.get("method"):
        raise refuse(f"a {join.args['method']} join", "PostgreSQL does not have it")
    side, kind = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
    if (side, kind) not in _JOINS:
        raise refuse(f"a {side} {kind} join", "PostgreSQL does not have it")
    right = _relation(join.this, tables, scope)
    writer = Writer(scope.find)
    word = _JOINS[(side, kind)]
    if join.args.get("using"):
        raise refuse("USING", "name the columns of both sides in ON")
    condition = join.args.get("on")
    if condition is None:
        return f"CROSS JOIN {right}" if word in ("JOIN", "CROSS JOIN") else f"{word} {right} ON TRUE"
    return f"{word} {right} ON {writer.write(condition).sql}"


def _exists_kind(join: exp.Join) -> str:
    return {"SEMI": "EXISTS", "ANTI": "NOT EXISTS"}.get(str(join.args.get("kind") or "").upper(), "")


def _exists(tree: exp.Select, tables: dict[str, Columns], scope: Scope) -> list[str]:
    """Return the conditions that stand for semi and anti joins, whose right sides have no columns in the result."""
    found: list[str] = []
    joins: list[exp.Join] = tree.args.get("joins") or []
    for join in joins:
        word = _exists_kind(join)
        if not word:
            continue
        if join.args.get("using") or join.args.get("on") is None:
            raise refuse("a semi or anti join without ON", "name the columns of both sides in ON")
        inner = Scope(dict(scope.relations))
        right = _relation(join.this, tables, inner)
        found.append(f"{word} (SELECT 1 FROM {right} WHERE {Writer(inner.find).write(join.args['on']).sql})")
    return found


def _items(tree: exp.Select, scope: Scope, writer: Writer) -> tuple[Columns, list[str]]:
    columns: Columns = {}
    items: list[str] = []
    for item in tree.expressions:
        if item.is_star:
            star = item.this if isinstance(item, exp.Column) else item
            if not isinstance(star, exp.Star) or any(star.args.get(key) for key in ("except_", "replace", "rename")):
                raise refuse("a star", "list the columns")
            wanted = {name: scope.relations.get(name, {}) for name in [item.table]} if item is not star else scope.relations
            for alias, relation in wanted.items():
                columns.update(relation)
                items.extend(f"{identifier(alias)}.{identifier(name)}" for name in relation)
            continue
        inner = item.this if isinstance(item, exp.Alias) else item
        written = _value(writer.write(inner))
        name = item.alias_or_name or inner.sql("duckdb")
        columns[name] = written.type
        items.append(f"{written.sql} AS {identifier(name)}")
    return columns, items


def _value(written: Typed) -> Typed:
    """Give a literal without a type one, so that the column has the type that the schema says."""
    return Typed(f"CAST({written.sql} AS text)", "VARCHAR") if written.literal is not None else written


def _body(tree: exp.Select, source: str, writer: Writer, conditions: list[str]) -> str:
    text = source
    if tree.args.get("where") is not None:
        conditions = [*conditions, writer.write(tree.args["where"].this).sql]
    if conditions:
        text += f" WHERE {' AND '.join(conditions)}"
    group = tree.args.get("group")
    if group is not None:
        text += f" GROUP BY {_grouped(tree, group, writer)}"
    if tree.args.get("having") is not None:
        text += f" HAVING {writer.write(tree.args['having'].this).sql}"
    return text


def _grouped(tree: exp.Select, group: exp.Group, writer: Writer) -> str:
    if any(group.args.get(key) for key in ("grouping_sets", "cube", "rollup")):
        raise refuse("grouping sets", "they are not translated")
    if group.args.get("all"):
        keys = [item.this if isinstance(item, exp.Alias) else item for item in tree.expressions]
        found = [key for key in keys if key.find(exp.Column) is not None and not _has_aggregate(key)]
        return ", ".join(writer.write(key).sql for key in found)
    return ", ".join(writer.write(key).sql for key in group.expressions)


def _has_aggregate(node: exp.Expr) -> bool:
    from runnel.compiler.dialects.postgres.aggregates import AGGREGATES

    return any(part.name.lower() in AGGREGATES for part in node.find_all(exp.Anonymous))


def _qualified(
    tree: exp.Select, body: str, scope: Scope, writer: Writer, columns: Columns, items: list[str]
) -> Written:
    """Write QUALIFY as a condition over a sub-query that computes it as one more column."""
    test = writer.write(tree.args["qualify"].this).sql
    inner = f'SELECT {", ".join(items)}, {test} AS "_qualified"{body}'
    outer = ", ".join(identifier(name) for name in columns)
    tail = _tail(tree, Scope({"_q": columns}))
    return Written(f'SELECT {outer} FROM ({inner}) AS "_q" WHERE "_qualified"{tail}', columns)


def _distinct(tree: exp.Select, writer: Writer) -> str:
    found = tree.args.get("distinct")
    if found is None:
        return ""
    on = found.args.get("on")
    if on is None:
        return "DISTINCT "
    keys = on.expressions if isinstance(on, exp.Tuple) else [on.this if isinstance(on, exp.Paren) else on]
    return f"DISTINCT ON ({', '.join(writer.write(key).collated for key in keys)}) "


def _tail(tree: exp.Expr, scope: Scope) -> str:
    text = ""
    writer = Writer(scope.find)
    if tree.args.get("order") is not None:
        text += " ORDER BY " + ", ".join(writer.ordered(item) for item in tree.args["order"].expressions)
    for key in ("limit", "offset"):
        found = tree.args.get(key)
        if found is not None:
            text += f" {key.upper()} {writer.write(found.expression).sql}"
    return text
