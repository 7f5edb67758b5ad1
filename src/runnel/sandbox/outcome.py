"""How a worker ended, in words that a person can act on, as the error its caller gets."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runnel.errors import EngineError, LimitError, RunnelError
from runnel.sandbox import codes
from runnel.sandbox.grant import Limits

ExitCause = Literal["timeout", "signal", "memory", "lost worker", "cancelled"]

_WORDS = {
    signal.SIGKILL: "out of memory or killed by hand",
    signal.SIGSEGV: "a crash inside native code",
    signal.SIGBUS: "a crash inside native code, or an input file that shrank while it was read",
    signal.SIGABRT: "native code gave up",
    signal.SIGILL: "a crash inside native code",
    signal.SIGFPE: "a crash inside native code",
    signal.SIGSYS: "a forbidden system call",
    signal.SIGTERM: "asked to end by hand",
}


class TaskCancelledError(RunnelError):
    """The work was stopped because its caller asked for it."""

    category = "cancelled"


@dataclass(frozen=True)
class Ending:
    """What the zygote reported when a worker ended; `lost` when the zygote itself was gone."""

    signal: int | None = None
    code: int | None = None
    cause: str | None = None
    peak_bytes: int = 0
    cpu_seconds: float = 0.0
    lost: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ending:
        """Read the zygote's report."""
        names = ("signal", "code", "cause", "peak_bytes", "cpu_seconds")
        return cls(**{name: data[name] for name in names})


def exit_cause(error: BaseException) -> ExitCause | None:
    """Return why the worker behind an error ended, or None when the task itself raised it."""
    found = getattr(error, "where", {}).get("exit_cause")
    return found if found in ("timeout", "signal", "memory", "lost worker", "cancelled") else None


def cancelled(task: str) -> TaskCancelledError:
    """Return the error of a call that its caller cancelled."""
    return TaskCancelledError(codes.CANCELLED, f"running {task}: cancelled", "", {"exit_cause": "cancelled"})


def timed_out(task: str, seconds: float) -> LimitError:
    """Return the error of a call that ran over its wall-clock limit."""
    what = f"running {task}: still busy after its limit of {seconds:g} s"
    return LimitError(codes.TIMEOUT, what, "raise the time limit, or process less at a time", {"exit_cause": "timeout"})


def describe(ending: Ending, task: str, limits: Limits) -> RunnelError:
    """Return the error for a worker that ended without an answer."""
    doing = f"running {task}"
    if ending.cause == "memory":
        used, allowed = _mebi(ending.peak_bytes), _mebi(limits.memory_bytes or 0)
        what = f"{doing}: the worker used {used} MiB, its limit is {allowed} MiB"
        hint = "raise the memory limit, or process fewer columns or rows at a time"
        return LimitError(codes.MEMORY, what, hint, {"exit_cause": "memory"})
    if ending.cause == "tasks":
        what = f"{doing}: the worker started more than {limits.processes} threads or processes"
        return LimitError(codes.TASKS, what, "raise `processes`", {"exit_cause": "signal"})
    if ending.signal == signal.SIGXCPU:
        what = f"{doing}: the worker used its {limits.cpu_seconds} s of processor time"
        return LimitError(codes.CPU, what, "raise the processor time limit", {"exit_cause": "timeout"})
    if ending.signal is not None:
        return _killed(doing, ending.signal)
    if ending.lost:
        words = "the worker was lost: the zygote that it was forked from ended"
    else:
        words = f"the worker ended with exit code {ending.code} and no answer"
    hint = "run it again; a new zygote starts by itself. The worker's log holds its last words"
    return EngineError(codes.LOST, f"{doing}: {words}", hint, {"exit_cause": "lost worker"})


def _killed(doing: str, number: int) -> EngineError:
    """Return the error for a death by signal."""
    try:
        known = signal.Signals(number)
        name, words = known.name, _WORDS.get(known, "")
    except ValueError:
        name, words = "unknown", ""
    what = f"{doing}: the worker was killed by signal {number} ({name})" + (f"; {words}" if words else "")
    hint = "the worker's log holds its last words; if memory was short, lower the engine's memory limit"
    return EngineError(codes.SIGNAL, what, hint, {"exit_cause": "signal", "signal": number})


def _mebi(size: int) -> int:
    return size >> 20
