"""State by key and by time: levels that were in order stay where they lie, and what is due is told once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from runnel.runtime.stream.buckets import BucketState
from runnel.runtime.stream.keyed import HASH, KeyedState

SCHEMA = pa.schema({"k": pa.int64(), "at": pa.timestamp("us", "UTC")})


def rows(*pairs: tuple[int, int]) -> pa.Table:
    return pa.table({"k": [k for k, _ in pairs], "at": pa.array([at for _, at in pairs], pa.timestamp("us", "UTC"))})


def put(state: KeyedState, *pairs: tuple[int, int], without: tuple[int, ...] = ()) -> None:
    hashes = np.array([k for k, _ in pairs], np.uint64)
    state.put(np.union1d(hashes, np.array(without, np.uint64)), hashes, rows(*pairs))


def test_rows_of_a_file_are_not_copied_when_they_are_restored():
    given = rows((1, 10), (2, 20), (5, 30)).append_column(HASH, pa.array([1, 2, 5], pa.uint64()))
    state = KeyedState(SCHEMA, None)
    state.restore(given, np.array([1, 2, 5], np.uint64))
    assert state.levels[0].rows.column("k").chunk(0).buffers()[1].address == given.column("k").chunk(0).buffers()[1].address
    assert state.find(np.array([2, 4], np.uint64))[0].to_pylist() == rows((2, 20)).to_pylist()


def test_what_was_due_is_not_due_again_once_its_rows_were_replaced():
    state = KeyedState(SCHEMA, "at")
    put(state, (1, 10), (2, 20), (3, 30))
    assert state.due(20).tolist() == [1, 2]
    assert state.due(20).tolist() == [1, 2]  # nothing was replaced yet
    put(state, (2, 25), without=(1,))
    assert state.due(20).tolist() == []
    assert state.due(25).tolist() == [2]
    put(state, without=(2,))
    assert state.due(40).tolist() == [3]


def test_what_a_row_put_off_is_due_at_its_new_moment_alone():
    state = KeyedState(SCHEMA, "at")
    put(state, (1, 10))
    put(state, (1, 50))
    assert state.due(20).tolist() == [] and state.due(50).tolist() == [1]


def test_rows_by_time_go_when_their_moment_is_over_however_they_came():
    state = BucketState(SCHEMA, "at", strict=True)
    for number in range(40):
        state.add(rows((number, (number * 7) % 40), (100 + number, 1000)))
    assert sorted(state.due(10).column("k").to_pylist()) == sorted(n for n in range(40) if (n * 7) % 40 < 10)
    state.drop(10)
    assert state.due(10).num_rows == 0 and state.rows == 70 and len(state.buckets) < 16
