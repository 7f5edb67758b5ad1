"""The allow-list: which SQL and which functions an expression may hold, and which columns its names mean."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from runnel.compiler.dialects.grammar import call
from runnel.compiler.dialects.types import TypeNameError
from runnel.compiler.expressions import codes
from runnel.compiler.expressions.findings import Problems, nearest, nearest_name, position
from runnel.compiler.expressions.types import normalise_type
from runnel.compiler.functions import Function, names

_ALLOWED: tuple[type[exp.Expr], ...] = (
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.IntDiv,
    exp.Mod,
    exp.Neg,
    exp.Not,
    exp.And,
    exp.Or,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Is,
    exp.In,
    exp.Between,
    exp.Like,
    exp.ILike,
    exp.Escape,
    exp.DPipe,
    exp.Case,
    exp.If,
    exp.Cast,
    exp.TryCast,
    exp.Bracket,
    exp.Slice,
    exp.Array,
    exp.Struct,
    exp.PropertyEQ,
    exp.ToMap,
    exp.Paren,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Column,
    exp.Identifier,
    exp.Dot,
    exp.Anonymous,
    exp.Lambda,
    exp.Interval,
    exp.Var,
    exp.Extract,
    exp.AtTimeZone,
    exp.Filter,
    exp.Where,
    exp.Distinct,
    exp.Order,
    exp.Ordered,
    exp.Window,
    exp.WindowSpec,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Star,
    exp.BitwiseAnd,
    exp.BitwiseOr,
    exp.BitwiseXor,
    exp.BitwiseNot,
    exp.BitwiseLeftShift,
    exp.BitwiseRightShift,
)
_ALLOWED_EXACT = frozenset(_ALLOWED)

_WORDS: dict[str, str] = {
    "Select": "a sub-query",
    "Subquery": "a sub-query",
    "Exists": "a sub-query",
    "Union": "a sub-query",
    "Placeholder": "a parameter",
    "Parameter": "a parameter",
    "SessionParameter": "a setting",
    "Command": "a statement",
    "Block": "a second statement",
    "Alias": "a name given with AS",
    "Tuple": "a list in round brackets",
    "RegexpLike": "the operator ~ (use regex_matches)",
    "Collate": "COLLATE",
    "SimilarTo": "SIMILAR TO (use regex_matches)",
    "Kwarg": "a named argument",
    "Any": "ANY",
    "Concat": "two texts side by side (use ||)",
    "ByteString": "an e'' text (use chr())",
}
_LAMBDA = "lambda"
UNITS_OF_INTERVALS = frozenset(
    [
        "MICROSECOND",
        "MILLISECOND",
        "SECOND",
        "MINUTE",
        "HOUR",
        "DAY",
        "WEEK",
        "MONTH",
        "QUARTER",
        "YEAR",
        "DECADE",
        "CENTURY",
    ]
)


def check(tree: exp.Expr, schema: Mapping[str, str], problems: Problems) -> exp.Expr:
    """Check every node against the allow-list, resolve columns and mark lambda variables; returns the tree to use."""
    tree = _raw_texts(tree)
    _refuse(tree, problems)
    if problems.failed:
        return tree
    _mark_lambdas(tree)
    tree = _resolve(tree, schema, problems)
    for node in list(tree.walk()):
        if isinstance(node, exp.Anonymous):
            _check_call(node, problems)
        elif isinstance(node, exp.Cast):
            _check_cast(node, problems)
        elif isinstance(node, exp.Identifier):
            _check_identifier(node, problems)
        elif isinstance(node, exp.Interval):
            _check_interval(node, problems)
    return tree


def is_variable(node: exp.Expr | None) -> bool:
    """Tell whether a node is the use of a lambda's variable."""
    return isinstance(node, exp.Identifier) and bool(node.meta.get(_LAMBDA))


