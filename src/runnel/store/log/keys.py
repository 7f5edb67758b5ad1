"""Keys of requests that were answered: a repeat within the window gets the first answer; rebuilt from the log at start."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from runnel.store.log.layout import SEGMENT_BYTES, Segment, SegmentHead, segments, sync_folder
from runnel.store.log.scanning import Damage, walk

FOLDER = "keys"
_VALUE = struct.Struct("<qQQI8s")
_ENTRY = struct.Struct("<16sqQQI8s")
_MOST_EXPIRED = 1000


class Remembered(NamedTuple):
    """What was answered to a key: when (µs), where the records stand, how many, and a digest of the body."""

    time: int
    generation: int
    sequence: int
    records: int
    body: bytes


def key_digest(kind: str, who: str, key: str) -> bytes:
    """Return what stands for a key; the same key of somebody else is another one."""
    return hashlib.blake2b("\n".join((kind, who, key)).encode(), digest_size=16).digest()


def body_digest(body: bytes) -> bytes:
    """Return what tells one body from another."""
    return hashlib.blake2b(body, digest_size=8).digest()


class KeyWindow:
    """The keys of the last hours, at most so many; safe to use from several threads."""

    def __init__(self, seconds: float, most: int) -> None:
        self.seconds = seconds
        self.most = most
        self._known: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: bytes, now: int) -> Remembered | None:
        """Return what was answered to a key; `now` is in µs."""
        packed = self._known.get(key)
        if packed is None:
            return None
        found = Remembered(*_VALUE.unpack(packed))
        return found if found.time > now - self.seconds * 1e6 else None

    def add(self, key: bytes, value: Remembered) -> None:
        """Remember an answer; the oldest are forgotten."""
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = _VALUE.pack(*value)
            since = value.time - int(self.seconds * 1e6)
            for _ in range(_MOST_EXPIRED):
                oldest = next(iter(self._known))
                if len(self._known) <= self.most and _VALUE.unpack(self._known[oldest])[0] > since:
                    break
                del self._known[oldest]

    def rebuild(self, folder: Path, now: int) -> None:
        """Read the keys of a log: of its segments, and of those that were removed already."""
        since = now - int(self.seconds * 1e6)
        found: list[tuple[bytes, Remembered]] = []
        for segment in segments(folder):
            with contextlib.suppress(FileNotFoundError):  # a reader has removed it, its keys are kept apart by now
                if segment.path.stat().st_mtime_ns // 1000 >= since:
                    found += keys_in(segment)
        found += [entry for path in _kept(folder) for entry in read_kept(path)]
        for key, value in sorted(found, key=lambda entry: entry[1].time):
            if value.time > since:
                self.add(key, value)


def entries_of(meta: bytes, generation: int, first: int, time: int) -> Iterator[tuple[bytes, Remembered]]:
    """Yield the keys in the meta of a block."""
    for offset, count, headers in orjson.loads(meta):
        body = bytes.fromhex(headers.get("body", "")).ljust(8, b"\0")
        for key in headers.get("keys", ()):
            yield bytes.fromhex(key), Remembered(time, generation, first + offset, count, body)


def keys_in(segment: Segment) -> list[tuple[bytes, Remembered]]:
    """Return the keys of a segment."""
    descriptor = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        head = SegmentHead.read(os.pread(descriptor, SEGMENT_BYTES, 0))
        if head is None:
            return []
        made: list[tuple[bytes, Remembered]] = []
        size = os.fstat(descriptor).st_size
        for block in walk(descriptor, head, SEGMENT_BYTES, size, head.first):
            if not isinstance(block, Damage) and block.meta:
                made += entries_of(block.meta, head.generation, block.first, block.time)
        return made
    finally:
        os.close(descriptor)


def keep(folder: Path, segment: Segment) -> None:
    """Keep the keys of a segment that is about to be removed; durable when this returns."""
    entries = keys_in(segment)
    if not entries:
        return
    text = b"".join([_ENTRY.pack(key, *value) for key, value in entries])
    target = folder / FOLDER / (segment.path.stem + ".keys")
    target.parent.mkdir(exist_ok=True)
    temporary = target.with_suffix(".new")
    with open(temporary, "wb") as file:
        file.write(text + struct.pack("<I", zlib.crc32(text)))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, target)
    sync_folder(target.parent)


def drop_old(folder: Path, since: float) -> None:
    """Remove kept keys that no window reaches any more; `since` is in seconds."""
    for path in _kept(folder):
        if path.stat().st_mtime < since:
            path.unlink(missing_ok=True)


def read_kept(path: Path) -> list[tuple[bytes, Remembered]]:
    """Return kept keys; a damaged file gives none, its requests are then taken again."""
    text = path.read_bytes()
    if len(text) < 4 or zlib.crc32(text[:-4]) != struct.unpack("<I", text[-4:])[0]:
        return []
    return [(entry[0], Remembered(*entry[1:])) for entry in _ENTRY.iter_unpack(text[:-4])]


def _kept(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).glob("*.keys"))


def headers_with_keys(headers: Mapping[str, Any], keys: list[bytes], body: bytes) -> dict[str, Any]:
    """Return the headers of a request with the digests by which a repeat is known."""
    return {**headers, "keys": [key.hex() for key in keys], "body": body.hex()}
