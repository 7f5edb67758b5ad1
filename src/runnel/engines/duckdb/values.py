"""Values of DuckDB as JSON text: every digit kept, times as RFC 3339, bytes as base64, NaN and infinities as text."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson


def json_rows(connection: Any, query: str) -> tuple[list[dict[str, str]], str]:
    """Run a query and return (columns with name and type, the rows as the text of a JSON array of arrays)."""
    relation = connection.execute(query)
    names = [item[0] for item in relation.description]
    described = [str(item[1]) for item in relation.description]
    rows = relation.fetchall()
    columns = [{"name": name, "type": type} for name, type in zip(names, described, strict=True)]
    text = orjson.dumps([[jsonable(value) for value in row] for row in rows], option=orjson.OPT_NON_STR_KEYS)
    return columns, text.decode()


def jsonable(value: Any) -> Any:
    """Return a value that orjson writes exactly."""
    if value is None or isinstance(value, bool | str):
        return clean_text(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else orjson.Fragment(str(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime | date | time | timedelta):
        return moment(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    return str(value)


def clean_text(value: str) -> str:
    """Replace lone surrogates, which no JSON text may hold."""
    return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value


def _number(value: float) -> Any:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def moment(value: datetime | date | time | timedelta) -> str:
    """Return a date or time as RFC 3339; UTC is `Z`, a time without zone has none."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    if isinstance(value, timedelta):
        return str(value)
    return value.isoformat()
