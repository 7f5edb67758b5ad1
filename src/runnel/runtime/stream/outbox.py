"""Outboxes at work: each sink has a thread that delivers epochs in their order, again and again until they are there."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runnel.errors import ConnectorError, InternalError, RunnelError
from runnel.runtime.stream.failpoints import point
from runnel.sdk.delivery import Delivered, Delivery, EpochRows, Refused

MOST_AT_ONCE = 256
MOST_BYTES_AT_ONCE = 64 * 1024 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 15.0


class SinkAheadError(RunnelError):
    """The target holds an epoch that the stream has not: its metadata is older than the target."""


class SinkBehindError(RunnelError):
    """The target lost epochs that it held once, and the stream does not have them any more."""


@dataclass(frozen=True)
class Waiting:
    """One epoch's rows that wait for delivery; `load` reads them, from memory or from the epoch's file."""

    epoch: int
    rows: int
    bytes: int
    load: Callable[[], EpochRows]


@dataclass
class SinkThread:
    """Delivers one sink's outbox. `delivered` is the last epoch that the target is known to hold."""

    node: str
    delivery: Delivery
    per_second: float
    delivered: int = 0
    error: RunnelError | None = None
    trouble: str = ""
    signal: threading.Event = field(default_factory=threading.Event)
    refused: list[Refused] = field(default_factory=list)
    held: bool = False
    """Whether it delivers nothing for now, because the wire before it is paused."""
    spent: float = 0.0
    """Seconds in which it delivered."""
    _queue: deque[Waiting] = field(default_factory=deque)
    _bytes: int = 0
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _stop: bool = False
    _busy: bool = False
    _doubtful: bool = False
    _thread: threading.Thread | None = None
    _later: Callable[[], Delivered] | None = None

    def open(self, delivered: int, last: int, kept_from: int) -> Delivered:
        """Connect to the target and see which epoch it holds.

        `delivered` is what the stream knew, `last` its last epoch, `kept_from` the first one whose rows it still has.
        Raises SinkAheadError where the target holds more than the stream ever made, SinkBehindError where it lost what
        is not kept any more, ConnectorError where it cannot be reached.
        """
        found = self.delivery.open()
        if found.epoch > last:
            what = f"{self.node} holds epoch {found.epoch} of this stream, but the stream stands at {last}"
            hint = "Its metadata was restored from an older backup: rewind the stream, and choose what becomes of the target."
            raise SinkAheadError("RNL-STREAM-020", what, hint, {"node": self.node})
        if found.epoch < delivered and not kept_from <= found.epoch + 1:
            what = f"{self.node} holds epoch {found.epoch} of this stream, and {delivered} was delivered once"
            hint = (
                f"The target was put back; the epochs {found.epoch + 1} to {delivered} are missing there and not kept here "
                "any more: rewind the stream, and choose what becomes of the target."
            )
            raise SinkBehindError("RNL-STREAM-023", what, hint, {"node": self.node})
        self.delivered = found.epoch
        return found

    def open_later(self, delivered: int, last: Callable[[], int], kept_from: int) -> None:
        """Do what `open` does before the first delivery: the target behind a paused wire need not be there until then."""
        self.delivered = delivered
        self._later = lambda: self.open(delivered, last(), kept_from)

    def hold(self, held: bool) -> None:
        """Deliver nothing more after the delivery that runs, or go on."""
        if held != self.held:
            with self._wake:
                self.held = held
                self._wake.notify_all()

    def start(self, signal: threading.Event) -> None:
        """Begin to deliver; `signal` is set after each delivery and on errors."""
        self.signal = signal
        self._thread = threading.Thread(target=self._run, name=f"sink {self.node}", daemon=True)
        self._thread.start()

    def offer(self, waiting: Waiting) -> None:
        """Add an epoch to the outbox."""
        with self._wake:
            self._queue.append(waiting)
            self._bytes += waiting.bytes
            self._wake.notify()

    @property
    def pending_bytes(self) -> int:
        """How many bytes wait."""
        return self._bytes

    @property
    def idle(self) -> bool:
        """Whether everything is delivered."""
        with self._wake:
            return not self._queue and not self._busy

    @property
    def at_rest(self) -> bool:
        """Whether nothing more comes of it by itself: all is delivered, it is held, or it came to its end."""
        with self._wake:
            return self.error is not None or (not self._busy and (self.held or not self._queue))

    def taken_refused(self) -> list[Refused]:
        """Return what the target refused since the last call."""
        with self._wake:
            found, self.refused = self.refused, []
            return found

    def close(self, patience_seconds: float = 10.0) -> None:
        """End the thread after the delivery that runs, and close the delivery."""
        with self._wake:
            self._stop = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(patience_seconds)
        self.delivery.close()

    def _run(self) -> None:
        """Deliver until told to end; `open` is asked first after every delivery that did not end well."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            batch = self._batch()
            if batch is None:
                return
            try:
                if self._later is not None or self._doubtful:
                    self._ask()
                    continue
                self._deliver(batch)
                pause, self.trouble = FIRST_PAUSE_SECONDS, ""
            except ConnectorError as error:
                self.trouble, self._doubtful = error.what, True
                if not error.retryable:
                    return self._end(error)
                if self._wait(waited(pause, error)):
                    return None
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            except RunnelError as error:
                return self._end(error)
            except BaseException as error:  # noqa: BLE001 - a library's own end must not pass unheard in a thread
                what = f"delivering to {self.node}: {type(error).__name__}: {error}"
                return self._end(InternalError("RNL-STREAM-021", what, "The stream's log has the place.", {"node": self.node}))

    def _deliver(self, batch: Sequence[Waiting]) -> None:
        point("sink.before")
        began = time.perf_counter()
        made = self.delivery.deliver([item.load() for item in batch])
        self.spent += time.perf_counter() - began
        point("sink.delivered")
        with self._wake:
            self.delivered = made.epoch
            self.refused.extend(made.refused)
            self._drop(made.epoch)
            self._busy = False
        self.signal.set()
        self._wait(1 / self.per_second)

    def _batch(self) -> list[Waiting] | None:
        """Return the next epochs to deliver together; waits for the first one."""
        with self._wake:
            self._busy = False
            while (self.held or not self._queue) and not self._stop:
                self._wake.wait(1.0)
            if self._stop:
                return None
            self._busy = True
            found: list[Waiting] = []
            size = 0
            for item in self._queue:
                if found and (len(found) >= MOST_AT_ONCE or size + item.bytes > MOST_BYTES_AT_ONCE):
                    break
                found.append(item)
                size += item.bytes
            return found

    def _drop(self, epoch: int) -> None:
        """Forget what waited up to an epoch; the caller holds the lock."""
        while self._queue and self._queue[0].epoch <= epoch:
            self._bytes -= self._queue.popleft().bytes

    def _ask(self) -> None:
        """Ask the target what it holds: after a delivery whose end is not known, and where it was not asked yet."""
        known = self.delivered
        found = self.delivery.open() if self._later is None else self._later()
        with self._wake:
            if found.epoch > known:
                self.refused.extend(found.refused)
            self.delivered = max(known, found.epoch) if self._later is None else found.epoch
            self._drop(found.epoch)
        self._doubtful, self._later = False, None

    def _wait(self, seconds: float) -> bool:
        """Wait, or less when the thread is to end; returns whether it is."""
        with self._wake:
            if not self._stop and seconds > 0.001:
                self._wake.wait_for(lambda: self._stop, seconds)
            return self._stop

    def _end(self, error: RunnelError) -> None:
        self.error = error
        with self._wake:
            self._busy = False
        self.signal.set()


def waited(pause: float, error: ConnectorError) -> float:
    """Return how long to wait after an error: not in step with others, and not less than the target asked for."""
    asked = error.where.get("retry_after_seconds")
    return max(pause * random.uniform(0.5, 1.0), 0.0 if asked is None else float(asked) * random.uniform(1.0, 1.1))
