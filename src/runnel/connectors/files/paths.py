"""Which files a path names: globs, sorted order, cheap identity, and the nearest names where one is missing."""

from __future__ import annotations

import difflib
import glob
import os
from collections.abc import Iterable, Sequence

from runnel.errors import AuthoringError, ConnectorError

_MAGIC = frozenset("*?[")


def is_pattern(path: str) -> bool:
    """Tell whether a path is a glob."""
    return any(character in _MAGIC for character in path)


def absolute(path: str, folder: str) -> str:
    """Return the path as an absolute one; a relative one starts at the pipeline's folder."""
    return os.path.normpath(os.path.join(folder, os.path.expanduser(path)))


def expand(paths: Iterable[str], folder: str) -> list[str]:
    """Return the real paths of the files that exist now, globs expanded, sorted within each glob, none twice."""
    found: list[str] = []
    for path in paths:
        whole = absolute(path, folder)
        if is_pattern(path) and not os.path.exists(whole):
            found.extend(sorted(name for name in glob.glob(whole, recursive=True) if os.path.isfile(name)))
        elif os.path.isdir(whole):
            found.extend(_within(whole))
        elif os.path.exists(whole):
            found.append(whole)
    return list(dict.fromkeys(os.path.realpath(path) for path in found))


def _within(folder: str) -> list[str]:
    """Return the visible files below a folder (a partitioned data set, say)."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        found.extend(os.path.join(root, name) for name in sorted(files) if not name.startswith((".", "_")))
    return found


def identity(paths: Sequence[str]) -> str:
    """Return a text that changes when a file may have changed: path, inode, size and time of each."""
    lines = []
    for path in paths:
        stat = os.stat(path)
        lines.append(f"{path}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}")
    return "\n".join(lines)


def missing(path: str, folder: str) -> AuthoringError:
    """Return the error for a path that names no file, with the nearest names beside it."""
    whole = absolute(path, folder)
    if is_pattern(path):
        what = f"no file matches {path}"
    else:
        what = f"there is no file {path}"
    return AuthoringError("RNL-FILE-001", what, _near(whole), {"field": "path", "file": path})


def _near(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        names = sorted(entry for entry in os.listdir(folder) if not entry.startswith("."))
    except PermissionError:
        return "Look at the path; a relative one starts at the folder of the pipeline."
    except OSError:
        return f"There is no folder {os.path.basename(folder)} either; a relative path starts at the pipeline's folder."
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names[:5]
    if not close:
        return "The folder is empty."
    return "Beside it are: " + ", ".join(close)


def unreadable(path: str, error: OSError) -> ConnectorError:
    """Return the error for a file that exists but cannot be read."""
    words = error.strerror or type(error).__name__
    what = f"reading {os.path.basename(path)}: {words}"
    return ConnectorError("RNL-FILE-002", what, "Look at the rights of the file.", {"file": path})
