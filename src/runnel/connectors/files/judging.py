"""Judges JSON records that the fast reader did not take: the same record in canonical form, or why it is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from runnel.connectors.files.structure import Tree


class RefusedError(Exception):
    """The record is refused; the text says why."""


class _Whole(str):
    """An integer with its digits as they stand."""


class _Real(str):
    """A number with fraction or exponent, with its digits as they stand."""


def canonical(line: str, tree: Tree) -> str | None:
    """Return the record as JSON text that holds exactly the keys of `tree`; None for a blank line.

    Raises RefusedError where the text is no JSON (RFC 8259), a key stands twice, or a value does not fit its type.
    """
    if not line.strip(" \t\r\n"):
        return None
    try:
        value = json.loads(
            line, parse_int=_Whole, parse_float=_Real, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except RecursionError:
        raise RefusedError("values are nested too deeply") from None
    except ValueError as error:
        raise RefusedError(f"no JSON: {error}") from None
    made = _text(_fitted(value, tree, ""))
    if not made.isascii() and any("\ud800" <= sign <= "\udfff" for sign in made):
        raise RefusedError("a text holds half of a surrogate pair")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        for key, value in pairs:
            if made[key] != value:
                raise ValueError(f"the key {key!r} stands twice, with different values")
    return made


def _fitted(value: Any, tree: Tree, path: str) -> Any:
    if value is None or tree == "JSON":
        return value
    if isinstance(tree, dict):
        if not isinstance(value, Mapping):
            raise RefusedError(f"{path or 'the record'} is {_kind(value)}, expected an object")
        return {key: _fitted(value.get(key), part, f"{path}.{key}".lstrip(".")) for key, part in tree.items()}
    if isinstance(tree, list):
        if not isinstance(value, list):
            raise RefusedError(f"{path or 'the record'} is {_kind(value)}, expected a list")
        return [_fitted(part, tree[0], f"{path}[]") for part in value]
    return _leaf(value, str(tree), path)


def _leaf(value: Any, type: str, path: str) -> Any:
    if type == "VARCHAR":
        if isinstance(value, _Whole | _Real):
            return str(value)
        return value if isinstance(value, str) else _text(value)
    if type == "BOOLEAN" and isinstance(value, bool):
        return value
    if isinstance(value, _Whole) and type == "BIGINT" and -(2**63) <= int(value) < 2**63:
        return value
    if isinstance(value, _Whole | _Real) and type == "DOUBLE" and _holds(str(value)):
        return value
    if isinstance(value, _Whole | _Real) and type.startswith("DECIMAL") and _decimal(str(value), type):
        return value
    raise RefusedError(f"{path or 'the record'}: {_text(value)[:200]} is no {type}")


def _holds(number: str) -> bool:
    """Tell whether a DOUBLE keeps the digits of a number (15 are always kept)."""
    digits = number.lower().partition("e")[0].replace("-", "").replace(".", "").strip("0")
    return len(digits) <= 17 and abs(float(number)) != float("inf")


def _decimal(number: str, type: str) -> bool:
    width, scale = (int(part) for part in type[8:-1].split(","))
    try:
        _, digits, exponent = Decimal(number).as_tuple()
    except InvalidOperation:
        return False
    after = max(0, -int(exponent))
    return after <= scale and len(digits) + int(exponent) <= width - scale


def _kind(value: Any) -> str:
    if isinstance(value, _Whole | _Real):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return {str: "a text", list: "a list", bool: "a boolean"}.get(type(value), "no such value")


def _text(value: Any) -> str:
    """Write JSON with the digits of numbers as they stood."""
    if isinstance(value, _Whole | _Real):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return (
            "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_text(part)}" for key, part in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_text(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
