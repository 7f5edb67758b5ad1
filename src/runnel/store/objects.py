"""Objects in a folder: written beside their place, synced, renamed; a reader sees one put, whole, or the one before."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from runnel.errors import ConnectorError
from runnel.sdk.objects import PART, Content, ObjectInfo, ObjectRef, checked_key, chunks_of, damaged, missing, verified

FRESH_SECONDS = 60.0
"""An unfinished file younger than this is never swept: its writer may not hold its lock yet."""
TRIES = 20


class DirectoryObjects:
    """Keeps objects as files below a folder; implements `sdk.Objects`.

    With `lasting=False` an object may be gone after a power cut, whole as it was: for what can be made again.
    """

    def __init__(self, root: Path, lasting: bool = True) -> None:
        self.root = root
        self.lasting = lasting

    def put(self, key: str, content: Content) -> ObjectRef:
        """Keep content under a key; of several puts at once the last rename wins, and each is whole."""
        target = self._path(key)
        digest = hashlib.sha256()
        size = 0
        with self._unfinished(target) as (part, file):
            for chunk in chunks_of(content):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            os.replace(part, target)
        self._sync_folder(target.parent)
        return ObjectRef(key, size, digest.hexdigest())

    def adopt(self, key: str, file: Path, digest: str | None = None) -> ObjectRef:
        """Move a finished file to its place: one rename on the same file system, a copy else."""
        target = self._path(key)
        try:
            size = _sync(file)
            for _ in range(TRIES):
                make_folder(target.parent, self.lasting)
                with contextlib.suppress(FileNotFoundError):  # an emptied folder was removed in between
                    os.replace(file, target)
                    break
            else:
                os.replace(file, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise unwritable(key, error) from error
            ref = self.put(key, file)
            file.unlink()
            return ref
        self._sync_folder(target.parent)
        return ObjectRef(key, size, digest)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[IO[bytes]]:
        """Open an object; what is read is checked against the reference."""
        try:
            stream = self._path(ref.key).open("rb")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(ref.key) from error
        reader = verified(stream, ref)
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def local(self, ref: ObjectRef) -> Iterator[Path]:
        """Give the object's own file."""
        known = self.stat(ref.key)
        if known is None:
            raise missing(ref.key)
        if known.bytes != ref.bytes:
            raise damaged(ref.key, f"{ref.bytes} bytes", str(known.bytes))
        yield self._path(ref.key)

    def stat(self, key: str) -> ObjectInfo | None:
        """Return size and time of an object's file, None when there is none."""
        path = self._path(key)
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return ObjectInfo(key, found.st_size, found.st_mtime) if stat.S_ISREG(found.st_mode) else None

    def touch(self, key: str) -> None:
        """Set the time of an object's file to now."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.utime(self._path(key))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Walk the folders that a prefix can lie in."""
        start = self.root / prefix.rpartition("/")[0] if "/" in prefix else self.root
        if prefix:
            checked_key(prefix.rstrip("/") or "/")
        for folder, _, names in os.walk(start):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if name.startswith(PART) or not key.startswith(prefix):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    found = path.stat()
                    yield ObjectInfo(key, found.st_size, found.st_mtime)

    def delete(self, key: str) -> bool:
        """Remove an object's file and the folders that are empty without it."""
        path = self._path(key)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        with contextlib.suppress(OSError):
            for folder in path.parents:
                if folder == self.root:
                    break
                folder.rmdir()
        return True

    def sweep(self, older_than_seconds: float) -> int:
        """Remove unfinished files that nobody writes any more (their lock is free), and empty folders."""
        freed = 0
        oldest = time.time() - max(older_than_seconds, FRESH_SECONDS)
        for folder, _, names in os.walk(self.root, topdown=False):
            for name in names:
                if name.startswith(PART):
                    freed += _swept(Path(folder, name), oldest)
            if folder != str(self.root):
                with contextlib.suppress(OSError):
                    if os.stat(folder).st_mtime < oldest:
                        os.rmdir(folder)
        return freed

    def _path(self, key: str) -> Path:
        """Return where a key lies; a symbolic link on the way may not lead out of the folder."""
        path = self.root / checked_key(key)
        if not _has_link(str(self.root), key):
            return path
        parent = os.path.realpath(path.parent)
        root = os.path.realpath(self.root)
        if parent != root and not parent.startswith(root + os.sep):
            what = f"{key} leads out of {root} to {parent}"
            raise ConnectorError("RNL-OBJECT-005", what, "Remove the symbolic link.")
        return path

    def _sync_folder(self, folder: Path) -> None:
        if self.lasting:
            sync_folder(folder)

    @contextmanager
    def _unfinished(self, target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
        """Open a file beside the target and hold its lock; it is removed when it did not become the target."""
        part = target.parent / f"{PART}{os.getpid()}-{uuid.uuid4().hex[:12]}"
        try:
            file = _created(part, self.lasting)
        except OSError as error:
            raise unwritable(str(target.relative_to(self.root)), error) from error
        try:
            with file:
                yield part, file
        except OSError as error:
            raise unwritable(str(target.relative_to(self.root)), error) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()


def _has_link(root: str, key: str) -> bool:
    """Tell whether a folder of a key is a symbolic link."""
    end = key.find("/")
    while end >= 0:
        if os.path.islink(f"{root}/{key[:end]}"):
            return True
        end = key.find("/", end + 1)
    return False


def _created(part: Path, lasting: bool) -> IO[bytes]:
    for attempt in range(TRIES):
        make_folder(part.parent, lasting)
        try:
            file = part.open("xb")
        except FileNotFoundError:  # an emptied folder was removed in between
            if attempt == TRIES - 1:
                raise
            continue
        _lock(file)
        return file
    raise AssertionError("unreachable")


def _lock(file: IO[bytes]) -> bool:
    """Lock a file without waiting; returns whether that was possible. The lock ends with the process."""
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _swept(part: Path, oldest: float) -> int:
    with contextlib.suppress(FileNotFoundError), part.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_mtime < oldest and _lock(file):
            part.unlink()
            return found.st_size
    return 0


def _sync(file: Path) -> int:
    """Make a file's bytes durable; returns how many there are."""
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
        return os.fstat(handle.fileno()).st_size


def make_folder(folder: Path, lasting: bool = True) -> None:
    """Make a folder and those above it, durably if it must last."""
    made: list[Path] = []
    while not folder.is_dir():
        made.append(folder)
        folder = folder.parent
    for item in reversed(made):
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            item.mkdir()
        if lasting:
            sync_folder(item.parent)


def sync_folder(folder: Path) -> None:
    """Make renames within a folder durable; one that is gone again needs nothing."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(key: str, error: OSError) -> ConnectorError:
    """Return the error for an object that cannot be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    hint = "Free space, or run `runnel gc`." if full else "Look at the rights of the state folder."
    return ConnectorError("RNL-OBJECT-004", f"writing {key}: {error.strerror or error}", hint, retryable=full)
