"""Values of parameter types: text from a command line or JSON from a file to Python values, or the reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from runnel.model.shapes import is_list

_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}\Z")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,6})?\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")

WANTED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "decimal": "a decimal number",
    "boolean": "true or false",
    "date": "a date as in 2026-11-30",
    "timestamp": "a time as in 2026-11-30T08:15:00Z",
    "enum": "one of the values",
    "list": "a list",
}


def convert(kind: str, value: Any, values: tuple[Any, ...]) -> tuple[Any, str | None]:
    """Return (Python value, None), or (None, what was wanted) when the value does not fit the parameter type.

    Text is read as the type says, so values from a command line and from a file go the same way. `values` are the
    choices of an enum.
    """
    if kind == "enum":
        return _enum(value, values)
    try:
        return _CONVERTERS[kind](value), None
    except (ValueError, InvalidOperation):
        return None, WANTED[kind]


def as_text(value: Any) -> str:
    """Return a converted value as it stands inside other text: `true`, `2026-11-30`, `a,b`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if is_list(value):
        return ",".join(as_text(item) for item in value)
    return str(value)


def _enum(value: Any, values: tuple[Any, ...]) -> tuple[Any, str | None]:
    for choice in values:
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice, None
    for choice in values:
        if isinstance(value, str) and as_text(choice) == value:
            return choice, None
    return None, WANTED["enum"]


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, str):
        if not _NUMBER.match(value.strip()):
            raise ValueError
        value = int(value) if _INTEGER.match(value.strip()) else float(value)
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) == float("inf") or value != value:
        raise ValueError
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    return Decimal(repr(value))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise ValueError


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.match(value.strip()):
        return date.fromisoformat(value.strip())
    raise ValueError


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    raise ValueError


def _list(value: Any) -> list[Any]:
    if is_list(value):
        return list(value)
    if not isinstance(value, str):
        raise ValueError
    if not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    read = json.loads(value)
    if not is_list(read):
        raise ValueError
    return list(read)


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "list": _list,
}
