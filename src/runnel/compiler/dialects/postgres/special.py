"""Calls whose arguments are no values: attempts (`try`), the structs that hold them, and lists without NULLs."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from runnel.compiler.dialects.postgres.guarded import ATTEMPTED
from runnel.compiler.dialects.postgres.typed import Typed, refuse
from runnel.compiler.dialects.types import family, read_type, struct_fields

Write = Callable[[exp.Expr], Typed]
_RANGES = {"INTEGER": 31, "BIGINT": 63}
_SIGNS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_TOTAL = (
    exp.Column, exp.Literal, exp.Paren, exp.Null, exp.Boolean, exp.Identifier, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT,
    exp.LTE, exp.Is, exp.Not, exp.In, exp.Between, exp.Struct, exp.PropertyEQ,
)  # fmt: skip


def attempt(write: Write, node: exp.Expr) -> Typed:
    """Write TRY over arithmetic and conversions: NULL where a step leaves its type's range or a value does not fit.

    The struct of one field, in which nodes keep a value apart from a failure, is a list of one element there.
    """
    inside = node.expressions[0]
    value = inside.expressions[0].expression if isinstance(inside, exp.Struct) else inside
    value = value.copy().transform(_forgiving)
    conditions = [_fits(write, part) for part in value.walk(prune=_whole) if not isinstance(part, _TOTAL)]
    conditions = [condition for condition in conditions if condition]
    written = write(value)
    held = isinstance(inside, exp.Struct)
    if held and len(inside.expressions) != 1:
        raise refuse("a struct", "PostgreSQL has no structs inside tables")
    made = f"ARRAY[{written.sql}]" if held else written.sql
    if conditions:
        made = f"(CASE WHEN {' AND '.join(conditions)} THEN {made} END)"
    return Typed(made, f"STRUCT({inside.expressions[0].name} {written.type})" if held else written.type)


def _forgiving(node: exp.Expr) -> exp.Expr:
    """Return a conversion that may fail as the one that gives NULL."""
    if _is_moment(node):
        return node
    if type(node) is exp.Cast:
        return exp.TryCast(this=node.this.copy().transform(_forgiving), to=node.args["to"])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "strptime":
        return exp.Anonymous(this=ATTEMPTED, expressions=node.expressions)
    return node


def _is_moment(node: exp.Expr) -> bool:
    """Tell whether a node is the literal of a date or time, which was read when it was checked."""
    if not isinstance(node, exp.Cast) or not isinstance(node.this, exp.Literal) or not node.this.is_string:
        return False
    return family(str(read_type(node.to.sql("duckdb")))) in ("date", "timestamp", "timestamptz")


def _whole(node: exp.Expr) -> bool:
    """Tell whether the parts of a node need not be looked at."""
    return isinstance(node, exp.DataType) or _is_moment(node)


def _fits(write: Write, node: exp.Expr) -> str:
    """Return the condition that a step does not fail; NULL does not. An empty text where it never does."""
    if _whole(node):
        return ""
    if isinstance(node, exp.TryCast):
        if node.this.find(*_SIGNS, exp.Neg, exp.IntDiv) is not None:
            raise refuse("TRY", "a conversion of what may already have failed is an error there")
        return f"(({write(node.this).sql}) IS NULL OR ({write(node).sql}) IS NOT NULL)"
    if isinstance(node, exp.Anonymous):
        return _call_fits(write, node)
    if isinstance(node, exp.Div):
        return _quotient_fits(write, node)
    if isinstance(node, exp.IntDiv):
        bits = _RANGES.get(write(node).type)
        if bits is None:
            raise refuse("TRY", "only division of INTEGER and BIGINT is known to fail alike")
        left, right = _exact(write, node.this), _exact(write, node.args["expression"])
        return f"({left} = -{2**bits} AND {right} = -1) IS NOT TRUE"
    if type(node) not in _SIGNS and not isinstance(node, exp.Neg):
        raise refuse("TRY", "only arithmetic of whole numbers and conversions are known to fail alike")
    bits = _RANGES.get(write(node).type)
    if bits is None:
        raise refuse("TRY", "only arithmetic of INTEGER and BIGINT is known to fail alike")
    return f"(({_exact(write, node)}) BETWEEN -{2**bits} AND {2**bits - 1}) IS NOT FALSE"


def _call_fits(write: Write, node: exp.Anonymous) -> str:
    name = node.name.lower()
    if name == "nullif":
        return ""
    if name == ATTEMPTED:
        return f"(({write(node.expressions[0]).sql}) IS NULL OR ({write(node).sql}) IS NOT NULL)"
    raise refuse("TRY", "only arithmetic of whole numbers and conversions are known to fail alike")


def _quotient_fits(write: Write, node: exp.Div) -> str:
    families = {write(side).family for side in (node.this, node.args["expression"])}
    if not families <= {"integer", "decimal", "null"}:
        raise refuse("TRY", "a quotient of doubles that overflows is an error there")
    return ""


def _exact(write: Write, node: exp.Expr) -> str:
    """Write arithmetic over numeric, where whole numbers have no range."""
    if isinstance(node, exp.Paren):
        return _exact(write, node.this)
    if isinstance(node, exp.Neg):
        return f"(-{_exact(write, node.this)})"
    if isinstance(node, exp.IntDiv):
        return f"div({_exact(write, node.this)}, {_exact(write, node.args['expression'])})"
    if isinstance(node, exp.Anonymous) and node.name.lower() == "nullif":
        return f"nullif({_exact(write, node.expressions[0])}, 0)"
    if type(node) in _SIGNS:
        return f"({_exact(write, node.this)} {_SIGNS[type(node)]} {_exact(write, node.args['expression'])})"
    return f"CAST({write(node).sql} AS numeric)"


def member(write: Write, node: exp.Expr) -> Typed:
    """Write the field of an attempt's struct."""
    held, name = write(node.expressions[0]), node.expressions[1].name
    fields = struct_fields(held.type) if held.family == "struct" else {}
    if list(fields) != [name]:
        raise refuse("struct_extract()", "PostgreSQL has no structs inside tables")
    return Typed(f"({held.sql})[1]", fields[name])


def kept_items(write: Write, node: exp.Expr) -> Typed:
    """Write `list_filter(list_value(…), lambda x: x IS NOT NULL)` over texts; refuses everything else."""
    listed, test = node.expressions
    body = test.this if isinstance(test, exp.Lambda) else None
    name = test.expressions[0].name if isinstance(test, exp.Lambda) else ""
    found = body.this if isinstance(body, exp.Not) and isinstance(body.this, exp.Is) else None
    if found is None or found.this.name != name or not isinstance(found.expression, exp.Null):
        raise refuse("list_filter()", "only NULL elements can be left out there")
    if not isinstance(listed, exp.Anonymous) or listed.name.lower() != "list_value":
        raise refuse("list_filter()", "only a list of given values is proven there")
    values = [write(part) for part in listed.expressions]
    if any(value.family not in ("text", "null") for value in values):
        raise refuse("list_filter()", "only a list of texts is proven there")
    return Typed(f"array_remove(ARRAY[{', '.join(value.sql for value in values)}], NULL)", "VARCHAR[]")


SPECIAL: dict[str, Callable[[Write, exp.Expr], Typed]] = {
    "try": attempt, "struct_extract": member, "list_filter": kept_items,
}  # fmt: skip
