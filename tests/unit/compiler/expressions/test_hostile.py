"""Hostile and random text: everything outside the language is a finding, nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matrix_engines import DuckOracle

from runnel.compiler.expressions.bind import bind_expression
from runnel.compiler.expressions.complete import complete

SCHEMA = {"price": "DOUBLE", "name": "VARCHAR", "d": "DATE", "tags": "VARCHAR[]", "s": "STRUCT(a INTEGER)"}
EVERY = frozenset({"scalar", "aggregate", "window"})
ORACLE = DuckOracle()

HOSTILE = (
    "(select 1)",
    "price in (select 1)",
    "exists(select 1)",
    "(select password from users)",
    "price = any(select 1)",
    "getenv('HOME')",
    "read_text('/etc/passwd')",
    "read_csv('x')",
    "glob('*')",
    "current_setting('memory_limit')",
    "random()",
    "uuid()",
    "nextval('s')",
    "gen_random_uuid()",
    "pragma_version()",
    "query('select 1')",
    "query_table('x')",
    "price; drop table x",
    "price; select 1",
    "drop table x",
    "attach 'x'",
    "copy x to 'y'",
    "pragma version",
    "set x = 1",
    "install httpfs",
    "price -- comment",
    "price /* comment */",
    "/* x */ price",
    "?",
    "$1",
    ":a",
    "@x",
    "*",
    "s.*",
    "columns('p.*')",
    "name.upper()",
    "name.__class__",
    "__import__('os')",
    "().__class__",
    "eval('1')",
    "price as x",
    "price, name",
    "price from t",
    "price union select 1",
    "sum(price) over w",
    "unnest(tags)",
    "name collate nocase",
    "name ~ 'a'",
    "name similar to 'a'",
    "x'ab'",
    "e'\\n'",
    "1 limit 1",
    "case end",
    "()",
    "''''''''x",
    "'unclosed",
    '"unclosed',
    "((price)",
    "price)",
    "f(a => 1)",
    "struct_pack(a := 1)",
    "current_user",
    "session_user",
    "current_schema()",
    "version()",
    "sleep_ms(1)",
    "error('x')",
    "list_transform(tags, lambda x: (select x))",
    "list_transform(tags, name)",
    "lambda x: x",
    "getvariable('x')",
    "duckdb_settings()",
    "which_secret('a','b')",
    "parse_path('x')",
    "write_log('x')",
    "checkpoint()",
    "force_checkpoint()",
    "try(price)",
    "struct_extract(s, name)",
    "range(1000000000000)",
    "price isnull; 1",
    "values (1)",
    "array(select 1)",
    "with a as (select 1) select 1",
    "interval '1 day; drop'",
    "cast(name as regclass)",
    'name::"weird type"',
    "extract(foo from d)",
    "count(* exclude (price))",
    "date_trunc(name, d)",
    "if",
    "select",
    "\x00",
    "price \x00",
    "\u202eprice\u202c?",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_with_a_finding(text: str) -> None:
    made, findings = bind_expression(text, SCHEMA, oracle=ORACLE, allow=EVERY)
    assert made is None
    assert any(finding.severity == "error" for finding in findings)
    for finding in findings:
        assert finding.code.startswith("RNL-EXPR-") and finding.what


FRAGMENTS = st.sampled_from(
    [
        "price",
        "name",
        "d",
        "tags",
        "s.a",
        "1",
        "'a'",
        "(",
        ")",
        "+",
        "-",
        "*",
        "/",
        "=",
        "<",
        "and",
        "or",
        "not",
        "in",
        "like",
        "between",
        "case",
        "when",
        "then",
        "else",
        "end",
        "upper(",
        "sum(",
        "over (",
        "order by",
        ",",
        "::",
        "int",
        "[",
        "]",
        "{",
        "}",
        "lambda x:",
        "->>",
        "${params.x}",
        "null",
        "is",
        "interval",
        "day",
        "cast(",
        "as",
        "filter (where",
        "distinct",
        ";",
        "--",
        '"',
        "'",
        ".",
        "?",
        "$",
        "extract(",
        "from",
        "select",
        "coalesce(",
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=60), st.lists(FRAGMENTS, max_size=14).map(" ".join)))
def test_random_text_never_raises(text: str) -> None:
    made, findings = bind_expression(text, SCHEMA, oracle=ORACLE, allow=EVERY, params={"x": 1})
    assert made is not None or any(finding.severity == "error" for finding in findings)
    complete(text, len(text) // 2, SCHEMA, {"name": ["a'b", 1, None]})


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_survives_as_a_literal_and_as_a_parameter(text: str) -> None:
    if "\x00" in text or any(0xD800 <= ord(sign) < 0xE000 for sign in text):
        return
    made, findings = bind_expression(
        "${params.x}", SCHEMA, oracle=ORACLE, params={"x": text}, param_types={"x": "string"}
    )
    assert made is not None, findings
    assert ORACLE.connection.execute(f"SELECT {made.tree.sql('duckdb')}").fetchall() == [(text,)]


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda name: "\x00" not in name and name.strip()))
def test_any_column_name_can_be_written_in_quotes(name: str) -> None:
    if any(0xD800 <= ord(sign) < 0xE000 for sign in name) or "${" in name:
        return
    made, findings = bind_expression('"' + name.replace('"', '""') + '" + 1', {name: "DOUBLE"}, oracle=ORACLE)
    assert made is not None, findings
    assert made.columns == (name,)
