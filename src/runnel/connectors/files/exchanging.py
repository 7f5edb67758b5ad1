"""Exchanging two names of a folder in one step (Linux: renameat2 with RENAME_EXCHANGE)."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from typing import Any

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_UNABLE = (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)


@cache
def _renameat2() -> Any:
    """Return the C library's function, None where it has none."""
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return found


def exchange(one: str, other: str) -> bool:
    """Let two paths of one file system change places, atomically; both must exist.

    Returns False, with nothing changed, where the system or the file system cannot do it. Raises OSError else.
    """
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNABLE:
        return False
    raise OSError(code, os.strerror(code), one)
