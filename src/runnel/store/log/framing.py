"""How the bytes of a request stand for records, and how many: counted without cutting them apart."""

from __future__ import annotations

import re
from enum import IntEnum

_SPACE = re.compile(rb"\n\s")
_BLANK = re.compile(rb"(?:^|(?<=\n))[ \t\r\f\v]*(?:\n|\Z)")
_WHITE = frozenset(b" \t\r\n\f\v")


class Framing(IntEnum):
    """The way in which bytes are cut into records."""

    LINES = 1
    """One JSON value a line."""
    JSON = 2
    """One JSON document: of an array each element is a record."""
    CSV = 3
    """A header line, then records."""
    BYTES = 4
    """All of it is one record."""
    TEXT = 5
    """One text a line."""


def count_lines(body: bytes) -> int:
    """Return how many lines hold more than white space."""
    if not body:
        return 0
    if body[0] not in _WHITE and _SPACE.search(body) is None:
        return body.count(b"\n") + (not body.endswith(b"\n"))
    return count_filled(body.split(b"\n"))


def count_filled(lines: list[bytes]) -> int:
    """Return how many of some lines hold more than white space."""
    return sum(1 for line in lines if line and not line.isspace())


def count_csv(body: bytes) -> int:
    """Return how many records stand after the header line; a quoted field may hold line breaks."""
    if b'"' not in body:
        return max(0, count_lines(body) - 1)
    return max(0, len(cut_csv(body)) - 1)


def cut_csv(body: bytes) -> list[bytes]:
    """Return the lines of CSV, the header first; a line break between quotation marks belongs to its field."""
    made: list[bytes] = []
    held: list[bytes] = []
    odd = False
    for line in body.split(b"\n"):
        odd ^= bool(line.count(b'"') & 1)
        held.append(line)
        if not odd:
            whole = b"\n".join(held).rstrip(b"\r")
            if whole and not whole.isspace():
                made.append(whole)
            held = []
    if held and not (rest := b"\n".join(held)).isspace():
        made.append(rest)
    return made
