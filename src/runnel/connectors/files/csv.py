"""CSV and TSV, read by DuckDB with every option spelled out; what it refuses is cut from the file's own bytes."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runnel.connectors.files import detection, limits, sql
from runnel.connectors.files.dialect import Dialect, column_names, sniff, spoken
from runnel.connectors.files.formats import Chosen, Format, Prepared, Reading, Sniffed
from runnel.connectors.files.records import open_line, uniform
from runnel.connectors.files.refused import closed, harvest, known, without_inexact
from runnel.connectors.files.values import Candidate, candidates, exactly, fitting, overriding
from runnel.errors import ConnectorError
from runnel.sdk import Opened

WHOLE_BYTES = 2 * 1024**3
"""Files up to this size are read once as a whole when they are probed, to see that the types hold everywhere."""
_LINE_BYTES = 16_800_000
_MOST_OPEN = 50


class CsvFormat(Format):
    """Tables of text."""

    textual = True

    def __init__(self, name: str, extensions: tuple[str, ...]) -> None:
        self.name = name
        self.extensions = extensions

    def sniff(self, file: Prepared, reading: Reading) -> Sniffed:
        """Read the dialect off the beginning, then see that the types hold in the whole file."""
        head, whole = _head(file)
        limits.line_sizes(file.readable, file.shown)
        settings = reading.settings.model_copy(update={"format": self.name})
        dialect, rows = sniff(head, settings, whole)
        if not rows:
            return Sniffed({}, {"dialect": dialect.to_json(), "empty": True}, ("the file is empty",), 0)
        declared = settings.header_row is not None and set(rows[0]) <= set(reading.given)
        names = column_names(rows[0], len(rows[0])) if declared else _names(file, rows, dialect)
        body = rows[1:] if dialect.header else rows
        looked = _Look(file, reading, names, dialect, body)
        types = looked.types()
        inexact = looked.inexact(types)
        options = {"dialect": looked.dialect.to_json(), "columns": names, "inexact": inexact, "open": looked.open}
        said = spoken(looked.dialect)
        if not looked.complete:
            said.append(f"types read off the first {WHOLE_BYTES >> 20} MiB")
        return Sniffed(overriding(types, reading.given), options, tuple(said))

    def open(self, files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> Opened:
        """Return the call of `read_csv` that decodes the wanted columns."""
        first = files[0]
        if first.options.get("empty"):
            return Opened("(SELECT 1 WHERE false)", 0)
        dialect = Dialect.from_json(first.options["dialect"])
        readable = []
        lenient = _lenient(files, columns, reading)
        for chosen in files:
            path = closed(_uniform(chosen.file, dialect, reading), chosen.file, chosen.options["open"], reading)
            inexact = [name for name in chosen.options["inexact"] if name in columns and name not in lenient]
            if inexact:
                path = without_inexact(path, chosen, dialect, {name: columns[name] for name in inexact}, reading)
            readable.append(path)
        types = {
            name: "VARCHAR" if name in lenient else columns.get(name, "VARCHAR") for name in first.options["columns"]
        }
        table = f"{reading.id}:{len(reading.state)}"
        key = hashlib.sha256(table.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        reading.state[key] = (dict(zip(readable, (chosen.file for chosen in files), strict=True)), dialect)
        rejects = f"store_rejects=true, rejects_table='rejects_{key}', rejects_scan='scans_{key}'"
        call = scan(readable, types, dialect, reading.settings.null_values, rejects)
        if lenient:
            shown = [lenient_value(n, columns[n], dialect) if n in lenient else sql.name(n) for n in columns]
            call = f"(SELECT {', '.join(shown)} FROM {call})"
        return Opened(call, bytes=sum(os.path.getsize(path) for path in readable))

    def finish(self, reading: Reading) -> None:
        """Turn the reject tables into dead letters."""
        for key, value in reading.state.items():
            if isinstance(value, tuple) and key not in reading.harvested:
                reading.harvested.add(key)
                files, dialect = value
                harvest(reading, f"rejects_{key}", f"scans_{key}", files, dialect)


def _lenient(files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> set[str]:
    """Return the columns to be read as text first: only shown, and of a type that was not seen to hold everywhere."""
    seen = all(os.path.getsize(chosen.file.readable) <= WHOLE_BYTES for chosen in files)
    return {
        name for name, type in columns.items()
        if name in reading.lenient and type != "VARCHAR" and (name in reading.given or not seen)
    }  # fmt: skip


class _Look:
    """One look at a whole file: which types hold, column by column."""

    def __init__(
        self, file: Prepared, reading: Reading, names: list[str], dialect: Dialect, rows: Sequence[Sequence[str]]
    ) -> None:
        self.file = file
        self.reading = reading
        self.names = names
        self.dialect = dialect
        self.rows = rows
        self.open: list[list[int]] = []
        self.complete = os.path.getsize(file.readable) <= WHOLE_BYTES

    def types(self) -> dict[str, str]:
        """Return the type of every column: the guess of the sample where the whole file agrees, else a wider one."""
        nulls = {"", *self.reading.settings.null_values}
        tried = candidates(self.dialect.signs())
        guesses: dict[str, Candidate | None] = {}
        for index, name in enumerate(self.names):
            texts = [row[index] for row in self.rows if index < len(row) and row[index] not in nulls]
            guesses[name] = None if name in self.reading.given else fitting(texts, tried)
        bad = self._violated({name: one for name, one in guesses.items() if one is not None})
        for name in bad:
            guesses[name] = self._wider(name, tried[tried.index(guesses[name]) + 1 :])  # type: ignore[arg-type]
        return {name: one.type if one else "VARCHAR" for name, one in guesses.items()}

    def _violated(self, guesses: Mapping[str, Candidate]) -> list[str]:
        made = {name: _broken(one, name) for name, one in guesses.items()}
        counts = self._count(made)
        return [name for name, count in counts.items() if count]

    def _wider(self, name: str, tried: Sequence[Candidate]) -> Candidate | None:
        made = {str(index): _broken(one, name) for index, one in enumerate(tried)}
        counts = self._count(made, {name})
        return next((one for index, one in enumerate(tried) if not counts[str(index)]), None)

    def inexact(self, types: Mapping[str, str]) -> list[str]:
        """Return the columns of given types whose cast would change a value somewhere (2.5 as BIGINT)."""
        made = {}
        for name, type in self.reading.given.items():
            test = exactly(type, self.dialect.signs())
            if name in types and test:
                made[name] = _changed(test, name, type, self.dialect)
        return [name for name, count in self._count(made).items() if count]

    def _count(self, conditions: Mapping[str, str], only: set[str] | None = None) -> dict[str, int]:
        """Count, for each condition, the records for which it is true; one reading of the file for all."""
        if not conditions:
            if not self.reading.state.get(("seen", self.file.path)):
                self._run("SELECT count(*) FROM {scan}")
            return {}
        made = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions.values())
        row = self._run(f"SELECT {made} FROM {{scan}}")
        return dict(zip(conditions, row, strict=True))

    def _run(self, query: str) -> Any:
        import duckdb

        limit = "" if self.complete else " LIMIT 5000000"
        while True:
            uniform = _uniform(self.file, self.dialect, self.reading)
            path = closed(uniform, self.file, self.open, self.reading, letters=False)
            call = scan([path], dict.fromkeys(self.names, "VARCHAR"), self.dialect, self.reading.settings.null_values,
                        "store_rejects=true, rejects_table='probe_rejects', rejects_scan='probe_scans'")  # fmt: skip
            if limit:
                call = f"(SELECT * FROM {call}{limit})"
            try:
                row = self.reading.connection.execute(query.replace("{scan}", call)).fetchall()[0]
            except duckdb.InvalidInputException as error:
                if "invalid state" not in str(error) or self.dialect.newline == "mixed":
                    raise _explained(self.file, error) from error
                self.dialect = replace(self.dialect, newline="mixed")
                continue
            self.reading.state[("seen", self.file.path)] = True
            self._too_large()
            if not self._left_open(path):
                return row

    def _left_open(self, path: str) -> bool:
        """Note a line whose quotation mark never closes; without it the file is read once more."""
        connection = self.reading.connection
        if not known(connection, "probe_rejects"):
            return False
        kind = "r.error_type = 'UNQUOTED VALUE'"
        rows = connection.execute(
            f"SELECT min(r.line_byte_position) - 1 FROM probe_rejects r JOIN probe_scans s USING (scan_id, file_id) "
            f"WHERE {kind} AND s.file_path = {sql.text(path)}"
        ).fetchall()
        place = rows[0][0]
        if place is None or len(self.open) >= _MOST_OPEN:
            return False
        with open(path, "rb") as opened:
            byte, line = open_line(opened, int(place), self.dialect.quote, self.dialect.escape)
        if line is None:
            return False
        for before, length in self.open:
            byte += length if before <= byte else 0
        self.open = sorted([*self.open, [byte, len(line)]])
        return True

    def _too_large(self) -> None:
        if not known(self.reading.connection, "probe_rejects"):
            return
        found = self.reading.connection.execute(
            "SELECT min(line) FROM probe_rejects WHERE error_type = 'LINE SIZE OVER MAXIMUM'"
        ).fetchall()[0]
        if found[0] is not None:
            raise limits.record_size(self.file.shown, int(found[0]))


def _broken(one: Candidate, name: str) -> str:
    column = sql.name(name)
    return f"{column} IS NOT NULL AND NOT {one.condition(column)}"


def _changed(test: str, name: str, type: str, dialect: Dialect) -> str:
    """Return SQL that is true where a cast would take a text and change its value."""
    column = sql.name(name)
    cast = f"try_cast({_plain(column, dialect)} AS {type})"
    return f"{column} IS NOT NULL AND NOT {test.replace('{c}', column)} AND {cast} IS NOT NULL"


def _plain(column: str, dialect: Dialect) -> str:
    """Return SQL of the text of a number without the file's own signs."""
    plain = f"replace({column}, {sql.text(dialect.thousands)}, '')" if dialect.thousands else column
    return f"replace({plain}, {sql.text(dialect.decimal)}, '.')" if dialect.decimal != "." else plain


