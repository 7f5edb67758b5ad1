"""Workers of a project: children of one warm zygote, kept for their grant, each task locked to what it may touch."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runnel.sandbox import Event, Grant, Limits, Zygote

if TYPE_CHECKING:
    from runnel.app.project import Project

TASKS = "runnel.app.worker"
WARM = ("duckdb", "pyarrow", "pyarrow.parquet", "runnel.app.worker", "runnel.app.warming")


class Workers:
    """Hands out workers by grant; the last one is kept, since the next task often has the same grant."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.zygote = Zygote(WARM)
        self._kept: Any = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the zygote beside what the caller does next."""
        self.zygote.start(wait=False)

    def open(
        self,
        read: Sequence[str],
        write: Sequence[str],
        *,
        memory_bytes: int | None = None,
        timeout_seconds: float | None = None,
        log: str | None = None,
    ) -> WorkerHandle:
        """Open a worker that may read and write exactly these paths."""
        grant = Grant(read=tuple(read), write=tuple(write))
        limits = Limits(memory_bytes=memory_bytes or self.project.memory_bytes, timeout_seconds=timeout_seconds)
        return WorkerHandle(self.zygote.open(grant, limits, log))

    def close(self) -> None:
        """End every worker."""
        self.zygote.close()


class WorkerHandle:
    """One worker; `call` names tasks of `runnel.app.worker`."""

    def __init__(self, child: Any, on_event: Callable[[Event], object] | None = None, cancel: Any = None) -> None:
        self.child = child
        self.on_event = on_event
        self.cancel = cancel

    def call(self, task: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a task; raises its RunnelError."""
        return self.child.call(f"{TASKS}:{task}", payload, self.on_event, self.cancel)

    def close(self) -> None:
        """End the worker."""
        self.child.close()

    def __enter__(self) -> WorkerHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def existing(paths: Sequence[str]) -> list[str]:
    """Return the paths that exist, resolved."""
    return [os.path.realpath(path) for path in paths if os.path.exists(path)]