def _raw_texts(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.RawString)):
        text = exp.Literal.string(node.name)
        if node is tree:
            return text
        node.replace(text)
    return tree


def _refuse(tree: exp.Expr, problems: Problems) -> None:
    """Add a finding for every outermost node whose class is not allowed."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.DataType):
            continue
        reason = _reason(node)
        if reason is None:
            stack.extend(node.iter_expressions())
            continue
        shown = _shown(node)
        hint = (
            "Expressions have columns, literals, operators, CASE, casts and the functions of `runnel functions list`."
        )
        problems.add(codes.NOT_ALLOWED, position(node), f"{reason} is not allowed in an expression: `{shown}`", hint)


def _shown(node: exp.Expr) -> str:
    try:
        return node.sql("duckdb")[:60]
    except (ValueError, RecursionError):
        return type(node).__name__


def _reason(node: exp.Expr) -> str | None:
    kind = type(node)
    if kind not in _ALLOWED_EXACT:
        return _WORDS.get(kind.__name__, f"{kind.__name__.upper()}")
    if isinstance(node, exp.In) and any(node.args.get(key) for key in ("query", "unnest", "field")):
        return "IN over a sub-query"
    if isinstance(node, exp.Window) and (node.args.get("alias") or node.args.get("first") is not None):
        return "a named window"
    if isinstance(node, exp.Star) and not _counted(node):
        return "*"
    if isinstance(node, exp.Cast) and any(node.args.get(key) for key in ("format", "action", "default")):
        return "CAST with a format (use parse_date or format_date)"
    if isinstance(node, exp.Bracket) and len(node.expressions) != 1:
        return "an index with several parts"
    if isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Identifier):
        return "a call with a point (write f(x) instead of x.f())"
    if isinstance(node, exp.Lambda) and not isinstance(node.parent, exp.Anonymous):
        return "a lambda outside a function"
    if isinstance(node, exp.Case) and not node.args.get("ifs"):
        return "CASE without WHEN"
    return None


def _counted(node: exp.Star) -> bool:
    parent = node.parent
    plain = not any(node.args.get(key) for key in ("except_", "except", "replace", "rename"))
    return plain and isinstance(parent, exp.Anonymous) and parent.name.lower() == "count"


def _mark_lambdas(tree: exp.Expr) -> None:
    for node in tree.find_all(exp.Lambda):
        variables = {variable.name for variable in node.expressions}
        for use in node.this.find_all(exp.Identifier):
            if use.name in variables and _stands_free(use):
                use.meta[_LAMBDA] = True


def _stands_free(node: exp.Identifier) -> bool:
    parent = node.parent
    if isinstance(parent, exp.Column):
        return False
    if isinstance(parent, exp.Dot | exp.PropertyEQ):
        return node is parent.args.get("this" if isinstance(parent, exp.Dot) else "expression")
    return not (isinstance(parent, exp.Lambda) and node in parent.expressions)


def _check_identifier(node: exp.Identifier, problems: Problems) -> None:
    if _stands_free(node) and not is_variable(node):
        problems.add(codes.NOT_ALLOWED, position(node), f"`{node.name}` cannot be used like this", "Name a column.")


def _resolve(tree: exp.Expr, schema: Mapping[str, str], problems: Problems) -> exp.Expr:
    """Give every column its exact name, quoted; a chain of points becomes field access."""
    for node in list(tree.find_all(exp.Column)):
        parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
        new = _clock(node, schema) or _column(parts, schema, problems)
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def _clock(node: exp.Column, schema: Mapping[str, str]) -> exp.Expr | None:
    name = node.name.lower()
    if len(node.parts) > 1 or name not in ("current_date", "current_timestamp") or node.this.args.get("quoted"):
        return None
    return None if _find(node.name, schema) else call("today" if name == "current_date" else "now")


def _column(parts: list[exp.Identifier], schema: Mapping[str, str], problems: Problems) -> exp.Expr:
    first = parts[0]
    found = _find(first.name, schema)
    if len(found) != 1:
        _unknown(first, found, schema, problems)
    name = found[0] if found else first.name
    identifier = exp.to_identifier(name, quoted=True)
    identifier.meta.update(first.meta)
    tree: exp.Expr = exp.Column(this=identifier)
    for part in parts[1:]:
        field = exp.to_identifier(part.name, quoted=True)
        field.meta.update(part.meta)
        tree = exp.Dot(this=tree, expression=field)
    return tree


def _find(name: str, schema: Mapping[str, str]) -> list[str]:
    if name in schema:
        return [name]
    return [column for column in schema if column.lower() == name.lower()]


def _unknown(node: exp.Identifier, found: list[str], schema: Mapping[str, str], problems: Problems) -> None:
    start, end = node.meta.get("start", 0), node.meta.get("end", 0) + 1
    if found:
        hint = "Write one of them exactly, in double quotes: " + ", ".join(f'"{name}"' for name in found)
        problems.add(codes.AMBIGUOUS_COLUMN, start, f"`{node.name}` fits {len(found)} columns", hint)
        return
    close = nearest_name(node.name, schema)
    listed = ", ".join(list(schema)[:20]) + (", …" if len(schema) > 20 else "") if schema else "there are none"
    fix = (f"Use {close}", problems.splice(start, end, quoted_name(close))) if close and "start" in node.meta else None
    hint = f"{nearest(node.name, schema)}Columns: {listed}."
    if not node.args.get("quoted") and names().get(node.name.lower()):
        hint += f" `{node.name}` is a function: write `{node.name}(…)`."
    problems.add(codes.UNKNOWN_COLUMN, start, f"no column `{node.name}`", hint, fix=fix)


def quoted_name(name: str) -> str:
    """Return a column's name as it must be written in an expression."""
    if name.isascii() and name.isidentifier() and name == name.lower() and name.upper() not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


