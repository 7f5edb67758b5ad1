"""What a plain YAML scalar means: the core schema of YAML 1.2 (section 10.3.2), so `on` and `yes` stay text."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

MAX_DIGITS = 4000

Scalar = str | int | float | bool | None
Remark = Literal["zeros", "digits", "not_finite", "too_long"]

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_NUMBER_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_PADDED = re.compile(r"[-+]?0[0-9]")


def resolve(text: str) -> tuple[Scalar, Remark | None]:
    """Return the value of a plain scalar, and a remark where the value says less than what is written.

    `1_000`, dates and `12:30` are text. Integers are exact. A number that no value can stand for (`.nan`, more than
    4000 digits) comes back as its text, with the remark.
    """
    if text in _NULLS:
        return None, None
    if text[0] in _NUMBER_START:
        return _number(text)
    if text in _TRUE:
        return True, None
    if text in _FALSE:
        return False, None
    return text, None


def is_text(text: str) -> bool:
    """Tell whether a plain scalar is text, so that a string may be written without quotes."""
    value, remark = resolve(text)
    return isinstance(value, str) and remark is None


def _number(text: str) -> tuple[Scalar, Remark | None]:
    if len(text) > MAX_DIGITS:
        return text, "too_long" if _INTEGER.match(text) or _FLOAT.match(text) or _HEXADECIMAL.match(text) else None
    if _INTEGER.match(text):
        return int(text), "zeros" if _PADDED.match(text) else None
    if _OCTAL.match(text):
        return int(text[2:], 8), None
    if _HEXADECIMAL.match(text):
        return int(text[2:], 16), None
    if _FLOAT.match(text):
        return _float(text)
    return text, "not_finite" if _NOT_FINITE.match(text) else None


def _float(text: str) -> tuple[Scalar, Remark | None]:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return text, "not_finite"
    return value, "digits" if _loses_digits(text, value) else None


def _loses_digits(text: str, value: float) -> bool:
    try:
        return Decimal(text) != Decimal(repr(value))
    except InvalidOperation:
        return True
