"""What a CSV reader refused, as dead letters: the record's own bytes, with line, byte and column."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.connectors.files import sql
from runnel.connectors.files.dialect import Dialect
from runnel.connectors.files.formats import Chosen, Prepared, Reading
from runnel.connectors.files.records import cut, without
from runnel.connectors.files.values import exactly
from runnel.sdk import Connection

_REASONS = {
    "MISSING COLUMNS": "too few fields", "TOO MANY COLUMNS": "too many fields", "UNQUOTED VALUE": "a quotation mark is open",
    "LINE SIZE OVER MAXIMUM": "the record is too large", "INVALID ENCODING": "the bytes are not UTF-8",
    "INVALID STATE": "the record cannot be read",
}  # fmt: skip


@dataclass
class Holes:
    """Where records were left out of a copy: for a place in the copy, how much stood before it in the file."""

    places: list[int]
    missing: list[tuple[int, int]]

    def original(self, byte: int, line: int) -> tuple[int, int]:
        """Return byte and line in the file itself."""
        at = bisect.bisect_right(self.places, byte) - 1
        bytes_before, lines_before = self.missing[at] if at >= 0 else (0, 0)
        return byte + bytes_before, line + lines_before


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
        for _, byte, _, kind, column, message in refused:
            line, at = line + _ends(counted, int(byte) - at), int(byte)
            raw = cut(opened, int(byte), dialect.quote, dialect.escape)
            position = place(file, int(byte), int(line), holes)
            if column and kind == "CAST":
                position["column"] = column
            reading.letters.add(encoded(raw, file), reason(kind, column, message), position)


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


def closed(
    path: str, file: Prepared, places: Sequence[Sequence[int]], reading: Reading, letters: bool = True
) -> str:
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
    import csv
    import re

    tests = {name: _test(type, dialect) for name, type in types.items()}
    places = {name: chosen.options["columns"].index(name) for name in types}
    nulls = {"", *reading.settings.null_values}
    made = reading.workspace.new(".csv")
    holes = Holes([], [])
    escaped = dialect.escape if dialect.escape != dialect.quote else None
    gone_bytes = gone_lines = 0
    byte, line = 0, 1
    with open(path, "rb") as source, open(made, "wb") as target:
        head = dialect.skip + (1 if dialect.header else 0)
        while True:
            raw = _next(source, byte, dialect)
            if not raw:
                break
            fields = next(csv.reader(
                [raw.decode("utf-8", "replace").rstrip("\r\n")] if b"\n" not in raw[:-2] else
                re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", raw.decode("utf-8", "replace")),
                delimiter=dialect.delimiter, quotechar=dialect.quote or None, escapechar=escaped,
                doublequote=escaped is None,
            ), [])  # fmt: skip
            bad = None
            if head <= 0:
                for name, test in tests.items():
                    value = fields[places[name]] if places[name] < len(fields) else ""
                    if value not in nulls and len(fields) == len(chosen.options["columns"]) and not re.fullmatch(test, value.strip()):
                        bad = (name, value)
                        break
            head -= 1
            if bad is None:
                target.write(raw)
            else:
                position = {**place(chosen.file, byte, line), "column": bad[0]}
                words = f"{bad[0]}: {bad[1]!r} is no {types[bad[0]]}"
                reading.letters.add(encoded(raw.rstrip(b"\r\n"), chosen.file), words, position)
                gone_bytes += len(raw)
                gone_lines += max(1, raw.count(b"\n"))
                holes.places.append(target.tell())
                holes.missing.append((gone_bytes, gone_lines))
            byte += len(raw)
            line += max(1, raw.count(b"\n"))
    reading.state[("holes", made)] = holes
    return made


def _next(source: Any, byte: int, dialect: Dialect) -> bytes:
    raw = cut(source, byte, dialect.quote, dialect.escape)
    source.seek(byte + len(raw))
    end = source.read(2)
    if end == b"\r\n":
        return raw + end
    return raw + end[:1] if end[:1] in (b"\r", b"\n") else raw


def _test(type: str, dialect: Dialect) -> str:
    import re

    made = exactly(type, dialect.signs()) or ""
    pattern = re.findall(r", '((?:[^']|'')*)'\)\Z", made)
    found = pattern[0].replace("''", "'") if pattern else ".*"
    return found
