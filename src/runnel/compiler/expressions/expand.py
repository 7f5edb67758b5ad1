"""From the written tree to DuckDB's: library functions become their compositions, divisions become total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlglot import exp

from runnel.compiler.dialects.grammar import read
from runnel.compiler.dialects.types import family
from runnel.compiler.expressions.check import arguments
from runnel.compiler.expressions.types import literal
from runnel.compiler.functions import Function, names
from runnel.compiler.functions.registry import is_aggregate
from runnel.compiler.functions.templates import bracketed, build_call
from runnel.sdk.trees import copied

MAX_EXPANDED = 40_000


class TooLargeError(ValueError):
    """An expression whose compositions together hold more nodes than an expression may."""


@dataclass
class Site:
    """What stands around an aggregate or window call: DISTINCT, ORDER BY, FILTER, IGNORE NULLS, OVER."""

    distinct: bool = False
    order: exp.Order | None = None
    filter: exp.Filter | None = None
    nulls: str | None = None
    window: exp.Window | None = None


_NULL_TYPES = {
    "text": "VARCHAR",
    "jsontext": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "instant": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "interval": "INTERVAL",
    "json": "JSON",
}
TypesOf = Callable[[exp.Expr], str]


@dataclass
class Expander:
    """Expands the nodes of one written tree, each once; `types_of` tells the type of a written node."""

    types_of: TypesOf
    now: datetime | None = None
    done: dict[int, exp.Expr] = field(default_factory=dict[int, exp.Expr])
    size: int = 0

    def tree(self, node: exp.Expr) -> exp.Expr:
        """Return a fresh copy of the expanded tree of a written node."""
        if id(node) not in self.done:
            self.done[id(node)] = self._expand(node)
        made = copied(self.done[id(node)])
        self.size += sum(1 for _ in made.walk())
        if self.size > MAX_EXPANDED * 20:
            raise TooLargeError
        return made

    def _expand(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            return self._around(node)
        if isinstance(node, exp.Anonymous):
            return self._call(node, Site())
        if isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
            return self._division(node)
        if isinstance(node, exp.Cast):
            return type(node)(this=self.tree(node.this), to=copied(node.to))
        return self._same(node)

    def _same(self, node: exp.Expr) -> exp.Expr:
        """Copy a node with its children expanded and kept apart where operators meet."""
        if isinstance(node, exp.Literal | exp.Identifier | exp.DataType | exp.Column | exp.Var):
            return copied(node)
        apart = isinstance(node, exp.Binary | exp.Unary | exp.Between | exp.In) and not isinstance(
            node, exp.Paren | exp.PropertyEQ
        )
        args: dict[str, Any] = {}
        for key, value in node.args.items():
            args[key] = self._value(value, apart)
        made = type(node)(**args)
        made.meta.update(node.meta)
        return made

    def _value(self, value: Any, apart: bool) -> Any:
        if isinstance(value, list):
            return [self._value(item, apart) for item in cast("list[Any]", value)]
        if not isinstance(value, exp.Expr):
            return value
        made = self.tree(value)
        changed = apart and isinstance(value, exp.Anonymous | exp.Window | exp.Filter)
        return bracketed(made) if changed else made

    def _division(self, node: exp.Binary) -> exp.Expr:
        left, right = (bracketed(self.tree(side)) for side in (node.this, node.expression))
        safe = isinstance(right, exp.Literal) and not right.is_string and float(right.name) != 0
        if not safe:
            zero = exp.Literal.number(0)
            right = exp.Anonymous(this="nullif", expressions=[right, zero])
        return type(node)(**{**node.args, "this": _operand(node.this, left), "expression": right})

    def _around(self, node: exp.Expr) -> exp.Expr:
        site = Site()
        inner = node
        while not isinstance(inner, exp.Anonymous):
            if isinstance(inner, exp.Window):
                site.window = inner
            elif isinstance(inner, exp.Filter):
                site.filter = inner
            elif isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
                site.nulls = type(inner).__name__
            else:
                return self._same(node)
            inner = inner.this
        return self._call(inner, site)

    def _call(self, node: exp.Anonymous, site: Site) -> exp.Expr:
        function = names()[node.name.lower()]
        if function.clock:
            return self._clock(function)
        for arg in node.expressions:
            _note_modifiers(arg, site)
        written = arguments(node)
        types = tuple(self._type(function, index, arg) for index, arg in enumerate(written))
        made = build_call(function, self._arguments(function, written), types)
        return made if function.kind == "scalar" else self._decorate(made, site, function, written)

    def _arguments(self, function: Function, written: list[exp.Expr]) -> tuple[exp.Expr, ...]:
        """Expand arguments; a bare NULL or a date's text gets the parameter's type, so that one function fits."""
        made: list[exp.Expr] = []
        for index, arg in enumerate(written):
            kind = _by_context(function, index, arg)
            made.append(exp.cast(copied(arg), kind, dialect="duckdb") if kind else self.tree(arg))
        return tuple(made)

    def _type(self, function: Function, index: int, arg: exp.Expr) -> str:
        """Return an argument's type where the build depends on it; asking the oracle costs time."""
        if not callable(function.build) or isinstance(arg, exp.Star | exp.Lambda):
            return "NULL"
        return _by_context(function, index, arg) or self.types_of(arg)

    def _clock(self, function: Function) -> exp.Expr:
        now = self.now or datetime(1970, 1, 1, tzinfo=UTC)
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        return literal(now if function.name == "now" else now.astimezone(UTC).date())

    def _decorate(self, tree: exp.Expr, site: Site, function: Function, written: list[exp.Expr]) -> exp.Expr:
        """Put what stood around the call around every aggregate or window call of its composition."""
        for inner in [part for part in tree.walk() if is_aggregate(part)]:
            assert isinstance(inner, exp.Anonymous)
            made = self._decorated(inner, site, function, written)
            if inner is tree:
                tree = made
            elif made is not inner:
                inner.replace(made)
        return tree

    def _decorated(self, inner: exp.Anonymous, site: Site, function: Function, written: list[exp.Expr]) -> exp.Expr:
        made: exp.Expr = exp.Anonymous(this=inner.this, expressions=[copied(arg) for arg in inner.expressions])
        nulls = site.nulls
        if made.expressions and isinstance(made.expressions[0], exp.IgnoreNulls):
            made.set("expressions", [made.expressions[0].this, *made.expressions[1:]])
            nulls = "IgnoreNulls"
        if site.distinct and made.expressions and not isinstance(made.expressions[0], exp.Distinct):
            made.set("expressions", [exp.Distinct(expressions=[made.expressions[0]]), *made.expressions[1:]])
        if site.order is not None and made.expressions:
            ordered = self._value(site.order.expressions, False)
            made.set("expressions", [*made.expressions[:-1], exp.Order(this=made.expressions[-1], expressions=ordered)])
        if nulls == "IgnoreNulls":
            made = exp.IgnoreNulls(this=_native(made))
        if site.filter is not None:
            made = exp.Filter(this=made, expression=self._same(site.filter.expression))
        if site.window is not None:
            made = self._over(made, site.window, function, written)
        return made

    def _over(self, made: exp.Expr, window: exp.Window, function: Function, written: list[exp.Expr]) -> exp.Window:
        args = {key: self._value(value, False) for key, value in window.args.items() if key != "this"}
        over = exp.Window(this=made, **args)
        if function.frame:
            over.set("spec", _frame(function, written))
        return over


