"""Every function that is declared the same on PostgreSQL gives DuckDB's results there, and every other is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import psycopg
import pytest
from matrix_cases import cases
from matrix_engines import DuckOracle, Engines, same
from matrix_rows import COLUMNS

from runnel.compiler.dialects.render import UnsupportedOperation, render
from runnel.compiler.expressions.bind import Bound, bind_expression
from runnel.compiler.functions import Function, Unsupported, library, support_table

NOW = datetime(2025, 3, 9, 14, 5, 6, tzinfo=UTC)
EVERY = frozenset({"scalar", "aggregate", "window"})
ORACLE = DuckOracle()
FAMILIES = sorted({function.family for function in library().values()})

pytestmark = pytest.mark.postgres


def bound(text: str, function: Function) -> Bound | None:
    """Bind a case; only a function that is not supported anyway may refuse a type of its family."""
    made, findings = bind_expression(text, COLUMNS, oracle=ORACLE, allow=EVERY, now=NOW)
    refused = isinstance(function.postgres, Unsupported)
    assert made is not None or refused, (text, [finding.what for finding in findings])
    return made


def written(function: Function) -> list[tuple[str, str, str]]:
    """Return the cases that PostgreSQL takes: text, DuckDB SQL, PostgreSQL SQL."""
    found: list[tuple[str, str, str]] = []
    for text in cases(function):
        made = bound(text, function)
        if made is None:
            continue
        try:
            found.append((text, made.tree.sql("duckdb"), render(made.tree, "postgres", COLUMNS)))
        except UnsupportedOperation:
            continue
    return found


def query(columns: list[str], kind: str) -> str:
    listed = ", ".join(f"({column}) AS c{index}" for index, column in enumerate(columns))
    if kind == "aggregate":
        return f"SELECT {listed} FROM m GROUP BY grp ORDER BY grp"
    return f"SELECT {listed} FROM m ORDER BY id"


def differences(engines: Engines, triples: list[tuple[str, str, str]], kind: str) -> list[str]:
    """Return a sentence per case whose results differ, asking for all cases at once where nothing fails."""
    if not triples:
        return []
    try:
        ours = engines.duckdb_rows(query([triple[1] for triple in triples], kind))
        theirs = engines.postgres_rows(query([triple[2] for triple in triples], kind))
    except (duckdb.Error, psycopg.Error) as error:
        if len(triples) == 1:
            return [f"{triples[0][0]}: {str(error).strip()[:300]} | {triples[0][2][:300]}"]
        return [line for triple in triples for line in differences(engines, [triple], kind)]
    found: list[str] = []
    for index, (text, _, sql) in enumerate(triples):
        pairs = (
            (number, mine[index], other[index]) for number, (mine, other) in enumerate(zip(ours, theirs, strict=True))
        )
        wrong = next(((number, a, b) for number, a, b in pairs if not same(a, b)), None)
        if wrong is not None:
            found.append(f"{text}: row {wrong[0]}: DuckDB {wrong[1]!r}, PostgreSQL {wrong[2]!r} | {sql[:200]}")
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_supported_functions_give_duckdbs_results_on_postgresql(family: str, engines: Engines) -> None:
    found: list[str] = []
    for kind in ("scalar", "aggregate", "window"):
        functions = [f for f in library().values() if f.family == family and f.kind == kind]
        triples: list[tuple[str, str, str]] = []
        for function in functions:
            if isinstance(function.postgres, Unsupported):
                continue
            made = written(function)
            if not made:
                found.append(f"{function.name}: declared the same, but every case is refused")
            triples.extend(made)
        found.extend(differences(engines, triples, kind))
    assert not found, "\n".join(found)


def test_unsupported_functions_are_refused_with_a_reason() -> None:
    for function in library().values():
        if not isinstance(function.postgres, Unsupported):
            continue
        assert len(function.postgres.reason) > 10
        assert not written(function), (
            f"{function.name} is declared unsupported but is written: {written(function)[0][2]}"
        )


def test_at_least_110_functions_are_the_same_on_postgresql() -> None:
    table = [row for row in support_table() if row["dialect"] == "postgres"]
    assert sum(row["outcome"] == "same" for row in table) >= 110
    assert all(row["reason"] for row in table if row["outcome"] == "unsupported")
