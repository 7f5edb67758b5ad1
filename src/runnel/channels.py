"""Channels: named feeds of rows that a stream publishes and any number of readers follow, kept in a few small files.

A folder holds numbered files, each a snapshot followed by updates, one in a line: sequence, kind and JSON. A writer that
starts, or whose file has grown, begins a new file; the one before stays for readers that are not through. Nothing is
synced: a channel tells what is, and is no store.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from runnel.errors import ConnectorError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
FOLDER = "channels"
_ROWS = b',"rows":[\t'
LARGEST_FILE = 4 * 1024**2
UPDATE, SNAPSHOT = b"U", b"S"
_FILE = re.compile(r"(\d{12})\.rows")
REMOVED = "delete"


@dataclass(frozen=True)
class Message:
    """One line of a channel: `text` is JSON, an object with `rows` at its end, and of a snapshot `keys` and `replay` before.

    Rows stand between tabs, which no JSON text has: they are taken apart without being read, and keep all their digits.
    """

    sequence: int
    kind: bytes
    text: bytes

    @staticmethod
    def made(sequence: int, kind: bytes, head: Mapping[str, Any], rows: Iterable[bytes]) -> Message:
        """Return a message with rows, each a JSON object."""
        begin = json.dumps(head, ensure_ascii=False).encode()
        return Message(sequence, kind, begin[:-1] + _ROWS + b",\t".join(rows) + b"\t]}")

    @property
    def head(self) -> dict[str, Any]:
        """What stands before the rows."""
        return json.loads(self.text.partition(_ROWS)[0] + b"}")

    @property
    def rows(self) -> list[bytes]:
        """The rows, each as JSON."""
        return [row.removesuffix(b",") for row in self.text.split(b"\t")[1:-1] if row]

    def line(self) -> bytes:
        """Return the line of the file."""
        return b"%d\t%s\t%s\n" % (self.sequence, self.kind, self.text)


@dataclass
class Latest:
    """The last rows, one of each key where there are keys; a row whose `_op` says delete takes its key away."""

    keys: tuple[str, ...] = ()
    most: int = 100
    rows: OrderedDict[str, bytes] = field(default_factory=lambda: OrderedDict[str, bytes]())
    _number: int = 0

    def add(self, texts: Sequence[bytes]) -> None:
        """Take rows, in their order."""
        for text in texts:
            self._number += 1
            name = str(self._number)
            if self.keys:
                row = json.loads(text)
                name = json.dumps([row.get(key) for key in self.keys])
                self.rows.pop(name, None)
                if row.get("_op") == REMOVED:
                    continue
            self.rows[name] = text
            if len(self.rows) > self.most:
                self.rows.popitem(last=False)

    def take(self, message: Message) -> None:
        """Take a line of a file."""
        if message.kind == SNAPSHOT:
            head = message.head
            self.keys, self.most = tuple(head["keys"]), int(head["replay"])
            self.rows.clear()
        self.add(message.rows)

    def snapshot(self, sequence: int) -> Message:
        """Return a snapshot with these rows."""
        return Message.made(sequence, SNAPSHOT, {"keys": list(self.keys), "replay": self.most}, self.rows.values())


def folder_of(home: str | Path, name: str) -> Path:
    """Return the folder of a channel."""
    return Path(home) / FOLDER / name


def names_of(home: str | Path) -> list[str]:
    """Return the names of the channels of a project."""
    try:
        found = [item.name for item in (Path(home) / FOLDER).iterdir() if NAME.fullmatch(item.name)]
    except FileNotFoundError:
        return []
    return sorted(name for name in found if _files(folder_of(home, name)))


class ChannelWriter:
    """The one writer of a channel; raises ConnectorError where another process has it."""

    def __init__(self, folder: Path, keys: Sequence[str], most: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = open(folder / ".lock", "ab")  # noqa: SIM115 - held as long as the writer lives
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            what = f"another stream publishes on the channel {folder.name}"
            hint = "Give this one another name, or stop the other."
            raise ConnectorError("RNL-CHANNEL-001", what, hint, retryable=True) from error
        known = Latest()
        self.sequence = 0
        for message in messages_of(folder):
            self.sequence = message.sequence
            known.take(message)
        self._latest = Latest(tuple(keys), most)
        self._latest.add(list(known.rows.values()))
        self._file: BinaryIO | None = None
        self._begin()

    def publish(self, texts: Sequence[bytes], skipped: int = 0) -> None:
        """Write an update with these rows; `skipped` tells how many older ones it leaves out."""
        assert self._file is not None
        self.sequence += 1
        self._latest.add(texts)
        self._file.write(Message.made(self.sequence, UPDATE, {"skipped": skipped}, texts).line())
        self._file.flush()
        if self._file.tell() > LARGEST_FILE:
            self._begin()

    def _begin(self) -> None:
        """Begin a new file with what stands, and let all but the one before go."""
        there = _files(self._folder)
        number = (there[-1] if there else 0) + 1
        if self._file is not None:
            self._file.close()
        path = _path(self._folder, number)
        part = path.with_suffix(".part")
        self._file = open(part, "wb")  # noqa: SIM115 - written to until the next one
        self._file.write(self._latest.snapshot(self.sequence).line())
        self._file.flush()
        os.rename(part, path)
        for old in there[:-1]:
            _path(self._folder, old).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the channel."""
        if self._file is not None:
            self._file.close()
        self._lock.close()


