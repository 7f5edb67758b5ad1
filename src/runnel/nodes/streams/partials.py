"""Aggregates in parts: what is kept of some rows, how two parts become one, and the value of the whole."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from runnel.sdk import column
from runnel.sdk.trees import copied

_COUNTS = ("count", "count_if", "countif")
_COMBINED = {
    "sum": "sum", "min": "min", "max": "max", "bool_and": "bool_and", "bool_or": "bool_or", "logical_and": "bool_and",
    "logical_or": "bool_or",
}  # fmt: skip
_MEANS = ("avg", "mean")


@dataclass(frozen=True)
class Part:
    """One kept value: its expression over rows, and the aggregate that joins parts of it."""

    partial: exp.Expr
    combine: str


@dataclass(frozen=True)
class Partials:
    """Values in parts: kept columns, and each value as an expression over joined parts."""

    parts: Mapping[str, Part]
    finals: Mapping[str, exp.Expr]

    def joined(self, name: str) -> str:
        """Return the SQL that joins parts of a kept column."""
        quoted = '"' + name.replace('"', '""') + '"'
        return f"{self.parts[name].combine}({quoted})"


Split = Callable[[exp.Expr], "tuple[list[Part], Callable[[list[exp.Expr]], exp.Expr]]"]


@dataclass
class _Splitting:
    parts: dict[str, Part] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)

    def keep(self, part: Part) -> exp.Expr:
        """Return the reference to a kept part; equal parts are kept once."""
        text = f"{part.combine}:{part.partial.sql('duckdb')}"
        name = self.known.setdefault(text, f"_p{len(self.known)}")
        self.parts[name] = part
        return column(name)


def in_parts(values: Mapping[str, exp.Expr], keys: frozenset[str], types: Mapping[str, str]) -> Partials | None:
    """Return the values in parts, or None where one of them needs all rows (a median, exact distinct values).

    `keys` are the columns that are the same in all rows of a group; `types` tells the types of the rows' columns.
    """
    splitting = _Splitting()
    finals = {name: _split(tree, splitting, types) for name, tree in values.items()}
    kept = set(splitting.parts) | set(keys)
    for tree in finals.values():
        if any(part.name not in kept for part in tree.find_all(exp.Column)) or tree.find(exp.AggFunc, exp.Window):
            return None
    return Partials(splitting.parts, finals)


def _split(tree: exp.Expr, splitting: _Splitting, types: Mapping[str, str]) -> exp.Expr:
    made = exp.paren(copied(tree), copy=False)
    for part in _outermost(made):
        replacement = _parted(part, splitting, types)
        if replacement is not None:
            part.replace(replacement)
    return made


def _outermost(tree: exp.Expr) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    stack: list[exp.Expr] = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, (exp.AggFunc, exp.Filter)) or called(part) in (*_COMBINED, *_COUNTS, *_MEANS):
            found.append(part)
        else:
            stack.extend(part.iter_expressions())
    return found


def _parted(part: exp.Expr, splitting: _Splitting, types: Mapping[str, str]) -> exp.Expr | None:
    call = part.this if isinstance(part, exp.Filter) else part
    if call.find(exp.Distinct) or isinstance(part.parent, exp.Window):
        return None

    def over(aggregate: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Filter):
            return exp.Filter(this=aggregate, expression=copied(part.expression))
        return aggregate

    if called(call) in _COUNTS:
        kept = splitting.keep(Part(over(copied(call)), "sum"))
        whole = exp.cast(kept, exp.DataType.build("BIGINT"))
        return exp.Coalesce(this=whole, expressions=[exp.Literal.number(0)])
    if called(call) in _COMBINED:
        return splitting.keep(Part(over(copied(call)), _COMBINED[called(call)]))
    if called(call) in _MEANS and len(_arguments(call)) == 1 and _is_number(call, types):
        value = _arguments(call)[0]
        total = splitting.keep(Part(over(exp.Sum(this=copied(value))), "sum"))
        count = splitting.keep(Part(over(exp.Count(this=copied(value))), "sum"))
        some = exp.Nullif(this=exp.cast(count, exp.DataType.build("DOUBLE")), expression=exp.Literal.number(0))
        return exp.paren(exp.Div(this=exp.cast(total, exp.DataType.build("DOUBLE")), expression=some))
    return None


def called(tree: exp.Expr) -> str:
    """Return the name of the function that a tree calls, in small letters; nothing where it calls none."""
    if isinstance(tree, exp.Anonymous):
        return tree.name.lower()
    return tree.sql_name().lower() if isinstance(tree, exp.Func) else ""


def _arguments(tree: exp.Expr) -> list[exp.Expr]:
    return list(tree.expressions) if isinstance(tree, exp.Anonymous) else [tree.this]


def _is_number(tree: exp.Expr, types: Mapping[str, str]) -> bool:
    """Tell whether an argument is a number as far as its columns say."""
    other = ("TIMESTAMP", "DATE", "TIME", "INTERVAL")
    return not any(types.get(part.name, "").startswith(other) for part in tree.find_all(exp.Column))
