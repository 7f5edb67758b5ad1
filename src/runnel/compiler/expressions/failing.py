"""Which expressions can raise an error at run time for some row, so that the caller guards them."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from runnel.compiler.dialects.types import family, integer_digits, read_type
from runnel.compiler.expressions.check import arguments
from runnel.compiler.functions import names

_DATES = ("date", "timestamp", "timestamptz", "time", "interval")
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between,
             exp.Case, exp.Array)  # fmt: skip


def may_fail(node: exp.Expr, type_of: Callable[[exp.Expr], str]) -> bool:
    """Tell whether a written node itself (not its parts) can raise for values that are not NULL."""
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Neg | exp.IntDiv | exp.Mod):
        return _arithmetic(node, type_of)
    if isinstance(node, exp.Cast):
        return not isinstance(node, exp.TryCast) and _cast(node, type_of)
    if isinstance(node, exp.Anonymous):
        function = names()[node.name.lower()]
        types = tuple(type_of(arg) for arg in arguments(node) if not isinstance(arg, exp.Star | exp.Lambda))
        fails = function.may_fail if isinstance(function.may_fail, bool) else function.may_fail(types)
        same = [kind for kind, param in zip(types, function.params * 8, strict=False) if "same" in param.kind]
        return fails or _meeting([*same] if function.params and function.params[0].kind == "same" else [])
    if isinstance(node, exp.BitwiseLeftShift | exp.BitwiseRightShift | exp.AtTimeZone | exp.Escape | exp.Interval):
        return not (isinstance(node, exp.Interval) and isinstance(node.this, exp.Literal))
    if isinstance(node, _COMPARED):
        return _meeting([type_of(part) for part in _meeting_parts(node)])
    return isinstance(node, exp.Extract | exp.ToMap)


def _meeting_parts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Case):
        values = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        return [*values, *([default] if default is not None else [])]
    found = [node.args.get(key) for key in ("this", "expression", "low", "high")]
    return [part for part in [*found, *node.expressions] if part is not None]


def _meeting(types: list[str]) -> bool:
    """Tell whether bringing values to one type can fail: decimals out of digits, dates beyond timestamps."""
    families = {family(kind) for kind in types}
    if "date" in families and families & {"timestamp", "timestamptz"}:
        return True
    if "decimal" in families and families <= {"decimal", "integer", "null"}:
        shapes = [_shape(kind) for kind in types if family(kind) != "null"]
        return max(whole for whole, _ in shapes) + max(scale for _, scale in shapes) > 38
    return "enum" in families and len(families) > 1


def _shape(type_name: str) -> tuple[int, int]:
    """Return how many digits a number type has before and after the point."""
    found = read_type(type_name)
    if found.name == "DECIMAL":
        width, scale = found.params
        return width - scale, scale
    return integer_digits(type_name), 0


def _arithmetic(node: exp.Expr, type_of: Callable[[exp.Expr], str]) -> bool:
    sides = [side for side in (node.this, node.args.get("expression")) if side is not None]
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return False
    return not any(family(type_of(side)) == "double" for side in sides)


def _cast(node: exp.Cast, type_of: Callable[[exp.Expr], str]) -> bool:
    source, target = type_of(node.this), type_of(node)
    before, after = family(source), family(target)
    if after == "text" or before == "null" or source == target:
        return False
    if isinstance(node.this, exp.Literal) and node.this.is_string and after in _DATES:
        return False
    if before == "integer" and after in ("integer", "decimal"):
        whole = _shape(target)[0]
        unsigned = read_type(target).name.startswith("U") or read_type(source).name.startswith("U")
        return unsigned or _shape(source)[0] > whole or (after == "integer" and _shape(source)[0] > whole)
    if before in ("integer", "decimal", "boolean") and after == "double":
        return read_type(target).name == "FLOAT"
    if before == "boolean" and after in ("integer",):
        return False
    if before in ("timestamp", "timestamptz") and after in ("date", "time"):
        return False
    return not (before in ("integer", "double", "decimal") and after == "boolean")
