"""What the server and the desk say to each other: a JSON head and a body of bytes, with their lengths in front."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any

import orjson

LENGTHS = struct.Struct("<II")
MOST_BYTES = 1 << 30


def encode(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return one frame."""
    text = orjson.dumps(head)
    return LENGTHS.pack(len(text), len(body)) + text + body


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    """Wait for the next frame of a blocking socket; None at its end."""
    lengths = _exactly(connection, LENGTHS.size)
    if lengths is None:
        return None
    head_bytes, body_bytes = LENGTHS.unpack(lengths)
    if head_bytes + body_bytes > MOST_BYTES:
        return None
    head, body = _exactly(connection, head_bytes), _exactly(connection, body_bytes)
    return None if head is None or body is None else (orjson.loads(head), body)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
