"""Choosing between values, and NULL."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call
from runnel.compiler.functions.model import fn


def _case(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    """Build CASE from condition, value pairs and an optional last value."""
    pairs = [exp.If(this=args[i], true=args[i + 1]) for i in range(0, len(args) - 1, 2)]
    return exp.Case(ifs=pairs, default=args[-1] if len(args) % 2 else None)


def _map_values(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    pairs = [exp.If(this=args[i], true=args[i + 1]) for i in range(1, len(args) - 1, 2)]
    return exp.Case(this=args[0], ifs=pairs, default=args[-1] if len(args) % 2 == 0 else None)


def _coalesce(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    return call("coalesce", *args)


FUNCTIONS = (
    fn(
        "if(condition: boolean, then: same, otherwise?: same) -> same",
        "One of two values by a condition.",
        "NULL counts as false; without `otherwise` NULL.",
        ("if(2 > 1, 'yes', 'no')", "'yes'"),
        ("if(NULL, 1, 2)", "2"),
        aliases=("iff",),
        build=_case,
        nulls="A NULL condition counts as false.",
    ),
    fn(
        "choose(condition: boolean, value: any, *more?: any) -> same",
        "The value of the first condition that holds.",
        "Pairs of condition and value, then optionally a value for none; NULL conditions do not hold.",
        ("choose(1 > 2, 'a', 2 > 1, 'b', 'c')", "'b'"),
        build=_case,
        nulls="A NULL condition counts as false.",
    ),
    fn(
        "map_value(value: same, match: same, result: any, *more?: any) -> same",
        "A value translated by a list of pairs.",
        "map_value(x, from1, to1, from2, to2, default); NULL matches nothing, so it gives the default.",
        ("map_value('de', 'de', 'Germany', 'fr', 'France', 'other')", "'Germany'"),
        build=_map_values,
        nulls="NULL gives the default.",
    ),
    fn(
        "coalesce(*values: same) -> same",
        "The first value that is not NULL.",
        "All values must be of one kind: text and number need a visible cast.",
        ("coalesce(NULL, 'a', 'b')", "'a'"),
        aliases=("first_known",),
        build=_coalesce,
        nulls="NULL only when all are NULL.",
    ),
    fn(
        "ifnull(value: same, otherwise: same) -> same",
        "A value, or another one when it is NULL.",
        "The same as coalesce with two values.",
        ("ifnull(NULL, 0)", "0"),
        aliases=("nvl",),
        build=_coalesce,
        nulls="NULL only when both are NULL.",
    ),
    fn(
        "nullif(value: same, nothing: same) -> same",
        "NULL when two values are equal, else the first.",
        "Used to turn a marker such as '' or -1 into NULL.",
        ("nullif('', '')", "NULL"),
        ("nullif(1, 2)", "1"),
        nulls="NULL when the first is NULL or both are equal.",
    ),
    fn(
        "is_null(value: any) -> BOOLEAN",
        "Whether a value is NULL.",
        "The same as IS NULL.",
        ("is_null(NULL)", "TRUE"),
        aliases=("isnull",),
        build="(:value) IS NULL",
        nulls="TRUE for NULL; never NULL.",
    ),
    fn(
        "is_known(value: any) -> BOOLEAN",
        "Whether a value is not NULL.",
        "The same as IS NOT NULL.",
        ("is_known(0)", "TRUE"),
        build="NOT (:value) IS NULL",
        nulls="FALSE for NULL; never NULL.",
    ),
    fn(
        "greatest(*values: same) -> same",
        "The largest of several values.",
        "NULLs are skipped; NaN is larger than every number; texts by code point.",
        ("greatest(1, NULL, 3)", "3"),
        nulls="NULL only when all are NULL.",
    ),
    fn(
        "least(*values: same) -> same",
        "The smallest of several values.",
        "NULLs are skipped; texts by code point.",
        ("least(1, NULL, 3)", "1"),
        nulls="NULL only when all are NULL.",
    ),
)
