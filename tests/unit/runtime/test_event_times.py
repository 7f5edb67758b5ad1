"""When a record happened, by the column that a source names."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from runnel.runtime.stream.intake import _event_times as event_times

THEN, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
MOMENT = pa.timestamp("us", "UTC")


def test_a_deleted_row_that_has_only_its_key_happened_when_it_was_deleted():
    rows = pa.table({
        "_op": ["insert", "delete", "delete", "update"], "at": pa.array([THEN, None, THEN, None], MOMENT),
        "_event_time": pa.array([LATER] * 4, MOMENT),
    })  # fmt: skip
    assert event_times(rows, {"event_time": "at"}).to_pylist() == [THEN, LATER, THEN, None]
    assert event_times(rows, {}).to_pylist() == [LATER] * 4


def test_numbers_are_read_in_their_unit():
    rows = pa.table({"at": pa.array([1_767_225_600], pa.int64())})
    assert event_times(rows, {"event_time": "at", "event_time_unit": "seconds"}).to_pylist() == [THEN]
