"""Workers of a project: children of one warm zygote, kept for their grant, each task locked to what it may touch."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
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
        self._desk: tuple[tuple[str, ...], WorkerHandle, Path] | None = None
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

    @contextmanager
    def at_desk(self, read: Sequence[str]) -> Iterator[tuple[WorkerHandle, Path]]:
        """Lend the worker that answers small questions, with a folder that it may write; the last one is kept.

        The next question mostly has the same grant, and finds the views and small results of the one before.
        """
        key = tuple(sorted(set(read)))
        kept = self._take(key)
        if kept is None:
            folder = Path(tempfile.mkdtemp(dir=self.project.scratch))
            try:
                kept = (key, self.open(read, [str(folder)]), folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        try:
            yield kept[1], kept[2]
        except BaseException:
            _clear(kept)
            raise
        with self._lock:
            if self._desk is None:
                self._desk, kept = kept, None
        if kept is not None:
            _clear(kept)

    def _take(self, key: tuple[str, ...]) -> tuple[tuple[str, ...], WorkerHandle, Path] | None:
        """Return the kept worker if it has that grant and lives; another one is ended."""
        with self._lock:
            kept, self._desk = self._desk, None
        if kept is not None and (kept[0] != key or not kept[1].alive or not kept[2].exists()):
            _clear(kept)
            return None
        return kept

    def close(self) -> None:
        """End every worker."""
        kept = self._desk
        if kept is not None:
            _clear(kept)
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

    @property
    def alive(self) -> bool:
        """Whether the worker can be called."""
        return self.child.alive

    def close(self) -> None:
        """End the worker."""
        self.child.close()

    def __enter__(self) -> WorkerHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _clear(kept: tuple[tuple[str, ...], WorkerHandle, Path]) -> None:
    kept[1].close()
    shutil.rmtree(kept[2], ignore_errors=True)


def existing(paths: Sequence[str]) -> list[str]:
    """Return the paths that exist, resolved."""
    return [os.path.realpath(path) for path in paths if os.path.exists(path)]
