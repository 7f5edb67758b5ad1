"""Places where a process may be told to die: every durable step of a stream passes one, so that tests can try them all.

Tests may also let a sync of a file end with an error, and move the clock that gives epochs their time.
"""

# pyright: reportUnknownVariableType=false

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Failpoints:
    """Counts the durable steps of a process; kills it at the step of number `die_at` (from 1), if one is given.

    A negative number freezes the process there, as a machine that was suspended does. At each step that `jumps` names
    the clock jumps by so many seconds.
    """

    die_at: int | None = None
    jumps: Sequence[tuple[int, float]] = ()
    shift: float = 0.0
    passed: int = 0
    names: list[str] = field(default_factory=list)

    def arm(self, faults: Mapping[str, Any]) -> None:
        """Let a test's faults happen in this process: `die_at`, `jumps`, and `sync_error_at` with the name of its `error`."""
        self.die_at = faults.get("die_at")
        self.jumps = [(int(step), float(seconds)) for step, seconds in faults.get("jumps", ())]
        if faults.get("sync_error_at"):
            os.fsync = _broken(os.fsync, int(faults["sync_error_at"]), str(faults.get("error", "EIO")))

    def point(self, name: str) -> None:
        """Pass a durable step: called right before and right after each write, sync, rename, commit and delivery."""
        self.passed += 1
        self.shift += sum(seconds for step, seconds in self.jumps if step == self.passed)
        if self.die_at is None:
            return
        self.names.append(name)
        if self.passed == abs(self.die_at):
            os.kill(os.getpid(), signal.SIGKILL if self.die_at > 0 else signal.SIGSTOP)

    def clock(self) -> float:
        """Return the time of day, as far as it jumped."""
        return time.time() + self.shift


def _broken(sync: Callable[[Any], None], error_at: int, error: str) -> Callable[[Any], None]:
    """Return a sync whose call of a number ends with an error, once."""
    calls = 0

    def broken(file: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == error_at:
            number = int(getattr(errno, error))
            raise OSError(number, os.strerror(number))
        sync(file)

    return broken


FAILPOINTS = Failpoints()
"""The failpoints of this process."""


def point(name: str) -> None:
    """Pass a durable step of this process."""
    FAILPOINTS.point(name)
