"""How fast counts of a running stream grow: steadily, in bursts, and no longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runnel.app.streams.rates import Rates


def told(count: Callable[[float], float], seconds: float, every: float = 0.5) -> dict[float, float]:
    """Return the rate that is told at each time, of a count that is looked at in steps."""
    now = 0.0
    rates = Rates(lambda: now)
    found = {}
    while now <= seconds:
        found[now] = rates.of({"window.closed": count(now)})["window.closed"]
        now += every
    return found


def test_a_steady_flow_is_told_over_the_last_seconds() -> None:
    found = told(lambda now: 1_000 * min(now, 20), 40)
    assert {rate for now, rate in found.items() if 0 < now <= 20} == {1000.0}
    assert 0 < found[21.0] < 1000
    assert {rate for now, rate in found.items() if now >= 23} == {0.0}


def test_what_comes_in_bursts_is_told_from_one_to_the_next() -> None:
    found = told(lambda now: 48 * (now // 10), 60)
    assert {rate for now, rate in found.items() if now >= 20} == {4.8}


def test_a_burst_that_takes_two_looks_is_one() -> None:
    found = told(lambda now: 48 * (now // 10) - (24 if now >= 10 and now % 10 == 0 else 0), 60)
    assert {rate for now, rate in found.items() if now >= 21} == {4.8}


def test_after_the_last_burst_it_gets_less_and_then_nothing() -> None:
    found = told(lambda now: 48 * min(now // 10, 3), 120)
    assert found[40.0] == pytest.approx(4.8)
    assert found[50.0] == pytest.approx(2.4)
    assert found[60.0] == pytest.approx(1.6)
    assert found[60.5] == 0.0


def test_one_burst_alone_is_no_rhythm() -> None:
    found = told(lambda now: 48 * min(now // 10, 1), 30)
    assert found[10.0] > 0
    assert {rate for now, rate in found.items() if now >= 13} == {0.0}


def test_windows_of_minutes_are_not_forgotten_between_two() -> None:
    found = told(lambda now: 600 * (now // 300), 1500)
    assert {rate for now, rate in found.items() if now >= 600} == {2.0}


def test_a_flow_that_begins_again_is_told_as_it_is_now() -> None:
    found = told(lambda now: 1_000 * (min(now, 20) + max(0.0, now - 100)), 110)
    assert found[99.0] == 0.0
    assert {rate for now, rate in found.items() if now > 103} == {1000.0}


def test_what_was_counted_before_the_first_look_is_no_burst() -> None:
    found = told(lambda now: 1e9, 30)
    assert set(found.values()) == {0.0}


def test_a_port_that_appears_is_told_from_its_first_rows() -> None:
    now = 0.0
    rates = Rates(lambda: now)
    rates.of({"a": 5.0})
    now = 2.0
    assert rates.of({"a": 7.0, "b": 4.0}) == {"a": 1.0, "b": 2.0}
