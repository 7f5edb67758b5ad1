"""One open segment: groups of requests become blocks, are synced, and only then published."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import zstandard

from runnel.store.log.framing import Framing
from runnel.store.log.layout import (
    PLAIN,
    SEGMENT_BYTES,
    ZSTD,
    Segment,
    SegmentHead,
    pack_block,
    pack_payload,
    sync_folder,
)
from runnel.store.log.synced import SyncedFile

LEVEL = 1
LEAST_PACKED = 256
_LINES = (Framing.LINES, Framing.TEXT)


class Batch(NamedTuple):
    """The records of one request: the bytes as they came, how many records they hold, and what came with them."""

    body: bytes
    records: int
    framing: int
    headers: dict[str, Any] | None = None


class SegmentWriter:
    """Appends blocks to a segment of its own; after any OSError it must be sealed and never written again."""

    def __init__(self, folder: Path, head: SegmentHead, published: SyncedFile) -> None:
        self.head = head
        self.segment = Segment.named(folder, head.first, head.generation)
        self.next = head.first
        self.length = SEGMENT_BYTES
        self.synced = SEGMENT_BYTES
        self.synced_end = head.first
        self._published = published
        self._packer = zstandard.ZstdCompressor(level=LEVEL)
        self._descriptor = os.open(self.segment.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._write(head.packed(), 0)
            os.fsync(self._descriptor)
            sync_folder(folder)
            published.publish(head.generation, head.first, SEGMENT_BYTES, head.first)
        except OSError:
            os.close(self._descriptor)
            self.segment.path.unlink(missing_ok=True)
            raise

    @staticmethod
    def new_head(generation: int, first: int, before_end: int, before_length: int) -> SegmentHead:
        """Return the head of a new segment with a salt of its own."""
        return SegmentHead(generation, first, before_end, before_length, secrets.randbits(32))

    def write(self, batches: Sequence[Batch], time: int) -> int:
        """Write one block of some requests; returns the number of its first record. Not durable before `sync`."""
        payload, count, meta = _joined(batches)
        codec, stored = PLAIN, payload
        if len(payload) >= LEAST_PACKED:
            packed = self._packer.compress(payload)
            if len(packed) < len(payload):
                codec, stored = ZSTD, packed
        first = self.next
        head = pack_block(self.head.salt, first, count, (codec, len(payload), stored, meta), (time, self.synced))
        self._write(head + stored, self.length)
        self.length += len(head) + len(stored)
        self.next = first + count
        return first

    def sync(self) -> None:
        """Make what was written durable, then tell readers."""
        os.fdatasync(self._descriptor)
        self._published.publish(self.head.generation, self.head.first, self.length, self.next)
        self.synced, self.synced_end = self.length, self.next

    def seal(self, *, cut: bool) -> None:
        """End the segment; `cut` takes back what was not synced (a disk that refuses even that leaves it unread)."""
        try:
            if cut:
                os.ftruncate(self._descriptor, self.synced)
        except OSError:
            pass  # readers stop at what the next segment says this one may have
        finally:
            os.close(self._descriptor)

    def _write(self, text: bytes, offset: int) -> None:
        done = 0
        while done < len(text):
            done += os.pwrite(self._descriptor, text[done:] if done else text, offset + done)


def _joined(batches: Sequence[Batch]) -> tuple[bytes, int, bytes]:
    """Return payload, number of records and meta of some requests; neighbours that are lines become one part."""
    parts: list[list[int]] = []
    bodies: list[bytes] = []
    meta: list[tuple[int, int, dict[str, Any]]] = []
    total = 0
    for body, count, framing, headers in batches:
        length = len(body)
        bodies.append(body)
        if framing in _LINES and not body.endswith(b"\n"):
            bodies.append(b"\n")
            length += 1
        if parts and framing in _LINES and parts[-1][0] == framing:
            parts[-1][1] += count
            parts[-1][2] += length
        else:
            parts.append([int(framing), count, length])
        if headers:
            meta.append((total, count, headers))
        total += count
    made = [(part[0], part[1], part[2]) for part in parts]
    return pack_payload(made, bodies), total, orjson.dumps(meta) if meta else b""
