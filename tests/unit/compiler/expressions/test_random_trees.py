"""Random well-typed expressions bind, and run without an error unless they say that they may fail."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matrix_engines import DuckOracle
from matrix_rows import COLUMNS, make_rows

from runnel.compiler.expressions.bind import bind_expression

ORACLE = DuckOracle()


def _table() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"enable_external_access": "false"})
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET disabled_optimizers='common_subexpressions'")  # it takes failing parts out of TRY
    connection.execute("CREATE TABLE m (" + ", ".join(f'"{n}" {t}' for n, t in COLUMNS.items()) + ")")
    values = [[row[name] for name in COLUMNS] for row in make_rows(60)]
    connection.executemany(f"INSERT INTO m VALUES ({', '.join('?' for _ in COLUMNS)})", values)
    return connection


DUCK = _table()
Strategy = st.SearchStrategy[str]


def _call(pattern: str, *parts: Strategy) -> Strategy:
    return st.tuples(*parts).map(lambda values: pattern.format(*values))


def _number(children: dict[str, Strategy]) -> Strategy:
    number, text, moment, boolean = children["number"], children["text"], children["moment"], children["boolean"]
    sign = st.sampled_from(["+", "-", "*", "/", "%"])
    return st.one_of(
        _call("({} {} {})", number, sign, number),
        _call("round({}, 2)", number),
        _call("abs({})", number),
        _call("-({})", number),
        _call("length({})", text),
        _call("year({})", moment),
        _call("coalesce({}, {})", number, number),
        _call("sqrt({})", number),
        _call("CASE WHEN {} THEN {} ELSE {} END", boolean, number, number),
        _call("date_diff('day', {}, {})", moment, moment),
        _call("CAST({} AS INTEGER)", number),
        _call("TRY_CAST({} AS DOUBLE)", text),
        _call("greatest({}, {})", number, number),
        _call("CAST({} AS DECIMAL(12,2))", number),
        _call("strpos({}, {})", text, text),
        _call("unicode({})", text),
    )


def _text(children: dict[str, Strategy]) -> Strategy:
    number, text, boolean = children["number"], children["text"], children["boolean"]
    return st.one_of(
        _call("upper({})", text),
        _call("({} || {})", text, text),
        _call("trim({})", text),
        _call("left({}, 3)", text),
        _call("replace({}, 'a', {})", text, text),
        _call("CAST({} AS VARCHAR)", number),
        _call("concat({}, {})", text, number),
        _call("if({}, {}, {})", boolean, text, text),
        _call("title_case({})", text),
        _call("mask({})", text),
        _call("nullif({}, 'a')", text),
        _call("regex_replace({}, '[0-9]+', '#')", text),
        _call("squish({})", text),
        _call("md5({})", text),
        _call("split_part({}, ',', 2)", text),
    )


def _boolean(children: dict[str, Strategy]) -> Strategy:
    number, text, moment, boolean = children["number"], children["text"], children["moment"], children["boolean"]
    sign = st.sampled_from(["=", "<>", "<", ">=", "IS DISTINCT FROM"])
    return st.one_of(
        _call("({} {} {})", number, sign, number),
        _call("({} {} {})", text, sign, text),
        _call("({} {} {})", moment, sign, moment),
        _call("({} AND {})", boolean, boolean),
        _call("(NOT {})", boolean),
        _call("({} IS NULL)", text),
        _call("({} LIKE '%a%')", text),
        _call("({} BETWEEN {} AND {})", number, number, number),
        _call("({} IN ('a', {}))", text, text),
        _call("is_email({})", text),
        _call("starts_with({}, 'a')", text),
        _call("is_weekend({})", moment),
        _call("is_iban({})", text),
    )


def _moment(children: dict[str, Strategy]) -> Strategy:
    number, moment, boolean = children["number"], children["moment"], children["boolean"]
    return st.one_of(
        _call("date_trunc('month', {})", moment),
        _call("({} + INTERVAL 3 DAYS)", moment),
        _call("last_day({})", moment),
        _call("CAST({} AS DATE)", moment),
        _call("if({}, {}, {})", boolean, moment, moment),
        _call("start_of_week({})", moment),
        _call("date_add({}, 1, 'day')", moment),
        _call("from_epoch({})", number),
    )


LEAVES = {
    "number": st.sampled_from(["i", "j", "small", "n", "m", "x", "y", "1", "2.5", "-3", "1e3", "0"]),
    "text": st.sampled_from(["s", "u", "word", "''", "'a'", "'Zoë'", "num_text"]),
    "boolean": st.sampled_from(["b", "TRUE", "j > 2", "NULL"]),
    "moment": st.sampled_from(["d", "d2", "ts", "ts2", "DATE '2025-01-31'"]),
}
GROW: dict[str, Callable[[dict[str, Strategy]], Strategy]] = {
    "number": _number,
    "text": _text,
    "boolean": _boolean,
    "moment": _moment,
}


def _level(depth: int) -> dict[str, Strategy]:
    if depth == 0:
        return LEAVES
    below = _level(depth - 1)
    return {kind: st.one_of(below[kind], grow(below)) for kind, grow in GROW.items()}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.one_of(*_level(3).values()))
def test_random_typed_trees_bind_and_run_or_are_guarded(text: str) -> None:
    made, findings = bind_expression(text, COLUMNS, oracle=ORACLE)
    assert made is not None, (text, [finding.what for finding in findings])
    tree = made.tree.sql("duckdb")
    guarded = f"TRY({{'v': {tree}}})" if made.may_fail else tree
    DUCK.execute(f"SELECT {guarded} FROM m").fetchall()
    described = ORACLE.describe(f"SELECT {tree} AS c FROM m", {"m": COLUMNS})["c"]
    assert described.strip('"') == made.type
