"""What a CSV reader refused, as dead letters: the record's own bytes, with line, byte and column."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.connectors.files import sql
from runnel.connectors.files.dialect import Dialect
from runnel.connectors.files.formats import Chosen, Prepared, Reading
from runnel.connectors.files.records import cut, without
from runnel.connectors.files.values import exactly
from runnel.sdk import Connection

_REASONS = {
    "MISSING COLUMNS": "too few fields", "TOO MANY COLUMNS": "too many fields",
    "UNQUOTED VALUE": "a quotation mark is open",
    "LINE SIZE OVER MAXIMUM": "the record is too large", "INVALID ENCODING": "the bytes are not UTF-8",
    "INVALID STATE": "the record cannot be read",
}  # fmt: skip


@dataclass
class Holes:
    """Where records were left out of a copy: for a place in the copy, how much stood before it in the file."""

    places: list[int]
    missing: list[tuple[int, int]]
    before: Holes | None = None

    def original(self, byte: int, line: int) -> tuple[int, int]:
        """Return byte and line in the file itself."""
        at = bisect.bisect_right(self.places, byte) - 1
        bytes_before, lines_before = self.missing[at] if at >= 0 else (0, 0)
        byte, line = byte + bytes_before, line + lines_before
        return self.before.original(byte, line) if self.before else (byte, line)


def known(connection: Connection, table: str) -> bool:
    """Tell whether a reject table exists; the reader makes it with the first scan that needs it."""
    row = connection.execute(f"SELECT count(*) FROM duckdb_tables() WHERE table_name = {sql.text(table)}").fetchall()[0]
    return bool(row[0])


def harvest(reading: Reading, rejects: str, scans: str, files: Mapping[str, Prepared], dialect: Dialect) -> None:
    """Add one dead letter per refused record, however many faults it has and however often the file was scanned."""
    if not known(reading.connection, rejects):
        return
    rows = reading.connection.execute(
        f"SELECT s.file_path, r.line_byte_position - 1, min(r.line), arg_min(r.error_type::VARCHAR, r.column_idx), "
        f"arg_min(r.column_name, r.column_idx), arg_min(r.error_message, r.column_idx) "
        f"FROM {rejects} r JOIN {scans} s USING (scan_id, file_id) GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    by_file: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_file.setdefault(row[0], []).append(row)
    for path, refused in by_file.items():
        _harvest_file(reading, path, files[path], refused, dialect)


def _harvest_file(
    reading: Reading, path: str, file: Prepared, refused: list[tuple[Any, ...]], dialect: Dialect
) -> None:
    holes = reading.state.get(("holes", path))
    with open(path, "rb") as opened, open(path, "rb") as counted:
        line, at = 1, 0
        for _, reported, _, kind, column, message in refused:
            byte = _beginning(opened, int(reported))
            line, at = line + _ends(counted, byte - at), byte
            raw = cut(opened, byte, dialect.quote, dialect.escape)
            position = place(file, byte, int(line), holes)
            if column and kind == "CAST":
                position["column"] = column
            reading.letters.add(encoded(raw, file), reason(kind, column, message), position)


def _beginning(file: Any, byte: int) -> int:
    """Return where a record begins; after a line end of two bytes DuckDB names the second one (2.0)."""
    file.seek(max(0, byte - 1))
    return byte + 1 if byte and file.read(2) == b"\r\n" else byte


def _ends(file: Any, count: int) -> int:
    """Return how many lines end in the next `count` bytes; the line in which a person finds a record."""
    found = 0
    while count > 0 and (chunk := file.read(min(count, 1 << 20))):
        count -= len(chunk)
        found += chunk.count(b"\n") or chunk.count(b"\r")
    return found


def place(file: Prepared, byte: int, line: int, holes: Holes | None = None) -> dict[str, Any]:
    """Return the position of a record; `byte` only where it is the file's own, else `decoded_byte`."""
    if holes is not None:
        byte, line = holes.original(byte, line)
    return {"file": file.path, "line": line, "byte" if file.plain else "decoded_byte": byte}


def encoded(raw: bytes, file: Prepared) -> bytes:
    """Return the bytes as they stand in the (unpacked) file."""
    if file.encoding in ("utf-8", ""):
        return raw
    name = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(file.encoding, file.encoding)
    return raw.decode("utf-8", "replace").encode(name, "replace")


