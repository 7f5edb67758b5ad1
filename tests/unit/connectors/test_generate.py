"""The generator makes the same rows for the same seed."""

from __future__ import annotations

import duckdb
import pytest

from runnel.connectors.generate import GENERATORS, GenerateSource
from runnel.errors import AuthoringError

ARGUMENTS = {
    "decimal": "(1,5)",
    "choice": "(a,b)",
    "integer": "(-5,5)",
    "boolean": "(0.1)",
    "date": "(2024-01-01,2024-12-31)",
}
EVERY = {name: f"{name}{ARGUMENTS.get(name, '')}" for name in GENERATORS}


def rows(count: int, columns: dict[str, str], seed: int = 1) -> list[tuple]:
    source = GenerateSource(GenerateSource.Config(rows=count, columns=columns, seed=seed), {}, "made")
    connection = duckdb.connect()
    probe = source.probe(connection, "/")
    opened = source.open(connection, probe, probe.columns, None)  # type: ignore[arg-type]
    assert opened.rows == count
    relation = connection.sql(f"SELECT * FROM {opened.sql}")
    assert [str(type) for type in relation.types] == list(probe.columns.values())
    return relation.fetchall()


def test_every_generator_repeats_itself_and_differs_by_seed() -> None:
    assert rows(500, EVERY) == rows(500, EVERY)
    assert rows(500, EVERY) != rows(500, EVERY, seed=2)
    assert rows(500, EVERY)[:100] == rows(100, EVERY)


def test_values_lie_within_their_limits_and_nulls_have_their_share() -> None:
    made = rows(20_000, {"n": "integer(1,6)", "x": "number(2,3)", "s": "choice(a,b) null 0.25"})
    assert {row[0] for row in made} == {1, 2, 3, 4, 5, 6}
    assert all(2 <= row[1] < 3 for row in made)
    assert 0.23 < sum(row[2] is None for row in made) / len(made) < 0.27


@pytest.mark.parametrize("wrong", ["nonsense", "integer(5,1)", "integer(a,b)", "choice", "date(2024-13-01,2024-01-01)"])
def test_a_wrong_generator_is_named(wrong: str) -> None:
    with pytest.raises(AuthoringError):
        rows(1, {"a": wrong})
