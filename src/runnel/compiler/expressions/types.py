"""Type names as people write them in columns, casts and parameters, and values as typed literals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, cast

from sqlglot import exp

from runnel.compiler.dialects.types import TypeNameError, family, read_type

PARAMETER_TYPES: dict[str, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "decimal": "DECIMAL(38,10)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "enum": "VARCHAR",
}


def normalise_type(text: str) -> str:
    """Return DuckDB's own spelling of a type in capitals; parameter types are accepted as aliases.

    `integer` written in small letters is the parameter type (BIGINT), `INTEGER` DuckDB's. Raises `TypeNameError`.
    """
    return PARAMETER_TYPES.get(text.strip()) or str(read_type(text))


def is_type(text: str) -> bool:
    """Tell whether a text names a type."""
    try:
        normalise_type(text)
    except TypeNameError:
        return False
    return True


def literal(value: Any, type_name: str | None = None) -> exp.Expr:
    """Return a value as a typed literal tree; `type_name` is a DuckDB or parameter type, by default that of the value.

    Raises ValueError for a value that does not have the type.
    """
    if value is None:
        return exp.Null()
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        element = type_name[:-2] if type_name and type_name.endswith("[]") else None
        return exp.Array(expressions=[literal(item, element) for item in items])
    target = normalise_type(type_name) if type_name and type_name != "list" else _type_of(value)
    return _scalar(value, target)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT"
    if isinstance(value, float):
        return "DOUBLE"
    if isinstance(value, Decimal):
        return "DECIMAL(38,10)"
    if isinstance(value, datetime):
        return "TIMESTAMP WITH TIME ZONE" if value.tzinfo else "TIMESTAMP"
    return "DATE" if isinstance(value, date) else "VARCHAR"


def _scalar(value: Any, target: str) -> exp.Expr:
    kind = family(target)
    if kind == "boolean":
        if isinstance(value, bool) or str(value).lower() in ("true", "false"):
            return exp.true() if str(value).lower() == "true" else exp.false()
        raise ValueError(f"{value!r} is not true or false")
    if kind == "integer":
        return _integer(int(str(value)))
    if kind == "decimal":
        return _decimal(Decimal(str(value)))
    if kind == "double":
        number = float(value)
        text = repr(number) if math.isfinite(number) else str(number)
        return exp.cast(exp.Literal.string(text), "DOUBLE")
    if kind in ("date", "timestamp", "timestamptz", "time"):
        return _moment(value, target)
    text = exp.Literal.string(str(value))
    return text if kind == "text" else exp.cast(text, target, dialect="duckdb")


def _integer(number: int) -> exp.Expr:
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{number} does not fit 64 bits")
    wide = exp.cast(exp.Literal.string(str(number)), "BIGINT")
    return wide


def _decimal(number: Decimal) -> exp.Expr:
    if not number.is_finite():
        raise ValueError(f"{number} is not a decimal")
    _sign, digits, exponent = number.as_tuple()
    scale = max(0, -int(exponent))
    width = max(len(digits) + max(0, int(exponent)), scale, 1)
    if width > 38:
        raise ValueError(f"{number} has more than 38 digits")
    return exp.cast(exp.Literal.string(format(number, "f")), f"DECIMAL({width},{scale})")


def _moment(value: Any, target: str) -> exp.Expr:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC)
            value = value if family(target) == "timestamptz" else value.replace(tzinfo=None)
        text = value.isoformat(" ")
    elif isinstance(value, date | time):
        text = value.isoformat()
    else:
        text = str(value)
        if not is_moment(text, target):
            raise ValueError(f"{text!r} is not a {target}")
    return exp.cast(exp.Literal.string(text), target, dialect="duckdb")


def is_moment(text: str, type_name: str) -> bool:
    """Tell whether a text is a valid literal of a date, time or timestamp type, in ISO form."""
    text = text.strip().replace("Z", "+00:00") if text.strip().endswith("Z") else text.strip()
    try:
        if family(type_name) == "date":
            datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
        elif family(type_name) == "time":
            time.fromisoformat(text)
        else:
            datetime.fromisoformat(_padded(text))
    except ValueError:
        return False
    return True


def _padded(text: str) -> str:
    """Give an offset of hours alone (`+02`) its minutes, which Python wants."""
    tail = text[-3:]
    return text + ":00" if len(text) > 13 and tail[:1] in "+-" and tail[1:].isdigit() else text
