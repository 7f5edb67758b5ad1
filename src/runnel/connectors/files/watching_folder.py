"""Files of a watched folder and who each of them is: by name, size and time, by content, or, growing, by its inode."""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import os
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["whole", "tail"]
KnownBy = Literal["name", "content"]
HEAD_BYTES = 256


@dataclass(frozen=True)
class Wanted:
    """Which files of a folder are read, and what makes one another one."""

    folder: str
    pattern: str
    mode: Mode = "whole"
    known_by: KnownBy = "name"
    recursive: bool = False
    settle_seconds: float = 1.0


@dataclass(frozen=True)
class Seen:
    """A file as it was found: its path, its name below the folder, and what the system says of it."""

    path: str
    name: str
    inode: int
    size: int
    time: int

    @property
    def stamp(self) -> tuple[int, int, int]:
        """What changes when somebody writes it."""
        return (self.inode, self.size, self.time)


def listed(wanted: Wanted) -> Iterator[Seen]:
    """Yield the plain files of the folder in the order of their names; links and hidden files are left out."""
    folders = [wanted.folder]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        below = []
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir():
                    below.append(entry.path)
                elif entry.is_file():
                    known = entry.stat()
                    name = os.path.relpath(entry.path, wanted.folder)
                    yield Seen(entry.path, name, known.st_ino, known.st_size, known.st_mtime_ns)
        if wanted.recursive:
            folders += reversed(below)


def matches(wanted: Wanted, seen: Seen) -> bool:
    """Tell whether a file is one of those that are read."""
    return fnmatch.fnmatchcase(os.path.basename(seen.name), wanted.pattern)


def head_of(descriptor: int, size: int = HEAD_BYTES) -> tuple[int, str]:
    """Return how many of a file's first bytes were read, and their digest."""
    data = os.pread(descriptor, size, 0)
    return len(data), hashlib.sha256(data).hexdigest()[:16]


class Identities:
    """Says which partition a whole file is; files that are still being written have none yet."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._steady: dict[str, tuple[tuple[int, int, int], float]] = {}
        self._digests: dict[str, tuple[tuple[int, int, int], str]] = {}

    def of(self, seen: Seen, now: float, wall: float, read: Container[str]) -> str | None:
        """Return the partition of a file that did not change for as long as is asked for, or that is `read` already."""
        if self._wanted.known_by == "name" and (named := f"{seen.name}#{seen.size}-{seen.time}") in read:
            return named
        known = self._steady.get(seen.path)
        if known is None or known[0] != seen.stamp:
            self._steady[seen.path] = known = (seen.stamp, now)
        old = wall - seen.time / 1e9 >= self._wanted.settle_seconds
        if not old and now - known[1] < self._wanted.settle_seconds:
            return None
        if self._wanted.known_by == "name":
            return f"{seen.name}#{seen.size}-{seen.time}"
        found = self._digests.get(seen.path)
        if found is None or found[0] != seen.stamp:
            digest = _digest(seen.path)
            if digest is None:
                return None
            self._digests[seen.path] = found = (seen.stamp, digest)
        return found[1]

    def keep(self, paths: set[str]) -> None:
        """Forget files that are gone."""
        for known in (self._steady, self._digests):
            for path in known.keys() - paths:
                del known[path]


def _digest(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return "sha256-" + hashlib.file_digest(file, "sha256").hexdigest()[:40]
    except FileNotFoundError:
        return None


def growing(seen: Seen, generation: int) -> str:
    """Return the partition of a growing file: its name when it was first seen, its inode, and how often it began anew."""
    return f"{seen.name}#{seen.inode}.{generation}"


def inode_of(partition: str) -> tuple[int, int]:
    """Return inode and generation of the partition of a growing file."""
    inode, _, generation = partition.rpartition("#")[2].partition(".")
    return int(inode), int(generation)


def is_same(descriptor: int, at: int, detail: Mapping[str, Any]) -> bool:
    """Tell whether a growing file is still the one that was read: not shorter, and with the same first bytes."""
    if os.fstat(descriptor).st_size < at:
        return False
    length = int(detail.get("head_bytes", 0))
    return length == 0 or head_of(descriptor, length) == (length, detail.get("head"))
