"""How large and how deep what files hold may be; beyond it reading ends in a LimitError, never in a dead machine."""

from __future__ import annotations

from runnel.errors import LimitError

MAX_COLUMNS = 20_000
MAX_RECORD_BYTES = 16 * 1024**2
MAX_DEPTH = 500
MAX_NESTED_ARCHIVES = 2
FREE_EXPANSION_BYTES = 256 * 1024**2
MAX_EXPANSION = 100
MAX_EXPANDED_BYTES = 64 * 1024**3


def expansion(path: str, packed: int, unpacked: int) -> None:
    """Refuse a packed file that grows beyond reason."""
    too_much = unpacked > FREE_EXPANSION_BYTES and unpacked > packed * MAX_EXPANSION
    if too_much or unpacked > MAX_EXPANDED_BYTES:
        what = f"unpacking {path}: {packed} bytes grew beyond {unpacked} bytes"
        raise LimitError("RNL-LIMIT-030", what, "Unpack the file yourself if you trust it.", {"file": path})


def columns(path: str, count: int) -> None:
    """Refuse a file with too many columns."""
    if count > MAX_COLUMNS:
        what = f"reading {path}: {count} columns, and {MAX_COLUMNS} are allowed"
        raise LimitError("RNL-LIMIT-031", what, "Is the separator right? Set `delimiter`.", {"file": path})


def nested_archives(path: str) -> LimitError:
    """Return the error for an archive in an archive in an archive."""
    what = f"unpacking {path}: archives lie within archives, more than {MAX_NESTED_ARCHIVES} deep"
    return LimitError("RNL-LIMIT-032", what, "Unpack the inner archive and name the file in it.", {"file": path})


def record_size(path: str, line: int | None = None) -> LimitError:
    """Return the error for one record that is larger than a reader takes."""
    place = f" line {line}" if line else ""
    what = f"reading {path}{place}: one record is larger than {MAX_RECORD_BYTES} bytes"
    hint = "Is a quotation mark left open, or is the file of another format?"
    return LimitError("RNL-LIMIT-033", what, hint, {"file": path, "line": line})


def depth(path: str, line: int | None = None) -> LimitError:
    """Return the error for data that is nested too deeply."""
    place = f" line {line}" if line else ""
    what = f"reading {path}{place}: values are nested more than {MAX_DEPTH} deep"
    return LimitError("RNL-LIMIT-034", what, "Such a file cannot be read as a table.", {"file": path, "line": line})


def entities(path: str) -> LimitError:
    """Return the error for an XML file that declares entities, which can expand without bound."""
    what = f"reading {path}: the document declares entities of its own"
    hint = "Entities are never expanded; remove the document type from the file."
    return LimitError("RNL-LIMIT-035", what, hint, {"file": path})


def line_sizes(path: str, shown: str) -> None:
    """Refuse a file with a line longer than a record may be; DuckDB's reader drops such lines without a word."""
    run = 0
    with open(path, "rb") as file:
        while chunk := file.read(4 << 20):
            first = _end(chunk.find(b"\n"), chunk.find(b"\r"))
            if first < 0:
                run += len(chunk)
            elif run + first > MAX_RECORD_BYTES:
                raise record_size(shown)
            else:
                run = len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            if run > MAX_RECORD_BYTES:
                raise record_size(shown)


def _end(feed: int, back: int) -> int:
    return max(feed, back) if min(feed, back) < 0 else min(feed, back)
