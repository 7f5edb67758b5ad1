"""A worker as its owner sees it: calls go in, events and one answer come out; nothing it does blocks its owner."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from runnel.errors import EngineError, InternalError, RunnelError
from runnel.sandbox import codes, failure, frames, outcome
from runnel.sandbox.grant import Grant, Limits
from runnel.sandbox.line import Line
from runnel.sandbox.restrict import Protections

GRACE_SECONDS = 0.3
_TICK_SECONDS = 0.025
_END_SECONDS = 5.0
_LAST_WORDS_SECONDS = 0.5


class CancelSignal(Protocol):
    """Anything with `is_set`, such as `threading.Event`."""

    def is_set(self) -> bool:
        """Say whether the work should stop."""
        ...


@dataclass(frozen=True)
class Event:
    """Something a task reported while it ran."""

    kind: str
    data: Mapping[str, Any]
    attachments: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Reply:
    """A task's result and the bytes it attached."""

    value: dict[str, Any]
    attachments: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Cargo:
    """Bytes and open file descriptors that travel with a call; the caller keeps and closes its descriptors."""

    attachments: tuple[bytes, ...] = ()
    descriptors: tuple[int, ...] = ()


@dataclass
class _Call:
    """One call under way; `stop` and `kill_at` are set once it has to end."""

    number: int
    task: str
    timeout_seconds: float | None
    on_event: Callable[[Event], object] | None
    cancel: CancelSignal | None
    began: float = field(default_factory=time.monotonic)
    stop: RunnelError | None = None
    kill_at: float | None = None


