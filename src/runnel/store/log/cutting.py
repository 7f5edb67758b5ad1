"""Payloads to Arrow: one row per record, without a Python object per record where records are lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from runnel.store.log.framing import Framing, cut_csv

FORMATS = {
    Framing.LINES: "json",
    Framing.JSON: "json",
    Framing.CSV: "csv",
    Framing.BYTES: "bytes",
    Framing.TEXT: "text",
}
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_OPENING, _CLOSING = frozenset((b"[", b"{")), frozenset((b"]", b"}"))


def cut(framing: int, part: memoryview, count: int) -> tuple[Any, bytes | None]:
    """Return the records of a part as a binary Arrow array, and the header line that CSV records share."""
    import pyarrow as pa

    if framing in (Framing.LINES, Framing.TEXT):
        return cut_lines(part, count), None
    body = bytes(part)
    if framing == Framing.CSV:
        header, *records = cut_csv(body) or [b""]
        return pa.array(records, pa.large_binary()), header
    records = list(cut_json(body)) if framing == Framing.JSON else [body]
    return pa.array(records, pa.large_binary()), None


def cut_lines(part: memoryview, count: int) -> Any:
    """Return the lines of some bytes that end in a line break; those of white space alone do not count."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute

    text = bytes(part)
    if b"\r\n" in text:
        text = text.replace(b"\r\n", b"\n")
    size = len(text) - text.endswith(b"\n")
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, pa.py_buffer(_offsets(size)), pa.py_buffer(text)])
    lines = pc.split_pattern(whole, pattern=b"\n").values.cast(pa.large_binary())
    if len(lines) == count:
        return lines
    return lines.filter(pc.invert(pc.match_substring_regex(lines, pattern=r"^[ \t\r\f\v]*$")))


def _offsets(size: int) -> bytes:
    return (0).to_bytes(8, "little") + size.to_bytes(8, "little")


def cut_json(body: bytes) -> Iterator[bytes]:
    """Yield the elements of a JSON array as they are written, or the document itself; `body` is JSON already."""
    text = body.strip()
    if not text.startswith(b"["):
        yield text
        return
    depth, start = 0, 1
    for found in _TOKENS.finditer(text):
        token = found[0]
        if token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1
            if depth == 0:
                last = text[start : found.start()].strip()
                if last:
                    yield last
                return
        elif token == b"," and depth == 1:
            yield text[start : found.start()].strip()
            start = found.end()
