"""How often a worker is looked at: often while it works, less often while nothing of it changes."""

from __future__ import annotations

import socket

import pytest

from runnel.sandbox import ward
from runnel.sandbox.ward import REST_MS, TICK_MS, Ward

MIB = 1024 * 1024


@pytest.fixture
def watched(monkeypatch):
    """Return a ward with a limit of 2 GiB over a baseline of 100 MiB, and what sets the memory that it sees."""
    now = {"bytes": 200 * MIB}
    monkeypatch.setattr(ward, "measure", lambda pid: (now["bytes"], 3))
    monkeypatch.setattr(Ward, "kill", lambda self: None)
    mine, theirs = socket.socketpair()
    made = Ward(1, mine, {"memory_bytes": 2048 * MIB, "processes": 10}, 100 * MIB)
    yield made, now
    mine.close()
    theirs.close()


def looks(made: Ward, times: int) -> None:
    for _ in range(times):
        made.check()


def test_a_worker_that_rests_is_looked_at_less_often_until_its_memory_changes(watched):
    made, now = watched
    assert made.tick_ms == TICK_MS
    looks(made, 20)
    assert made.tick_ms == REST_MS
    now["bytes"] += 4096
    looks(made, 1)
    assert made.tick_ms == TICK_MS


def test_one_that_is_near_its_limit_is_looked_at_before_it_could_be_over_it(watched):
    made, now = watched
    now["bytes"] = (2048 + 100 - 500) * MIB
    looks(made, 20)
    assert TICK_MS < (made.tick_ms or 0) < 60
    now["bytes"] = (2048 + 100 - 10) * MIB
    looks(made, 20)
    assert made.tick_ms == TICK_MS


def test_one_that_is_over_its_limit_is_looked_at_no_more(watched):
    made, now = watched
    now["bytes"] = 3000 * MIB
    looks(made, 1)
    assert made.tick_ms is None
