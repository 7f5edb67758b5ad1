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

from runnel.app.patience import current
from runnel.errors import LimitError, RunnelError
from runnel.sandbox import Event, Grant, Limits, Zygote

if TYPE_CHECKING:
    from runnel.app.project import Project

TASKS = "runnel.app.worker"
WARM = ("duckdb", "pyarrow", "pyarrow.parquet", "runnel.app.worker", "runnel.app.warming")

WARM_STREAMS = (
    *WARM, "numpy", "sqlalchemy", "sqlalchemy.dialects.sqlite", "deltalake",
    "runnel.app.streams.worker", "runnel.app.streams.lane",
)  # fmt: skip
"""What the processes of streams hold besides: they keep their own rows."""

MOST_KEPT = 4
"""How many workers of previews stay: a pipeline's nodes need different files, and a person goes to and fro."""

REST_SECONDS = 300.0
"""After how long without a question all of them but one are ended: they hold results that nobody looks at."""

MOST_AT_ONCE = 4
"""How many questions are computed at the same time: each may use the memory of a worker, and there are few processors."""

Kept = tuple[tuple[str, ...], "WorkerHandle", Path]
"""A worker with its grant and the folder that it may write."""


class Workers:
    """Hands out workers by grant; those of previews are kept, since the next question often has the same grant."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.zygote = Zygote(WARM)
        self.stream_zygote = Zygote(WARM_STREAMS)
        self._desks: list[Kept] = []
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._resting: threading.Timer | None = None

    def start(self, streams: bool = False) -> None:
        """Start the zygote beside what the caller does next; where none runs yet, that of streams does for everything."""
        if streams:
            self.stream_zygote.start(wait=False)
            if self.zygote.pid is None:
                self.zygote = self.stream_zygote
        self.zygote.start(wait=False)

    def open(
        self,
        read: Sequence[str],
        write: Sequence[str],
        *,
        memory_bytes: int | None = None,
        timeout_seconds: float | None = None,
        log: str | None = None,
        network: bool = False,
    ) -> WorkerHandle:
        """Open a worker that may read and write exactly these paths, and connect to others only if it may."""
        grant = Grant(read=tuple(read), write=tuple(write), network=network)
        limits = Limits(memory_bytes=memory_bytes or self.project.memory_bytes, timeout_seconds=timeout_seconds)
        return WorkerHandle(self.zygote.open(grant, limits, log))

    @contextmanager
    def at_desk(self, read: Sequence[str]) -> Iterator[tuple[WorkerHandle, Path]]:
        """Lend a worker that answers small questions, with a folder that it may write; the last few are kept.

        The next question mostly has the grant of one of them, and finds the views and small results of before.
        """
        with self._seats:
            yield from self._lent(read)

    def _lent(self, read: Sequence[str]) -> Iterator[tuple[WorkerHandle, Path]]:
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
            self._desks.append(kept)
        self._keep(MOST_KEPT)
        self._rest_later()

    def _keep(self, most: int) -> None:
        """End the workers that were not used for longest."""
        with self._lock:
            ended = self._desks[:-most]
            del self._desks[:-most]
        for old in ended:
            _clear(old)

    def _rest_later(self) -> None:
        with self._lock:
            if self._resting is not None:
                self._resting.cancel()
            self._resting = threading.Timer(REST_SECONDS, self._keep, (1,))
            self._resting.daemon = True
            self._resting.start()

    def _take(self, key: tuple[str, ...]) -> Kept | None:
        """Return the kept worker of that grant if it lives, the one used last; dead ones are ended."""
        with self._lock:
            found = next((kept for kept in reversed(self._desks) if kept[0] == key), None)
            if found is not None:
                self._desks.remove(found)
        if found is not None and (not found[1].alive or not found[2].exists()):
            _clear(found)
            return self._take(key)
        return found

    def close(self) -> None:
        """End every worker."""
        with self._lock:
            if self._resting is not None:
                self._resting.cancel()
            ended, self._desks = self._desks, []
        for kept in ended:
            _clear(kept)
        self.zygote.close()
        self.stream_zygote.close()


class WorkerHandle:
    """One worker; `call` names tasks of `runnel.app.worker`."""

    def __init__(self, child: Any, on_event: Callable[[Event], object] | None = None, cancel: Any = None) -> None:
        self.child = child
        self.on_event = on_event
        self.cancel = cancel

    def call(self, task: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a task; raises its RunnelError, and LimitError where nobody waits so long."""
        patience = current() if self.cancel is None else None
        try:
            return self.child.call(f"{TASKS}:{task}", payload, self.on_event, patience or self.cancel)
        except RunnelError as error:
            if patience is not None and patience.exhausted:
                what = "the answer takes longer than a preview waits"
                raise LimitError("RNL-LIMIT-030", what, "Run the pipeline, or look at fewer rows before this node.") from error
            raise

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


def _clear(kept: Kept) -> None:
    kept[1].close()
    shutil.rmtree(kept[2], ignore_errors=True)


def existing(paths: Sequence[str]) -> list[str]:
    """Return the paths that exist, resolved."""
    return [os.path.realpath(path) for path in paths if os.path.exists(path)]
