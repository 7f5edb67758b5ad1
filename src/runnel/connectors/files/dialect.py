"""How a CSV file is written, read off its beginning: separator, quotation mark, escape, header, lines above it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from runnel.connectors.files.values import DAY_FORMATS, Signs

DELIMITERS = (",", ";", "\t", "|", "^", "~", ":", " ")
_SPOKEN = {"\t": "tab", " ": "space"}
_MAX_ROWS = 20_000


@dataclass(frozen=True)
class Dialect:
    """How a table of text is written. `skip` is the number of lines above the header (or above the first row)."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    skip: int = 0
    header: bool = True
    newline: str = "\n"
    comment: str = ""
    decimal: str = "."
    thousands: str = ""
    date: str = ""
    timestamp: str = ""

    def signs(self) -> Signs:
        """Return how numbers and dates are written."""
        return Signs(self.decimal, self.thousands, self.date, self.timestamp)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Dialect:
        """Read plain JSON."""
        return Dialect(**{key: data[key] for key in Dialect.__dataclass_fields__})

    def rows(self, text: str) -> list[list[str]]:
        """Return the fields of each record; blank lines are left out."""
        escaped = self.escape if self.escape != self.quote else None
        reader = csv.reader(
            _lines(text), delimiter=self.delimiter, quotechar=self.quote or None, escapechar=escaped,
            doublequote=escaped is None, quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
        )  # fmt: skip
        found = []
        for row in reader:
            if row and not (self.comment and row[0].startswith(self.comment)):
                found.append(row)
                if len(found) >= _MAX_ROWS:
                    break
        return found


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)


def newline_of(text: str) -> str:
    """Return the line end that is used, or `mixed`."""
    pairs = text.count("\r\n")
    feeds = text.count("\n") - pairs
    returns = text.count("\r") - pairs
    kinds = [kind for kind, count in (("\r\n", pairs), ("\n", feeds), ("\r", returns)) if count]
    if len(kinds) == 2 and "\r" in kinds and returns * 20 < max(pairs, feeds):
        kinds.remove("\r")
    return "\n" if not kinds else kinds[0] if len(kinds) == 1 else "mixed"


def sniff(text: str, settings: Any, whole: bool) -> tuple[Dialect, list[list[str]]]:
    """Return the dialect and the records of the sample; `whole` says that the sample is the whole file."""
    newline = newline_of(text)
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    skip, comment = _above(text, settings)
    body = "".join(_lines(text)[skip:]) if skip else text
    dialect = _best(body, settings, comment)
    rows = dialect.rows(body)
    if not whole and len(rows) > 2:
        rows.pop()
    if settings.header_row is None and not settings.skip_rows:
        more, rows = _preamble(rows, body, dialect)
        skip += more
    header = settings.header if settings.header is not None else _has_header(rows)
    dialect = replace(dialect, skip=skip, header=header or settings.header_row is not None, newline=newline)
    return _with_signs(dialect, rows[1:] if dialect.header else rows, settings), rows


def _above(text: str, settings: Any) -> tuple[int, str]:
    """Return how many lines stand above the table, and the comment sign."""
    if settings.header_row is not None:
        return settings.header_row - 1, settings.comment or ""
    if settings.skip_rows:
        return settings.skip_rows, settings.comment or ""
    sign = settings.comment or "#"
    count = 0
    for line in _lines(text):
        if not (line.startswith(sign) or not line.strip()):
            break
        count += 1
    rest = _lines(text)[count:]
    if not rest:
        return 0, settings.comment or ""
    if not settings.comment and count == 1 and _looks_like_names(text, rest):
        return 0, ""
    return count, settings.comment or ""


def _looks_like_names(text: str, rest: Sequence[str]) -> bool:
    """Tell whether a first line that begins with # is the header itself: it has as many fields as the rows."""
    first = _lines(text)[0]
    return any(first.count(sign) == rest[0].count(sign) > 0 for sign in DELIMITERS[:4])


