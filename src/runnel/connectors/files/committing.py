"""Makes a staged file or folder visible in one step: copied beside the target, synced, then renamed over it.

Folders are exchanged where the system can do it, so that the target is never missing. Where the copy lies is noted in the
staging folder first: `clean` removes what a killed commit left.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runnel.connectors.files.exchanging import exchange
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
        _note(staged, [part])
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
        _note(staged, [part, old])
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
    """Put a folder in place of a target, which is never missing where the system can exchange two names."""
    if not os.path.lexists(target):
        os.rename(part, target)
        _remove(old)
        return
    if mode == "new":
        shutil.rmtree(part)
        raise exists(target)
    if exchange(part, target):
        old = part
    else:
        os.rename(target, old)
        os.rename(part, target)
    sync_folder(os.path.dirname(target))
    _remove(old)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


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


def _note(staged: str, leftovers: Iterable[str], inode: int | None = None) -> None:
    """Note where a commit works, and which inode its result has, so that it can be cleaned up or known again."""
    path = os.path.join(os.path.dirname(staged), _MARK)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({"inode": inode, "leftovers": list(leftovers)}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".part", path)


def _mark(staged: str, part: str) -> None:
    _note(staged, _noted(os.path.dirname(staged)).get("leftovers", []), os.stat(part).st_ino)


def _noted(folder: str) -> dict[str, Any]:
    try:
        with open(os.path.join(folder, _MARK), encoding="utf-8") as file:
            found = json.load(file)
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _committed(staged: str, target: str) -> bool:
    inode = _noted(os.path.dirname(staged)).get("inode")
    try:
        return inode is not None and os.stat(target).st_ino == inode
    except FileNotFoundError:
        return False


def clean(staging: str, run_id: str) -> None:
    """Remove what the commits of a run that is gone left beside their targets; nothing else has names like these."""
    for mark in Path(staging).rglob(_MARK):
        for path in _noted(str(mark.parent)).get("leftovers", []):
            name = os.path.basename(str(path))
            if name.startswith(".") and name.endswith((f".{run_id}.part", f".{run_id}.old")):
                _put_back(str(path), run_id)
                with contextlib.suppress(OSError):
                    _remove(str(path))


def _put_back(path: str, run_id: str) -> None:
    """Give a target its old folder back that a kill between two renames took away."""
    folder, name = os.path.split(path)
    target = os.path.join(folder, name[1:].removesuffix(f".{run_id}.old"))
    if name.endswith(".old") and os.path.lexists(path) and not os.path.lexists(target):
        with contextlib.suppress(OSError):
            os.rename(path, target)


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

