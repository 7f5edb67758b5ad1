"""The few Linux system calls that Python has no function for, through ctypes."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

IS_LINUX = sys.platform.startswith("linux")

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_GET_SECCOMP = 21
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

M_ARENA_MAX = -8

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call; negative results are the error number."""
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = _libc.syscall(ctypes.c_long(number), *words)
    return -ctypes.get_errno() if result < 0 else int(result)


def prctl(option: int, *arguments: Any) -> int:
    """Call prctl(2); negative results are the error number."""
    words = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    words += [ctypes.c_ulong(0)] * (4 - len(words))
    result = _libc.prctl(ctypes.c_int(option), *words)
    return -ctypes.get_errno() if result < 0 else int(result)


def unshare(flags: int) -> int:
    """Call unshare(2); negative results are the error number."""
    result = _libc.unshare(ctypes.c_int(flags))
    return -ctypes.get_errno() if result < 0 else int(result)


def limit_arenas(most: int) -> None:
    """Let the threads of this process share so many arenas of malloc, where the C library (glibc) has them."""
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is not None:
        mallopt(ctypes.c_int(M_ARENA_MAX), ctypes.c_int(most))


def require(result: int, doing: str) -> int:
    """Return a result of the calls above, or raise it as `OSError` when it is an error."""
    if result < 0:
        raise OSError(-result, f"{doing}: {os.strerror(-result)}")
    return result
