"""A worker as its zygote sees it: watched for memory and threads, reported when it ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Mapping
from typing import Any

from runnel.sandbox import frames, linux

_KIBI = 1024
#: Anonymous and shared memory and what was swapped out; mapped files (inputs) are not the worker's doing.
_COUNTED = ("RssAnon", "RssShmem", "VmSwap")

TICK_MS, REST_MS = 20, 100
"""How often a worker is looked at: one that works, and one of which nothing changes."""
_QUIET_LOOKS = 10
_FASTEST = 10_000_000
"""Bytes that a process fills in a millisecond at most (large pages, one core), rounded up."""


def _status(pid: int) -> dict[str, int] | None:
    """Return the numbers of /proc/PID/status in kibibytes or pieces; None when the process cannot be read."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    found: dict[str, int] = {}
    for line in lines:
        name, _, rest = line.partition(":")
        if name in _COUNTED or name == "Threads":
            found[name] = int(rest.split()[0])
    return found


def _portable_status(pid: int) -> dict[str, int] | None:
    """Return what psutil knows, on systems without /proc."""
    import psutil

    try:
        process = psutil.Process(pid)
        return {"RssAnon": process.memory_info().rss // _KIBI, "Threads": process.num_threads()}
    except psutil.Error:
        return None


def measure(pid: int) -> tuple[int, int] | None:
    """Return the counted bytes and the threads of a process, or None when it is gone."""
    found = _status(pid) if linux.IS_LINUX else _portable_status(pid)
    if not found or "RssAnon" not in found:
        return None
    return sum(found.get(name, 0) for name in _COUNTED) * _KIBI, found.get("Threads", 1)


def anonymous_bytes(pid: int) -> int | None:
    """Return the counted bytes of a process."""
    found = measure(pid)
    return None if found is None else found[0]


class Ward:
    """One worker: its process, the line to its owner, the limits that its zygote keeps watch over."""

    def __init__(self, pid: int, status: socket.socket, limits: Mapping[str, Any], baseline: int) -> None:
        self.pid = pid
        self.status = status
        self._memory_bytes: int | None = limits["memory_bytes"]
        self._tasks: int = limits["processes"]
        self._baseline = baseline
        self._peak = 0
        self._cause: str | None = None
        self._seen: tuple[int, int] | None = None
        self._quiet = 0

    @property
    def tick_ms(self) -> int | None:
        """After how long this worker is to be looked at again; None where it has no limit that only watching can keep.

        One that rests is looked at less often, unless it could fill what it may take until then.
        """
        if self._cause is not None:
            return None
        if self._quiet < _QUIET_LOOKS or self._seen is None:
            return TICK_MS
        if self._memory_bytes is None:
            return REST_MS
        room = self._memory_bytes + self._baseline - self._seen[0]
        return max(TICK_MS, min(REST_MS, room // _FASTEST))

    def announce(self) -> None:
        """Tell the owner the process id, with a descriptor of the process where the system has those."""
        pidfd = _pidfd(self.pid)
        self._tell({"type": "started", "pid": self.pid}, () if pidfd is None else (pidfd,))
        if pidfd is not None:
            os.close(pidfd)

    def check(self) -> None:
        """Kill the worker when it is over its memory or thread limit."""
        found = measure(self.pid) if self._cause is None else None
        if found is None:
            return
        self._quiet = self._quiet + 1 if found == self._seen else 0
        self._seen = found
        used = max(0, found[0] - self._baseline)
        self._peak = max(self._peak, used)
        if self._memory_bytes is not None and used > self._memory_bytes:
            self._cause = "memory"
        elif found[1] > self._tasks:
            self._cause = "tasks"
        if self._cause is not None:
            self.kill()

    def kill(self) -> None:
        """Kill the worker and what it started; safe until the zygote has collected it."""
        os.kill(self.pid, signal.SIGKILL)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # it was killed before it had a group of its own

    def report(self, status: int, usage: resource.struct_rusage) -> None:
        """Tell the owner how the worker ended and what it used, then let go of the line."""
        self._tell(
            {
                "type": "ended",
                "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                "cause": self._cause,
                "peak_bytes": self._peak,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
            }
        )
        self.status.close()

    def _tell(self, message: Mapping[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send a frame to the owner; one that has closed its line does not want to know."""
        try:
            frames.send(self.status, message, (), descriptors)
        except (BrokenPipeError, ConnectionResetError):
            return


def _pidfd(pid: int) -> int | None:
    """Return a descriptor of the process, or None where the system has none."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
