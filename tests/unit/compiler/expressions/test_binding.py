"""Binding: columns, references, strict types, kinds, what may fail, and the SQL that comes out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from matrix_engines import DuckOracle

from runnel.compiler.expressions import codes
from runnel.compiler.expressions.bind import Bound, bind_expression
from runnel.compiler.expressions.findings import replacement
from runnel.model.findings import Finding

SCHEMA = {
    "id": "BIGINT",
    "name": "VARCHAR",
    "price": "DOUBLE",
    "quantity": "BIGINT",
    "ts": "TIMESTAMP",
    "d": "DATE",
    "tz": "TIMESTAMP WITH TIME ZONE",
    "active": "BOOLEAN",
    "tags": "VARCHAR[]",
    "j": "JSON",
    "amount": "DECIMAL(18,2)",
    "s": "STRUCT(a INTEGER, b VARCHAR)",
    "from": "VARCHAR",
    'Weird "col': "VARCHAR",
    "Case": "BIGINT",
    "mode": "ENUM('a', 'b')",
}
EVERY = frozenset({"scalar", "aggregate", "window"})
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ORACLE = DuckOracle()


def bind(text: str, **options: Any) -> tuple[Bound | None, tuple[Finding, ...]]:
    options.setdefault("allow", EVERY)
    options.setdefault("now", NOW)
    return bind_expression(text, SCHEMA, oracle=ORACLE, **options)


def good(text: str, **options: Any) -> Bound:
    made, findings = bind(text, **options)
    assert made is not None, [finding.what for finding in findings]
    return made


def bad(text: str, **options: Any) -> Finding:
    made, findings = bind(text, **options)
    assert made is None, made
    return next(finding for finding in findings if finding.severity == "error")


def sql(text: str, **options: Any) -> str:
    return good(text, **options).tree.sql("duckdb")


@pytest.mark.parametrize(
    ("text", "code", "fix"),
    [
        ("name = 5", codes.MIXED_TYPES, "CAST(name AS BIGINT) = 5"),
        ("quantity = 'abc'", codes.MIXED_TYPES, "CAST(quantity AS VARCHAR) = 'abc'"),
        ("quantity = '5'", codes.MIXED_TYPES, "quantity = 5"),
        ("name IN (5)", codes.MIXED_TYPES, "CAST(name AS BIGINT) IN (5)"),
        ("quantity IN ('5', 'x')", codes.MIXED_TYPES, "quantity IN (5, 'x')"),
        ("quantity + '1'", codes.NOT_A_NUMBER, "quantity + 1"),
        ("price * name", codes.NOT_A_NUMBER, "price * CAST(name AS DOUBLE)"),
        ("active + 1", codes.NOT_A_NUMBER, "CAST(active AS INTEGER) + 1"),
        ("active = 1", codes.MIXED_TYPES, "CAST(active AS INTEGER) = 1"),
        ("active = 'true'", codes.MIXED_TYPES, "active = TRUE"),
        ("not quantity", codes.NOT_A_CONDITION, "not (quantity <> 0)"),
        ("quantity and active", codes.NOT_A_CONDITION, "quantity <> 0 and active"),
        ("case when quantity then 1 end", codes.NOT_A_CONDITION, None),
        ("case when active then 1 else 'a' end", codes.MIXED_TYPES, None),
        ("coalesce(name, 5)", codes.MIXED_TYPES, "coalesce(name, CAST(5 AS VARCHAR))"),
        ("if(active, 1, 'a')", codes.MIXED_TYPES, None),
        ("greatest(price, name)", codes.MIXED_TYPES, None),
        ("name between 1 and 2", codes.MIXED_TYPES, None),
        ("d > 'abc'", codes.BAD_LITERAL, None),
        ("ts between '2025-01-01' and '2025-02-31'", codes.BAD_LITERAL, None),
        ("DATE '2025-13-01' = d", codes.BAD_LITERAL, None),
        ("d - '2025-01-01'", codes.NOT_A_NUMBER, "d - DATE '2025-01-01'"),
        ("upper(quantity)", codes.ARGUMENT_TYPE, "upper(CAST(quantity AS VARCHAR))"),
        ("sum(name)", codes.ARGUMENT_TYPE, None),
        ("avg(name)", codes.ARGUMENT_TYPE, "avg(CAST(name AS DOUBLE))"),
        ("name like 5", codes.ARGUMENT_TYPE, None),
        ("list_contains(tags, 5)", codes.MIXED_TYPES, None),
        ("list_filter(tags, lambda x: x = 5)", codes.MIXED_TYPES, None),
        ("list_filter([1], lambda x: x || 'a' = 5)", codes.MIXED_TYPES, None),
        ("[1, 'a']", codes.MIXED_TYPES, None),
        ("price is true", codes.NOT_A_CONDITION, "(price <> 0) is true"),
        ("sum(price) filter (where quantity)", codes.NOT_A_CONDITION, None),
        ("s.zz", codes.UNKNOWN_FIELD, None),
        ("name.a", codes.UNKNOWN_FIELD, None),
    ],
)
def test_text_numbers_and_booleans_never_meet_in_silence(text: str, code: str, fix: str | None) -> None:
    finding = bad(text)
    assert finding.code == code, finding
    assert "at character " in finding.what
    if fix is not None:
        assert replacement(finding) == fix


@pytest.mark.parametrize(
    "text",
    [
        "d > '2025-01-01'",
        "ts >= '2025-01-01 10:00:00'",
        "tz < '2025-01-01T10:00:00Z'",
        "'2025-01-01' < d",
        "amount > 1.5",
        "price = 5",
        "amount = price",
        "mode = 'a'",
        "name || 5 || active",
        "concat(name, 5, d)",
        "d + 1",
        "d - d",
        "ts - ts",
        "d + interval 3 days",
        "coalesce(price, quantity, 0)",
        "name is null",
        "name is not distinct from 'a'",
        "NULL = name",
        "quantity = NULL",
        "case quantity when 1 then 'a' end",
        "nullif(amount, 0)",
        "tags[1] = 'a'",
        "s.a + 1 > 2",
        "mode = name",
        "name in ('a', NULL)",
        "-price",
        "+quantity",
        "price between -1 and 1.5",
        "extract(year from d) = 2025",
        "not active",
        "list_transform(tags, lambda x, i: x || i)",
        "j->>'$.a' = 'x'",
        "name ilike '%a'",
        "ts at time zone 'Europe/Berlin'",
        "date_diff('day', d, '2025-01-01')",
        "map_value(name, 'a', 'b')",
        "CAST(name AS DATE) > d",
    ],
)
def test_what_is_clear_binds(text: str) -> None:
    good(text)


def test_a_right_expression_asks_the_oracle_once() -> None:
    before = ORACLE.calls
    good("round(price * quantity, 2) > 10 and upper(trim(name)) = 'X' or sum(quantity) over (order by d) > 5")
    assert ORACLE.calls == before + 1


def test_columns_match_exactly_first_and_else_in_any_capitals() -> None:
    assert sql("PRICE + price") == '"price" + "price"'
    three = {"Ab": "BIGINT", "aB": "BIGINT"}
    none, findings = bind_expression("ab", three, oracle=ORACLE)
    assert none is None and findings[0].code == codes.AMBIGUOUS_COLUMN


def test_keyword_and_odd_columns_work_quoted() -> None:
    assert good('upper("from") || "Weird ""col"').columns == ("from", 'Weird "col')


def test_an_unknown_column_gets_the_nearest_and_the_list() -> None:
    finding = bad("pricee * 2")
    assert finding.code == codes.UNKNOWN_COLUMN
    assert "Did you mean `price`?" in finding.hint and "quantity" in finding.hint
    assert replacement(finding) == "price * 2"
    assert replacement(bad("cas + 1")) in (None, '"Case" + 1')


def test_an_unknown_function_gets_the_nearest() -> None:
    finding = bad("2 + lenght(name)")
    assert finding.code == codes.UNKNOWN_FUNCTION and replacement(finding) == "2 + length(name)"
    assert finding.what.startswith("at character 5: ")


def test_references_become_typed_literals_in_the_tree() -> None:
    params = {"status": "o'k; drop", "n": 5, "day": date(2025, 1, 2), "share": 0.5, "on": True, "list": ["a", "b"]}
    types = {"status": "string", "n": "integer", "day": "date", "share": "number", "on": "boolean", "list": "list"}
    assert sql("name = ${params.status}", params=params, param_types=types) == "\"name\" = 'o''k; drop'"
    assert good("quantity + ${params.n}", params=params, param_types=types).type == "BIGINT"
    assert sql("d > ${params.day}", params=params, param_types=types) == "\"d\" > CAST('2025-01-02' AS DATE)"
    assert good("${params.share}", params=params, param_types=types).type == "DOUBLE"
    assert sql("${params.on}", params=params, param_types=types) == "TRUE"
    assert sql("list_contains(${params.list}, name)", params=params, param_types=types).startswith(
        "LIST_CONTAINS(['a', 'b']"
    )
    assert sql("name = ${env.X:-d'x}", env={}) == "\"name\" = 'd''x'"
    assert sql("name = ${env.X}", env={"X": "v"}) == "\"name\" = 'v'"


def test_wrong_references_are_findings() -> None:
    assert bad("${params.nope}", params={"status": 1}).code == codes.REFERENCE
    assert bad("${env.HOME}").code == codes.REFERENCE
    assert bad("name = ${secrets.key}").code == codes.SECRET
    assert bad("${foo}").code == codes.REFERENCE
    assert bad("quantity = ${params.a}", params={"a": "x"}, param_types={"a": "integer"}).code == codes.REFERENCE


def test_a_reference_inside_quotes_is_text_and_a_warning() -> None:
    made, findings = bind("name = '${params.x}'", params={"x": "1"})
    assert made is not None and made.tree.sql("duckdb") == "\"name\" = '${params.x}'"
    assert [(finding.code, finding.severity) for finding in findings] == [(codes.REFERENCE_IN_QUOTES, "warning")]


def test_a_parameter_of_the_wrong_type_is_a_mixed_type() -> None:
    assert bad("quantity = ${params.x}", params={"x": "5"}, param_types={"x": "string"}).code == codes.MIXED_TYPES


def test_now_is_bound_once_and_needs_a_clock() -> None:
    assert sql("now()") == "CAST('2026-01-02 03:04:05+00:00' AS TIMESTAMPTZ)"
    assert sql("today() - d") == "CAST('2026-01-02' AS DATE) - \"d\""
    assert good("current_date").clock and not good("d").clock
    assert bad("now()", now=None).code == codes.NO_CLOCK


def test_kinds_stand_only_where_they_may() -> None:
    scalar = frozenset({"scalar"})
    assert bad("sum(price)", allow=scalar).code == codes.WRONG_KIND
    assert bad("sum(price) over ()", allow=scalar).code == codes.WRONG_KIND
    assert bad("row_number()").code == codes.WRONG_KIND
    assert bad("upper(name) over ()").code == codes.WRONG_KIND
    assert bad("upper(distinct name)").code == codes.WRONG_KIND
    assert bad("sum(sum(price))").code == codes.NESTED_AGGREGATE
    assert bad("list_transform(tags, lambda x: count(x))").code == codes.NESTED_AGGREGATE
    assert good("sum(price) / count(*)").kind == "aggregate"
    assert good("rank() over (order by price)").kind == "window"
    assert good("price").kind == "scalar"


def test_modifiers_reach_the_aggregates_inside_a_composition() -> None:
    assert sql("geometric_mean(price) filter (where active)") == (
        'EXP(AVG(LN(CAST("price" AS DOUBLE))) FILTER(WHERE "active"))'
    )
    assert sql("sum(quantity) over (order by d)") == 'CAST(SUM("quantity") OVER (ORDER BY "d") AS DECIMAL(38, 0))'
    assert sql("moving_avg(price, 3) over (order by d)").endswith("ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)")
    assert sql("count_distinct(name)") == 'COUNT(DISTINCT "name")'
    assert "IGNORE NULLS" in sql("last_value(price ignore nulls) over (order by d)")


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("price * 2", False),
        ("quantity * 2", True),
        ("price / quantity", False),
        ("CAST(name AS BIGINT)", True),
        ("TRY_CAST(name AS BIGINT)", False),
        ("CAST(quantity AS DOUBLE)", False),
        ("quantity::VARCHAR", False),
        ("d > '2025-01-01'", False),
        ("d > ts", True),
        ("upper(name)", False),
        ("left(name, 2)", False),
        ("make_date(2025, 2, 30)", True),
        ("-5", False),
        ("coalesce(price, 0)", False),
        ("amount * amount", True),
        ("DATE '2025-01-01'", False),
        ("concat(name, CAST(name AS INTEGER))", True),
    ],
)
def test_may_fail_tells_whether_a_row_can_raise(text: str, fails: bool) -> None:
    assert good(text).may_fail is fails


def test_a_condition_can_be_expected() -> None:
    assert bad("quantity", expect="boolean").code == codes.NOT_A_CONDITION
    assert bad("name", expect="number").code == codes.WRONG_RESULT
    assert good("quantity > 1", expect="boolean").type == "BOOLEAN"


def test_fixes_bind_when_they_are_applied() -> None:
    for text in (
        "name = 5",
        "quantity = '5'",
        "price * name",
        "active = 'true'",
        "not quantity",
        "upper(quantity)",
        "pricee + 1",
    ):
        fixed = replacement(bad(text))
        assert fixed is not None
        good(fixed)


def test_compositions_keep_their_arguments_apart() -> None:
    assert good("is_even(quantity + 1)").tree.sql("duckdb") == '("quantity" + 1) % 2 = 0'
    assert good("not is_even(quantity)").tree.sql("duckdb") == 'NOT ("quantity" % 2 = 0)'
    assert good("2 * safe_divide(price, 2)").tree.sql("duckdb").startswith("2 * (")


def test_deep_and_long_expressions_are_findings() -> None:
    assert bad("(" * 3000 + "1" + ")" * 3000).code in (codes.TOO_LARGE, codes.SYNTAX)
    assert bad("price" + " + 1" * 2000).code == codes.TOO_LARGE
    assert bad("title_case(" * 60 + "name" + ")" * 60).code in (codes.TOO_LARGE, codes.SYNTAX)
    assert bad("x" * 30_000).code == codes.TOO_LARGE
    good(" and ".join(f"quantity <> {number}" for number in range(100)))
