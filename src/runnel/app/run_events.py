"""A run's journal that also tells: whoever watches hears of each task and log line when it is durable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runnel.store.runs import RunJournal

Hear = Callable[[str, Mapping[str, Any]], None]


class TellingJournal:
    """Writes to the run's journal, then tells `task` and `log` events."""

    def __init__(self, journal: RunJournal, hear: Hear) -> None:
        self.journal = journal
        self.hear = hear
        journal.heard = lambda line: hear("log", line)
        self._nodes: dict[str, tuple[str, ...]] = {}

    def task_started(self, task: str, nodes: tuple[str, ...]) -> None:
        """Note and tell that a segment or effect is running."""
        self.journal.task_started(task, nodes)
        self._nodes[task] = nodes
        self.hear("task", {"task": task, "nodes": list(nodes), "status": "running"})

    def task_finished(self, task: str, status: str, seconds: float, detail: Mapping[str, Any]) -> None:
        """Note and tell how a segment or effect ended."""
        self.journal.task_finished(task, status, seconds, detail)
        told = {"task": task, "nodes": list(self._nodes.get(task, ())), "status": status, "seconds": seconds}
        self.hear("task", {**told, "detail": dict(detail)})

    def log(self, level: str, node: str | None, message: str) -> None:
        """Append a line to the run's log, which is told as every line is."""
        self.journal.log(level, node, message)
