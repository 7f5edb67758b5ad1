"""Writes the 20 CSV dialects that are read without an option, each with the Parquet that it must equal.

`python -m tools.dialects FOLDER` makes `NN-name.csv` (or `.csv.gz`) and `NN-name.parquet` for every dialect.
"""

from __future__ import annotations

import codecs
import gzip
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROWS = 2000
COLUMNS = ("id", "name", "price", "date", "flag")
_NAMES = ("Jäger", 'Anna "Änni" Käse', "Müller, Söhne", "Zoë; Partner", "O'Neill", "Bär | Löwe", "Öl", "plain")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Dialect:
    """One way to write the table; `write` gives the file's bytes, `rows` what must be read."""

    name: str
    write: Callable[[list[Row]], bytes]
    rows: Callable[[list[Row]], list[Row]] = lambda rows: rows
    ending: str = "csv"
    ids: str = "int64"
    header: bool = True


def table() -> list[Row]:
    """Return the rows: id, name, price, date, flag."""
    start = date(2023, 1, 1)
    return [
        (n + 1, f"{_NAMES[n % len(_NAMES)]} {n}", round((n * 7919 % 250_000) / 100 + 1000 * (n % 3), 2),
         start + timedelta(days=n % 700), n % 3 == 0)
        for n in range(ROWS)
    ]  # fmt: skip


def _texts(row: Row, decimal: str = ".", thousands: str = "", day: str = "%Y-%m-%d") -> list[str]:
    price = f"{row[2]:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
    return [str(row[0]), row[1], price, row[3].strftime(day), str(row[4]).lower()]


def _quoted(text: str, delimiter: str, quote: str, escape: str, always: bool) -> str:
    if not always and not any(sign in text for sign in (delimiter, quote, "\n", "\r")):
        return text
    return (
        quote + text.replace(escape, escape * 2).replace(quote, escape + quote) + quote
        if escape != quote
        else (quote + text.replace(quote, quote * 2) + quote)
    )


def _text(  # noqa: PLR0913 - one option per way to write a table
    rows: Sequence[Row], *, delimiter: str = ",", quote: str = '"', escape: str = '"', end: str = "\n",
    header: bool = True, decimal: str = ".", thousands: str = "", day: str = "%Y-%m-%d", always: bool = False,
) -> str:  # fmt: skip
    lines = [delimiter.join(COLUMNS)] if header else []
    for row in rows:
        cells = _texts(row, decimal, thousands, day)
        cells = [cells[0], *(_quoted(cell, delimiter, quote, escape, always) for cell in cells[1:2]),
                 *(_quoted(cell, delimiter, quote, escape, False) for cell in cells[2:])]  # fmt: skip
        lines.append(delimiter.join(cells))
    return end.join(lines) + end


def _plain(**options: Any) -> Callable[[list[Row]], bytes]:
    return lambda rows: _text(rows, **options).encode()


def _encoded(encoding: str, mark: bytes = b"") -> Callable[[list[Row]], bytes]:
    return lambda rows: mark + _text(rows).encode(encoding)


def _renamed(change: Callable[[str], str]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [(row[0], change(row[1]), *row[2:]) for row in rows]


def _euro(rows: list[Row]) -> list[Row]:
    return _renamed(lambda name: name + " €")(rows)


def _broken_lines(rows: list[Row]) -> list[Row]:
    return _renamed(lambda name: name.replace(" ", "\n", 1))(rows)


def _padded(rows: list[Row]) -> list[Row]:
    return [(f"{row[0]:06d}", *row[1:]) for row in rows]


def _ragged(rows: list[Row]) -> bytes:
    lines = _text(rows).splitlines()
    for place in (100, 900, 1700):
        lines.insert(place, "7,short")
    for place in (300, 1100, 1900):
        lines.insert(place, "8,long,1.00,2024-01-01,true,surplus")
    return ("\n".join(lines) + "\n").encode()


def _commented(rows: list[Row]) -> bytes:
    return (
        b"# exported by a program\n# on a Monday\n# all shops, all prices\n# encoding: UTF-8\n" + _text(rows).encode()
    )


DIALECTS = (
    Dialect("01-comma", _plain()),
    Dialect("02-semicolon", _plain(delimiter=";", decimal=",")),
    Dialect("03-tab", _plain(delimiter="\t")),
    Dialect("04-pipe", _plain(delimiter="|")),
    Dialect("05-utf8-mark", _encoded("utf-8", codecs.BOM_UTF8)),
    Dialect("06-utf16-le", _encoded("utf-16-le", codecs.BOM_UTF16_LE)),
    Dialect("07-utf16-be", _encoded("utf-16-be", codecs.BOM_UTF16_BE)),
    Dialect("08-latin-1", _encoded("latin-1")),
    Dialect("09-windows-1252", lambda rows: _text(_euro(rows)).encode("windows-1252"), _euro),
    Dialect("10-quoted-newlines", lambda rows: _text(_broken_lines(rows)).encode(), _broken_lines),
    Dialect("11-doubled-quotes", _plain(always=True)),
    Dialect("12-backslash", _plain(escape="\\", always=True)),
    Dialect("13-single-quoted", _plain(quote="'", escape="'", always=True)),
    Dialect("14-no-header", _plain(header=False), header=False),
    Dialect("15-comments", _commented),
    Dialect("16-crlf", lambda rows: _text(rows, end="\r\n").encode() + b"\r\n\r\n"),
    Dialect("17-gzip", lambda rows: gzip.compress(_text(rows).encode(), mtime=0), ending="csv.gz"),
    Dialect("18-leading-zeros", lambda rows: _text(_padded(rows)).encode(), _padded, ids="string"),
    Dialect("19-german", _plain(delimiter=";", decimal=",", thousands=".", day="%d.%m.%Y")),
    Dialect("20-ragged", _ragged),
)
LETTERS = {"20-ragged": 6}


def generate(folder: Path) -> list[Path]:
    """Write every dialect and its Parquet into a folder; returns the CSV files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    rows, made = table(), []
    for dialect in DIALECTS:
        path = folder / f"{dialect.name}.{dialect.ending}"
        path.write_bytes(dialect.write(rows))
        expected = dialect.rows(rows)
        names = COLUMNS if dialect.header else tuple(f"column{n + 1}" for n in range(len(COLUMNS)))
        types = (
            pa.int64() if dialect.ids == "int64" else pa.string(),
            pa.string(),
            pa.float64(),
            pa.date32(),
            pa.bool_(),
        )
        columns = [pa.array(values, type) for values, type in zip(zip(*expected, strict=True), types, strict=True)]
        pq.write_table(pa.Table.from_arrays(columns, names), folder / f"{dialect.name}.parquet")
        made.append(path)
    return made


if __name__ == "__main__":
    for written in generate(Path(sys.argv[1])):
        print(written)
