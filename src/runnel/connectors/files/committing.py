"""Makes a staged file or folder visible in one step: copied beside the target, synced, then renamed over it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterable

from runnel.errors import AuthoringError, ConnectorError

_MARK = "commit.json"


def commit_file(staged: str, target: str, mode: str, run_id: str, skip_bytes: int = 0) -> None:
    """Put the staged file at `target`; `append` keeps what is there, less the first `skip_bytes` of the new part.

    Committing the same staged file twice changes nothing the second time, also after a crash in between.
    """
    if _committed(staged, target):
        return
    folder, name = os.path.split(target)
    part = os.path.join(folder, f".{name}.{run_id}.part")
    try:
        os.makedirs(folder, exist_ok=True)
        parts = [(staged, 0)]
        if mode == "append" and os.path.exists(target):
            parts = [(target, 0), (staged, skip_bytes)]
        _write(part, parts)
        _mark(staged, part)
        _show(part, target, mode)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise failed(target, error) from error
    sync_folder(folder)


def _show(part: str, target: str, mode: str) -> None:
    if os.path.exists(target):
        shutil.copymode(target, part)
    if mode == "new":
        try:
            os.link(part, target)
        except FileExistsError:
            os.unlink(part)
            raise exists(target) from None
        os.unlink(part)
    else:
        os.replace(part, target)


def _write(part: str, sources: Iterable[tuple[str, int]]) -> None:
    with open(part, "wb") as made:
        for number, (source, skip) in enumerate(sources):
            if number and made.tell() and not _ends_line(sources, number):
                made.write(b"\n")
            with open(source, "rb") as file:
                file.seek(skip)
                shutil.copyfileobj(file, made, 1 << 20)
        made.flush()
        os.fsync(made.fileno())


def _ends_line(sources: Iterable[tuple[str, int]], number: int) -> bool:
    path, _ = list(sources)[number - 1]
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in (b"\n", b"\r")


def commit_folder(staged: str, target: str, mode: str, run_id: str) -> None:
    """Put the files below `staged` into the folder `target`; replace swaps the whole folder, append adds files."""
    if _committed(staged, target) or (not os.path.exists(staged) and os.path.exists(target)):
        return
    parent, name = os.path.split(target)
    part = os.path.join(parent, f".{name}.{run_id}.part")
    try:
        os.makedirs(parent, exist_ok=True)
        old = os.path.join(parent, f".{name}.{run_id}.old")
        shutil.rmtree(part, ignore_errors=True)
        if mode == "append" and os.path.isdir(target):
            shutil.copytree(target, part, copy_function=_linked)
        shutil.copytree(staged, part, dirs_exist_ok=True)
        _sync_tree(part)
        _mark(staged, part)
        _swap(part, target, old, mode)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise failed(target, error) from error
    sync_folder(parent)


def _swap(part: str, target: str, old: str, mode: str) -> None:
    if os.path.exists(target):
        if mode == "new":
            shutil.rmtree(part)
            raise exists(target)
        os.rename(target, old)
    os.rename(part, target)
    if os.path.isdir(old):
        shutil.rmtree(old)
    elif os.path.exists(old):
        os.unlink(old)


def _linked(source: str, target: str) -> str:
    os.link(source, target)
    return target


def _sync_tree(folder: str) -> None:
    for root, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(root, name), "rb") as file:
                os.fsync(file.fileno())
        sync_folder(root)


def sync_folder(folder: str) -> None:
    """Make renames within a folder durable."""
    handle = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mark(staged: str, part: str) -> None:
    """Note which inode the result has, so that a second commit knows it again."""
    path = os.path.join(os.path.dirname(staged), _MARK)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"inode": os.stat(part).st_ino}, file)
        file.flush()
        os.fsync(file.fileno())


def _committed(staged: str, target: str) -> bool:
    try:
        with open(os.path.join(os.path.dirname(staged), _MARK), encoding="utf-8") as file:
            inode = json.load(file)["inode"]
        return os.stat(target).st_ino == inode
    except (FileNotFoundError, ValueError):
        return False


def exists(target: str) -> AuthoringError:
    """Return the error for a file that must not exist yet."""
    what = f"{os.path.basename(target)} exists already, and the mode is new"
    return AuthoringError("RNL-FILE-021", what, "Use mode replace or append, or another path.", {"field": "mode"})


def failed(target: str, error: OSError) -> ConnectorError:
    """Return the error for a file that cannot be written."""
    what = f"writing {target}: {error.strerror or error}"
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "Free space and run again." if full else "Look at the rights of the folder."
    return ConnectorError("RNL-FILE-022", what, hint, {"file": target}, retryable=full)