def _by_context(function: Function, index: int, arg: exp.Expr) -> str | None:
    """Return the type that a parameter gives a bare NULL or the text of a date or time."""
    if not function.params:
        return None
    kind = function.param(index).kind
    if isinstance(arg, exp.Null):
        return _NULL_TYPES.get(kind)
    if isinstance(arg, exp.Literal) and arg.is_string and kind in ("date", "timestamp", "instant", "timestamptz"):
        return "DATE" if kind in ("date", "instant") and len(arg.name.strip()) <= 10 else _NULL_TYPES[kind]
    return None


def _operand(written: exp.Expr, made: exp.Expr) -> exp.Expr:
    """Keep a plain chain such as `a * b / c` without new brackets."""
    chain = isinstance(written, exp.Mul | exp.Div | exp.Neg) and isinstance(made, exp.Paren)
    return made.this if chain else made


def _note_modifiers(arg: exp.Expr, site: Site) -> None:
    while isinstance(arg, exp.Order | exp.IgnoreNulls | exp.RespectNulls | exp.Distinct):
        if isinstance(arg, exp.Order):
            site.order = arg
        elif isinstance(arg, exp.Distinct):
            site.distinct = True
            return
        else:
            site.nulls = type(arg).__name__
        arg = arg.this


_NATIVE: dict[str, type[exp.Expr]] = {
    "lag": exp.Lag,
    "lead": exp.Lead,
    "first_value": exp.FirstValue,
    "last_value": exp.LastValue,
    "nth_value": exp.NthValue,
}


def _native(made: exp.Expr) -> exp.Expr:
    """Return SQLGlot's own node of a window function, the only form its generator gives IGNORE NULLS."""
    kind = _NATIVE.get(made.name.lower())
    if kind is None:
        return made
    args = made.expressions
    keys = {
        "lag": ("this", "offset", "default"),
        "lead": ("this", "offset", "default"),
        "nth_value": ("this", "offset"),
    }
    return kind(**dict(zip(keys.get(made.name.lower(), ("this",)), args, strict=False)))


def _frame(function: Function, written: list[exp.Expr]) -> exp.Expr:
    text = str(function.frame)
    if ":rows" in text:
        text = text.replace(":rows", str(max(int(written[1].name), 1) - 1))
    window = read(f"sum(x) OVER ({text})")
    return window.args["spec"]


def is_date_arithmetic(left: str, right: str) -> bool:
    """Tell whether adding or subtracting values of two types moves or compares dates."""
    return bool({family(left), family(right)} & {"date", "timestamp", "timestamptz", "time", "interval"})
