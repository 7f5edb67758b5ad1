"""Records in the bytes of a CSV file: cutting one out by its position, and copies with one kind of line end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from runnel.connectors.files.limits import MAX_RECORD_BYTES

_STEP = 1 << 16


def cut(file: BinaryIO, position: int, quote: str, escape: str, limit: int = MAX_RECORD_BYTES) -> bytes:
    """Return the bytes of the record that begins at `position`, without its line end (RFC 4180, section 2).

    Line ends within quotation marks belong to the record; one that never closes goes on to the end of the file.
    """
    return _cut(file, position, quote, escape, limit)[0]


def _cut(file: BinaryIO, position: int, quote: str, escape: str, limit: int) -> tuple[bytes, bool]:
    """Return the record's bytes, and whether a quotation mark in it stays open."""
    file.seek(position)
    data = b""
    pattern = _record(quote, escape)
    while True:
        more = file.read(max(_STEP, len(data)))
        data += more
        match = pattern.match(data)
        end = match.end() if match else 0
        if data[end : end + 1] in (b"\r", b"\n"):
            return data[:end], False
        if not more or len(data) > limit:
            still_open = end < len(data)
            return (data if not more else data[:limit]), still_open


def open_line(file: BinaryIO, position: int, quote: str, escape: str, lines: int = 4) -> tuple[int, bytes | None]:
    """Return place and bytes of the line whose quotation mark never closes; None where there is none.

    DuckDB sometimes names the record before it, so the next few records are looked at too.
    """
    for _ in range(lines if quote else 0):
        raw, still_open = _cut(file, position, quote, escape, MAX_RECORD_BYTES)
        file.seek(position)
        if still_open:
            return position, file.readline()
        file.seek(position + len(raw))
        end = file.read(2)
        position += len(raw) + (2 if end == b"\r\n" else 1)
    return position, None


def without(source: str, target: str, places: Sequence[tuple[int, int]]) -> None:
    """Write a copy without the given stretches (byte, length), in order."""
    with open(source, "rb") as file, open(target, "wb") as made:
        for place, length in places:
            _copy(file, made, place - file.tell())
            file.seek(length, 1)
        _copy(file, made, -1)


def _copy(file: BinaryIO, made: BinaryIO, count: int) -> None:
    while count and (chunk := file.read(min(count, 1 << 20) if count > 0 else 1 << 20)):
        made.write(chunk)
        count -= len(chunk) if count > 0 else 0


def _record(quote: str, escape: str) -> re.Pattern[bytes]:
    if not quote:
        return re.compile(rb"[^\r\n]*")
    q, e = re.escape(quote.encode()), re.escape(escape.encode() or quote.encode())
    if e == q:
        inner = rb"[^%b]++|%b%b" % (quote.encode(), q, q)
    else:
        inner = rb"[^%b%b]|%b(?s:.)" % (q, e, e)
    return re.compile(rb"(?:[^\r\n%b]++|%b(?:%b)*+%b)*+" % (q, q, inner, q))


def uniform(source: str, target: str, quote: str, escape: str) -> None:
    """Write a copy in which every line end outside of quotation marks is a line feed."""
    with open(source, "rb") as file, open(target, "wb") as made:
        for piece in _outside_ends(file, quote, escape):
            made.write(piece)


def _outside_ends(file: BinaryIO, quote: str, escape: str) -> Iterator[bytes]:
    quoted, rest = False, b""
    q, e = quote.encode(), escape.encode()
    while chunk := file.read(_STEP * 16):
        data, rest = rest + chunk, b""
        if data[-1:] in (b"\r", e):
            data, rest = data[:-1], data[-1:]
        made, quoted = _replaced(data, q, e, quoted)
        yield made
    made, _ = _replaced(rest, q, e, quoted)
    yield made


def _replaced(data: bytes, quote: bytes, escape: bytes, quoted: bool) -> tuple[bytes, bool]:
    if not quote:
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), False
    if escape and escape != quote:
        parts = re.split(rb"(%b.|%b)" % (re.escape(escape), re.escape(quote)), data, flags=re.S)
    else:
        parts = re.split(rb"(%b)" % re.escape(quote), data)
    out = []
    for part in parts:
        if part == quote:
            quoted = not quoted
        elif not quoted:
            part = part.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        out.append(part)
    return b"".join(out), quoted