class Child:
    """One worker process with one grant; made by `Zygote.open`, used by one thread at a time.

    A worker that was killed (time, memory, cancel, crash) is closed and cannot be called again; `alive` says so.
    """

    def __init__(self, data: socket.socket, status: socket.socket, grant: Grant, limits: Limits) -> None:
        self.grant = grant
        self.limits = limits
        self.pid = 0
        self.protections: Protections | None = None
        self.ending: outcome.Ending | None = None
        self._pidfd: int | None = None
        self._line = Line(data)
        self._status = status
        self._reports = frames.Receiver(status)
        self._lock = threading.Lock()
        self._closed = False
        self._number = 0
        self._line.queue({"type": "setup", "grant": grant.to_json(), "limits": limits.to_json()})

    def wait_started(self, timeout_seconds: float) -> None:
        """Wait until the zygote has forked this worker; called once, by `Zygote.open`.

        Raises:
            ConnectionError: the zygote ended before it forked.
            TimeoutError: it did not answer in time.
        """
        self._status.settimeout(timeout_seconds)
        received = self._reports.receive()
        if received is None:
            raise ConnectionResetError("the zygote closed the line")
        frame, descriptors = received
        self.pid = int(frame.message["pid"])
        self._pidfd = descriptors[0] if descriptors else None

    @property
    def alive(self) -> bool:
        """Whether this worker can take another call, as far as is known: it may end at any moment."""
        if not self._closed:
            self._read_ending(0.0)
        return not self._closed and self.ending is None

    def fits(self, grant: Grant, limits: Limits) -> bool:
        """Say whether this worker may be used for a grant and limits: only for exactly its own."""
        return self.alive and (grant, limits) == (self.grant, self.limits)

    def call(
        self,
        task: str,
        payload: Mapping[str, Any] | None = None,
        on_event: Callable[[Event], object] | None = None,
        cancel: CancelSignal | None = None,
        timeout_seconds: float | None = None,
        cargo: Cargo | None = None,
    ) -> dict[str, Any]:
        """Run a task and return its result; see `exchange`."""
        return self.exchange(task, payload, on_event, cancel, timeout_seconds, cargo).value

    def exchange(
        self,
        task: str,
        payload: Mapping[str, Any] | None = None,
        on_event: Callable[[Event], object] | None = None,
        cancel: CancelSignal | None = None,
        timeout_seconds: float | None = None,
        cargo: Cargo | None = None,
    ) -> Reply:
        """Run the task `module:function` and return its result with attached bytes.

        `on_event` is called on this thread, in order, and holds up the worker while it runs; an error in it ends
        the worker. `timeout_seconds` overrides the limit of the worker for this call.

        Raises:
            RunnelError: what the task raised, in its own class.
            LimitError: time, memory, processor time or threads ran out.
            TaskCancelledError: `cancel` was set.
            EngineError: the worker died, or an engine error inside the task.
            InternalError: a bug in the task, an unknown task, or the worker is closed.
        """
        with self._lock:
            if self._closed:
                raise InternalError(
                    codes.CLOSED, f"running {task} in worker {self.pid}, which has ended", "open a new one"
                )
            self._number += 1
            limit = self.limits.timeout_seconds if timeout_seconds is None else timeout_seconds
            call = _Call(self._number, task, limit, on_event, cancel)
            sent = {"type": "call", "call": call.number, "task": task, "payload": dict(payload or {})}
            cargo = cargo or Cargo()
            self._line.queue(sent, cargo.attachments, cargo.descriptors)
            try:
                answer = self._await(call)
            except BaseException:
                self.close()
                raise
        if isinstance(answer, RunnelError):
            raise answer
        return answer

    def _await(self, call: _Call) -> Reply | RunnelError:
        """Handle frames until the answer comes; raises when the worker ended or had to be ended."""
        while True:
            for frame in self._received(call):
                answer = self._take(frame, call)
                if answer is not None:
                    return call.stop or answer
            if self._line.ended or (self.ending is not None and self._line.dry):
                raise self._death(call)
            self._stop_when_due(call)
            self._line.wait(_patience(call), (self._status.fileno(),))
            self._read_ending(0.0)

    def _received(self, call: _Call) -> list[frames.Frame]:
        """Return the frames at hand; bytes that are none end the worker."""
        try:
            return self._line.frames()
        except frames.BrokenFrameError as broken:
            raise _nonsense(call, str(broken)) from broken

    def _take(self, frame: frames.Frame, call: _Call) -> Reply | RunnelError | None:
        """Handle one frame; returns the answer of this call if that is what it was."""
        message = frame.message
        kind = message.get("type")
        if kind == "ready":
            self.protections = Protections.from_json(message.get("protections"))
        elif kind == "failed":
            raise failure.unpack(message.get("error"))
        elif message.get("call") != call.number:
            return None
        elif kind == "event":
            self._pass_on(frame, call)
        elif kind == "error":
            return failure.unpack(message.get("error"))
        elif kind == "result":
            value = message.get("value")
            if not isinstance(value, dict):
                raise _nonsense(call, f"a result that is {type(value).__name__}")
            return Reply(value, frame.attachments)
        return None

    def _pass_on(self, frame: frames.Frame, call: _Call) -> None:
        """Hand an event to the caller."""
        data = frame.message.get("data")
        if not isinstance(data, dict):
            raise _nonsense(call, f"an event that is {type(data).__name__}")
        if call.on_event is not None:
            call.on_event(Event(str(frame.message.get("kind")), data, frame.attachments))

    def _stop_when_due(self, call: _Call) -> None:
        """Ask the worker to stop when the caller or the clock says so, and end it after the grace."""
        now = time.monotonic()
        if call.kill_at is not None:
            if now >= call.kill_at:
                raise self._death(call)
            return
        if call.cancel is not None and call.cancel.is_set():
            call.stop = outcome.cancelled(call.task)
        elif call.timeout_seconds is not None and now - call.began >= call.timeout_seconds:
            call.stop = outcome.timed_out(call.task, call.timeout_seconds)
        if call.stop is not None:
            call.kill_at = now + GRACE_SECONDS
            self._line.queue({"type": "cancel", "call": call.number})

    def _death(self, call: _Call) -> RunnelError:
        """Make sure that the worker is gone and return the reason as an error."""
        reason = call.stop
        if reason is None:
            self._read_ending(_LAST_WORDS_SECONDS)
            if self.ending is None:
                reason = _nonsense(call, "the end of its answers and went on working")
        self.close()
        return reason or outcome.describe(self.ending or outcome.Ending(lost=True), call.task, self.limits)

    def _read_ending(self, seconds: float) -> None:
        """Take in the zygote's report of the end, waiting for it up to `seconds`."""
        if self.ending is not None:
            return
        poller = select.poll()
        poller.register(self._status, select.POLLIN)
        if not poller.poll(int(seconds * 1000)):
            return
        try:
            received = self._reports.receive()
        except (ConnectionResetError, TimeoutError):
            received = None
        self.ending = outcome.Ending(lost=True) if received is None else outcome.Ending.from_json(received[0].message)

    def _kill(self) -> None:
        """Kill the process, which the zygote has not collected as long as `ending` is unknown."""
        try:
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            elif self.pid:
                os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it ended by itself in this moment

    def close(self) -> None:
        """End the worker and wait until it is gone; calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._line.close()
        if self.ending is None:
            self._kill()
            self._read_ending(_END_SECONDS)
        self._status.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _patience(call: _Call) -> float | None:
    """Return how long to sleep at most before looking at the clock and the cancel signal again."""
    if call.kill_at is not None:
        return max(0.0, call.kill_at - time.monotonic())
    if call.cancel is not None:
        return _TICK_SECONDS
    if call.timeout_seconds is None:
        return None
    return max(0.0, call.began + call.timeout_seconds - time.monotonic())


def _nonsense(call: _Call, words: str) -> EngineError:
    """Return the error for a worker that broke the protocol."""
    what = f"running {call.task}: the worker sent {words}; it was ended"
    return EngineError(
        codes.PROTOCOL, what, "its input may have taken it over; look at its log", {"exit_cause": "lost worker"}
    )