def reason(kind: str, column: str | None, message: str) -> str:
    """Return why a record was refused, in words."""
    if kind != "CAST":
        words = _REASONS.get(kind, kind.lower())
        numbers = message.rpartition("Expected Number of Columns: ")[2] if "Expected Number" in message else ""
        expected, _, found = numbers.partition(" Found: ")
        return f"{words}: expected {expected.strip()}, found {found.strip()}" if found else words
    value = message.partition('Could not convert string "')[2]
    shown, _, rest = value.rpartition('" to ')
    return f"{column}: {shown!r} is no {rest.strip(chr(39))}" if shown or rest else f"{column}: {message}"


def closed(path: str, file: Prepared, places: Sequence[Sequence[int]], reading: Reading, letters: bool = True) -> str:
    """Return a copy without the lines whose quotation mark never closes; they become dead letters."""
    if not places:
        return path
    made = reading.workspace.new(".csv")
    without(path, made, [(byte, length) for byte, length in places])
    holes = Holes([], [])
    gone = line = at = 0
    with open(path, "rb") as source, open(path, "rb") as counted:
        for number, (byte, length) in enumerate(places, start=1):
            line, at = line + _ends(counted, byte - at), byte
            source.seek(byte)
            raw = source.read(length).rstrip(b"\r\n")
            if letters:
                reading.letters.add(encoded(raw, file), _REASONS["UNQUOTED VALUE"], place(file, byte, line + 1))
            holes.places.append(byte - gone)
            gone += length
            holes.missing.append((gone, number))
    reading.state[("holes", made)] = holes
    return made


def without_inexact(path: str, chosen: Chosen, dialect: Dialect, types: Mapping[str, str], reading: Reading) -> str:
    """Write a copy without the records whose value a cast to the given type would change; they become dead letters."""
    made = reading.workspace.new(".csv")
    before: Holes | None = reading.state.get(("holes", path))
    holes = Holes([], [], before)
    judge = _Judge(chosen, dialect, types, {"", *reading.settings.null_values})
    gone_bytes = gone_lines = byte = 0
    line = 1
    with open(path, "rb") as source, open(made, "wb") as target:
        for number, raw in enumerate(_records(source, dialect)):
            wrong = judge.wrong(raw) if number >= dialect.skip + dialect.header else None
            lines = max(1, raw.count(b"\n"))
            if wrong is None:
                target.write(raw)
            else:
                column, words = wrong
                position = {**place(chosen.file, byte, line, before), "column": column}
                reading.letters.add(encoded(raw.rstrip(b"\r\n"), chosen.file), words, position)
                gone_bytes, gone_lines = gone_bytes + len(raw), gone_lines + lines
                holes.places.append(target.tell())
                holes.missing.append((gone_bytes, gone_lines))
            byte, line = byte + len(raw), line + lines
    reading.state[("holes", made)] = holes
    return made


class _Judge:
    """Tells whether a record holds a value that a cast would change."""

    def __init__(self, chosen: Chosen, dialect: Dialect, types: Mapping[str, str], nulls: set[str]) -> None:
        names = chosen.options["columns"]
        self.width = len(names)
        self.dialect = dialect
        self.nulls = nulls
        self.tests = [(names.index(name), name, type, _test(type, dialect)) for name, type in types.items()]

    def wrong(self, raw: bytes) -> tuple[str, str] | None:
        """Return the column and the reason, or None."""
        rows = self.dialect.rows(raw.decode("utf-8", "replace"))
        fields = rows[0] if rows else []
        if len(fields) != self.width:
            return None
        for index, name, type, test in self.tests:
            value = fields[index]
            if value not in self.nulls and not re.fullmatch(test, value.strip()):
                return name, f"{name}: {value!r} is no {type}"
        return None


def _records(source: Any, dialect: Dialect) -> Iterator[bytes]:
    byte = 0
    while raw := _next(source, byte, dialect):
        yield raw
        byte += len(raw)


def _next(source: Any, byte: int, dialect: Dialect) -> bytes:
    raw = cut(source, byte, dialect.quote, dialect.escape)
    source.seek(byte + len(raw))
    end = source.read(2)
    if end == b"\r\n":
        return raw + end
    return raw + end[:1] if end[:1] in (b"\r", b"\n") else raw


def _test(type: str, dialect: Dialect) -> str:
    made = exactly(type, dialect.signs()) or ""
    pattern = re.findall(r", '((?:[^']|'')*)'\)\Z", made)
    found = pattern[0].replace("''", "'") if pattern else ".*"
    return found
