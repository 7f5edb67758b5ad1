"""Queries of a stream: prepared once, over inputs that change, under names that nodes share."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from runnel.engines.duckdb import streaming
from runnel.engines.duckdb.streaming import DuckStreamEngine
from runnel.errors import EngineError

TOTAL = "SELECT sum(v)::BIGINT AS total FROM batch"


@pytest.fixture
def engine() -> Iterator[DuckStreamEngine]:
    made = DuckStreamEngine(duckdb.connect())
    yield made
    made.close()


def values(*found: int | str) -> pa.Table:
    return pa.table({"v": pa.array(found, pa.string() if isinstance(found[0], str) else pa.int64())})


def test_each_batch_has_its_own_rows_and_the_query_is_planned_once(engine):
    totals = [engine.query(TOTAL, {"batch": values(*range(size))}).column("total")[0].as_py() for size in (1, 5, 3000, 2)]
    assert totals == [sum(range(size)) for size in (1, 5, 3000, 2)]
    assert len(engine.connection.sql("FROM duckdb_prepared_statements()").fetchall()) == 1


def test_nodes_may_use_one_name_for_tables_with_other_columns(engine):
    longest = "SELECT max(length(v)) AS total FROM batch"
    for _ in range(3):
        assert engine.query(TOTAL, {"batch": values(1, 2)}).column("total")[0].as_py() == 3
        assert engine.query(longest, {"batch": values("a", "abc")}).column("total")[0].as_py() == 3


def test_a_query_with_steps_of_its_own_may_read_inputs_in_each_of_them(engine):
    text = "WITH large AS (SELECT v FROM batch WHERE v > 1), twice AS (SELECT v FROM large UNION ALL FROM batch) SELECT count(*) AS n FROM twice"
    assert engine.query(text, {"batch": values(1, 2, 3)}).column("n")[0].as_py() == 5
    steps = "WITH RECURSIVE up AS (SELECT min(v) AS v FROM batch UNION ALL SELECT v + 1 FROM up WHERE v < 5) SELECT count(*) AS n FROM up"
    assert engine.query(steps, {"batch": values(3, 9)}).column("n")[0].as_py() == 3


def test_a_table_that_is_held_is_read_in_its_newest_version(engine):
    joined = "SELECT count(*) AS n FROM batch JOIN names USING (v)"
    for names in ((1,), (1, 2), (3,)):
        engine.hold("names", values(*names))
        assert engine.query(joined, {"batch": values(1, 2)}).column("n")[0].as_py() == len({1, 2} & set(names))


def test_inputs_hold_no_rows_between_batches_also_after_an_error(engine):
    engine.query(TOTAL, {"batch": values(1, 2)})
    with pytest.raises(EngineError):
        engine.query("SELECT error('no') FROM batch", {"batch": values(1, 2)})
    with pytest.raises(EngineError):
        engine.query("SELECT missing FROM batch", {"batch": values(1, 2)})
    assert [kept.table.num_rows for kept in engine._inputs.values()] == [0]
    assert engine.query(TOTAL, {"batch": values(4)}).column("total")[0].as_py() == 4


def test_only_so_many_queries_stay_prepared(engine, monkeypatch):
    monkeypatch.setattr(streaming, "MOST_PREPARED", 3)
    for number in range(20):
        made = engine.query(f"SELECT sum(v)::BIGINT + {number} AS total FROM batch", {"batch": values(1)})
        assert made.column("total")[0].as_py() == 1 + number
    assert len(engine.connection.sql("FROM duckdb_prepared_statements()").fetchall()) <= 3
