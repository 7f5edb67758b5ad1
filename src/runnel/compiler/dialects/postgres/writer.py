"""Expressions in PostgreSQL: bottom-up over the bound tree, each node with its type; what is not known is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from typing import cast as as_list

from sqlglot import exp

from runnel.compiler.dialects.postgres import dates, guarded, json, numbers, texts
from runnel.compiler.dialects.postgres.aggregates import AGGREGATES, Shape
from runnel.compiler.dialects.postgres.functions import WRITERS, as_text, cast, number, text_literal
from runnel.compiler.dialects.postgres.special import SPECIAL
from runnel.compiler.dialects.postgres.typed import Typed, common_type, quoted, refuse
from runnel.compiler.dialects.types import family, read_type

FAMILIES_LOADED = (dates, guarded, json, numbers, texts)
Types = Callable[[exp.Column], tuple[str, str]]

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_BITS: dict[type[exp.Expr], str] = {exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "#"}
_SIGNS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_MOMENTS = ("date", "timestamp", "timestamptz", "interval", "time")
_NATIVE: dict[type[exp.Expr], tuple[str, tuple[str, ...]]] = {
    exp.Count: ("count", ("this",)),
    exp.Sum: ("sum", ("this",)),
    exp.Avg: ("avg", ("this",)),
    exp.Min: ("min", ("this",)),
    exp.Max: ("max", ("this",)),
    exp.RowNumber: ("row_number", ()),
    exp.Coalesce: ("coalesce", ("this", "expressions")),
    exp.Upper: ("upper", ("this",)),
    exp.Lower: ("lower", ("this",)),
    exp.Length: ("length", ("this",)),
    exp.Abs: ("abs", ("this",)),
    exp.Greatest: ("greatest", ("this", "expressions")),
    exp.Least: ("least", ("this", "expressions")),
    exp.Nullif: ("nullif", ("this", "expression")),
    exp.Round: ("round", ("this", "decimals")),
    exp.Rank: ("rank", ()),
    exp.DenseRank: ("dense_rank", ()),
    exp.Lag: ("lag", ("this", "offset", "default")),
    exp.Lead: ("lead", ("this", "offset", "default")),
    exp.Floor: ("floor", ("this",)),
    exp.Sqrt: ("sqrt", ("this",)),
    exp.FirstValue: ("first_value", ("this",)),
    exp.LastValue: ("last_value", ("this",)),
}


class Writer:
    """Writes expressions; `column` tells the PostgreSQL text and the DuckDB type of a column reference."""

    def __init__(self, column: Types) -> None:
        self.column = column

    def write(self, node: exp.Expr) -> Typed:
        """Return the text and type of a node; raises UnsupportedOperation."""
        method = self._methods.get(type(node))
        if method is not None:
            return method(self, node)
        for kinds, several in self._several:
            if isinstance(node, kinds):
                return several(self, node)
        raise refuse(type(node).__name__, "no equal is known")

    def _column(self, node: exp.Expr) -> Typed:
        assert isinstance(node, exp.Column)
        return Typed(*self.column(node))

    def _literal(self, node: exp.Expr) -> Typed:
        if node.is_string:
            return text_literal(node.name)
        text = node.name.lower()
        if "e" in text:
            return Typed(f"CAST('{text}' AS double precision)", "DOUBLE")
        if "." in text:
            whole, fraction = text.split(".")
            return Typed(text, f"DECIMAL({max(len(whole) + len(fraction), 1)},{len(fraction)})")
        return Typed(text, "INTEGER" if int(text) < 2**31 else "BIGINT" if int(text) < 2**63 else "HUGEINT")

    def _null(self, node: exp.Expr) -> Typed:
        return Typed("NULL", "NULL")

    def _boolean(self, node: exp.Expr) -> Typed:
        return Typed("TRUE" if node.this else "FALSE", "BOOLEAN")

    def _paren(self, node: exp.Expr) -> Typed:
        inside = self.write(node.this)
        return Typed(f"({inside.sql})", inside.type, inside.literal)

    def _cast(self, node: exp.Expr) -> Typed:
        assert isinstance(node, exp.Cast)
        target = str(read_type(node.to.sql("duckdb")))
        inner = node.this.this if isinstance(node.this, exp.Paren) else node.this
        if (
            isinstance(node, exp.TryCast)
            and isinstance(inner, exp.Anonymous)
            and inner.name.lower() == "json_extract_string"
        ):
            return _wrapped(json.number_of([self.write(arg) for arg in inner.expressions], target))
        value = self.write(inner)
        held = Typed(f"({value.sql})", value.type, value.literal) if not isinstance(inner, exp.Literal) else value
        if isinstance(node, exp.TryCast):
            return guarded.try_cast(held, target)
        made = cast(held, target)
        return Typed(f"({made.sql})" if made.sql.startswith("CASE") else made.sql, target)

    def _case(self, node: exp.Expr) -> Typed:
        branches: list[exp.If] = node.args["ifs"]
        default = node.args.get("default")
        values = [self.write(branch.args["true"]) for branch in branches]
        values += [self.write(default)] if default is not None else []
        target = _meeting(values)
        out = ["CASE"]
        for branch, value in zip(branches, values, strict=False):
            test = self._equal(node.this, branch.this) if node.this is not None else self.write(branch.this).sql
            out.append(f"WHEN {test} THEN {_as(value, target)}")
        if default is not None:
            out.append(f"ELSE {_as(values[-1], target)}")
        return Typed(f"({' '.join(out)} END)", target)

    def _equal(self, left: exp.Expr, right: exp.Expr) -> str:
        first, second = self._paired([left, right])
        return f"{first} = {second}"

    def _paired(self, nodes: list[exp.Expr]) -> list[str]:
        """Return operands of a comparison: texts by code point, text literals as the type that they meet."""
        values = [self.write(node) for node in nodes]
        target = _meeting(values)
        return [_operand(value, target) for value in values]

    def _comparison(self, node: exp.Expr) -> Typed:
        left, right = self._paired([node.this, node.args["expression"]])
        return Typed(f"({left} {_COMPARISONS[type(node)]} {right})", "BOOLEAN")

    def _between(self, node: exp.Expr) -> Typed:
        value, low, high = self._paired([node.this, node.args["low"], node.args["high"]])
        return Typed(f"({value} BETWEEN {low} AND {high})", "BOOLEAN")

    def _in(self, node: exp.Expr) -> Typed:
        if not node.expressions:
            raise refuse("IN", "only lists of expressions are translated")
        value, *items = self._paired([node.this, *node.expressions])
        return Typed(f"({value} IN ({', '.join(items)}))", "BOOLEAN")

    def _is(self, node: exp.Expr) -> Typed:
        right = node.args["expression"]
        word = "NULL" if isinstance(right, exp.Null) else self.write(right).sql
        if word not in ("NULL", "TRUE", "FALSE"):
            raise refuse("IS", "only NULL, TRUE and FALSE may follow")
        return Typed(f"(({self.write(node.this).sql}) IS {word})", "BOOLEAN")

    def _logic(self, node: exp.Expr) -> Typed:
        sign = "AND" if isinstance(node, exp.And) else "OR"
        return Typed(f"({self.write(node.this).sql} {sign} {self.write(node.args['expression']).sql})", "BOOLEAN")

    def _not(self, node: exp.Expr) -> Typed:
        return Typed(f"(NOT {self.write(node.this).sql})", "BOOLEAN")

    def _like(self, node: exp.Expr) -> Typed:
        return self._liked(node, "")

    def _escape(self, node: exp.Expr) -> Typed:
        if not isinstance(node.this, exp.Like | exp.ILike):
            raise refuse("ESCAPE", "it follows only LIKE")
        return self._liked(node.this, node.args["expression"].name)

    def _liked(self, node: exp.Expr, escape: str) -> Typed:
        left, right = self.write(node.this), self.write(node.args["expression"])
        if isinstance(node, exp.ILike):
            left, right = (WRITERS["lower"]([side]) for side in (left, right))
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        return Typed(f"({left.collated} {word} {right.collated} ESCAPE {quoted(escape)})", "BOOLEAN")

    def _neg(self, node: exp.Expr) -> Typed:
        value = self.write(node.this)
        return Typed(f"(-{value.sql})", value.type)

    def _arithmetic(self, node: exp.Expr) -> Typed:
        left, right = self.write(node.this), self.write(node.args["expression"])
        sign = _SIGNS[type(node)]
        families = (left.family, right.family)
        if any(kind in _MOMENTS for kind in families):
            return _moved(left, right, sign)
        if not all(kind in ("integer", "decimal", "double", "null") for kind in families):
            raise refuse(f"{left.type} {sign} {right.type}", "only numbers and dates are added there")
        return Typed(
            f"({left.sql} {sign} {right.sql})",
            common_type([left.type, right.type]) if sign != "*" else _product(left, right),
        )

    def _division(self, node: exp.Expr) -> Typed:
        left, right = self.write(node.this), self.write(node.args["expression"])
        if not _never_zero(node.args["expression"]):
            raise refuse("/", "a division by zero is an error there; divide by nullif(x, 0)")
        if isinstance(node, exp.Div):
            return Typed(f"({number(left)} / {number(right)})", "DOUBLE")
        target = common_type([left.type, right.type])
        if isinstance(node, exp.Mod):
            return WRITERS["mod"]([left, right])
        if family(target) != "integer":
            raise refuse("//", "only integers are divided alike")
        return Typed(f"({left.sql} / {right.sql})", target)

    def _bits(self, node: exp.Expr) -> Typed:
        left, right = self.write(node.this), self.write(node.args["expression"])
        return Typed(f"({left.sql} {_BITS[type(node)]} {right.sql})", common_type([left.type, right.type]))

    def _dpipe(self, node: exp.Expr) -> Typed:
        left, right = self.write(node.this), self.write(node.args["expression"])
        if "list" in (left.family, right.family):
            raise refuse("|| of lists", "a NULL list counts differently there")
        return Typed(f"({as_text(left)} || {as_text(right)})", "VARCHAR")

    def _array(self, node: exp.Expr) -> Typed:
        values = [self.write(item) for item in node.expressions]
        if not values:
            raise refuse("an empty list", "its type is not written")
        target = _meeting(values)
        if target == "NULL":
            raise refuse("a list of NULLs", "its type is not written")
        return Typed(f"ARRAY[{', '.join(_as(value, target) for value in values)}]", f"{target}[]")

    def _bracket(self, node: exp.Expr) -> Typed:
        index = node.expressions[0]
        if isinstance(index, exp.Slice):
            raise refuse("a slice", "negative positions do not count from the end there")
        return WRITERS["list_extract"]([self.write(node.this), self.write(index)])

    def _interval(self, node: exp.Expr) -> Typed:
        amount = node.this
        inner = amount.this if isinstance(amount, exp.Paren) else amount
        value = Typed(inner.name, "INTEGER") if isinstance(inner, exp.Literal) else self.write(inner)
        return dates.interval(node.args["unit"].name, value)

    def _extract(self, node: exp.Expr) -> Typed:
        return dates.part(node.this.name.lower(), self.write(node.args["expression"]))

    def _zone(self, node: exp.Expr) -> Typed:
        return WRITERS["timezone"]([self.write(node.args["zone"]), self.write(node.this)])

    def _call(self, node: exp.Expr) -> Typed:
        name = node.name.lower()
        if name in AGGREGATES:
            return self._aggregate(node, over=False)
        if name in SPECIAL:
            return SPECIAL[name](self.write, node)
        if name not in WRITERS:
            raise refuse(f"{name}()", "no equal function is known")
        return _wrapped(WRITERS[name]([self.write(arg) for arg in node.expressions]))

    def _aggregate(self, node: exp.Expr, over: bool, where: str = "", window: str = "") -> Typed:
        shape, args = Shape(over=over), list(node.expressions)
        if args and isinstance(args[-1], exp.Order):
            shape.order = [self.ordered(item) for item in args[-1].expressions]
            args[-1] = args[-1].this
        if args and isinstance(args[0], exp.Distinct):
            shape.distinct = True
            args[:1] = args[0].expressions
        if any(isinstance(arg, exp.IgnoreNulls) for arg in args):
            raise refuse("IGNORE NULLS", "PostgreSQL does not have it")
        values = [Typed("*", "NULL") if isinstance(arg, exp.Star) else self.write(arg) for arg in args]
        made = AGGREGATES[node.name.lower()](values, shape)
        sql = made.sql + where + window
        if node.name.lower() == "avg":
            return Typed(f"CAST({sql} AS double precision)", "DOUBLE")
        return Typed(sql, made.type)

    def _filter(self, node: exp.Expr) -> Typed:
        return self._filtered(node, over=False)

    def _filtered(self, node: exp.Expr, over: bool, window: str = "") -> Typed:
        where = ""
        if isinstance(node, exp.Filter):
            where = f" FILTER (WHERE {self.write(node.expression.this).sql})"
            node = node.this
        node = _called(node)
        if not isinstance(node, exp.Anonymous) or node.name.lower() not in AGGREGATES:
            raise refuse(f"{type(node).__name__} with FILTER or OVER", "no equal is known")
        return self._aggregate(node, over, where, window)

    def _window(self, node: exp.Expr) -> Typed:
        parts: list[str] = []
        if node.args.get("partition_by"):
            parts.append("PARTITION BY " + ", ".join(self.write(item).collated for item in node.args["partition_by"]))
        order = node.args.get("order")
        if order is not None:
            parts.append("ORDER BY " + ", ".join(self.ordered(item) for item in order.expressions))
        spec = node.args.get("spec")
        if spec is not None:
            parts.append(self._spec(spec))
        return self._filtered(node.this, over=True, window=f" OVER ({' '.join(parts)})")

    def _spec(self, spec: exp.Expr) -> str:
        if spec.args.get("exclude"):
            raise refuse("EXCLUDE in a frame", "it is not translated")
        ends = [self._end(spec, side) for side in ("start", "end")]
        ends[1] = ends[1] or "CURRENT ROW"
        return f"{str(spec.args['kind']).upper()} BETWEEN {ends[0]} AND {ends[1]}"

    def _end(self, spec: exp.Expr, side: str) -> str:
        value: Any = spec.args.get(side)
        direction = str(spec.args.get(f"{side}_side") or "").upper()
        text = self.write(value).sql if isinstance(value, exp.Expr) else str(value or "").upper()
        return f"{text} {direction}".strip()

    def ordered(self, item: exp.Expr) -> str:
        """Return one part of an ORDER BY: texts by code point, NULLs where DuckDB puts them."""
        if not isinstance(item, exp.Ordered):
            return f"{self.write(item).collated} ASC NULLS LAST"
        way = "DESC" if item.args.get("desc") else "ASC"
        nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
        return f"{self.write(item.this).collated} {way} NULLS {nulls}"

    def _native(self, node: exp.Expr) -> Typed:
        return self.write(_called(node))

    _methods: ClassVar[Mapping[type[exp.Expr], Callable[[Any, exp.Expr], Typed]]] = {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Null: _null,
        exp.Boolean: _boolean,
        exp.Paren: _paren,
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Case: _case,
        exp.Between: _between,
        exp.In: _in,
        exp.Is: _is,
        exp.Not: _not,
        exp.Like: _like,
        exp.ILike: _like,
        exp.Escape: _escape,
        exp.Neg: _neg,
        exp.DPipe: _dpipe,
        exp.Array: _array,
        exp.Bracket: _bracket,
        exp.Interval: _interval,
        exp.Extract: _extract,
        exp.AtTimeZone: _zone,
        exp.Anonymous: _call,
        exp.Filter: _filter,
        exp.Window: _window,
    }
    _several: ClassVar[tuple[tuple[tuple[type[exp.Expr], ...], Callable[[Any, exp.Expr], Typed]], ...]] = (
        (tuple(_COMPARISONS), _comparison),
        ((exp.And, exp.Or), _logic),
        (tuple(_SIGNS), _arithmetic),
        ((exp.Div, exp.IntDiv, exp.Mod), _division),
        (tuple(_BITS), _bits),
        (tuple(_NATIVE), _native),
    )


def _called(node: exp.Expr) -> exp.Expr:
    """Turn SQLGlot's own function nodes, which node authors may use, into plain calls."""
    if type(node) not in _NATIVE:
        return node
    name, keys = _NATIVE[type(node)]
    args: list[exp.Expr] = []
    for key in keys:
        value: Any = node.args.get(key)
        if isinstance(value, list):
            args.extend(as_list("list[exp.Expr]", value))
        elif value is not None:
            args.append(value)
    return exp.Anonymous(this=name, expressions=[arg.copy() for arg in args])


