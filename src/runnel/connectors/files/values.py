"""Which type texts of a table fit, such that printing the value gives the text back; SQL for the same question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runnel.connectors.files import sql

NO_DELIMITER = "\x01\x02\x03\x04"
"""A separator that stands in no text: lines are read whole with it."""

_INTEGER = r"-?(?:0|[1-9][0-9]{0,37})"
_GROUPS = r"-?[1-9][0-9]{0,2}(?:T[0-9]{3})+"
_FRACTION = r"-?(?:0|[1-9][0-9]{0,30})?D[0-9]{1,30}"
_POWER = r"-?[0-9](?:D[0-9]{1,30})?[eE][+-]?[0-9]{1,3}"
_DIGITS = "trim(regexp_replace({c}, '[eE].*|[^0-9]', '', 'g'), '0')"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_BOOLEANS = (("true", "false"), ("True", "False"), ("TRUE", "FALSE"))

DAY_FORMATS = {
    "%d.%m.%Y": r"(?:0[1-9]|[12][0-9]|3[01])\.(?:0[1-9]|1[0-2])\.[0-9]{4}",
    "%d/%m/%Y": r"(?:0[1-9]|[12][0-9]|3[01])/(?:0[1-9]|1[0-2])/[0-9]{4}",
    "%m/%d/%Y": r"(?:0[1-9]|1[0-2])/(?:0[1-9]|[12][0-9]|3[01])/[0-9]{4}",
    "%d-%m-%Y": r"(?:0[1-9]|[12][0-9]|3[01])-(?:0[1-9]|1[0-2])-[0-9]{4}",
    "%Y/%m/%d": r"[0-9]{4}/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12][0-9]|3[01])",
    "%Y%m%d": r"(?!)",
}


@dataclass(frozen=True)
class Signs:
    """How numbers and dates are written in a file; an empty date format is ISO."""

    decimal: str = "."
    thousands: str = ""
    date: str = ""
    timestamp: str = ""

    def number(self, pattern: str) -> str:
        """Return a pattern with this file's signs."""
        return pattern.replace("D", re.escape(self.decimal)).replace("T", re.escape(self.thousands or "\x00"))


@dataclass(frozen=True)
class Candidate:
    """A type with the pattern that its texts match, and SQL that must hold besides (`{c}` is the column)."""

    type: str
    pattern: str
    also: str = ""

    def fits(self, text: str) -> bool:
        """Tell whether a text matches the pattern (the SQL condition is not looked at)."""
        return re.fullmatch(self.pattern, text) is not None

    def condition(self, column: str) -> str:
        """Return SQL that is true for texts of this type."""
        made = f"regexp_full_match({column}, {sql.text(self.pattern)})"
        return f"({made} AND {self.also.replace('{c}', column)})" if self.also else made


def candidates(signs: Signs) -> list[Candidate]:
    """Return the types that are tried, narrowest first."""
    whole = signs.number(f"(?:{_INTEGER}|{_GROUPS})") if signs.thousands else _INTEGER
    fraction = signs.number(_FRACTION)
    if signs.thousands:
        fraction = f"(?:{fraction}|{signs.number(_GROUPS + 'D[0-9]{1,30}')})"
    number = f"(?:{whole}|{fraction}|{signs.number(_POWER)})"
    kept = _survives_double(signs)
    thousands = sql.text(signs.thousands or ",")
    plain = f"replace({{c}}, {thousands}, '')" if signs.thousands else "{c}"
    day = DAY_FORMATS.get(signs.date, _DATE)
    parsed = (
        f"try_strptime({{c}}, {sql.text(signs.date)}) IS NOT NULL"
        if signs.date
        else "try_cast({c} AS DATE) IS NOT NULL"
    )
    return [
        *(Candidate("BOOLEAN", f"(?:{yes}|{no})") for yes, no in _BOOLEANS),
        Candidate("BIGINT", whole, f"(length({{c}}) <= 18 OR try_cast({plain} AS BIGINT) IS NOT NULL)"),
        Candidate("DECIMAL(38,0)", whole),
        Candidate("DATE", day, parsed),
        Candidate("TIMESTAMP", f"{_DATE}[ T]{_TIME}", "try_cast({c} AS TIMESTAMP) IS NOT NULL"),
        Candidate("TIMESTAMP WITH TIME ZONE", rf"{_DATE}[ T]{_TIME}(?:Z|\+00:00|\+00)",
                  "try_cast({c} AS TIMESTAMP WITH TIME ZONE) IS NOT NULL"),
        Candidate("TIME", _TIME, "try_cast({c} AS TIME) IS NOT NULL"),
        Candidate("DOUBLE", number, f"(length({{c}}) <= 16 OR {kept})"),
        Candidate("DOUBLE", rf"(?:{number}|nan|NaN|inf|-inf|Infinity|-Infinity)",
                  kept),
        *(Candidate(f"DECIMAL(38,{scale})", f"(?:{whole}|{_scaled(signs, scale)})") for scale in (2, 4, 6, 10, 18)),
    ]  # fmt: skip


