"""Places in a document: paths of keys, their lines, and what they are called in a finding."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from runnel.model.findings import Where
from runnel.model.shapes import is_list, is_map

Path = tuple[str | int, ...]
Lines = Mapping[Path, tuple[int, int]]


def where_of(path: Path, lines: Lines) -> Where:
    """Return the place of `path`: its node, the field inside it, and the line of its nearest known ancestor."""
    line, column = nearest_line(path, lines)
    if len(path) >= 2 and path[0] == "nodes":
        rest = path[3:] if len(path) > 3 and path[2] == "config" else path[2:]
        return Where(node=str(path[1]), field=dotted(rest) or None, line=line, column=column)
    return Where(field=dotted(path) or None, line=line, column=column)


def nearest_line(path: Path, lines: Lines) -> tuple[int | None, int | None]:
    """Return line and column of the path, or of the nearest ancestor that has one."""
    for length in range(len(path), -1, -1):
        known = lines.get(path[:length])
        if known is not None:
            return known
    return None, None


def dotted(path: Path) -> str:
    """Return the path as people write it: `tests.0.given`."""
    return ".".join(str(part) for part in path)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like `word`, or None when none is near."""
    matches = difflib.get_close_matches(word[:200], list(known)[:2000], n=1, cutoff=0.6)
    return matches[0] if matches else None


def listing(words: Iterable[str], limit: int = 12) -> str:
    """Return a readable list of words, cut after `limit`."""
    known = [str(word) for word in words]
    more = f" and {len(known) - limit} more" if len(known) > limit else ""
    return ", ".join(known[:limit]) + more


def shown(value: Any, limit: int = 60) -> str:
    """Return a value as a finding names it: short, and with its type."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if is_map(value):
        return "a mapping"
    if is_list(value):
        return "a list"
    if isinstance(value, str):
        return f"the text {cut(value, limit)!r}"
    if isinstance(value, (int, float)):
        return f"the number {cut(_digits(value), limit)}"
    return f"a value of type {type(value).__name__}"


def _digits(value: int | float) -> str:
    if isinstance(value, int) and value.bit_length() > 256:
        return f"of {value.bit_length()} bits"
    return str(value)


def cut(text: str, limit: int = 60) -> str:
    """Return the text, shortened with an ellipsis when it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
