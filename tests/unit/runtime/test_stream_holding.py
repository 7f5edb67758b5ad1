"""What is held of a stream: a sink behind a paused wire delivers nothing and is asked late; a held source is never idle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pyarrow as pa

from runnel.errors import ConnectorError
from runnel.runtime.stream.clocks import SourceClock
from runnel.runtime.stream.outbox import SinkThread, Waiting
from runnel.sdk.delivery import Delivered, EpochRows


class Target:
    """A target that notes what it is asked for; while `away` it cannot be reached."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self.away = False
        self.opened = 0
        self.delivered: list[int] = []
        self.seen = threading.Event()

    def open(self) -> Delivered:
        if self.away:
            raise ConnectorError("RNL-TEST-001", "the target is away", "", retryable=True)
        self.opened += 1
        return Delivered(self.epoch)

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        self.delivered += [item.epoch for item in epochs]
        self.epoch = epochs[-1].epoch
        self.seen.set()
        return Delivered(self.epoch)

    def close(self) -> None:
        pass


def waiting(epoch: int) -> Waiting:
    rows = EpochRows(epoch, pa.table({"id": [epoch]}))
    return Waiting(epoch, 1, 8, lambda: rows)


def heard(signal: threading.Event, holds: Callable[[], bool]) -> None:
    """Wait until something holds, looked at whenever the sink says that it did something."""
    for _ in range(100):
        if holds():
            return
        signal.wait(0.1)
        signal.clear()
    raise AssertionError("nothing came")


def test_a_held_sink_takes_what_comes_and_gives_it_on_in_order_when_it_goes_on():
    target, signal = Target(), threading.Event()
    sink = SinkThread("out", target, 1000)
    sink.open(0, 0, 1)
    sink.hold(True)
    sink.start(signal)
    for epoch in (1, 2, 3):
        sink.offer(waiting(epoch))
    assert not target.seen.wait(0.3)
    assert sink.at_rest and not sink.idle and sink.pending_bytes == 24
    sink.hold(False)
    heard(signal, lambda: sink.idle)
    assert target.delivered == [1, 2, 3] and sink.delivered == 3
    sink.close()


def test_a_target_behind_a_paused_wire_is_asked_before_the_first_delivery_and_may_hold_an_epoch_already():
    target, signal = Target(epoch=2), threading.Event()
    target.away = True
    sink = SinkThread("out", target, 1000)
    sink.hold(True)
    sink.open_later(1, lambda: 3, 2)
    sink.start(signal)
    for epoch in (2, 3):
        sink.offer(waiting(epoch))
    assert not target.seen.wait(0.2)
    assert target.opened == 0 and sink.error is None and sink.trouble == ""
    target.away = False
    sink.hold(False)
    heard(signal, lambda: sink.idle)
    assert target.opened == 1 and target.delivered == [3], "epoch 2 was there: its answer was lost once"
    sink.close()


def test_a_target_that_holds_more_than_the_stream_made_is_refused_also_when_it_is_asked_late():
    target, signal = Target(epoch=9), threading.Event()
    sink = SinkThread("out", target, 1000)
    sink.hold(True)
    sink.open_later(1, lambda: 3, 2)
    sink.offer(waiting(2))
    sink.start(signal)
    sink.hold(False)
    heard(signal, lambda: sink.error is not None)
    assert sink.error is not None and sink.error.code == "RNL-STREAM-020" and target.delivered == []
    sink.close()


def test_the_time_in_which_a_source_is_held_proves_nothing_about_its_end():
    clock = SourceClock(delay=0, idle_after=10.0)
    clock.rest("p", 100.0, at_end=True)
    clock.hold()
    clock.rest("p", 500.0, at_end=True)  # what was read before it was held
    assert not clock.partitions["p"].idle
    clock.rest("p", 509.0, at_end=True)
    assert not clock.partitions["p"].idle
    clock.rest("p", 510.0, at_end=True)
    assert clock.partitions["p"].idle
