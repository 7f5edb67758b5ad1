"""Splits a JSON document into its records: the elements of an array, or values one after another."""

from __future__ import annotations

import mmap
import os
import re
from array import array
from collections.abc import Callable
from typing import BinaryIO

from runnel.connectors.files import limits

_TOKEN = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]+|"', re.S)
_SPACE = b" \t\r\n"
_PART = 1 << 20

Refuse = Callable[[bytes, str, int, int], None]
"""(raw bytes, reason, byte, line)"""


class Split:
    """Records of a document as lines of a file; `starts` and `lines` say where each of them began."""

    def __init__(self) -> None:
        self.starts = array("Q")
        self.lines = array("Q")


def split(source: str, target: str, shown: str, refuse: Refuse) -> Split:
    """Write one line per record of `source`; what does not belong to a document's grammar is refused with its place."""
    with open(source, "rb") as file, open(target, "wb") as made:
        if not os.fstat(file.fileno()).st_size:
            return Split()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Splitter(data, made, shown, refuse).run()


class _Splitter:
    """Walks over the tokens of one document, keeping depth and what may come next."""

    def __init__(self, data: mmap.mmap, target: BinaryIO, shown: str, refuse: Refuse) -> None:
        self.data = data
        self.target = target
        self.shown = shown
        self.refuse = refuse
        self.found = Split()
        self.at = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        self.counted = (0, 1)

    def run(self) -> Split:
        """Split the whole document."""
        self._space()
        if self.data[self.at : self.at + 1] == b"[":
            self.at += 1
            if self._elements():
                self._space()
                if self.at < len(self.data):
                    self._rest("there is more after the end of the array")
            return self.found
        while self.at < len(self.data):
            end = self._value()
            if end is None:
                self._rest("the document breaks off or is no JSON here")
                break
            self._keep(self.at, end)
            self.at = end
            self._space()
        return self.found

    def _elements(self) -> bool:
        """Split the elements of the array; False when its grammar broke."""
        self._space()
        if self.data[self.at : self.at + 1] == b"]":
            self.at += 1
            return True
        while True:
            self._space()
            end = self._value()
            if end is None:
                return self._rest("the array breaks off or is no JSON here")
            start, self.at = self.at, end
            self._space()
            sign = self.data[self.at : self.at + 1]
            if sign not in (b",", b"]"):
                self.at = start
                return self._rest("there is no comma or end after this element")
            self._keep(start, end)
            self.at += 1
            if sign == b"]":
                return True

    def _value(self) -> int | None:
        """Return where the value that begins here ends; None where it does not."""
        depth = 0
        position = self.at
        for token in _TOKEN.finditer(self.data, position):
            text = token.group()
            if text in (b"{", b"["):
                depth += 1
                if depth > limits.MAX_DEPTH:
                    raise limits.depth(self.shown, self._line(self.at))
            elif text in (b"}", b"]"):
                depth -= 1
            elif (text in (b",", b":") and depth == 0) or text == b'"':
                return None
            if depth <= 0:
                return token.end() if depth == 0 else None
        return None

    def _space(self) -> None:
        match = re.compile(rb"[ \t\r\n]*").match(self.data, self.at)
        self.at = match.end() if match else self.at

    def _keep(self, start: int, end: int) -> None:
        if end - start > limits.MAX_RECORD_BYTES:
            raise limits.record_size(self.shown, self._line(start))
        raw = self.data[start:end]
        self.found.starts.append(start)
        self.found.lines.append(self._line(start))
        self.target.write(raw.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")

    def _rest(self, reason: str) -> bool:
        raw = self.data[self.at : self.at + limits.MAX_RECORD_BYTES]
        self.refuse(raw, reason, self.at, self._line(self.at))
        self.at = len(self.data)
        return False

    def _line(self, position: int) -> int:
        begun, line = self.counted
        for start in range(begun, position, _PART):
            line += self.data[start : min(start + _PART, position)].count(b"\n")
        self.counted = (position, line)
        return line
