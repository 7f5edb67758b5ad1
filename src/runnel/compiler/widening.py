"""Whether one type holds every value of another, so that a change from one to the other loses nothing."""

# SQLGlot types its trees in part.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from itertools import zip_longest

from sqlglot import exp
from sqlglot.errors import ParseError

_T = exp.DataType.Type
_DIGITS = {
    _T.TINYINT: 3, _T.UTINYINT: 3, _T.SMALLINT: 5, _T.USMALLINT: 5, _T.INT: 10, _T.UINT: 10, _T.BIGINT: 19,
    _T.UBIGINT: 20, _T.INT128: 39, _T.UINT128: 39,
}  # fmt: skip
"""Whole numbers → how many digits their largest value has."""
_BITS = {
    _T.TINYINT: 7, _T.SMALLINT: 15, _T.INT: 31, _T.BIGINT: 63, _T.INT128: 127,
    _T.UTINYINT: 8, _T.USMALLINT: 16, _T.UINT: 32, _T.UBIGINT: 64, _T.UINT128: 128,
}  # fmt: skip
_UNSIGNED = (_T.UTINYINT, _T.USMALLINT, _T.UINT, _T.UBIGINT, _T.UINT128)
_STAMPS = (_T.DATE, _T.TIMESTAMP_S, _T.TIMESTAMP_MS, _T.TIMESTAMPNTZ, _T.TIMESTAMP_NS)
_EXACT_DIGITS = 15
"""How many decimal digits a DOUBLE always keeps."""


def widens(old: str, new: str) -> bool:
    """Tell whether a type (DuckDB's name) holds every value of another.

    Whole numbers count as held by DOUBLE although it rounds beyond 15 digits, as everywhere when types are found.
    """
    if old == new or old == '"NULL"':
        return True
    if new in ("VARCHAR", "JSON"):
        return old != "BLOB"
    try:
        one, other = (exp.DataType.build(text, dialect="duckdb") for text in (old, new))
    except (ParseError, ValueError):
        return False
    return _widens(one, other)


def _widens(old: exp.DataType, new: exp.DataType) -> bool:
    if old == new or new.this in (_T.TEXT, _T.JSON):
        return True
    if old.this in _DIGITS:
        return _whole_widens(old, new)
    if old.this == _T.DECIMAL:
        return _decimal_widens(old, new)
    if old.this in _STAMPS and new.this in _STAMPS:
        return _STAMPS.index(old.this) < _STAMPS.index(new.this)
    if old.this == _T.FLOAT:
        return new.this == _T.DOUBLE
    if old.this != new.this:
        return False
    return _nested_widens(old, new)


def _whole_widens(old: exp.DataType, new: exp.DataType) -> bool:
    if new.this in _BITS:
        signed_away = old.this not in _UNSIGNED and new.this in _UNSIGNED
        return not signed_away and _BITS[old.this] <= _BITS[new.this]
    if new.this == _T.DECIMAL:
        width, scale = _size(new)
        return width - scale >= _DIGITS[old.this]
    return new.this == _T.DOUBLE


def _decimal_widens(old: exp.DataType, new: exp.DataType) -> bool:
    width, scale = _size(old)
    if new.this == _T.DECIMAL:
        wider, finer = _size(new)
        return finer >= scale and wider - finer >= width - scale
    return new.this == _T.DOUBLE and width <= _EXACT_DIGITS


def _size(type: exp.DataType) -> tuple[int, int]:
    numbers = [int(part.name) for part in type.expressions]
    return (numbers[0], numbers[1] if len(numbers) > 1 else 0) if numbers else (18, 3)


def _nested_widens(old: exp.DataType, new: exp.DataType) -> bool:
    """Compare types of one kind: lists by their values, structures by their fields, enums by their words."""
    if old.this == _T.STRUCT:
        fields = {part.name: part.args.get("kind") for part in new.expressions}
        return all(
            fields.get(part.name) is not None and _widens(part.args["kind"], fields[part.name])
            for part in old.expressions
        )
    if old.this == _T.ENUM:
        return {part.name for part in old.expressions} <= {part.name for part in new.expressions}
    if old.args.get("values") != new.args.get("values") and new.args.get("values"):
        return False  # a list of any length does not fit one of fixed length
    parts = list(zip_longest(old.expressions, new.expressions))
    return bool(parts) and all(
        isinstance(one, exp.DataType) and isinstance(other, exp.DataType) and _widens(one, other)
        for one, other in parts
    )
