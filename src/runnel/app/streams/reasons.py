"""Reasons of dead letters: the pattern that several share, the field that one is about, and where it stands in the bytes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|“[^”]*”")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?|\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:[.,]\d+)*(?![\w])")
_WORDS = re.compile(r"[^\W\d]\w*")
MARK = "…"


@lru_cache(4096)
def pattern_of(reason: str) -> str:
    """Return a reason without what is of one record alone: quoted values, moments and numbers are `…`."""
    return _NUMBER.sub(MARK, _MOMENT.sub(MARK, _QUOTED.sub(MARK, reason)))


def group_of(node: str, pattern: str) -> str:
    """Return the short name of the letters of a node with one pattern."""
    return hashlib.sha256(f"{node}\x1f{pattern}".encode()).hexdigest()[:12]


def fields_of(raw: bytes) -> dict[str, Any] | None:
    """Return the fields of a record that is a JSON object, without what the stream adds; None for any other."""
    try:
        read = json.loads(raw)
    except ValueError:
        return None
    return (
        {str(name): value for name, value in read.items() if not str(name).startswith("_")}
        if isinstance(read, dict)
        else None
    )


def field_of(reason: str, names: Sequence[str], expressions: Sequence[str] = ()) -> str | None:
    """Return the field that a reason is about: the first that it names, else the first that one of the expressions reads."""
    for text in (_QUOTED.sub(" ", reason), *expressions):
        found = [(match.start(), match.group()) for match in _WORDS.finditer(text) if match.group() in names]
        long = [(text.find(name), name) for name in names if not _WORDS.fullmatch(name) and name in text]
        if found or long:
            return min(found + long)[1]
    return None


def span_of(raw: bytes, field: str | None, fields: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Return where the value of a field stands in the bytes of a JSON object: first byte, and the one behind the last."""
    if field is None or fields is None or field not in fields:
        return None
    text = raw.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    for key in dict.fromkeys((json.dumps(field, ensure_ascii=False), json.dumps(field))):
        for match in re.finditer(re.escape(key) + r"\s*:\s*", text):
            try:
                value, end = decoder.raw_decode(text, match.end())
            except ValueError:
                continue
            if value == fields[field]:
                before = len(text[: match.end()].encode("utf-8", "surrogateescape"))
                return before, before + len(text[match.end() : end].encode("utf-8", "surrogateescape"))
    return None


def broken_at(reason: str, raw: bytes) -> tuple[int, int] | None:
    """Return the place that a decoder names (`(char 35)`), as bytes up to the end of the record."""
    found = re.search(r"\(char (\d+)\)", reason)
    if found is None:
        return None
    place = len(raw.decode("utf-8", "replace")[: int(found.group(1))].encode())
    return (min(place, max(0, len(raw) - 1)), len(raw)) if raw else None
