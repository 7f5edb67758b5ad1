"""What readers still need: kept per reader in a file of its own; whole segments that no reader needs are removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import orjson

from runnel.errors import AuthoringError
from runnel.store.log import keys
from runnel.store.log.layout import segments, sync_folder

FOLDER = "readers"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,150}")


def releases(folder: Path) -> dict[str, tuple[int, int]]:
    """Return (generation, sequence) before which each reader needs nothing."""
    found: dict[str, tuple[int, int]] = {}
    for path in (folder / FOLDER).glob("*.json"):
        with contextlib.suppress(FileNotFoundError):
            read = orjson.loads(path.read_bytes())
            found[path.stem] = (int(read["generation"]), int(read["sequence"]))
    return found


def release(folder: Path, reader: str, generation: int, sequence: int) -> None:
    """Say that a reader needs nothing before a position; it never goes back, so that what is gone is not promised."""
    if not _NAME.fullmatch(reader):
        raise AuthoringError("RNL-LOG-005", f"`{reader[:60]}` is no name of a reader", "Use letters, digits, . _ @ -.")
    target = folder / FOLDER / f"{reader}.json"
    target.parent.mkdir(exist_ok=True)
    with _alone(folder):
        known = releases(folder).get(reader)
        if known is not None and known[1] >= sequence:
            return
        temporary = target.with_suffix(".new")
        with open(temporary, "wb") as file:
            file.write(orjson.dumps({"generation": generation, "sequence": sequence}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        sync_folder(target.parent)


def forget(folder: Path, reader: str) -> None:
    """Say that a reader is gone for good."""
    with _alone(folder):
        (folder / FOLDER / f"{reader}.json").unlink(missing_ok=True)


def collect(folder: Path) -> int:
    """Remove whole segments that every reader has released, the last one never; returns how many bytes became free.

    Without any reader nothing is removed. Keys of requests are kept apart before their segment goes.
    """
    freed = 0
    with _alone(folder):
        released = [sequence for _, sequence in releases(folder).values()]
        every = segments(folder)
        for segment, following in pairwise(every):
            if not released or following.first > min(released):
                break
            keys.keep(folder, segment)
            freed += segment.path.stat().st_size
            segment.path.unlink()
        if freed:
            sync_folder(folder)
    return freed


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock under which readers of several processes change what is kept."""
    with open(folder / "readers.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
