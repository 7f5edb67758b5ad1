"""Runs what is foreign (files, SQL, code) in locked-down processes forked from a warm zygote."""

from runnel.sandbox.capabilities import capabilities
from runnel.sandbox.child import Cargo, Child, Event, Reply
from runnel.sandbox.codes import CODES
from runnel.sandbox.context import TaskContext
from runnel.sandbox.grant import Grant, Limits
from runnel.sandbox.locking import connect_locked, interrupt_on_cancel, open_before_fork
from runnel.sandbox.outcome import Ending, ExitCause, TaskCancelledError, exit_cause
from runnel.sandbox.restrict import Protections
from runnel.sandbox.zygote import Zygote

__all__ = [
    "CODES",
    "Cargo",
    "Child",
    "Ending",
    "Event",
    "ExitCause",
    "Grant",
    "Limits",
    "Protections",
    "Reply",
    "TaskCancelledError",
    "TaskContext",
    "Zygote",
    "capabilities",
    "connect_locked",
    "exit_cause",
    "interrupt_on_cancel",
    "open_before_fork",
]