def _best(text: str, settings: Any, comment: str) -> Dialect:
    """Return the separator and quotation mark under which the rows are most alike."""
    signs = [settings.delimiter] if settings.delimiter else list(DELIMITERS)
    if settings.format == "tsv" and not settings.delimiter:
        signs = ["\t"]
    best, best_score = Dialect(delimiter=signs[0], comment=comment), (-1.0, 0.0, 0)
    for place, delimiter in enumerate(signs):
        if delimiter not in text:
            continue
        quote = settings.quote if settings.quote is not None else _quote(text, delimiter)
        escape = settings.escape if settings.escape is not None else _escape(text, quote)
        dialect = Dialect(delimiter=delimiter, quote=quote, escape=escape if quote else "", comment=comment)
        score = _score(dialect, text, place)
        if score > best_score:
            best, best_score = dialect, score
    if best_score[0] < 0:
        quote = settings.quote if settings.quote is not None else '"'
        return replace(best, quote=quote, escape=(settings.escape or quote) if quote else "")
    return best


def _score(dialect: Dialect, text: str, place: int) -> tuple[float, float, int]:
    try:
        rows = dialect.rows(text[:200_000])
    except csv.Error:
        return (-1.0, 0.0, 0)
    widths = Counter(len(row) for row in rows)
    if not widths:
        return (-1.0, 0.0, 0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    if width < 2:
        return (0.0, 0.0, -place)
    share = count / len(rows)
    weak = dialect.delimiter in ": ^~"
    steady = 1.0 if share >= 0.95 else round(share, 2)
    return (steady - (0.3 if weak else 0.0), float(width), -place)


def _quote(text: str, delimiter: str) -> str:
    edge = re.escape(delimiter)
    counts = {}
    for quote in ('"', "'"):
        counts[quote] = len(re.findall(rf"(?:^|{edge}){quote}", text[:200_000], re.M))
        closed = len(re.findall(rf"{quote}(?:{edge}|\r?$)", text[:200_000], re.M))
        counts[quote] = min(counts[quote], closed)
    return "'" if counts["'"] > max(2, 3 * counts['"']) else '"'


def _escape(text: str, quote: str) -> str:
    if not quote:
        return ""
    slashed = len(re.findall(rf"\\{quote}(?![,;\t|\r\n]|\Z)", text))
    doubled = len(re.findall(rf"(?<=[^,;\t|\r\n{quote}]){quote}{quote}(?=[^{quote}])", text))
    return "\\" if slashed and not doubled else quote


def _preamble(rows: list[list[str]], text: str, dialect: Dialect) -> tuple[int, list[list[str]]]:
    """Return how many more lines to skip where a title stands above the table, and the rows without it."""
    widths = Counter(len(row) for row in rows)
    if not rows or len(widths) == 1:
        return 0, rows
    usual = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    first = next((number for number, row in enumerate(rows) if len(row) == usual), 0)
    if usual < 3 or not 0 < first <= 20 or any(len(row) > max(1, usual // 2) for row in rows[:first]):
        return 0, rows
    lines, skipped, blank = _lines(text), 0, 0
    for line in lines:
        if skipped == first:
            break
        skipped += bool(line.strip())
        blank += not line.strip()
    return skipped + blank, rows[first:]


_NAME = re.compile(r"[^\W\d][^\n]{0,200}", re.UNICODE)


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row holds names: unlike the values below it, or all of them words."""
    if not rows:
        return False
    first = [cell.strip() for cell in rows[0]]
    if any(_is_value(cell) for cell in first) or not any(first):
        return False
    if (
        len(set(first)) < len(first)
        and len(rows) > 1
        and not any(_is_value(cell) for row in rows[1:50] for cell in row)
    ):
        return len(set(first)) > len(first) // 2
    below = [row for row in rows[1:500] if len(row) == len(first)]
    for index, name in enumerate(first):
        values = [row[index] for row in below if row[index]]
        if values and all(_is_value(value) for value in values) and not _is_value(name):
            return True
    repeats = sum(1 for index, name in enumerate(first) if name and any(row[index] == name for row in below))
    return repeats <= len(first) // 2


def _is_value(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[\d.,' ]*\d|\d[\d.:/TZ+ -]*\d|\d|true|false|-?inf|nan|null", text.strip(), re.I))


def _with_signs(dialect: Dialect, rows: Sequence[Sequence[str]], settings: Any) -> Dialect:
    columns = _columns(rows)
    decimal, thousands = settings.decimal, settings.thousands
    if decimal is None and thousands is None:
        decimal, thousands = _number_signs(columns, dialect.delimiter)
    date = settings.date_format or _date_format(columns)
    return replace(
        dialect, decimal=decimal or ("," if thousands == "." else "."), thousands=thousands or "", date=date,
        timestamp=settings.timestamp_format or "",
    )  # fmt: skip


def _columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    width = max((len(row) for row in rows), default=0)
    return [[row[index] for row in rows if index < len(row) and row[index]] for index in range(min(width, 500))]


def _number_signs(columns: Sequence[Sequence[str]], delimiter: str) -> tuple[str, str]:
    """Return decimal and thousands signs: those under which most columns are numbers."""
    styles = ((".", ""), (",", ""), (",", "."), (".", ","))
    best, best_count = styles[0], 0
    for decimal, thousands in styles:
        fraction = re.compile(rf"-?(?:\d+{re.escape(decimal)}\d+|\d+)")
        if thousands:
            group = rf"-?(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})*)(?:{re.escape(decimal)}\d+)?"
            fraction = re.compile(group)
        count = sum(1 for column in columns if _numeric(column, fraction, decimal, thousands))
        if count > best_count:
            best, best_count = (decimal, thousands), count
    return best


def _numeric(column: Sequence[str], pattern: re.Pattern[str], decimal: str, thousands: str) -> bool:
    """Tell whether a column holds numbers in this style and needs it."""
    if not column or not all(pattern.fullmatch(text) for text in column):
        return False
    if thousands:
        return any(thousands in text for text in column) and any(decimal in text for text in column)
    if decimal == ",":
        return any("," in text for text in column) and not all(
            re.fullmatch(r"-?\d{1,3}(,\d{3})+", text) for text in column if "," in text
        )
    return any(decimal in text for text in column)


def _date_format(columns: Sequence[Sequence[str]]) -> str:
    """Return the one format that a column of dates has, where no other fits too."""
    for column in columns:
        fitting = [
            format
            for format, pattern in DAY_FORMATS.items()
            if column and all(re.fullmatch(pattern, text) for text in column)
        ]
        if len(fitting) == 1:
            return fitting[0]
    return ""


def spoken(dialect: Dialect) -> list[str]:
    """Return what was found, in words, where it is not what everyone expects."""
    said = []
    if dialect.delimiter != ",":
        said.append(f"{_SPOKEN.get(dialect.delimiter, '`' + dialect.delimiter + '`')} as separator")
    if dialect.quote not in ('"',):
        said.append(f"`{dialect.quote}` as quotation mark" if dialect.quote else "no quotation mark")
    if dialect.escape == "\\":
        said.append("backslash before quotation marks")
    if not dialect.header:
        said.append("no header")
    elif dialect.skip:
        said.append(f"header in line {dialect.skip + 1}")
    if dialect.decimal == ",":
        said.append("decimal comma")
    if dialect.thousands:
        said.append(f"`{dialect.thousands}` between thousands")
    if dialect.date:
        said.append(f"dates as {dialect.date}")
    return said


def column_names(cells: Sequence[str], width: int) -> list[str]:
    """Return a name for each column: trimmed, none empty, none twice (upper and lower case are the same)."""
    found: list[str] = []
    seen: set[str] = set()
    for index in range(width):
        name = cells[index].strip() if index < len(cells) else ""
        name = name or f"column{index + 1}"
        made, number = name, 1
        while made.lower() in seen:
            made, number = f"{name}_{number}", number + 1
        seen.add(made.lower())
        found.append(made)
    return found
