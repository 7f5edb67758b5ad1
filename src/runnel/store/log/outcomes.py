"""How a log is kept, and what an append may come to: a receipt, or the error that says why nothing was kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from runnel.errors import ConnectorError, InternalError, LimitError, RunnelError


class LogFullError(LimitError):
    """The log holds as much as it may, because its readers have not released enough."""

    http_status = 429
    retry_after = 5


class LogBusyError(LimitError):
    """More waits to be written than may."""

    http_status = 503
    retry_after = 1


class LogDiskError(ConnectorError):
    """The disk did not take what was to be written; nothing of it is kept."""

    http_status = 503
    retry_after = 2


class Receipt(NamedTuple):
    """The records from `sequence` on, `records` of them, are durable."""

    generation: int
    sequence: int
    records: int

    @property
    def position(self) -> str:
        """The written form of the position of the first record."""
        return f"{self.generation}-{self.sequence}"


Answer = Receipt | RunnelError
Notify = Callable[[list[tuple[Any, Answer]]], None]
"""Hears the outcomes of a group at once: (token, answer) of each request that was submitted with it."""


@dataclass(frozen=True)
class LogOptions:
    """How a log is kept: `group_seconds` is how long the first request of a group waits for others."""

    max_bytes: int = 1024**3
    segment_bytes: int = 64 * 1024**2
    group_seconds: float = 0.005
    group_bytes: int = 4 * 1024**2
    key_seconds: float = 86_400.0
    most_keys: int = 1_000_000

    @property
    def roll_bytes(self) -> int:
        """The size after which a new segment begins; small budgets have small ones, so that they can be freed."""
        return max(64 * 1024, min(self.segment_bytes, self.max_bytes // 8))


def refusal_of(folder: Path, error: Exception) -> RunnelError:
    """Return what waiting requests hear of a group that could not be written."""
    if isinstance(error, OSError):
        return disk_error(folder, error)
    return InternalError("RNL-LOG-007", f"writing the log {folder.name}: {error!r}", "Please report it.")


def disk_error(folder: Path, error: OSError) -> LogDiskError:
    """Return what waiting requests hear when the disk refuses."""
    what = f"writing the log {folder.name}: {error.strerror or error}"
    hint = "Free space on its disk, or look at the disk. Nothing of this request was kept: send it again."
    return LogDiskError("RNL-LOG-003", what, hint, retryable=True)