def _survives_double(signs: Signs) -> str:
    """Return SQL that tells whether a DOUBLE is printed with the digits of the text; 15 digits always are."""
    number = f"replace({{c}}, {sql.text(signs.thousands)}, '')" if signs.thousands else "{c}"
    if signs.decimal != ".":
        number = f"replace({number}, {sql.text(signs.decimal)}, '.')"
    printed = _DIGITS.replace("{c}", f"try_cast({number} AS DOUBLE)::VARCHAR")
    return f"(length({_DIGITS}) <= 15 OR {_DIGITS} = {printed})"


def _scaled(signs: Signs, scale: int) -> str:
    made = signs.number(rf"-?(?:0|[1-9][0-9]{{0,{37 - scale}}})?D[0-9]{{1,{scale}}}")
    if not signs.thousands:
        return made
    return f"{made}|{signs.number(_GROUPS + 'D[0-9]{1,' + str(scale) + '}')}"


def fitting(texts: Sequence[str], tried: Sequence[Candidate]) -> Candidate | None:
    """Return the first candidate that all texts match; None for text, and where there is nothing to go by."""
    if not texts:
        return None
    return next((one for one in tried if all(one.fits(text) for text in texts) and not _only_words(one, texts)), None)


def _only_words(one: Candidate, texts: Sequence[str]) -> bool:
    """Tell whether a column of numbers holds no number but only words such as NaN."""
    return "nan" in one.pattern and not any(any(c.isdigit() for c in text) for text in texts)


_RANK = {"BIGINT": 1, "DECIMAL(38,0)": 2, "DOUBLE": 3}


def common(types: Iterable[str]) -> str:
    """Return the type that holds the values of columns of several files."""
    found = list(dict.fromkeys(types))
    if len(found) == 1:
        return found[0]
    if all(type in _RANK for type in found):
        return max(found, key=lambda type: _RANK[type])
    if set(found) == {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    return "VARCHAR"


def exactly(type: str, signs: Signs) -> str | None:
    """Return SQL that tells whether a text is a value of a type that a person gave; None where the cast tells."""
    plain = "{c}"
    if signs.thousands:
        plain = f"replace({plain}, {sql.text(signs.thousands)}, '')"
    if type in _WHOLE:
        return f"regexp_full_match(trim({plain}), '[+-]?[0-9]+')"
    scale = re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", type)
    if scale:
        digits = scale.group(1)
        fraction = rf"(?:{re.escape(signs.decimal)}(?:[0-9]{{0,{digits}}}0*))?"
        return f"regexp_full_match(trim({plain}), {sql.text('[+-]?[0-9]*' + fraction)})"
    if type == "DATE" and not signs.date:
        return "regexp_full_match(trim({c}), '[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,2}')"
    return None


_WHOLE = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
)


def overriding(found: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns with the given types in place."""
    return {name: given.get(name, type) for name, type in found.items()}
