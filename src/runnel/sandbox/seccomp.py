"""A system call filter for workers: what no reader or engine needs is refused (Linux seccomp, classic BPF).

The filter is a deny list: libraries may call what they like except start processes, reach the network or other
processes, change owners and modes, or talk to parts of the kernel that have a history of holes (io_uring, bpf, …).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

from runnel.sandbox import linux, syscalls

_LOAD, _AND, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENTS = 0, 4, 16
_X32_BIT = 0x40000000
_MODE_FILTER = 2

_CLONE_THREAD = 0x10000
_OPEN_MODE_AND_TRUNC, _READ_ONLY_AND_TRUNC = 0x203, 0x200
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_PRCTL_LOOSENING = (linux.PR_SET_PDEATHSIG, linux.PR_SET_DUMPABLE, 35, 0x59616D61)  # the last two: SET_MM, SET_PTRACER
_AF_UNIX, _SOCK_STREAM, _SOCKET_TYPE = 1, 1, 0xF
_NETWORK_FAMILIES = (2, 10, 16)  # AF_INET, AF_INET6, AF_NETLINK (name resolution lists addresses through it)

#: Calls that libraries try and can do without: they hear that the kernel does not have them.
_MISSING = ("clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register")
_NETWORK = ("connect", "bind", "listen", "accept", "accept4")


Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Say whether this system can filter system calls and we know the numbers of its processor."""
    if not linux.IS_LINUX or platform.machine() not in syscalls.ARCHITECTURES:
        return False
    return linux.prctl(linux.PR_GET_SECCOMP) >= 0


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)


def _load_argument(index: int) -> Instruction:
    return (_LOAD, 0, 0, _OFFSET_ARGUMENTS + 8 * index)


def _only(index: int, allowed: Sequence[int]) -> list[Instruction]:
    """Allow the call when an argument is one of `allowed`, else refuse it."""
    count = len(allowed)
    tests = [(_JUMP_EQUAL, count - i, 0, value) for i, value in enumerate(allowed)]
    return [_load_argument(index), *tests, _refuse(errno.EPERM), (_RETURN, 0, 0, _ALLOW)]


def _unless(index: int, refused: Sequence[int], mask: int = 0xFFFFFFFF) -> list[Instruction]:
    """Refuse the call when an argument under `mask` is one of `refused`, else allow it."""
    count = len(refused)
    tests = [(_JUMP_EQUAL, count - i, 0, value) for i, value in enumerate(refused)]
    return [_load_argument(index), (_AND, 0, 0, mask), *tests, (_RETURN, 0, 0, _ALLOW), _refuse(errno.EPERM)]


def _stream_pair() -> list[Instruction]:
    """Allow a pair of connected streams: both ends are the worker's own (a datagram socket of a pair could send elsewhere)."""
    return [
        _load_argument(0), (_JUMP_EQUAL, 0, 4, _AF_UNIX), _load_argument(1), (_AND, 0, 0, _SOCKET_TYPE),
        (_JUMP_EQUAL, 0, 1, _SOCK_STREAM), (_RETURN, 0, 0, _ALLOW), _refuse(errno.EPERM),
    ]  # fmt: skip


def _by_argument(pid: int, network: bool) -> dict[str, list[Instruction]]:
    """Return the calls that are allowed or refused by an argument, with their tests."""
    return {
        "clone": _unless(0, (0,), _CLONE_THREAD),
        "kill": _only(0, (pid,)),
        "tgkill": _only(0, (pid,)),
        "prlimit64": _only(0, (0, pid)),
        "prctl": _unless(0, _PRCTL_LOOSENING),
        "ioctl": _unless(1, _TERMINAL_INJECTION),
        # Before Landlock ABI 3 a file opened for reading could be cut to nothing.
        "open": _unless(1, (_READ_ONLY_AND_TRUNC,), _OPEN_MODE_AND_TRUNC),
        "openat": _unless(2, (_READ_ONLY_AND_TRUNC,), _OPEN_MODE_AND_TRUNC),
        "socket": _only(0, _NETWORK_FAMILIES if network else ()),
        "socketpair": _stream_pair(),
    }


def program(pid: int, network: bool, machine: str) -> list[Instruction]:
    """Return the filter for a worker with this process id."""
    architecture, _ = syscalls.ARCHITECTURES[machine]
    lines: list[Instruction] = [
        (_LOAD, 0, 0, _OFFSET_ARCH),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        lines += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), _refuse(errno.EPERM)]
    blocks = _by_argument(pid, network)
    for name in syscalls.NUMBERS:
        number = syscalls.number(name, machine)
        if number is None or (network and name in _NETWORK):
            continue
        block = blocks.get(name, [_refuse(errno.ENOSYS if name in _MISSING else errno.EPERM)])
        lines += [(_JUMP_EQUAL, 0, len(block), number), *block]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def enforce(network: bool) -> None:
    """Filter the calls of this thread and all that it starts, for good; needs `PR_SET_NO_NEW_PRIVS`."""
    lines = program(os.getpid(), network, platform.machine())
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    filled = _Program(len(lines), ctypes.cast(buffer, ctypes.c_void_p).value)
    linux.require(linux.prctl(linux.PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled)), "filtering system calls")
