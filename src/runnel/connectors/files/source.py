"""Reads files of any known format; what the options leave open is found by looking at the content."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from runnel.connectors.files import paths, sql
from runnel.connectors.files.formats import Chosen, Format, Reading, Workspace, by_name
from runnel.errors import AuthoringError
from runnel.sdk import (
    ColumnTypes,
    Connection,
    DeadLetters,
    Example,
    NodeConfig,
    Opened,
    PathMark,
    Probe,
    Source,
    field,
)

SIGNS = {"decimal": "decimal", "thousands": "thousands", "date_format": "date", "timestamp_format": "timestamp"}
"""Setting → what a look at a CSV file finds for it."""
WITH_RAW_RECORDS = ("csv", "tsv", "json", "ndjson")
"""Formats whose refused records are kept with their bytes."""


class Unheard:
    """Takes what a look would refuse: a look counts nothing."""

    def add(self, raw: bytes, reason: str, position: Mapping[str, Any]) -> None:
        """Take and forget."""


class FileSource(Source):
    """Gives the rows of one file, or of all files that a pattern names (their columns united by name)."""

    kind = "source.file"
    title = "File"
    summary = "Rows of CSV, JSON, Parquet, Excel, XML, Avro or text files"
    icon = "file"
    synonyms = ("csv", "tsv", "json", "ndjson", "jsonl", "parquet", "excel", "xlsx", "xml", "avro", "text", "upload",
                "read file", "import")  # fmt: skip

    class Config(NodeConfig):
        """Where the files are and, where the look at them should not decide, how they are written."""

        path: Annotated[str | list[str], PathMark("read")] = field(
            title="Path", help="A file, a pattern such as data/*.csv, a folder, or a list of them.", widget="path"
        )
        format: Literal["csv", "tsv", "json", "ndjson", "parquet", "excel", "xml", "avro", "text"] | None = field(
            None, title="Format", help="Found by content and name when left open."
        )
        columns: ColumnTypes = field(
            default_factory=dict, title="Column types", help="Name: type; the others are found by looking at the data."
        )
        filename: str | None = field(
            None,
            title="File name column",
            help="The name of a column that says which file a row is from.",
            advanced=True,
        )
        compression: Literal["none", "gzip", "zstd", "zip", "bzip2"] | None = field(
            None, title="Packing", help="Found by content; `none` reads the bytes as they are.", advanced=True
        )
        member: str | None = field(
            None, title="File in the zip", help="Needed when a zip holds several.", advanced=True
        )
        encoding: str | None = field(
            None, title="Encoding", help="utf-8, utf-16, latin-1, windows-1252 …", advanced=True
        )
        delimiter: str | None = field(None, title="Separator", help="CSV: one character.", max_length=1, advanced=True)
        quote: str | None = field(
            None, title="Quotation mark", help="CSV; an empty text for none.", max_length=1, advanced=True
        )
        escape: str | None = field(None, title="Escape", help="CSV: the character before a quotation mark in a text.",
                                   max_length=1, advanced=True)  # fmt: skip
        header: bool | None = field(None, title="First row holds names", advanced=True)
        header_row: int | None = field(None, title="Row of the names", help="CSV, Excel: from 1.", ge=1, advanced=True)
        skip_rows: int = field(0, title="Rows to skip", help="CSV, Excel, text: from the top.", ge=0, advanced=True)
        comment: str | None = field(None, title="Comment sign", help="CSV: lines that begin with it do not count.",
                                    max_length=1, advanced=True)  # fmt: skip
        decimal: Literal[".", ","] | None = field(None, title="Decimal sign", advanced=True)
        thousands: Literal[",", ".", " ", "'"] | None = field(None, title="Thousands sign", advanced=True)
        date_format: str | None = field(None, title="Date format", help="CSV: such as %d.%m.%Y.", advanced=True)
        timestamp_format: str | None = field(
            None, title="Timestamp format", help="CSV: such as %d.%m.%Y %H:%M.", advanced=True
        )
        null_values: list[str] = field(default_factory=list, title="Texts that mean no value", help="CSV: such as NA.",
                                       advanced=True)  # fmt: skip
        sheet: str | int | None = field(
            None, title="Sheet", help="Excel: its name or number (from 1); else the first.", advanced=True
        )
        range: str | None = field(None, title="Cells", help="Excel: such as B3:F200.", advanced=True)
        record_path: str | None = field(
            None, title="Path to the records", help="XML: a/b/record; JSON: data.items.", advanced=True
        )

    examples = (
        Example(
            "A CSV file",
            {"path": "orders.csv"},
            {},
            {"output": [{"id": 1, "price": 2.5, "note": "first"}, {"id": 2, "price": None, "note": ""}]},
            files={"orders.csv": 'id,price,note\n1,2.5,first\n2,,""\n'},
        ),
        Example(
            "All files of a folder",
            {"path": "exports/*.csv", "filename": "file"},
            {},
            {"output": [{"id": 1}, {"id": 2}]},
            files={"exports/a.csv": "id\n1\n", "exports/b.csv": "id\n2\n"},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the file."""
        return config.path if isinstance(config.path, str) else ", ".join(config.path)

    def _paths(self) -> list[str]:
        path = self.config.path
        return [path] if isinstance(path, str) else list(path)

    def reads(self, folder: str) -> Sequence[str]:
        """Return the files that exist now; in a worker, which may not list folders, those that it was granted."""
        return self.granted if self.granted is not None else paths.expand(self._paths(), folder)

    def identity(self, folder: str) -> str:
        """Return path, inode, size and time of every file."""
        return paths.identity(self.reads(folder))

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Look into every file; columns are united by name."""
        files = self._existing(folder)
        given = given_types(connection, self.config.columns)
        reading = Reading(connection, self.config, Workspace(connection), Unheard(), self.id, given)
        looks = [self._look(path, reading) for path in files]
        _known_names(looks, self.config.columns)
        columns, notes = united([look["columns"] for look in looks], given)
        for look in looks:
            notes.extend(note for note in look["notes"] if note not in notes)
        options: dict[str, Any] = {"files": looks, "format": looks[0]["format"]}
        if all(look["rows"] is not None for look in looks):
            options["exact_rows"] = True
        if self.config.filename:
            columns[self.config.filename] = "VARCHAR"
        size = sum(os.path.getsize(path) for path in files)
        return Probe(columns, options, self.identity(folder), tuple(files), size, tuple(notes))

    def _existing(self, folder: str) -> list[str]:
        if self.granted:
            return list(self.granted)
        for path in self._paths():
            if not paths.expand([path], folder):
                raise paths.missing(path, folder)
        return paths.expand(self._paths(), folder)

    def _look(self, path: str, reading: Reading) -> dict[str, Any]:
        from runnel.connectors.files.preparing import prepare

        file, format = prepare(path, self.config, reading.workspace)
        found = format.sniff(file, reading)
        return {
            "path": path, "format": format.name, "columns": dict(found.columns), "options": dict(found.options),
            "rows": found.rows, "notes": [*file.notes, *found.notes],
        }  # fmt: skip

    def keeping(self, probe: Probe) -> Mapping[str, Any]:
        """Return how numbers and dates are written in CSV files; too many strange values would not tell it again."""
        dialects = [look["options"]["dialect"] for look in probe.options["files"] if "dialect" in look["options"]]
        if not dialects:
            return {}
        return {setting: dialects[0][sign] for setting, sign in SIGNS.items() if dialects[0][sign]}

    def refusing(self, probe: Probe) -> str:
        """Tell of formats in which a record has no bytes of its own."""
        found = sorted({look["format"] for look in probe.options["files"]} - set(WITH_RAW_RECORDS))
        shown = ", ".join(found)
        return f"A record of {shown} has no bytes of its own: its row is kept as JSON." if found else ""

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Open the files, those that are written alike together."""
        given = given_types(connection, self.config.columns)
        reading = Reading(connection, self.config, Workspace(connection), letters, self.id, given, self.lenient)
        self._reading = reading
        self._opened: dict[str, Format] = {}
        parts, rows, sizes = list[str](), list[int | None](), list[int | None]()
        for look, group in grouped(probe.options["files"], bool(self.config.filename)):
            opened = self._open(look, group, columns, reading)
            parts.append(opened.sql)
            rows.append(opened.rows)
            sizes.append(opened.bytes)
        text = parts[0] if len(parts) == 1 else f"({' UNION ALL '.join(_selected(p) for p in parts)})"
        return Opened(text, _sum(rows), _sum(sizes))

    def _open(
        self, look: Mapping[str, Any], paths_of: list[str], columns: Mapping[str, str], reading: Reading
    ) -> Opened:
        from runnel.connectors.files.preparing import prepare

        format = by_name(look["format"])
        self._opened[format.name] = format
        own = {name: type for name, type in columns.items() if name in look["columns"]}
        settings = self.config.model_copy(update={"format": format.name})
        files = [
            Chosen(prepare(path, settings, reading.workspace)[0], look["options"], look["columns"]) for path in paths_of
        ]
        opened = format.open(files, own, reading)
        if list(own) == list(columns):
            return opened
        filled = [
            sql.name(name) if name in own else f"{self._filled(name, paths_of)} AS {sql.name(name)}"
            if name == self.config.filename else f"CAST(NULL AS {type}) AS {sql.name(name)}"
            for name, type in columns.items()
        ]  # fmt: skip
        return Opened(f"(SELECT {', '.join(filled)} FROM {opened.sql})", opened.rows, opened.bytes)

    def _filled(self, name: str, paths_of: list[str]) -> str:
        return sql.text(paths_of[0])

    def replay(self, records: Sequence[bytes], probe: Probe, columns: Mapping[str, str], folder: str) -> Mapping[str, Any]:
        """Write the records as a file of the format that the first file has."""
        from runnel.connectors.files.replaying import replayed

        return replayed(records, self.config.model_dump(by_alias=True), probe.options["files"][0], columns, folder)

    def finish(self, connection: Connection, probe: Probe, letters: DeadLetters) -> None:
        """Let the formats harvest what their readers refused."""
        self._reading.letters = letters
        for format in self._opened.values():
            format.finish(self._reading)


