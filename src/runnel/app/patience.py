"""How long somebody waits for an answer: until they leave, or a limit is reached; work for nobody is stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Patience:
    """Ends when the asker leaves, or after some seconds; workers look at it while they compute."""

    def __init__(self, seconds: float | None = None) -> None:
        self._left = threading.Event()
        self._end = None if seconds is None else time.monotonic() + seconds

    def leave(self) -> None:
        """Note that nobody waits any longer."""
        self._left.set()

    @property
    def exhausted(self) -> bool:
        """Whether the limit was reached."""
        return self._end is not None and time.monotonic() > self._end

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._left.is_set() or self.exhausted


_CURRENT: ContextVar[Patience | None] = ContextVar("patience", default=None)


def current() -> Patience | None:
    """Return the patience of whoever asked for what this thread does."""
    return _CURRENT.get()


@contextmanager
def waiting(patience: Patience) -> Iterator[None]:
    """Work for somebody within this block."""
    token = _CURRENT.set(patience)
    try:
        yield
    finally:
        _CURRENT.reset(token)
