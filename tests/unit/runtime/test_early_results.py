"""When results leave early: not twice for the same rows, and not too often; which keys came since."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from runnel.runtime.stream.early import Early
from runnel.runtime.stream.keyed import KeyedState

MOMENT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([("k", pa.int64()), ("__until", MOMENT)])


@pytest.mark.parametrize(
    ("told", "came", "now", "due"),
    [
        (None, None, 100, False),  # nothing ever came
        (None, 100, 100, True),  # the first rows are told at once
        (100, 100, 900, False),  # nothing came since
        (100, 105, 109, False),  # too soon
        (100, 105, 110, True),
        (100, 101, 1000, True),
    ],
)
def test_what_came_since_is_told_when_the_last_time_is_long_enough_ago(told, came, now, due):
    assert Early(10, told, came).is_due(now) is due


def test_rows_have_the_time_at_which_they_came_and_a_row_of_the_stream_keeps_it():
    early = Early(10)
    rows = early.stamped(pa.table({"v": [1, 2]}), 7)
    assert (
        rows.column("__since").to_pylist()
        == rows.column("__until").to_pylist()
        == [datetime.fromtimestamp(7e-6, UTC)] * 2
    )
    assert early.stamped(rows.select(["v"]).slice(0, 0), 9).num_rows == 0
    again = Early(10)
    again.restore(early.to_json())
    assert (again.told, again.came) == (None, 7)
    again.restore(None)
    assert (again.told, again.came) == (None, None)


def test_rows_of_an_epoch_that_has_the_time_of_the_one_before_come_after_what_was_told():
    early = Early(0, told=100, came=100)
    assert [early.moment(now) for now in (99, 100, 101, 500)] == [101, 101, 101, 500]
    assert Early(0).moment(7) == 7


def put(state: KeyedState, moment: int, *keys: int) -> None:
    hashes = np.array(keys, np.uint64)
    times = pa.array([moment] * len(keys), pa.int64()).cast(MOMENT)
    state.put(hashes, hashes, pa.table({"k": pa.array(keys, pa.int64()), "__until": times}, SCHEMA))


def test_keys_that_came_since_a_moment_are_found_in_all_levels():
    state = KeyedState(SCHEMA, None)
    assert state.since("__until", None).size == 0
    for moment in range(1, 40):
        put(state, moment, moment, 100)
    assert set(state.since("__until", 36)) >= {37, 38, 39, 100}
    assert not {1, 2, 35, 36} & set(state.since("__until", 36))
    assert set(state.since("__until", 39)) == set()
    assert len(state.since("__until", None)) == 40
    state.put(np.array([39], np.uint64), np.empty(0, np.uint64), SCHEMA.empty_table())  # forgotten
    found, _ = state.find(state.since("__until", 38))
    assert found.column("k").to_pylist() == [100]
