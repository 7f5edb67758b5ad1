"""Gets a file ready for readers: unpacks gzip, zstd, bzip2 and zip within limits; other encodings become UTF-8."""

from __future__ import annotations

import codecs
import os
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from runnel.connectors.files import detection, limits, paths
from runnel.connectors.files.formats import Format, Prepared, Workspace, by_extension, by_name, formats
from runnel.errors import AuthoringError, ConnectorError, LimitError

_CHUNK = 1 << 20
_SPOKEN = {
    "latin-1": "Latin-1", "windows-1252": "Windows-1252", "utf-16": "UTF-16", "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE", "utf-32": "UTF-32", "utf-32-le": "UTF-32 LE", "utf-32-be": "UTF-32 BE",
}  # fmt: skip
_BROKEN = (EOFError, OSError, zipfile.BadZipFile, ValueError)


def head_of(path: str, size: int = detection.HEAD_BYTES) -> bytes:
    """Return the first bytes of a file."""
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError as error:
        raise paths.unreadable(path, error) from error


def prepare(path: str, settings: Any, workspace: Workspace) -> tuple[Prepared, Format]:
    """Return the file as readers can open it, and its format: as given, else by content, else by name."""
    unpacked, packing, notes = _unpacked(path, settings, workspace)
    head = head_of(unpacked)
    format = _format(path, unpacked, head, settings)
    if not format.textual:
        return Prepared(path, unpacked, "", packing, tuple(notes)), format
    encoding = settings.encoding or detection.encoding(head)
    if format.name in ("json", "ndjson") and encoding in ("latin-1", "windows-1252") and not settings.encoding:
        encoding = "utf-8"
    readable = unpacked
    if not _is_utf8(encoding):
        readable = _transcoded(path, unpacked, encoding, workspace)
    if encoding in _SPOKEN:
        notes.append(_SPOKEN[encoding])
    elif head.startswith(codecs.BOM_UTF8):
        notes.append("UTF-8 with a byte order mark")
    return Prepared(path, readable, encoding, packing, tuple(notes)), format


def noted_encoding(notes: Sequence[str]) -> str | None:
    """Return the encoding that a look at a file noted, None for UTF-8."""
    return next((encoding for encoding, words in _SPOKEN.items() if words in notes), None)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii", "us-ascii", "utf-8-sig")


def _format(path: str, unpacked: str, head: bytes, settings: Any) -> Format:
    if settings.format:
        return by_name(settings.format)
    found = detection.binary_format(head)
    if found:
        return by_name(found)
    if head.startswith(b"PK\x03\x04"):
        return by_name("excel")
    said = by_extension(path) or by_extension(unpacked)
    if said is not None and said.textual and said.name in ("csv", "tsv", "text", "ndjson"):
        return _seen_through(said, head)
    text = head.decode(detection.encoding(head), "replace")
    by_content = detection.text_format(text)
    if by_content and not (said and said.name == "json"):
        return by_name(by_content)
    if said is not None:
        return said
    return by_name(by_content or _table_or_text(path, head))


def _seen_through(said: Format, head: bytes) -> Format:
    """Believe the name of a text file unless its content is plainly JSON or XML."""
    text = head[:4096].decode(detection.encoding(head), "replace")
    found = detection.text_format(text)
    if said.name == "text" or not found:
        return said
    if said.name == "ndjson":
        return by_name("json") if found == "json" and text.lstrip().startswith("[") else said
    return by_name(found) if found in ("xml", "ndjson", "json") and "\n" in text.strip() else said


def _table_or_text(path: str, head: bytes) -> str:
    if b"\x00" in head[:4096] and detection.encoding(head) == "utf-8":
        what = f"{os.path.basename(path)} is in no format that is known here"
        hint = "Known are: " + ", ".join(sorted(formats())) + "; say which with `format`."
        raise AuthoringError("RNL-FILE-004", what, hint, {"field": "format", "file": path})
    return "csv"