def _wrapped(made: Typed) -> Typed:
    return Typed(f"({made.sql})", made.type) if made.sql.startswith("CASE") else made


def _meeting(values: list[Typed]) -> str:
    """Return the type in which values meet; text literals take the type of what they meet."""
    firm = [value.type for value in values if value.literal is None]
    target = common_type(firm) if firm else "NULL"
    if target == "NULL" and any(value.literal is not None for value in values):
        return "VARCHAR"
    return target


def _as(value: Typed, target: str) -> str:
    if value.family == "null" or value.type == target:
        return value.sql if value.family != "null" else "NULL"
    return cast(value, target).sql if value.literal is not None or value.family != family(target) else value.sql


def _operand(value: Typed, target: str) -> str:
    if value.literal is not None and family(target) not in ("text", "enum", "null"):
        return cast(value, target).sql
    if value.family in ("date", "timestamp") and family(target) == "timestamptz":
        return cast(value, target).sql
    return value.collated


def _moved(left: Typed, right: Typed, sign: str) -> Typed:
    """Write date arithmetic: shifted moments, whole days, differences of dates."""
    families = (left.family, right.family)
    if families == ("date", "date") and sign == "-":
        return Typed(f"CAST(({left.sql} - {right.sql}) AS bigint)", "BIGINT")
    if families[0] == "date" and families[1] == "integer":
        return Typed(f"({left.sql} {sign} CAST({right.sql} AS integer))", "DATE")
    if families[0] in ("date", "timestamp") and families[1] == "interval":
        return Typed(f"({dates.in_utc(left)} {sign} {right.sql})", "TIMESTAMP")
    if families[0] == "timestamptz" and families[1] == "interval":
        return Typed(f"(({dates.in_utc(left)} {sign} {right.sql}) AT TIME ZONE 'UTC')", left.type)
    if families[0] == "interval" and families[1] in ("date", "timestamp", "timestamptz") and sign == "+":
        return _moved(right, left, sign)
    raise refuse(f"{left.type} {sign} {right.type}", "intervals are normalised differently there")


def _product(left: Typed, right: Typed) -> str:
    if "decimal" in (left.family, right.family) and "double" not in (left.family, right.family):
        scales = [read_type(side.type).params[1] if side.family == "decimal" else 0 for side in (left, right)]
        return f"DECIMAL(38,{min(sum(scales), 38)})"
    return common_type([left.type, right.type])


def _never_zero(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Cast):
        return _never_zero(node.this)
    if isinstance(node, exp.Literal):
        return not node.is_string and float(node.name) != 0
    return isinstance(node, exp.Anonymous) and node.name.lower() == "nullif" and _is_zero(node.expressions[1])


def _is_zero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.name) == 0
