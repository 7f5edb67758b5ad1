"""Immutable files of a stream: named sections with checksums, written, synced and renamed before anything names them."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import errno
import json
import os
import secrets
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from runnel.errors import InternalError, LimitError
from runnel.runtime.stream.failpoints import point

MAGIC = b"RNLSTRM1"
VERSION = 1
_ALIGN = 64
_FOOTER = 24


DISK = "RNL-STREAM-017"


class DiskError(LimitError):
    """The disk did not take a file of a stream: nothing may be concluded but that the file does not count."""


class CorruptFileError(InternalError):
    """A file of a stream is not what was written: cut short, or a bit is different."""


@dataclass(frozen=True)
class FileRef:
    """A file as a checkpoint names it: its name in the stream's folder, its size and the checksum of its directory."""

    name: str
    bytes: int
    checksum: int

    def to_json(self) -> dict[str, Any]:
        """Return the form that checkpoints keep."""
        return {"name": self.name, "bytes": self.bytes, "checksum": self.checksum}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> FileRef:
        """Read the form that checkpoints keep."""
        return FileRef(str(data["name"]), int(data["bytes"]), int(data["checksum"]))


@dataclass(frozen=True)
class Section:
    """One named part of a file: a table."""

    name: str
    table: pa.Table


def words_of(error: OSError) -> str:
    """Return what a disk says, in words."""
    return "disk full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error.strerror or error)


def write_file(folder: Path, prefix: str, sections: Sequence[Section]) -> FileRef:
    """Write a file that no other has the name of, and return it when it is durable under its name.

    Raises DiskError where the disk does not take it. A sync that failed is never tried again: the process must end.
    """
    name = f"{prefix}-{secrets.token_hex(6)}"
    try:
        return _write(folder, name, sections)
    except OSError as error:
        with suppress(OSError):
            (folder / f"{name}.part").unlink(missing_ok=True)
        what = f"blocked: {words_of(error)} (writing into {folder})"
        raise DiskError(DISK, what, "Make room on the disk; the stream goes on by itself.", {"file": name}) from error


def _write(folder: Path, name: str, sections: Sequence[Section]) -> FileRef:
    part = folder / f"{name}.part"
    point("file.create")
    with open(part, "xb") as file:
        directory: list[dict[str, Any]] = []
        file.write(MAGIC)
        for section in sections:
            file.write(b"\0" * (-file.tell() % _ALIGN))
            offset, body = file.tell(), _Body(file)
            with pa.PythonFile(body, mode="w") as sink, pa.ipc.new_stream(sink, section.table.schema) as writer:
                writer.write_table(section.table)
            directory.append({
                "name": section.name, "offset": offset, "bytes": body.bytes, "rows": section.table.num_rows, "crc": body.crc,
            })  # fmt: skip
        text = json.dumps({"version": VERSION, "sections": directory}, ensure_ascii=False).encode()
        start, checksum = file.tell(), zlib.crc32(text)
        file.write(text + start.to_bytes(8, "little") + len(text).to_bytes(4, "little") + checksum.to_bytes(4, "little") + MAGIC)
        file.flush()
        point("file.written")
        os.fsync(file.fileno())
        point("file.synced")
        size = file.tell()
    os.rename(part, folder / name)
    point("file.renamed")
    sync_folder(folder)
    point("file.folder")
    return FileRef(name, size, checksum)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class StreamFile:
    """A file that was read back: its sections are checked against their checksums when they are asked for."""

    def __init__(self, folder: Path, ref: FileRef) -> None:
        """Open a file; raises CorruptFileError when it is missing, cut or changed."""
        self.path = folder / ref.name
        try:
            self._map = pa.memory_map(str(self.path))
        except (FileNotFoundError, OSError, pa.ArrowInvalid) as error:
            raise _corrupt(self.path, f"it cannot be opened ({error})") from error
        self._buffer = self._map.read_buffer()
        if self._buffer.size != ref.bytes:
            raise _corrupt(self.path, f"it has {self._buffer.size} bytes, not {ref.bytes}")
        self.sections = self._directory(ref)

    def _directory(self, ref: FileRef) -> dict[str, dict[str, Any]]:
        view = memoryview(self._buffer)
        footer = bytes(view[-_FOOTER:])
        start, length = int.from_bytes(footer[:8], "little"), int.from_bytes(footer[8:12], "little")
        text = bytes(view[start : start + length])
        if footer[16:] != MAGIC or bytes(view[:8]) != MAGIC or zlib.crc32(text) != ref.checksum:
            raise _corrupt(self.path, "its directory has another checksum")
        found = json.loads(text)
        if found["version"] > VERSION:
            raise _corrupt(self.path, f"it was written by a later version (format {found['version']})")
        return {entry["name"]: entry for entry in found["sections"]}

    def table(self, name: str) -> pa.Table | None:
        """Return a section, mapped from the file, or None where the file has none of that name."""
        entry = self.sections.get(name)
        if entry is None:
            return None
        body = self._buffer.slice(entry["offset"], entry["bytes"])
        if zlib.crc32(memoryview(body)) != entry["crc"]:
            raise _corrupt(self.path, f"its section {name} has another checksum")
        with pa.ipc.open_stream(body) as reader:
            return reader.read_all()

    def verify(self) -> None:
        """Read every section back."""
        for name in self.sections:
            self.table(name)


class _Body:
    """A section as it is written: counted and summed on its way, since that of a large state would not fit into memory twice."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = self.crc = 0
        self.closed = False

    def write(self, data: pa.Buffer) -> int:
        view = memoryview(data)
        self.crc = zlib.crc32(view, self.crc)
        self.bytes += view.nbytes
        return self._file.write(view)

    def flush(self) -> None:
        pass  # the file is flushed and synced as a whole

    def close(self) -> None:
        self.closed = True  # the file goes on with the next section


def _corrupt(path: Path, why: str) -> CorruptFileError:
    what = f"reading {path.name} of a stream: {why}"
    return CorruptFileError("RNL-STREAM-010", what, "The stream goes back to the checkpoint before it.", {"file": str(path)})
