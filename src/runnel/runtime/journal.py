"""What a run writes down while it happens; implemented by the store, so that nothing is lost when a process dies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Journal(Protocol):
    """The durable record of one run. Every call is durable when it returns."""

    def task_started(self, task: str, nodes: tuple[str, ...]) -> None:
        """Note that a segment or effect is running."""
        ...

    def task_finished(self, task: str, status: str, seconds: float, detail: Mapping[str, Any]) -> None:
        """Note how a segment or effect ended; `detail` holds rows and counts."""
        ...

    def log(self, level: str, node: str | None, message: str) -> None:
        """Append a line to the run's log."""
        ...


class SilentJournal:
    """Keeps nothing; for previews, which leave no trace."""

    def task_started(self, task: str, nodes: tuple[str, ...]) -> None:
        """Keep nothing."""

    def task_finished(self, task: str, status: str, seconds: float, detail: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def log(self, level: str, node: str | None, message: str) -> None:
        """Keep nothing."""