def lenient_value(name: str, type: str, dialect: Dialect) -> str:
    """Return SQL that reads the text of a column as its type, as the strict reader does; NULL where it would refuse."""
    column = sql.name(name)
    format = {"DATE": dialect.date, "TIMESTAMP": dialect.timestamp}.get(type)
    if format:
        value = f"CAST(try_strptime({column}, {sql.text(format)}) AS {type})"
    else:
        number = type in ("DOUBLE", "FLOAT") or type.startswith("DECIMAL") or type.endswith("INT") or type == "INTEGER"
        value = f"try_cast({_plain(column, dialect) if number else column} AS {type})"
    test = exactly(type, dialect.signs())
    return f"{f'CASE WHEN {test} THEN {value} END'.replace('{c}', column) if test else value} AS {column}"


def scan(files: Sequence[str], types: Mapping[str, str], dialect: Dialect, nulls: Sequence[str], more: str) -> str:
    """Return a call of `read_csv` in which nothing is left to a guess."""
    signs = [
        f"header={str(dialect.header).lower()}", "auto_detect=false", f"delim={sql.text(dialect.delimiter)}",
        f"quote={sql.text(dialect.quote)}", f"escape={sql.text(dialect.escape)}", f"skip={dialect.skip}",
        f"columns={sql.struct(types)}", "allow_quoted_nulls=false", "null_padding=false",
        f"max_line_size={_LINE_BYTES}", "buffer_size=32000000",
    ]  # fmt: skip
    if dialect.comment:
        signs.append(f"comment={sql.text(dialect.comment)}")
    if nulls:
        signs.append(f"nullstr={sql.texts(['', *nulls])}")
    if dialect.decimal != ".":
        signs.append(f"decimal_separator={sql.text(dialect.decimal)}")
    if dialect.thousands:
        signs.append(f"thousands={sql.text(dialect.thousands)}")
    if dialect.date:
        signs.append(f"dateformat={sql.text(dialect.date)}")
    if dialect.timestamp:
        signs.append(f"timestampformat={sql.text(dialect.timestamp)}")
    return f"read_csv({sql.texts(files)}, {', '.join(signs)}, {more})"


