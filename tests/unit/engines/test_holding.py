"""Results held while questions are asked: computed once, given up where they grow too large or take too long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from runnel.engines.duckdb.holding import held

LARGE = "SELECT a.i * 1000003 + b.i AS n FROM range(20000) a(i), range(20000) b(i)"


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    with duckdb.connect(config={"memory_limit": "100MB", "threads": 2, "temp_directory": str(tmp_path)}) as made:
        yield made


def ask(connection: Any, query: str, folder: Path, **limits: Any) -> str:
    return held(connection, query, str(folder), lambda: False, **limits)


def test_a_small_result_is_computed_once_in_its_order(connection: Any, tmp_path: Path) -> None:
    reading = ask(connection, "SELECT i, random() AS r FROM range(100000) t(i) ORDER BY i DESC", tmp_path)
    first = connection.execute(reading).fetchall()
    assert [row[0] for row in first] == list(range(99_999, -1, -1)) and connection.execute(reading).fetchall() == first


def test_a_result_that_spills_too_much_is_given_up_and_can_still_be_asked(connection: Any, tmp_path: Path) -> None:
    reading = ask(connection, LARGE, tmp_path, most_spilled_bytes=20 * 2**20)
    assert reading == LARGE
    assert len(connection.execute(f"SELECT * FROM ({reading}) LIMIT 5").fetchall()) == 5
    assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'held'").fetchone() == (0,)


def test_a_result_that_takes_too_long_is_given_up(connection: Any, tmp_path: Path) -> None:
    assert ask(connection, LARGE, tmp_path, most_seconds=0.1) == LARGE


def test_a_query_that_somebody_cancels_ends_with_the_interrupt(connection: Any, tmp_path: Path) -> None:
    with pytest.raises(duckdb.InterruptException):
        held(connection, LARGE, str(tmp_path), lambda: True, most_seconds=0.1)


def test_an_error_of_the_query_is_passed_on(connection: Any, tmp_path: Path) -> None:
    with pytest.raises(duckdb.ConversionException):
        ask(connection, "SELECT CAST('x' || i AS INTEGER) FROM range(5) t(i)", tmp_path)