class ChannelTail:
    """Follows a channel. The first message is a snapshot; another one comes where updates were missed for good."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._file: BinaryIO | None = None
        self._rest = b""
        self.sequence = -1

    def take(self) -> list[Message]:
        """Return what is new; never waits. A channel that is not there yet has nothing."""
        if self._file is None:
            there = _files(self._folder)
            return self._opened(there[-1]) if there else []
        found = self._fresh(self._lines())
        there = _files(self._folder)
        if there and there[-1] != self._number:
            found += self._fresh(self._lines())  # what was written between the two looks
            for number in there:
                if number == self._number + 1:
                    self._open(number)
                    found += self._fresh(self._lines())
            if there[-1] != self._number:
                found += self._opened(there[-1])
        return found

    def _opened(self, number: int) -> list[Message]:
        """Begin with a file: what it holds as one snapshot."""
        try:
            self._open(number)
        except FileNotFoundError:
            self._file = None
            return []
        latest = Latest()
        for message in self._lines():
            self.sequence = message.sequence
            latest.take(message)
        return [latest.snapshot(self.sequence)]

    def _open(self, number: int) -> None:
        file = open(_path(self._folder, number), "rb")  # noqa: SIM115 - read from until the next one
        self.close()
        self._file, self._number, self._rest = file, number, b""

    def _fresh(self, messages: Iterator[Message]) -> list[Message]:
        """Return updates after the last one; the snapshot at the head of a following file says nothing new."""
        found = [message for message in messages if message.kind == UPDATE and message.sequence > self.sequence]
        if found:
            self.sequence = found[-1].sequence
        return found

    def _lines(self) -> Iterator[Message]:
        assert self._file is not None
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        yield from map(_message, whole)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def messages_of(folder: Path) -> Iterator[Message]:
    """Return the whole lines of a channel's newest file."""
    there = _files(folder)
    if there:
        *whole, _ = _path(folder, there[-1]).read_bytes().split(b"\n")
        yield from map(_message, whole)


def state_of(home: str | Path, name: str) -> bytes | None:
    """Return a channel as it stands, as JSON: its sequence, keys and last rows; None where there is none."""
    tail = ChannelTail(folder_of(home, name))
    found = tail.take()
    tail.close()
    return shown(name, found[0]) if found else None


def shown(name: str, message: Message) -> bytes:
    """Return a message as JSON for readers, with the channel's name and the sequence."""
    begin = json.dumps({"channel": name, "sequence": message.sequence}).encode()
    return begin[:-1] + b"," + message.text[1:].replace(b"\t", b"")


def _message(line: bytes) -> Message:
    sequence, kind, text = line.split(b"\t", 2)
    return Message(int(sequence), kind, text)


def _files(folder: Path) -> list[int]:
    try:
        return sorted(int(found[1]) for name in os.listdir(folder) if (found := _FILE.fullmatch(name)))
    except FileNotFoundError:
        return []


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:012d}.rows"
