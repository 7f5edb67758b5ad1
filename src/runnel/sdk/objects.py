"""Objects: bytes that are kept under a key, whole or not at all; one interface for a folder and for an object store."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from runnel.errors import AuthoringError, ConnectorError

MOST_KEY_BYTES = 1024
MOST_NAME_BYTES = 200
PART = ".part-"
"""How the name of an unfinished object begins; no key may have a name like it."""

_REFUSED = re.compile("[\x00-\x1f\x7f\\\\\ud800-\udfff]")

Content = bytes | Path | IO[bytes] | Iterable[bytes]
"""What can be put: bytes, a file, an open binary file, or a stream of chunks."""


@dataclass(frozen=True)
class ObjectRef:
    """What a put returns and what metadata keep: key, size in bytes, and the SHA-256 of the content in hexadecimal.

    `digest` is None only for an adopted file whose maker did not know it; such content is checked by its size alone.
    """

    key: str
    bytes: int
    digest: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> ObjectRef:
        """Return the reference of a JSON form."""
        return ObjectRef(str(given["key"]), int(given["bytes"]), given.get("digest"))


@dataclass(frozen=True)
class ObjectInfo:
    """What the store itself knows of an object: key, size in bytes, time of the last change in seconds since 1970."""

    key: str
    bytes: int
    modified: float


class Objects(Protocol):
    """Keeps objects. Every method raises ConnectorError when the store cannot do it, AuthoringError for a bad key.

    A key is a path of names joined by `/`; readers see the content of one put, whole. Nothing is promised about where
    an object lies: only `local` gives a path, and only as long as its context is open.
    """

    def put(self, key: str, content: Content) -> ObjectRef:
        """Keep content under a key, in place of what was there; durable when this returns."""
        ...

    def adopt(self, key: str, file: Path, digest: str | None = None) -> ObjectRef:
        """Keep a finished local file under a key; the file is gone afterwards. Cheap: nothing is read where possible."""
        ...

    def open(self, ref: ObjectRef) -> AbstractContextManager[IO[bytes]]:
        """Open an object for reading from its beginning; size and digest are checked as it is read, at its end at the
        latest. A reader that stops before the end gets no verdict.
        """
        ...

    def local(self, ref: ObjectRef) -> AbstractContextManager[Path]:
        """Give a readable local file with the object's content; nobody may write to it. Checks the size alone."""
        ...

    def stat(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, None when there is none."""
        ...

    def touch(self, key: str) -> None:
        """Note that an object was used; retention goes by the time of the last change."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Return the objects whose keys begin with a text, in no certain order; a put meanwhile may be missed."""
        ...

    def delete(self, key: str) -> bool:
        """Remove an object; returns whether there was one. Who has it open may read on."""
        ...

    def sweep(self, older_than_seconds: float) -> int:
        """Remove what killed puts left behind; returns bytes freed. A put that is under way is not touched."""
        ...


def checked_key(key: str) -> str:
    """Return a key; raises AuthoringError for one that leaves its folder or that no store can hold."""
    names = key.split("/")
    wrong = (
        not key
        or len(key.encode("utf-8", "surrogatepass")) > MOST_KEY_BYTES
        or any(name in ("", ".", "..") or name.startswith(PART) for name in names)
        or any(len(name.encode("utf-8", "surrogatepass")) > MOST_NAME_BYTES for name in names)
        or _REFUSED.search(key) is not None
    )
    if wrong:
        hint = "Names joined by `/`, without `.`, `..`, `\\` and control characters, 1,024 bytes at most."
        raise AuthoringError("RNL-OBJECT-003", f"{key!r} is no key of an object", hint)
    return key


def chunks_of(content: Content, most: int = 1 << 20) -> Iterator[bytes]:
    """Return content as chunks of bytes."""
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Path):
        with content.open("rb") as file:
            yield from chunks_of(file, most)
    elif isinstance(content, io.IOBase) or hasattr(content, "read"):
        while chunk := content.read(most):  # type: ignore[union-attr]
            yield chunk
    else:
        yield from content


def missing(key: str) -> ConnectorError:
    """Return the error for an object that is not there."""
    hint = "It was removed by retention, or the state folder is incomplete."
    return ConnectorError("RNL-OBJECT-001", f"reading {key}: there is no such object", hint)


def damaged(key: str, expected: str, found: str) -> ConnectorError:
    """Return the error for an object whose content is not what was put."""
    what = f"reading {key}: the content is damaged: expected {expected}, got {found}"
    return ConnectorError("RNL-OBJECT-002", what, "Restore it from a backup; check the disk.")


class VerifiedReader(io.RawIOBase):
    """Reads a stream and checks size and SHA-256 when it ends; a stream that is too long is refused on the way."""

    def __init__(self, stream: IO[bytes], ref: ObjectRef) -> None:
        self._stream = stream
        self._ref = ref
        self._seen = 0
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what comes next; raises ConnectorError where the content is not what was put."""
        data = self._stream.read(len(buffer))
        self._seen += len(data)
        size = self._ref.bytes
        if self._seen > size or (not data and self._seen < size):
            more = "more" if self._seen > size else str(self._seen)
            raise damaged(self._ref.key, f"{size} bytes", more)
        self._hash.update(data)
        if not data and self._ref.digest is not None and self._hash.hexdigest() != self._ref.digest:
            raise damaged(self._ref.key, f"SHA-256 {self._ref.digest}", self._hash.hexdigest())
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream too."""
        if not self.closed:
            self._stream.close()
        super().close()


def verified(stream: IO[bytes], ref: ObjectRef) -> IO[bytes]:
    """Return a buffered reader over a stream that checks it against a reference."""
    return io.BufferedReader(VerifiedReader(stream, ref), 1 << 18)
