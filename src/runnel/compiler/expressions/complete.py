"""Completion: what may be written at a position of an expression, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runnel.compiler.expressions.check import quoted_name
from runnel.compiler.functions import Function, library

CompletionKind = Literal["column", "function", "keyword", "value", "unit"]
_KEYWORDS = (
    "AND",
    "OR",
    "NOT",
    "IS NULL",
    "IS NOT NULL",
    "IN (",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "CASE WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST(",
    "TRUE",
    "FALSE",
    "NULL",
    "INTERVAL",
    "DATE",
    "TIMESTAMP",
    "OVER (",
    "PARTITION BY",
    "ORDER BY",
    "FILTER (WHERE",
)
_AFTER_VALUE = (
    "AND",
    "OR",
    "IS NULL",
    "IS NOT NULL",
    "IN (",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "THEN",
    "ELSE",
    "END",
    "OVER (",
)
_WORD = re.compile(r"[\w]*$")
_COMPARING = re.compile(
    r"(?:\"((?:[^\"]|\"\")+)\"|(\w+))\s*"
    r"(?:=|<>|!=|<=|>=|<|>|\bIS\s+(?:NOT\s+)?DISTINCT\s+FROM\b|\bIN\s*\((?:[^()]*,)?)\s*('?)([^']*)$",
    re.IGNORECASE,
)
_REACH = 2_000
_CALL = re.compile(r"(\w+)\s*\(([^()]*)$")
_QUOTES = re.compile(r"'(?:[^']|'')*'")
_OPERAND_BEFORE = re.compile(r"(?:[\w\"')\]])\s+$")
_NO_OPERAND = re.compile(r"\b(?:and|or|not|then|else|when|in|like|ilike|between|case|by|where|from)\s+$", re.IGNORECASE)


@dataclass(frozen=True)
class Completion:
    """One proposal: `label` is shown, `insert` replaces the word that is being typed, `detail` explains it."""

    label: str
    kind: CompletionKind
    detail: str
    insert: str


def complete(
    text: str,
    position: int,
    schema: Mapping[str, str],
    values: Mapping[str, Sequence[Any]] | None = None,
) -> list[Completion]:
    """Return what may stand at a 0-based position: values where a column is compared, units, columns, functions, words.

    `values` are known values of columns (enum members, frequent values). Works on unfinished text; never raises.
    """
    before = text[: max(0, position)][-_REACH:]
    compared = _compared_values(before, schema, values or {})
    if compared:
        return compared
    if _inside_quotes(before):
        return _units(before)
    typed = _typed(before)
    head = before[: len(before) - len(typed)]
    if _OPERAND_BEFORE.search(head) and not _NO_OPERAND.search(head):
        return list(_words(typed, _AFTER_VALUE))
    found = [*_columns(typed, schema), *_functions(typed), *(_words(typed, _KEYWORDS) if typed else ())]
    return sorted(found, key=lambda item: not item.label.lower().startswith(typed.lower()))


def _typed(before: str) -> str:
    match = _WORD.search(before)
    return match[0] if match else ""


def _inside_quotes(before: str) -> bool:
    return _QUOTES.sub("", before).count("'") % 2 == 1


def _matches(typed: str, name: str) -> bool:
    return typed.lower() in name.lower()


def _columns(typed: str, schema: Mapping[str, str]) -> Iterable[Completion]:
    for name, kind in schema.items():
        if _matches(typed, name):
            yield Completion(name, "column", kind, quoted_name(name))


def _functions(typed: str) -> Iterable[Completion]:
    if not typed:
        return
    for function in library().values():
        if any(alias.startswith(typed.lower()) for alias in (function.name, *function.aliases)):
            yield Completion(function.name, "function", f"{function.signature} — {function.summary}", _opened(function))


def _opened(function: Function) -> str:
    return f"{function.name}(" if function.params else f"{function.name}()"


def _words(typed: str, words: Sequence[str]) -> Iterable[Completion]:
    for word in words:
        if word.lower().startswith(typed.lower()):
            yield Completion(word, "keyword", "", word)


def _compared_values(before: str, schema: Mapping[str, str], values: Mapping[str, Sequence[Any]]) -> list[Completion]:
    match = _COMPARING.search(before)
    if match is None:
        return []
    name = (match[1] or match[2]).replace('""', '"')
    column = next((known for known in schema if known.lower() == name.lower()), None)
    if column is None:
        return []
    quote, typed = match[3], match[4]
    found = [value for value in values.get(column, ()) if str(value).lower().startswith(typed.strip().lower())]
    return [Completion(str(value), "value", f"a value of {column}", _literal(value, bool(quote))) for value in found]


def _literal(value: Any, opened: bool) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).upper() if value is not None else "NULL"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("'", "''") + "'"
    return text if opened else "'" + text


def _units(before: str) -> list[Completion]:
    """Propose the words of a `unit` or `part` parameter inside its quotes."""
    opened = before.rfind("'")
    call = _CALL.search(before[:opened])
    function = library().get(call[1].lower()) if call else None
    if call is None or function is None or not function.units:
        return []
    index = call[2].count(",")
    if index >= len(function.params) or function.params[index].name not in ("unit", "part"):
        return []
    typed = before[opened + 1 :]
    return [
        Completion(unit, "unit", function.name, unit + "'") for unit in function.units if unit.startswith(typed.lower())
    ]
