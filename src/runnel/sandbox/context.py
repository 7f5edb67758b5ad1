"""What a task inside a worker is given besides its payload: a way to report, to notice a cancel, to hand over data."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from runnel.sandbox import frames
from runnel.sandbox.grant import Grant, Limits


class TaskContext:
    """The second argument of every task; one per call, made by the worker.

    `state` lives as long as the worker and is shared by its calls (an open engine connection, say). `attachments`
    and `descriptors` came with the call; descriptors not taken with `take_descriptors` are closed after it.
    """

    def __init__(self, sock: socket.socket, number: int, grant: Grant, limits: Limits, state: dict[str, Any]) -> None:
        self.grant = grant
        self.limits = limits
        self.state = state
        self.attachments: tuple[bytes, ...] = ()
        self.descriptors: tuple[int, ...] = ()
        self.attached: list[bytes] = []
        self._sock = sock
        self._number = number
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._hooks: list[Callable[[], object]] = []

    @property
    def number(self) -> int:
        """The number of this call within its worker."""
        return self._number

    @property
    def cancelled(self) -> bool:
        """Whether the supervisor asked to stop; the worker is killed a moment later, so hurry."""
        return self._cancelled.is_set()

    def on_cancel(self, hook: Callable[[], object]) -> None:
        """Call `hook` from another thread when the supervisor asks to stop, at once if it already did.

        Typically a connection's `interrupt`. A worker whose task ends within the grace after it can be used again.
        """
        with self._lock:
            self._hooks.append(hook)
            late = self._cancelled.is_set()
        if late:
            hook()

    def cancel(self) -> None:
        """Mark the call as cancelled and run its hooks; called by the worker's listener."""
        with self._lock:
            self._cancelled.set()
            hooks = list(self._hooks)
        for hook in hooks:
            hook()

    def emit(self, kind: str, /, *attachments: bytes, **data: Any) -> None:
        """Send an event to the supervisor now; events arrive in the order of their sending, before the result.

        Blocks while the supervisor is busy with earlier events.
        """
        self.send({"type": "event", "call": self._number, "kind": kind, "data": data}, attachments)

    def attach(self, data: bytes) -> int:
        """Send bytes along with the result; returns their place in `Reply.attachments`."""
        self.attached.append(data)
        return len(self.attached) - 1

    def take_descriptors(self) -> tuple[int, ...]:
        """Take over the passed file descriptors; the task closes them."""
        taken, self.descriptors = self.descriptors, ()
        return taken

    def send(self, message: dict[str, Any], attachments: tuple[bytes, ...] = ()) -> None:
        """Send one frame, never mixed with that of another thread."""
        with self._lock:
            frames.send(self._sock, message, attachments)

    def close(self) -> None:
        """Close what the task left of its descriptors."""
        for descriptor in self.take_descriptors():
            os.close(descriptor)
