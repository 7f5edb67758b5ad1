"""How fast counts of a running stream grow."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SECONDS = 3.0
"""What comes without a pause as long as this is told as it was over this time."""
FORGOTTEN_GAPS = 3
"""What came in bursts has stopped when none came for so many times the gap between the last two."""


@dataclass(slots=True)
class _Pulse:
    """One count: the burst in which it grew last, and the one before."""

    count: float
    moved: float = 0.0
    began: float | None = None
    before: float = 0.0
    """The count when the burst began."""
    gap: float | None = None
    """Seconds from the begin of the burst before to that of the last one; none where what came before was no burst."""
    grown: float = 0.0
    """How much the count grew in these."""

    def note(self, count: float, now: float) -> None:
        """Note the count at a time."""
        if count <= self.count:
            self.count = count
            return
        if self.began is None or now - self.moved > SECONDS:
            self.gap = None if self.began is None or self.is_steady() else now - self.began
            self.grown = self.count - self.before
            self.began, self.before = now, self.count
        self.moved, self.count = now, count

    def is_steady(self) -> bool:
        """Tell whether it grew for longer than a burst, the last time."""
        return self.began is not None and self.moved - self.began > SECONDS

    def rate(self, now: float, recent: float) -> float:
        """Return how fast it grows, where it did so by `recent` in the last seconds."""
        if self.began is None or self.gap is None or self.is_steady():
            return recent
        since = now - self.began
        if since <= self.gap:
            return self.grown / self.gap
        return (self.count - self.before) / since if since <= FORGOTTEN_GAPS * self.gap else 0.0


class Rates:
    """How fast counts grow: rows per second at every port, seconds of work per second by node.

    A count that grows all the time is told over the last three seconds; one that grows in bursts, as behind a window,
    from the begin of one burst to that of the next, and ever slower when the next one does not come.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, Mapping[str, float]]] = deque()
        self._pulses: dict[str, _Pulse] = {}

    def of(self, counts: Mapping[str, float]) -> dict[str, float]:
        """Note the counts so far, and return how fast each grows."""
        now = self._clock()
        is_first = not self._seen
        self._seen.append((now, dict(counts)))
        while len(self._seen) > 2 and now - self._seen[1][0] >= SECONDS:
            self._seen.popleft()
        then, before = self._seen[0]
        span = now - then
        rates: dict[str, float] = {}
        for name, count in counts.items():
            pulse = self._pulses.setdefault(name, _Pulse(count if is_first else 0.0))
            pulse.note(count, now)
            recent = (count - before.get(name, 0)) / span if span > 0 else 0.0
            rates[name] = round(pulse.rate(now, recent), 3)
        return rates