def _unpacked(path: str, settings: Any, workspace: Workspace) -> tuple[str, str, list[str]]:
    """Return a path without packing, what the packing was, and what to say about it."""
    current, notes, layers = path, [], []
    while True:
        head = head_of(current, 64)
        packing = detection.packing(head)
        if settings.compression == "none" or not packing or (packing == "zip" and _is_workbook(current, settings)):
            return current, "+".join(layers), notes
        if len(layers) >= limits.MAX_NESTED_ARCHIVES:
            raise limits.nested_archives(os.path.basename(path))
        layers.append(packing)
        current, said = _unpack(current, os.path.basename(path), packing, settings, workspace)
        notes.append(said)


def _is_workbook(path: str, settings: Any) -> bool:
    if settings.member is not None:
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = {item.filename for item in archive.infolist()}
    except _BROKEN:
        return settings.format == "excel"
    return "[Content_Types].xml" in names or "mimetype" in names


def _unpack(path: str, shown: str, packing: str, settings: Any, workspace: Workspace) -> tuple[str, str]:
    said = packing
    target = workspace.new(os.path.splitext(shown.removesuffix(".gz").removesuffix(".zst").removesuffix(".bz2"))[1])
    try:
        if packing == "zip":
            with zipfile.ZipFile(path) as archive:
                item = _member(archive, shown, settings)
                said = f"{item.filename} in the zip"
                target = workspace.new(os.path.splitext(item.filename)[1])
                with archive.open(item) as source:
                    _pour(source, target, shown, max(1, item.compress_size))
        else:
            with open(path, "rb") as raw:
                _pour(_stream(raw, packing), target, shown, max(1, os.path.getsize(path)))
    except LimitError:
        raise
    except (*_BROKEN, RuntimeError, NotImplementedError) as error:
        what = f"unpacking {shown}: {error or type(error).__name__}"
        raise ConnectorError("RNL-FILE-005", what, "The packed file is damaged or locked.", {"file": path}) from error
    except Exception as error:
        if type(error).__module__ not in ("zlib",):
            raise
        what = f"unpacking {shown}: {error}"
        raise ConnectorError("RNL-FILE-005", what, "The packed file is damaged.", {"file": path}) from error
    return target, said


def _member(archive: zipfile.ZipFile, shown: str, settings: Any) -> zipfile.ZipInfo:
    files = [item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith("__MACOSX/")]
    if settings.member is not None:
        chosen = next((item for item in files if item.filename == settings.member), None)
        if chosen is not None:
            return chosen
    elif len(files) == 1:
        return files[0]
    names = ", ".join(item.filename for item in files[:8]) or "nothing"
    if files and all(item.filename.lower().endswith((".zip", ".gz", ".zst", ".bz2")) for item in files):
        raise limits.nested_archives(shown)
    what = f"{shown} holds no file {settings.member}" if settings.member else f"{shown} holds {len(files)} files"
    raise AuthoringError("RNL-FILE-006", what, f"Name one with `member`; it holds: {names}", {"field": "member"})


def _stream(raw: BinaryIO, packing: str) -> Any:
    if packing == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=raw)
    if packing == "bzip2":
        import bz2

        return bz2.BZ2File(raw)
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")


def _pour(source: Any, target: str, shown: str, packed: int) -> None:
    written = 0
    with open(target, "wb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            limits.expansion(shown, packed, written)
            file.write(chunk)


def _transcoded(path: str, source: str, encoding: str, workspace: Workspace) -> str:
    """Write a UTF-8 copy; bytes that the encoding does not know stop with their place."""
    target = workspace.new(os.path.splitext(source)[1])
    try:
        with open(target, "wb") as file:
            for text in _decoded(source, encoding):
                file.write(text.encode("utf-8", "surrogatepass"))
    except LookupError as error:
        what = f"there is no encoding {encoding}"
        raise AuthoringError(
            "RNL-FILE-007", what, "Try utf-8, latin-1 or windows-1252.", {"field": "encoding"}
        ) from error
    except UnicodeError as error:
        what = f"reading {os.path.basename(path)} as {encoding}: {error}"
        raise ConnectorError("RNL-FILE-008", what, "Set `encoding` to the right one.", {"file": path}) from error
    return target


def _decoded(source: str, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    first = True
    with open(source, "rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if first and text:
                text, first = text.removeprefix("﻿"), False
            yield text
        yield decoder.decode(b"", True)