_KEYWORDS = frozenset(
    [
        "ALL",
        "AND",
        "ANY",
        "ARRAY",
        "AS",
        "ASC",
        "BETWEEN",
        "BOTH",
        "BY",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN",
        "CREATE",
        "CROSS",
        "DEFAULT",
        "DESC",
        "DISTINCT",
        "ELSE",
        "END",
        "EXCEPT",
        "EXISTS",
        "FALSE",
        "FETCH",
        "FILTER",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "HAVING",
        "IF",
        "ILIKE",
        "IN",
        "INNER",
        "INTERSECT",
        "INTERVAL",
        "INTO",
        "IS",
        "ISNULL",
        "JOIN",
        "LAMBDA",
        "LATERAL",
        "LEADING",
        "LEFT",
        "LIKE",
        "LIMIT",
        "MAP",
        "NATURAL",
        "NOT",
        "NOTNULL",
        "NULL",
        "OFFSET",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "OVER",
        "PARTITION",
        "PIVOT",
        "QUALIFY",
        "RIGHT",
        "SELECT",
        "SIMILAR",
        "TABLE",
        "THEN",
        "TO",
        "TRAILING",
        "TRUE",
        "UNION",
        "UNIQUE",
        "UNPIVOT",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WINDOW",
        "WITH",
    ]
)


def _check_call(node: exp.Anonymous, problems: Problems) -> None:
    name = node.name.lower()
    function = names().get(name)
    start = node.meta.get("start", position(node))
    if function is None:
        close = nearest_name(name, names())
        fix = None
        if close and "start" in node.meta:
            fix = (f"Use {close}", problems.splice(start, node.meta["end"] + 1, close))
        hint = (f"Did you mean `{close}`? " if close else "") + "See `runnel functions list`."
        problems.add(codes.UNKNOWN_FUNCTION, start, f"no function `{node.name}`", hint, fix=fix)
        return
    count = len([arg for arg in arguments(node) if not isinstance(arg, exp.Star)])
    if count < function.least or (function.most is not None and count > function.most):
        given = f"{count} argument{'' if count == 1 else 's'}"
        problems.add(codes.ARGUMENT_COUNT, start, f"`{name}` is called with {given}", f"Write {function.signature}.")
        return
    _check_literals(node, function, problems)