def _head(file: Prepared) -> tuple[str, bool]:
    """Return the beginning of the text, and whether that is all of it."""
    with open(file.readable, "rb") as opened:
        data = opened.read(detection.HEAD_BYTES)
        whole = not opened.read(1)
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace"), whole


def _names(file: Prepared, rows: Sequence[Sequence[str]], dialect: Dialect) -> list[str]:
    """Return the columns' names; the width is that of most rows."""
    from collections import Counter

    body = rows[1:] if dialect.header and len(rows) > 1 else rows
    widths = Counter(len(row) for row in body)
    usual = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    if dialect.header and widths.get(len(rows[0])):
        usual = max(usual, len(rows[0])) if widths[len(rows[0])] * 2 >= widths[usual] else usual
    limits.columns(file.shown, max(usual, len(rows[0])))
    return column_names(rows[0] if dialect.header else (), usual)


def _uniform(file: Prepared, dialect: Dialect, reading: Reading) -> str:
    """Return the readable path, a copy with one kind of line end where the file mixes them."""
    if dialect.newline != "mixed":
        return file.readable
    key = ("uniform", file.path)
    if key not in reading.state:
        made = reading.workspace.new(".csv")
        uniform(file.readable, made, dialect.quote, dialect.escape)
        reading.state[key] = made
    return reading.state[key]


def _explained(file: Prepared, error: Exception) -> ConnectorError:
    words = str(error).split("\n")[0]
    hint = "Set `delimiter`, `quote`, `escape` or `encoding`."
    return ConnectorError("RNL-FILE-011", f"reading {file.shown}: {words}", hint, {"file": file.path})


FORMATS = (CsvFormat("csv", ("csv",)), CsvFormat("tsv", ("tsv", "tab")))
