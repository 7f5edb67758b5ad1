"""Limits on guessing and on asking: per account, per address and in all; kept in memory, told in seconds to wait."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from runnel.errors import LimitError

MOST_KEYS = 50_000
BURST_SECONDS = 2.0


class TooManyError(LimitError):
    """Too many requests; `retry_after` says in how many seconds to ask again."""

    http_status = 429

    def __init__(self, what: str, retry_after: float) -> None:
        self.retry_after = max(1, math.ceil(retry_after))
        super().__init__("RNL-LIMIT-429", what, f"Try again in {self.retry_after} s.")

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.what, self.retry_after))


class Window:
    """At most so many events per key within a moving window; an event can be taken back."""

    def __init__(self, most: int, seconds: float, what: str, clock: Callable[[], float]) -> None:
        self.most = most
        self.seconds = seconds
        self.what = what
        self.clock = clock
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, key: str) -> None:
        """Count an event; raises TooManyError when there were as many already."""
        now = self.clock()
        events = self._events.setdefault(key, deque())
        while events and events[0] <= now - self.seconds:
            events.popleft()
        if len(events) >= self.most:
            raise TooManyError(self.what, events[0] + self.seconds - now)
        events.append(now)
        self._events.move_to_end(key)
        if len(self._events) > MOST_KEYS:
            self._events.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Forget the latest event of a key."""
        if events := self._events.get(key):
            events.pop()

    def clear(self, key: str) -> None:
        """Forget every event of a key."""
        self._events.pop(key, None)


class ByteRate:
    """So many bytes a second per key, after a burst of two seconds; `clock` is a monotonic one."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._clock = clock
        self._due: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str, count: int) -> None:
        """Count bytes; raises TooManyError when the key has sent more than its rate and burst. A first request is taken."""
        now = self._clock()
        due = self._due.get(key, now)
        if due < now:
            due = now
        if due - now > BURST_SECONDS:
            raise TooManyError("more bytes of one sender than are taken", due - now - BURST_SECONDS)
        self._due[key] = due + count / self.per_second
        if len(self._due) > MOST_KEYS:
            self._due.popitem(last=False)


class Throttle:
    """The limits of one server; `clock` is a monotonic one."""

    def __init__(
        self, per_second: int = 600, per_minute: int = 30_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        guesses = "too many attempts to log in"
        self._account = Window(10, 600, guesses, clock)
        self._address = Window(20, 600, guesses, clock)
        self._all = Window(200, 600, guesses, clock)
        self._proofs = Window(120, 60, "too many requests with a wrong token", clock)
        self._shares = Window(240, 60, "too many looks at shared links", clock)
        self._burst = per_second
        self._rate = per_minute / 60
        self._due: OrderedDict[str, float] = OrderedDict()
        self._clock = clock
        self._lock = threading.Lock()

    def guess(self, username: str, address: str) -> None:
        """Count one guess, before it is looked at; raises TooManyError."""
        with self._lock:
            counted: list[tuple[Window, str]] = []
            for window, key in self._of(username, address):
                try:
                    window.add(key)
                except TooManyError:
                    for earlier, name in counted:
                        earlier.take_back(name)
                    raise
                counted.append((window, key))

    def guessed(self, username: str, address: str) -> None:
        """Take the guess back that was right, and forget the wrong ones of its account."""
        with self._lock:
            for window, key in self._of(username, address):
                window.take_back(key)
            self._account.clear(username.casefold()[:200])

    def bad_proof(self, address: str) -> None:
        """Count a request whose cookie or token is none of ours."""
        with self._lock:
            self._proofs.add(address)

    def share(self, address: str) -> None:
        """Count a look at a shared link."""
        with self._lock:
            self._shares.add(address)

    def request(self, key: str) -> None:
        """Count a request of a principal (generic cell rate algorithm: a burst, then an even rate)."""
        now = self._clock()
        with self._lock:
            due = max(self._due.get(key, now), now)
            ahead = due + 1 / self._rate - now
            if ahead > self._burst / self._rate:
                raise TooManyError("more requests of one caller than are served", ahead - self._burst / self._rate)
            self._due[key] = due + 1 / self._rate
            self._due.move_to_end(key)
            if len(self._due) > MOST_KEYS:
                self._due.popitem(last=False)

    def _of(self, username: str, address: str) -> tuple[tuple[Window, str], ...]:
        return (self._address, address), (self._account, username.casefold()[:200]), (self._all, "")
