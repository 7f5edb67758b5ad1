"""Lists: asking, sorting, cutting, combining, and functions over their elements."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call
from runnel.compiler.dialects.types import element_type, family
from runnel.compiler.functions.model import Unsupported, fn

_ORDER = "the order of NULLs and texts within arrays differs"
_ELEMENTS = "element functions have no equal there"


def _list_sum(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
    total = call("list_sum", *args)
    return (
        exp.cast(total, "DECIMAL(38,0)")
        if family(types[0]) == "list" and family(element_type(types[0])) == "integer"
        else total
    )


FUNCTIONS = (
    fn(
        "list_contains(list: list, value: any) -> BOOLEAN",
        "Whether a list holds a value.",
        "NULL elements never match.",
        ("list_contains([1, 2], 2)", "TRUE"),
        aliases=("array_contains", "list_has"),
    ),
    fn(
        "list_position(list: list, value: any) -> INTEGER",
        "Where a value stands in a list.",
        "From 1; NULL when it is not there.",
        ("list_position(['a', 'b'], 'b')", "2"),
        aliases=("array_position", "list_indexof"),
        nulls="NULL when an argument is NULL or the value is not there.",
    ),
    fn(
        "list_get(list: list, index: integer) -> element",
        "One element.",
        "From 1, negative from the end; NULL outside. `list[1]` is the same.",
        ("list_get([5, 6], -1)", "6"),
        aliases=("list_extract", "list_element", "element_at"),
        build="list_extract(:list, :index)",
        nulls="NULL when an argument is NULL or the index is outside.",
    ),
    fn(
        "list_first(list: list) -> element",
        "The first element.",
        "NULL for an empty list.",
        ("list_first([5, 6])", "5"),
        build="list_extract(:list, 1)",
    ),
    fn(
        "list_last(list: list) -> element",
        "The last element.",
        "NULL for an empty list.",
        ("list_last([5, 6])", "6"),
        build="list_extract(:list, -1)",
    ),
    fn(
        "list_slice(list: list, start: integer, stop: integer) -> same",
        "A part of a list.",
        "Both ends included, from 1, negative from the end.",
        ("list_slice([1, 2, 3, 4], 2, 3)", "[2, 3]"),
        aliases=("array_slice",),
        postgres=Unsupported("negative positions do not count from the end there"),
    ),
    fn(
        "list_sort(list: list) -> same",
        "Elements in ascending order.",
        "NULLs last, NaN after all numbers, texts by code point.",
        ("list_sort([3, NULL, 1])", "[1, 3, NULL]"),
        aliases=("array_sort",),
        postgres=Unsupported(_ORDER),
        build="list_sort(:list, 'ASC', 'NULLS LAST')",
    ),
    fn(
        "list_sort_descending(list: list) -> same",
        "Elements in descending order.",
        "NULLs last.",
        ("list_sort_descending([3, NULL, 1])", "[3, 1, NULL]"),
        aliases=("list_reverse_sort",),
        postgres=Unsupported(_ORDER),
        build="list_sort(:list, 'DESC', 'NULLS LAST')",
    ),
    fn(
        "list_reverse(list: list) -> same",
        "Elements back to front.",
        "NULLs keep their places in the mirror.",
        ("list_reverse([1, 2])", "[2, 1]"),
        aliases=("array_reverse",),
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_distinct(list: list) -> same",
        "Each element once.",
        "NULLs are dropped; the elements stand in the order of `list_sort`.",
        ("list_distinct([2, 1, 2, NULL])", "[1, 2]"),
        aliases=("array_distinct",),
        build="list_sort(list_distinct(:list))",
        postgres=Unsupported(_ORDER),
    ),
    fn(
        "list_unique_count(list: list) -> BIGINT",
        "How many different elements a list has.",
        "NULLs do not count.",
        ("list_unique_count([2, 1, 2, NULL])", "2"),
        aliases=("list_unique",),
        build="CAST(list_unique(:list) AS BIGINT)",
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_concat(a: list, b: list) -> same",
        "Two lists joined.",
        "A NULL list counts as empty.",
        ("list_concat([1], [2, 3])", "[1, 2, 3]"),
        aliases=("array_cat", "list_cat"),
        nulls="A NULL list counts as empty; never NULL.",
    ),
    fn(
        "list_append(list: list, value: any) -> same",
        "A list with one more element at its end.",
        "A NULL value becomes a NULL element.",
        ("list_append([1], 2)", "[1, 2]"),
        aliases=("array_append",),
        nulls="A NULL list counts as empty.",
    ),
    fn(
        "list_prepend(value: any, list: list) -> same",
        "A list with one more element at its start.",
        "A NULL value becomes a NULL element.",
        ("list_prepend(0, [1])", "[0, 1]"),
        aliases=("array_prepend",),
        nulls="A NULL list counts as empty.",
    ),
    fn(
        "list_intersect(a: list, b: list) -> same",
        "Elements that stand in both lists.",
        "Each once, sorted; NULLs are dropped.",
        ("list_intersect([3, 2, 1], [2, 3])", "[2, 3]"),
        aliases=("array_intersect",),
        build="list_sort(list_intersect(:a, :b))",
        postgres=Unsupported(_ORDER),
        nulls="NULL when the first list is NULL; a NULL second list has nothing in common.",
    ),
    fn(
        "list_has_any(a: list, b: list) -> BOOLEAN",
        "Whether two lists share an element.",
        "NULL elements never match.",
        ("list_has_any([1, 2], [2, 9])", "TRUE"),
        aliases=("array_has_any",),
    ),
    fn(
        "list_has_all(a: list, b: list) -> BOOLEAN",
        "Whether a list holds all of another.",
        "Every list holds all of an empty one; NULL elements of the second are ignored.",
        ("list_has_all([1, 2, 3], [2, 3])", "TRUE"),
        aliases=("array_has_all",),
        postgres=Unsupported("a NULL element makes its containment test false"),
    ),
    fn(
        "list_join(list: list, separator: text) -> VARCHAR",
        "Elements joined into one text.",
        "NULLs are skipped; other values are written as text; '' for an empty list.",
        ("list_join(['a', NULL, 'b'], '-')", "'a-b'"),
        aliases=("array_to_string",),
        build="array_to_string(:list, :separator)",
        literals=("separator",),
        nulls="NULL when an argument is NULL or all elements are NULL.",
    ),
    fn(
        "list_sum(list: list) -> same",
        "The sum of the elements.",
        "NULLs are skipped; NULL for an empty list. Integers give DECIMAL(38,0).",
        ("list_sum([1, 2, NULL])", "3"),
        build=_list_sum,
        may_fail=True,
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_avg(list: list) -> DOUBLE",
        "The mean of the elements.",
        "NULLs are skipped; NULL for an empty list.",
        ("list_avg([1, 2])", "1.5"),
        may_fail=True,
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_min(list: list) -> element",
        "The smallest element.",
        "NULLs are skipped; texts by code point.",
        ("list_min([3, 1])", "1"),
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_max(list: list) -> element",
        "The largest element.",
        "NULLs are skipped; NaN is larger than every number.",
        ("list_max([3, 1])", "3"),
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_transform(list: list, each: lambda) -> list",
        "A function applied to every element.",
        "The function is written `lambda x: …`; it may use columns.",
        ("list_transform([1, 2], lambda x: x * 10)", "[10, 20]"),
        aliases=("list_apply", "array_transform"),
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_filter(list: list, keep: lambda) -> same",
        "The elements for which a condition holds.",
        "The condition is written `lambda x: …`; NULL does not keep.",
        ("list_filter([1, 2, 3], lambda x: x > 1)", "[2, 3]"),
        aliases=("array_filter",),
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_reduce(list: list, join: lambda) -> element",
        "The elements joined two by two.",
        "`lambda total, x: …`, from the left; fails for an empty list.",
        ("list_reduce([1, 2, 3], lambda total, x: total + x)", "6"),
        aliases=("array_reduce", "list_fold"),
        may_fail=True,
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "list_flatten(list: list) -> element",
        "A list of lists made one list.",
        "One level; NULL lists are skipped.",
        ("list_flatten([[1], [2, 3]])", "[1, 2, 3]"),
        aliases=("flatten",),
        build="flatten(:list)",
        postgres=Unsupported(_ELEMENTS),
    ),
    fn(
        "sequence(start: integer, stop: integer, step: integer = 1) -> BIGINT[]",
        "Integers from start to stop, both included.",
        "Empty when the step leads away; step 0 gives an empty list; at most 100,000 elements, else an error.",
        ("sequence(1, 4)", "[1, 2, 3, 4]"),
        build="CASE WHEN abs(CAST(:stop AS DOUBLE) - :start) <= 100000 THEN generate_series(CAST(:start AS BIGINT), "
        "CAST(:stop AS BIGINT), CAST(:step AS BIGINT)) "
        "WHEN :start IS NOT NULL AND :stop IS NOT NULL THEN error('sequence() of more than 100,000 elements') END",
        may_fail=True,
        postgres=Unsupported(_ELEMENTS),
    ),
)