def arguments(node: exp.Anonymous) -> list[exp.Expr]:
    """Return the arguments of a call without DISTINCT, ORDER BY and IGNORE NULLS around them."""
    found: list[exp.Expr] = []
    for arg in node.expressions:
        while isinstance(arg, exp.Order | exp.IgnoreNulls | exp.RespectNulls):
            arg = arg.this
        found.extend(arg.expressions if isinstance(arg, exp.Distinct) else [arg])
    return found


def _check_literals(node: exp.Anonymous, function: Function, problems: Problems) -> None:
    for index, arg in enumerate(arguments(node)):
        if not function.params:
            return
        param = function.param(index)
        if param.kind == _LAMBDA and not isinstance(arg, exp.Lambda):
            hint = f"Write {function.signature}, e.g. {function.examples[0][0]}."
            problems.add(
                codes.ARGUMENT_TYPE, position(arg), f"`{param.name}` of `{function.name}` must be a lambda", hint
            )
        if isinstance(arg, exp.Lambda) and param.kind != _LAMBDA:
            problems.add(codes.ARGUMENT_TYPE, position(arg), f"`{function.name}` takes no lambda", "Give a value.")
        if param.name in function.literals and not _fits_literal(arg, param.kind):
            hint = f"Write {function.examples[0][0]}."
            problems.add(
                codes.LITERAL_NEEDED, position(arg), f"`{param.name}` of `{function.name}` must be a literal", hint
            )
        if param.name in ("unit", "part") and function.units:
            _check_unit(arg, function, problems)


def _fits_literal(arg: exp.Expr, kind: str) -> bool:
    """Tell whether an argument is a literal of a kind that the build of a function can read."""
    if not isinstance(arg, exp.Literal):
        return False
    if kind == "integer":
        return not arg.is_string and arg.name.isdigit()
    return arg.is_string == (kind == "text")


def _check_unit(arg: exp.Expr, function: Function, problems: Problems) -> None:
    if isinstance(arg, exp.Literal) and arg.is_string and arg.name.lower() in function.units:
        return
    hint = (
        (nearest(arg.name, function.units) if isinstance(arg, exp.Literal) else "")
        + "Units: "
        + ", ".join(function.units)
    )
    problems.add(codes.LITERAL_NEEDED, position(arg), f"`{arg.sql('duckdb')}` is no unit of `{function.name}`", hint)


def _check_cast(node: exp.Cast, problems: Problems) -> None:
    written = node.to.sql("duckdb")
    try:
        normalise_type(written)
    except TypeNameError as error:
        hint = nearest(written, _TYPES) + "Types: " + ", ".join(_TYPES)
        problems.add(codes.UNKNOWN_TYPE, position(node), f"cast to `{written}`: {error}", hint)


_TYPES = (
    "VARCHAR",
    "BIGINT",
    "INTEGER",
    "DOUBLE",
    "DECIMAL(18,2)",
    "BOOLEAN",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE",
    "TIME",
    "INTERVAL",
    "JSON",
    "UUID",
    "BLOB",
)


def _check_interval(node: exp.Interval, problems: Problems) -> None:
    unit = node.args.get("unit")
    name = unit.name.upper() if isinstance(unit, exp.Var) else ""
    if name.rstrip("S") not in UNITS_OF_INTERVALS and name not in ("CENTURIES", "DECADES"):
        hint = "Write e.g. INTERVAL 3 DAYS or INTERVAL (n) HOURS."
        problems.add(codes.BAD_LITERAL, position(node), f"`{node.sql('duckdb')}` is no interval with one unit", hint)