_ALIASES = {"string": "VARCHAR", "number": "DOUBLE", "integer": "BIGINT", "decimal": "DECIMAL(38,9)"}


def given_types(connection: Connection, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the types that a person gave, in DuckDB's spelling."""
    import duckdb

    found = {}
    for name, type in columns.items():
        try:
            row = connection.execute(f"SELECT typeof(CAST(NULL AS {_ALIASES.get(type, type)}))").fetchall()[0]
        except duckdb.Error as error:
            what = f"column {name}: there is no type {type}"
            hint = "Such as VARCHAR, BIGINT, DOUBLE, DECIMAL(18,2), BOOLEAN, DATE, TIMESTAMP."
            raise AuthoringError("RNL-FILE-009", what, hint, {"field": f"columns.{name}"}) from error
        found[name] = row[0]
    return found


def _known_names(looks: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> None:
    """See that every given column stands in some CSV file; raises AuthoringError. JSON may leave any key out."""
    names = list(dict.fromkeys(name for look in looks for name in look["columns"]))
    if not names or any(look["format"] not in ("csv", "tsv") for look in looks):
        return
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else "It has: " + ", ".join(names[:20])
            path = looks[0]["path"]
            what = f"{os.path.basename(path)} has no column {name}"
            if len(looks) > 1:
                what = f"none of the {len(looks)} files has a column {name}"
            raise AuthoringError("RNL-FILE-010", what, hint, {"field": "columns", "file": path})


def united(columns: Sequence[Mapping[str, str]], given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the columns of all files by name, in order of first appearance, and what to say about differences."""
    from runnel.connectors.files.values import common

    found: dict[str, list[str]] = {}
    for one in columns:
        for name, type in one.items():
            found.setdefault(name, []).append(type)
    notes = []
    missing = [name for name, types in found.items() if len(types) < len(columns)]
    if missing:
        notes.append("not in every file: " + ", ".join(missing[:8]))
    return {name: given.get(name) or common(types) for name, types in found.items()}, notes


def grouped(looks: Sequence[Mapping[str, Any]], alone: bool) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Return the files that are written alike together, in the order of the first of each group."""
    groups: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for look in looks:
        key = json.dumps(
            [look["format"], look["options"], list(look["columns"].items()), look["path"] if alone else ""]
        )
        groups.setdefault(key, (look, []))[1].append(look["path"])
    return list(groups.values())


def _sum(numbers: Sequence[int | None]) -> int | None:
    """Return the sum, None where one of the numbers is not known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _selected(part: str) -> str:
    return f"SELECT * FROM {part}"
