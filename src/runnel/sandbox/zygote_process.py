"""The zygote's process: it imports once, stays single-threaded, forks a worker per request and watches over them.

It holds no engine instance and reads nothing foreign. It ends with its supervisor (end of the socket, or the
supervisor's process), and its workers end with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

from runnel.sandbox import child_process, failure, frames, linux
from runnel.sandbox.ward import Ward, anonymous_bytes

_IDLE_MS = 1000


def thread_count() -> int:
    """Return how many threads this process has (1 where the system does not tell)."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1


class _Nursery:
    """The loop: requests in, process ids and exits out."""

    def __init__(self, control: socket.socket, supervisor_pid: int, plan: child_process.Plan) -> None:
        self._control = control
        self._supervisor_pid = supervisor_pid
        self._plan = plan
        self._requests = frames.Receiver(control)
        self._wards: dict[int, Ward] = {}
        self._baseline = anonymous_bytes(os.getpid()) or 0
        self._poller = select.poll()
        self._bell, bell_end = os.pipe()
        for descriptor in (self._bell, bell_end):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(bell_end, warn_on_full_buffer=False)
        self._guard = self._watch_supervisor()
        for descriptor in (control.fileno(), self._bell):
            self._poller.register(descriptor, select.POLLIN)

    def _watch_supervisor(self) -> int | None:
        """Let the poll wake when the supervisor's process ends, even if a fork of it keeps the socket open."""
        if not hasattr(os, "pidfd_open"):
            return None
        try:
            guard = os.pidfd_open(self._supervisor_pid)
        except OSError:  # an old kernel: the poll below looks at the parent's id once a second
            return None
        self._poller.register(guard, select.POLLIN)
        return guard

    def run(self) -> None:
        """Serve until the supervisor is gone."""
        while os.getppid() == self._supervisor_pid:
            ticks = [ward.tick_ms for ward in self._wards.values()]
            wait = min((tick for tick in ticks if tick is not None), default=_IDLE_MS)
            ready = {descriptor for descriptor, _ in self._poller.poll(wait)}
            if self._guard in ready:
                return
            if self._bell in ready:
                os.read(self._bell, 4096)
            self._reap()
            if self._control.fileno() in ready and not self._serve():
                return
            for ward in self._wards.values():
                ward.check()

    def _serve(self) -> bool:
        """Fork the worker that a request asks for; false at the end of the stream."""
        received = self._requests.receive()
        if received is None:
            return False
        frame, (data, status, log) = received
        pid = os.fork()
        if pid == 0:
            self._become_worker(data, log)
        for descriptor in (data, log):
            os.close(descriptor)
        ward = Ward(pid, socket.socket(fileno=status), frame.message, self._baseline)
        self._wards[pid] = ward
        ward.announce()
        return True

    def _become_worker(self, data: int, log: int) -> None:
        """Leave the zygote's objects behind without closing descriptors that will be someone else's."""
        self._control.detach()
        for ward in self._wards.values():
            ward.status.detach()
        child_process.enter(data, log, os.getppid(), self._plan)

    def _reap(self) -> None:
        """Report workers that ended, and end what they left behind (only possible where calls are not filtered)."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ward = self._wards.pop(pid, None)
            if ward is not None:
                ward.report(status, usage)
                self._end_orphans()

    def _end_orphans(self) -> None:
        """Kill the processes that came to us when the worker that had started them ended."""
        for pid in _own_children():
            if pid not in self._wards:
                os.kill(pid, signal.SIGKILL)

    def finish(self) -> None:
        """Kill every worker and collect them."""
        for ward in self._wards.values():
            ward.kill()
        deadline = time.monotonic() + 1.0
        while self._wards and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.002)


def _own_children() -> list[int]:
    """Return the processes below this one, none where the kernel does not list them."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _import(names: list[str]) -> list[str]:
    """Import the modules; returns those that left threads running, which must not be forked."""
    threads, noisy = thread_count(), []
    for name in names:
        importlib.import_module(name)
        now = thread_count()
        if now > threads:
            noisy.append(name)
        threads = now
    return noisy


def _prepare(control: socket.socket, order: Mapping[str, Any]) -> bool:
    """Import, then tell the supervisor what came of it; false when no worker can be forked from here."""
    try:
        noisy = [] if order["late"] else _import(order["modules"])
    except Exception as error:  # noqa: BLE001 - importing runs foreign module code; the supervisor is told
        text = failure.trimmed_trace(error)
        frames.send(control, {"type": "failed", "what": f"{type(error).__name__}: {error}", "trace": text})
        return False
    report = {"pid": os.getpid(), "noisy": noisy, "threads": thread_count()}
    frames.send(control, {"type": "ready", **report})
    return not noisy


def main(descriptor: int, supervisor_pid: int, order_text: str) -> None:
    """Run a zygote on an inherited socket; called by the bootstrap line of `runnel.sandbox.zygote`."""
    order = json.loads(order_text)
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if linux.IS_LINUX:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    if not _prepare(control, order):
        return
    late = tuple(order["modules"]) if order["late"] else ()
    plan = child_process.Plan(tuple(order["prefixes"]), tuple(order["code_paths"]), late)
    gc.collect()
    gc.freeze()
    nursery = _Nursery(control, supervisor_pid, plan)
    try:
        nursery.run()
    finally:
        nursery.finish()
        sys.stderr.flush()
        os._exit(0)
