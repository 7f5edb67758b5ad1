"""The time of a query is divided among its nodes as the profile says; nodes in the same operators have one time."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from runnel.engines.duckdb.streaming import DuckStreamEngine
from runnel.plan.shapes import Cte, Fence, Segment


class Nobody:
    def refuse(self, node, raw, reason, position, row) -> None:
        raise AssertionError(reason)


@pytest.fixture
def engine():
    connection = duckdb.connect(config={"threads": "1"})
    connection.execute("SET enable_profiling = 'no_output'")
    made = DuckStreamEngine(connection)
    yield made
    made.close()


def cte(name: str, sql: str, label: int | None = None) -> Cte:
    physical = f"{sql} LIMIT {label}\nOFFSET 0" if label else sql
    return Cte(name, name, "output", sql, physical)


def segment(*ctes: Cte) -> Segment:
    fences = tuple(Fence(999999999999999, one.node, one.port) for one in ctes if "999999999999999" in one.physical)
    return Segment("s", ctes[-1].node, "output", {"n": "BIGINT"}, ctes, fences=fences)


ROWS = {"source:ticks": pa.table({"n": list(range(20_000))})}
HEAVY = """SELECT n FROM "cheap" WHERE length(md5(repeat(n::VARCHAR, 40))) = 32"""


def test_the_node_that_works_hardest_has_most_of_the_time(engine):
    cheap = cte("cheap", 'SELECT n FROM "source:ticks" WHERE n >= 0', 999999999999999)
    heavy = cte("heavy", HEAVY, 999999999999998)
    last = cte("last", 'SELECT n FROM "heavy"', 999999999999997)
    made = engine.segment(segment(cheap, heavy, last), ROWS, Nobody())
    assert set(made.seconds) == {("cheap",), ("heavy",), ("last",)}
    assert made.seconds[("heavy",)] > 3 * made.seconds[("cheap",)]
    assert made.seconds[("heavy",)] > made.seconds[("last",)]
    assert made.rows.num_rows == made.counts[("cheap", "output")] == 20_000


def test_nodes_that_share_operators_share_a_time_which_the_last_one_has(engine):
    cheap = cte("cheap", 'SELECT n FROM "source:ticks" WHERE n >= 0', 999999999999999)
    more = cte("more", 'SELECT n + 1 AS n FROM "cheap"')
    last = cte("last", 'SELECT n FROM "more" WHERE n > 1')
    made = engine.segment(segment(cheap, more, last), ROWS, Nobody())
    assert set(made.seconds) == {("cheap",), ("more", "last")}
    assert all(taken > 0 for taken in made.seconds.values())
