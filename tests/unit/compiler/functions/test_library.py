"""The function library: complete documentation, examples that run, NULLs as they are described."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from matrix_cases import cases
from matrix_engines import DuckOracle, same
from matrix_rows import COLUMNS, make_rows

from runnel.compiler.expressions.bind import Bound, bind_expression
from runnel.compiler.functions import Function, functions_index, library, names, support_table
from runnel.engines.duckdb.functions import FUNCTIONS, register_functions

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = frozenset({"scalar", "aggregate", "window"})
ORACLE = DuckOracle()
EXAMPLE_SCHEMA = {"team": "VARCHAR", "x": "BIGINT", "day": "DATE"}
PLAIN_NULLS = "NULL when any argument is NULL."


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"enable_external_access": "false"})
    connection.execute("SET TimeZone='UTC'")
    register_functions(connection, "".join(f"{function.name}(" for function in FUNCTIONS))
    connection.execute("CREATE TABLE ex (team VARCHAR, x BIGINT, day DATE)")
    rows = "('a', 1, '2025-01-01'), ('a', 3, '2025-01-02'), ('b', NULL, '2025-01-03'), ('b', 4, '2025-01-04')"
    connection.execute(f"INSERT INTO ex VALUES {rows}")
    connection.execute("CREATE TABLE m (" + ", ".join(f'"{n}" {t}' for n, t in COLUMNS.items()) + ")")
    values = [[row[name] for name in COLUMNS] for row in make_rows(24)]
    connection.executemany(f"INSERT INTO m VALUES ({', '.join('?' for _ in COLUMNS)})", values)
    yield connection
    connection.close()


def bound(text: str, schema: dict[str, str] = EXAMPLE_SCHEMA) -> Bound:
    made, findings = bind_expression(text, schema, oracle=ORACLE, allow=EVERY, now=NOW)
    assert made is not None, (text, [finding.what for finding in findings])
    return made


def value(duck: duckdb.DuckDBPyConnection, text: str) -> Any:
    made = bound(text)
    sql = made.tree.sql("duckdb")
    if made.kind == "window":
        return [row[0] for row in duck.execute(f"SELECT {sql} FROM ex ORDER BY day").fetchall()]
    source = " FROM ex" if made.kind == "aggregate" else ""
    found = duck.execute(f"SELECT {sql}{source}").fetchone()
    assert found is not None
    return found[0]


@pytest.mark.row("M-003-275", met_by="compiler/functions/registry.py")
def test_the_library_has_at_least_150_functions_with_complete_documentation() -> None:
    assert len(library()) >= 150
    for function in library().values():
        assert function.summary.endswith(".") and len(function.semantics) > 5 and function.nulls, function.name
        assert function.examples, function.name
        assert function.signature.startswith(function.name + "("), function.name
        assert function.least <= (function.most if function.most is not None else 99), function.name


@pytest.mark.row("M-003-275", met_by="compiler/functions/registry.py")
@pytest.mark.parametrize("function", library().values(), ids=lambda function: function.name)
def test_every_example_gives_its_result(function: Function, duck: duckdb.DuckDBPyConnection) -> None:
    for text, result in function.examples:
        found, wanted = value(duck, text), value(duck, result)
        assert same(found, wanted), (text, found, wanted)


@pytest.mark.parametrize("function", library().values(), ids=lambda function: function.name)
def test_the_declared_result_type_is_the_engines(function: Function) -> None:
    if not function.returns[:1].isupper():
        return
    for text in cases(function, 3):
        made, _ = bind_expression(text, COLUMNS, oracle=ORACLE, allow=EVERY, now=NOW)
        if made is None or text.startswith("TIMESTAMP") or function.returns.startswith("DECIMAL"):
            continue
        over = "" if made.kind != "aggregate" else " GROUP BY grp"
        described = ORACLE.describe(f"SELECT {made.tree.sql('duckdb')} AS c FROM m{over}", {"m": COLUMNS})["c"]
        assert described == function.returns, text


def nullable(function: Function) -> list[int]:
    fixed = {"lambda"}
    return [
        index
        for index, param in enumerate(function.params)
        if param.kind not in fixed and param.name not in ("unit", "part", *function.literals)
    ]


@pytest.mark.parametrize(
    "function", [f for f in library().values() if f.kind == "scalar" and f.params], ids=lambda function: function.name
)
def test_null_arguments_behave_as_described(function: Function, duck: duckdb.DuckDBPyConnection) -> None:
    for index in nullable(function):
        args = case_arguments(function)
        if index >= len(args):
            continue
        args[index] = "NULL"
        made, findings = bind_expression(f"{function.name}({', '.join(args)})", COLUMNS, oracle=ORACLE, now=NOW)
        assert made is not None, (function.name, args, [finding.what for finding in findings])
        if function.nulls == PLAIN_NULLS:
            sql = f"SELECT count({made.tree.sql('duckdb')}) FROM m"
            found = duck.execute(sql).fetchone()
            assert found is not None and found[0] == 0, (function.name, args)


def case_arguments(function: Function) -> list[str]:
    """Take a case of the matrix apart; its arguments have no commas but inside brackets and quotes."""
    text = max(cases(function, 4), key=len)
    inside = text[text.index(function.name + "(") + len(function.name) + 1 : -1]
    args, depth, quoted, start = [], 0, False, 0
    for at, sign in enumerate(inside):
        quoted ^= sign == "'"
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth and not quoted and not inside[start:at].strip().startswith("lambda t"):
            args.append(inside[start:at].strip())
            start = at + 1
    return [*args, inside[start:].strip()]


def test_never_null_functions_give_a_value_for_null(duck: duckdb.DuckDBPyConnection) -> None:
    for text in ("concat(NULL, NULL)", "is_null(NULL)", "is_known(NULL)", "is_blank(NULL)", "hash_id(NULL)"):
        assert value(duck, text) is not None


def test_names_and_aliases_are_unique_and_lower_case() -> None:
    assert all(name == name.lower() for name in names())
    assert len(names()) == len(library()) + sum(len(function.aliases) for function in library().values())


def test_the_index_is_json_with_examples_and_results() -> None:
    entry = next(item for item in functions_index() if item["name"] == "title_case")
    assert entry["examples"][0] == {"expression": "title_case('hello big-WORLD')", "result": "'Hello Big-World'"}
    assert entry["postgres"]["unsupported"]
    assert entry["params"][0]["type"] == "text"


def test_the_support_table_has_a_row_for_every_function_and_dialect() -> None:
    table = support_table()
    assert len(table) == 2 * len(library())
    assert {row["outcome"] for row in table} == {"same", "unsupported"}


def test_sums_over_integers_are_decimals_and_never_huge_integers() -> None:
    for text in (
        "sum(x)",
        "sum(x) FILTER (WHERE x > 1)",
        "sum(DISTINCT x)",
        "list_sum([x])",
        "sum(x) OVER (ORDER BY day)",
    ):
        assert bound(text).type == "DECIMAL(38,0)", text
    assert not any("HUGEINT" in function.returns for function in library().values())


def test_division_by_zero_gives_null(duck: duckdb.DuckDBPyConnection) -> None:
    for text in ("1 / 0", "1 // 0", "1 % 0", "1.5 / 0", "CAST(1 AS DOUBLE) / 0", "mod(1, 0)", "safe_divide(1, 0)"):
        assert value(duck, text) is None, text
    assert value(duck, "7 / 2") == 3.5
    assert value(duck, "7 // 2") == 3


def test_no_function_reaches_outside() -> None:
    for name in ("getenv", "read_csv", "read_text", "glob", "current_setting", "random", "uuid", "nextval", "query"):
        assert name not in names()
