"""File and network rules that a process lays on itself (Linux Landlock), by direct system calls.

Source: Documentation/userspace-api/landlock.rst of the kernel. What an older kernel cannot enforce is left out of
the handled rights, and `capabilities` says so.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

from runnel.sandbox import linux

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION = 1
_RULE_PATH_BENEATH = 1

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG = 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14

READ = READ_FILE | READ_DIR
#: Making links, sockets, pipes and devices is never granted: who reads the folder later would follow them.
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
_FILE_ONLY = READ_FILE | WRITE_FILE | TRUNCATE

#: Number of file-system rights that each ABI version knows (execute, write, read … device ioctl).
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_LATEST_RIGHTS = 16
_NET_BIND_AND_CONNECT = 3
_SCOPE_SOCKETS_AND_SIGNALS = 3


class _RulesetAttr(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi_version() -> int:
    """Return the Landlock version of the running kernel, 0 where there is none."""
    if not linux.IS_LINUX:
        return 0
    return max(0, linux.syscall(_CREATE_RULESET, None, 0, _GET_VERSION))


def handled_rights(abi: int) -> int:
    """Return the file-system rights that a kernel of this version can refuse."""
    return (1 << _RIGHTS.get(abi, _LATEST_RIGHTS)) - 1


class Ruleset:
    """A set of rules being collected; everything that no rule allows is refused once `enforce` has returned."""

    def __init__(self, abi: int, network: bool) -> None:
        self._handled = handled_rights(abi)
        attr = _RulesetAttr(self._handled, 0, 0)
        size = 8
        if abi >= 4:
            size, attr.net = 16, 0 if network else _NET_BIND_AND_CONNECT
        if abi >= 6:
            size, attr.scoped = 24, _SCOPE_SOCKETS_AND_SIGNALS
        result = linux.syscall(_CREATE_RULESET, ctypes.byref(attr), size, 0)
        self._fd = linux.require(result, "creating a Landlock ruleset")

    def allow(self, paths: Iterable[str], rights: int) -> list[str]:
        """Allow `rights` below each path (or on the file itself); returns the paths that do not exist."""
        missing: list[str] = []
        for path in paths:
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                missing.append(path)
                continue
            try:
                self._add(fd, path, rights & self._handled)
            finally:
                os.close(fd)
        return missing

    def _add(self, fd: int, path: str, rights: int) -> None:
        """Add one rule for an open path; a file takes only the rights that files can have."""
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _FILE_ONLY
        rule = _PathBeneathAttr(rights, fd)
        result = linux.syscall(_ADD_RULE, self._fd, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
        linux.require(result, f"allowing {path} in Landlock")

    def enforce(self) -> None:
        """Lay the rules on the calling thread and all that it starts; needs `PR_SET_NO_NEW_PRIVS`."""
        linux.require(linux.syscall(_RESTRICT_SELF, self._fd, 0), "enforcing Landlock rules")
        os.close(self._fd)
