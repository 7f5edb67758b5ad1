"""Trouble that passes by itself: a disk that is full, a store of rows out of reach. A stream waits, and goes on from its row."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runnel.errors import EngineError, LimitError, RunnelError
from runnel.runtime.stream.files import DISK, words_of
from runnel.store.trouble import CODE as ROWS

OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 4.0
LEAST_BYTES = 64 * 1024
"""A disk with less room takes no epoch."""
GOES_ON_SECONDS = 5.0
"""A stream that tells of itself for so long is not blocked any more, though it had no epoch to write."""


@dataclass
class Blocked:
    """What a stream waits for; it is over once its process wrote an epoch more than `epoch`, or lives for a while."""

    error: RunnelError
    epoch: int | None
    told: float | None = None

    def is_over(self, epoch: int, now: float) -> bool:
        """Hear of the epoch of a process that was started since; returns whether the stream goes on."""
        self.epoch = epoch if self.epoch is None else self.epoch
        self.told = now if self.told is None else self.told
        return epoch > self.epoch or now - self.told >= GOES_ON_SECONDS


class Outlasting:
    """Waits out such trouble, longer each time; `tell` hears of it once, `is_over` says that nobody wants to wait."""

    def __init__(self, tell: Callable[[RunnelError], None], is_over: Callable[[], bool]) -> None:
        self._tell = tell
        self._is_over = is_over
        self._pause = FIRST_PAUSE_SECONDS
        self._told = ""
        self._since = 0.0

    def waits(self, error: BaseException) -> bool:
        """Wait where trouble passes by itself; returns whether it is to be tried again."""
        found = trouble_of(error)
        if found is None or self._is_over():
            return False
        now = time.monotonic()
        if now - self._since > LONGEST_PAUSE_SECONDS:  # it ran meanwhile
            self._pause, self._told = FIRST_PAUSE_SECONDS, ""
        if found.what != self._told:
            self._told = found.what
            self._tell(found)
        end = now + self._pause
        while time.monotonic() < end and not self._is_over():
            time.sleep(0.05)
        self._pause, self._since = min(2 * self._pause, LONGEST_PAUSE_SECONDS), time.monotonic()
        return True


def trouble_of_disk(error: RunnelError, folder: Path) -> RunnelError | None:
    """Return that a disk is full, where a process died without a word while it was: it may not even have had room for one."""
    if not isinstance(error, EngineError):
        return None
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    if found.f_bavail * found.f_frsize >= LEAST_BYTES:
        return None
    return LimitError(DISK, f"blocked: disk full ({folder})", "Make room on the disk; the stream goes on by itself.")


def trouble_of(error: BaseException) -> RunnelError | None:
    """Return the error where it is trouble that passes by itself, else None."""
    if isinstance(error, OSError) and error.errno in OF_DISK:
        words = f"blocked: {words_of(error)} ({error.filename or 'the state folder'})"
        return LimitError(DISK, words, "Make room on the disk; the stream goes on by itself.")
    if isinstance(error, RunnelError) and error.code in (DISK, ROWS):
        return error
    return None
