"""A row as it is shown becomes an expression that is true of the rows that are equal to it, and of no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from runnel.app.streams.equals import same
from runnel.app.streams.picking import where_of
from runnel.errors import AuthoringError

TYPES = {
    "truth": "BOOLEAN", "whole": "BIGINT", "huge": "HUGEINT", "price": "DECIMAL(18,4)", "part": "DOUBLE", "small": "FLOAT",
    "text": "VARCHAR", "day": "DATE", "moment": "TIMESTAMP", "zoned": "TIMESTAMP WITH TIME ZONE", "clock": "TIME",
    "list": "BIGINT[]", "record": "STRUCT(a BIGINT)", "bytes": "BLOB", 'a "b"': "VARCHAR",
}  # fmt: skip
SQL = """SELECT true AS truth, 9007199254740993 AS whole, 170141183460469231731687303715884105727::HUGEINT AS huge,
1.5000::DECIMAL(18,4) AS price, 0.1::DOUBLE + 0.2 AS part, 0.1::FLOAT AS small, 'o''b' || chr(0) || '"; --' AS "text",
DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05.678901' AS moment,
TIMESTAMPTZ '2026-01-02 03:04:05.678901+00' AS zoned, TIME '03:04:05' AS clock, [1, 2] AS list, {'a': 1} AS record,
'\\xFF'::BLOB AS bytes, NULL::VARCHAR AS "a ""b\"\""
"""
SHOWN: dict[str, Any] = {
    "truth": True, "whole": "9007199254740993", "huge": "170141183460469231731687303715884105727", "price": "1.5000",
    "part": 0.3, "small": 0.1, "text": "o'b\0\"; --", "day": "2026-01-02", "moment": "2026-01-02T03:04:05.678901",
    "zoned": "2026-01-02T03:04:05.678901Z", "clock": "03:04:05", "list": [1, 2], "record": {"a": 1}, "bytes": "/w==",
    'a "b"': None,
}  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def picks(connection: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> bool:
    return bool(connection.sql(SQL).filter(where_of(row, TYPES)).fetchall())


def test_a_row_of_every_type_is_picked_by_what_is_shown_of_it(connection: duckdb.DuckDBPyConnection) -> None:
    assert picks(connection, SHOWN)


@pytest.mark.parametrize(("name", "value"), [
    ("truth", False), ("whole", "9007199254740992"), ("whole", 9.5), ("whole", "x"), ("price", "1.5001"), ("part", 0.3000001),
    ("part", "NaN"), ("part", "x"), ("part", {"a": 1}), ("small", 0.2), ("text", "o'b"), ("text", None), ("day", "2026-01-03"),
    ("moment", "2026-01-02T03:04:05.678902"), ("zoned", "2026-01-02T03:04:05.678901+01:00"), ('a "b"', ""),
    ("text", "' OR true OR '"),
])  # fmt: skip
def test_a_row_that_differs_in_one_value_is_not_picked(connection: duckdb.DuckDBPyConnection, name: str, value: Any) -> None:
    assert not picks(connection, {**SHOWN, name: value})


@pytest.mark.parametrize(("left", "right", "equal"), [
    ("NaN", "NaN", True), ("Infinity", "Infinity", True), ("Infinity", "-Infinity", False), ("Infinity", "5", False),
    ("5", "Infinity", False), ("5", "NaN", False), ("1e300", "1.0000000000001e300", True), ("0", "1e-10", True),
    ("1000", "1000.00001", False),
])  # fmt: skip
def test_doubles_are_equal_up_to_their_last_digits(
    connection: duckdb.DuckDBPyConnection, left: str, right: str, equal: bool
) -> None:
    found = connection.sql(f"SELECT {same('x', 'DOUBLE', right)} FROM (SELECT '{left}'::DOUBLE AS x)").fetchall()
    assert found == [(equal,)]


def test_a_column_that_there_is_not_is_named_and_a_row_without_plain_values_is_refused() -> None:
    with pytest.raises(AuthoringError, match="no column `wrong`"):
        where_of({"wrong": 1}, TYPES)
    with pytest.raises(AuthoringError, match="no value by which"):
        where_of({"list": [1], "record": {"a": 1}, "bytes": "AA=="}, TYPES)
