"""Messages between processes: one JSON object, binary attachments and file descriptors, with lengths in front.

Layout, little-endian: u32 length of the JSON text, u16 number of attachments, u16 number of descriptors, then a u64
length per attachment, the JSON text, the attachments. Descriptors travel beside the first byte (SCM_RIGHTS).
No pickle: whatever a worker sends is data, and the decoder trusts none of it.
"""

from __future__ import annotations

import array
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.errors import InternalError
from runnel.sandbox import codes

HEAD = struct.Struct("<IHH")
SIZE = struct.Struct("<Q")
MAX_JSON_BYTES = 64 << 20
MAX_ATTACHED_BYTES = 2 << 30
MAX_DESCRIPTORS = 64
CHUNK_BYTES = 1 << 20


class BrokenFrameError(Exception):
    """The bytes received are not a frame; the message says why."""


@dataclass(frozen=True)
class Frame:
    """One received message; `descriptors` is how many file descriptors came with it."""

    message: dict[str, Any]
    attachments: tuple[bytes, ...] = ()
    descriptors: int = 0


def encode(message: Mapping[str, Any], attachments: Sequence[bytes] = (), descriptors: int = 0) -> list[memoryview]:
    """Return the buffers that make up one frame, attachments not copied.

    Raises:
        InternalError: a value is not JSON, or the frame is larger than a receiver would accept.
    """
    try:
        text = json.dumps(message, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise InternalError(codes.PAYLOAD, f"writing a worker message as JSON: {error}") from error
    views = [memoryview(item).cast("B") for item in attachments if len(item)]
    sizes = [memoryview(item).nbytes for item in attachments]
    if len(text) > MAX_JSON_BYTES or sum(sizes) > MAX_ATTACHED_BYTES or descriptors > MAX_DESCRIPTORS:
        raise InternalError(
            codes.MESSAGE_SIZE,
            f"sending a message of {len(text)} bytes, {sum(sizes)} attached bytes and {descriptors} descriptors",
            f"at most {MAX_JSON_BYTES}, {MAX_ATTACHED_BYTES} and {MAX_DESCRIPTORS}; pass large data as a file",
        )
    head = HEAD.pack(len(text), len(sizes), descriptors) + b"".join(map(SIZE.pack, sizes))
    return [memoryview(head + text), *views]


class Decoder:
    """Turns received bytes into frames, in any cut; raises `BrokenFrameError` for anything that is not one."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def next(self) -> Frame | None:
        """Return the next whole frame, or None until more bytes come."""
        buffer = self._buffer
        if len(buffer) < HEAD.size:
            return None
        length, count, descriptors = HEAD.unpack_from(buffer)
        if length > MAX_JSON_BYTES or descriptors > MAX_DESCRIPTORS:
            raise BrokenFrameError(f"a frame announces {length} bytes of JSON and {descriptors} descriptors")
        start = HEAD.size + SIZE.size * count
        if len(buffer) < start:
            return None
        sizes = [SIZE.unpack_from(buffer, HEAD.size + SIZE.size * i)[0] for i in range(count)]
        if sum(sizes) > MAX_ATTACHED_BYTES:
            raise BrokenFrameError(f"a frame announces {sum(sizes)} attached bytes")
        end = start + length + sum(sizes)
        if len(buffer) < end:
            return None
        message = _parse(bytes(buffer[start : start + length]))
        attachments = _cut(buffer, start + length, sizes)
        del buffer[:end]
        return Frame(message, attachments, descriptors)


def _parse(text: bytes) -> dict[str, Any]:
    """Return the JSON object in `text`; deep nesting and wrong types are broken frames, not crashes."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenFrameError(f"a frame holds no JSON: {type(error).__name__}") from error
    if not isinstance(message, dict):
        raise BrokenFrameError(f"a frame holds {type(message).__name__} in place of an object")
    return message


def _cut(buffer: bytearray, start: int, sizes: Sequence[int]) -> tuple[bytes, ...]:
    """Return the attachments that lie behind each other from `start` on."""
    found: list[bytes] = []
    for size in sizes:
        found.append(bytes(buffer[start : start + size]))
        start += size
    return tuple(found)


def send(
    sock: socket.socket, message: Mapping[str, Any], attachments: Sequence[bytes] = (), fds: Sequence[int] = ()
) -> None:
    """Send one frame over a blocking socket.

    Raises:
        OSError: the other side is gone.
    """
    buffers = encode(message, attachments, len(fds))
    first = buffers[0]
    if fds:
        sent = sock.sendmsg([first], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
        first = first[sent:]
    sock.sendall(first)
    for view in buffers[1:]:
        sock.sendall(view)


class Receiver:
    """Reads frames and their descriptors from a blocking socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._decoder = Decoder()
        self._fds: list[int] = []

    def receive(self) -> tuple[Frame, tuple[int, ...]] | None:
        """Wait for the next frame; None at the end of the stream."""
        while (frame := self._decoder.next()) is None:
            data, fds, _, _ = socket.recv_fds(self._sock, CHUNK_BYTES, MAX_DESCRIPTORS)
            self._fds.extend(fds)
            if not data:
                return None
            self._decoder.feed(data)
        fds, self._fds = self._fds[: frame.descriptors], self._fds[frame.descriptors :]
        return frame, tuple(fds)
