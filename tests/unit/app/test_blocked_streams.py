"""When a blocked stream goes on: with an epoch more, or when its process has told of itself for a while without one."""

from __future__ import annotations

from runnel.app.streams.outlasting import GOES_ON_SECONDS, Blocked
from runnel.errors import LimitError

WHY = LimitError("RNL-STREAM-017", "blocked: disk full (writing into /streams/flow)", "Make room on the disk.")


def test_a_process_that_only_tells_of_itself_is_blocked_for_a_while_longer():
    blocked = Blocked(WHY, 7)
    assert not blocked.is_over(7, 100.0)
    assert not blocked.is_over(7, 100.0 + GOES_ON_SECONDS - 0.1)
    assert blocked.is_over(7, 100.0 + GOES_ON_SECONDS)


def test_an_epoch_more_ends_it_at_once_also_where_it_was_blocked_before_anything_was_told():
    assert Blocked(WHY, 7).is_over(8, 0.0)
    fresh = Blocked(WHY, None)
    assert not fresh.is_over(3, 0.0)
    assert fresh.is_over(4, 0.1)
