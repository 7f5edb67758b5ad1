"""The worker itself: a forked process that locks itself down, then runs named tasks until its socket closes."""

from __future__ import annotations

import faulthandler
import gc
import importlib
import inspect
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from runnel.errors import InternalError, RunnelError
from runnel.sandbox import codes, failure, frames, restrict
from runnel.sandbox.context import TaskContext
from runnel.sandbox.grant import Grant, Limits

_DATA_FD = 3

Task = Callable[[Mapping[str, Any], TaskContext], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Plan:
    """What the zygote tells each worker: task names it may run, code it may read, modules still to import."""

    prefixes: tuple[str, ...]
    code_paths: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def enter(data_fd: int, log_fd: int, zygote_pid: int, plan: Plan) -> NoReturn:
    """Turn a freshly forked process into a worker; never returns."""
    status = 1
    try:
        sock = _own_descriptors(data_fd, log_fd)
        _Worker(sock, zygote_pid, plan).serve()
        status = 0
    except Exception as error:  # noqa: BLE001 - nobody is above a forked process; its log is told
        os.write(2, failure.trimmed_trace(error).encode(errors="replace"))
    finally:
        os._exit(status)


def _own_descriptors(data_fd: int, log_fd: int) -> socket.socket:
    """Keep the socket and the log only, leave the zygote's session and signals."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    data, log = os.dup(data_fd), os.dup(log_fd)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for target in (1, 2):
        os.dup2(log, target)
    os.dup2(data, _DATA_FD, inheritable=False)
    os.closerange(_DATA_FD + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    faulthandler.enable(file=2, all_threads=False)
    return socket.socket(fileno=_DATA_FD)


class _Worker:
    """Serves the calls of one grant, one after the other, on the main thread."""

    def __init__(self, sock: socket.socket, zygote_pid: int, plan: Plan) -> None:
        self._sock = sock
        self._zygote_pid = zygote_pid
        self._plan = plan
        self._receiver = frames.Receiver(sock)
        self._calls: queue.SimpleQueue[tuple[frames.Frame, tuple[int, ...]]] = queue.SimpleQueue()
        self._current: TaskContext | None = None
        self._cancelled_number = 0
        self._state: dict[str, Any] = {}

    def serve(self) -> None:
        """Lock down, say so, then answer calls until the process is ended."""
        setup = self._receiver.receive()
        if setup is None:
            return
        grant = Grant.from_json(setup[0].message["grant"])
        limits = Limits.from_json(setup[0].message["limits"])
        for name in self._plan.imports:
            importlib.import_module(name)
        try:
            protections = restrict.apply(grant, limits, self._plan.code_paths)
        except OSError as error:
            refusal = InternalError(codes.RESTRICT, f"locking a worker down: {error}", "run `runnel doctor`")
            frames.send(self._sock, {"type": "failed", "error": refusal.to_json()})
            return
        if os.getppid() != self._zygote_pid:
            return
        frames.send(self._sock, {"type": "ready", "protections": protections.to_json()})
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        while True:
            frame, descriptors = self._calls.get()
            self._answer(frame, descriptors, grant, limits)

    def _listen(self) -> None:
        """Take in calls and cancels while a task runs; the end of the stream ends the process."""
        try:
            while (received := self._receiver.receive()) is not None:
                if received[0].message.get("type") == "cancel":
                    self._cancel(int(received[0].message["call"]))
                else:
                    self._calls.put(received)
        finally:
            os._exit(0)

    def _cancel(self, number: int) -> None:
        """Cancel the call with this number, be it running or still waiting."""
        self._cancelled_number = number
        current = self._current
        if current is not None and current.number == number:
            current.cancel()

    def _answer(self, frame: frames.Frame, descriptors: Sequence[int], grant: Grant, limits: Limits) -> None:
        """Run one call and send its result or error."""
        number = int(frame.message["call"])
        context = TaskContext(self._sock, number, grant, limits, self._state)
        context.attachments, context.descriptors = frame.attachments, tuple(descriptors)
        self._current = context
        if self._cancelled_number == number:
            context.cancel()
        restrict.limit_cpu(limits.cpu_seconds)
        message = self._run(frame.message, context)
        self._current = None
        context.close()
        sys.stdout.flush()
        sys.stderr.flush()
        attached = tuple(context.attached) if message["type"] == "result" else ()
        try:
            context.send(message, attached)
        except RunnelError as error:
            context.send({"type": "error", "call": number, "error": error.to_json()})

    def _run(self, message: Mapping[str, Any], context: TaskContext) -> dict[str, Any]:
        """Call the task; the one place where any error at all is caught, to be sent on."""
        answer: dict[str, Any] = {"call": context.number}
        try:
            value = self._find(str(message["task"]))(message["payload"], context)
            return {**answer, "type": "result", "value": {} if value is None else dict(value)}
        except Exception as error:  # noqa: BLE001 - the task boundary
            sys.stderr.write(failure.trimmed_trace(error) + "\n")
            return {**answer, "type": "error", "error": failure.pack(error)}
        finally:
            gc.collect(0)

    def _find(self, task: str) -> Task:
        """Return the function named `module:function`: public, defined there, already imported, and allowed."""
        module_name, _, name = task.partition(":")
        module = sys.modules.get(module_name) if module_name.startswith(self._plan.prefixes) else None
        found = None if module is None or name.startswith("_") else vars(module).get(name)
        if not inspect.isfunction(found) or found.__module__ != module_name:
            loaded = sorted(m for m in sys.modules if m.startswith(self._plan.prefixes))
            raise InternalError(
                codes.TASK_NAME,
                f"looking up the worker task `{task}`",
                f"name a public function as `module:function` of a module the zygote imported: {', '.join(loaded)}",
            )
        return found
