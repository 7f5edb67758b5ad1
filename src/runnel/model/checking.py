"""Checks of single values of a document: each reports what is wrong with place and fix, and gives a usable value."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.model import codes
from runnel.model.findings import Edit, Finding, Fix, Severity
from runnel.model.places import Lines, Path, dotted, listing, nearest, shown, where_of
from runnel.model.shapes import is_list, is_map

MAX_SLUG = 200
MAX_DEPTH = 100
MAX_SEARCHES = 200


@dataclass
class Checker:
    """Collects findings while a document is read; `lines` gives the places."""

    lines: Lines
    findings: list[Finding] = field(default_factory=list[Finding])
    searches: int = 0

    def report(
        self, code: str, path: Path, what: str, hint: str = "", fix: Fix | None = None, severity: Severity = "error"
    ) -> None:
        """Add one finding at `path`."""
        self.findings.append(Finding(code, severity, what, hint, where_of(path, self.lines), fix))

    def near(self, word: str, known: Iterable[str]) -> str | None:
        """Return the known word nearest to `word`; a document with very many wrong words gets no more suggestions."""
        self.searches += 1
        return nearest(word, known) if self.searches <= MAX_SEARCHES else None

    def wrong_type(self, path: Path, value: Any, wanted: str, fix: Fix | None = None) -> None:
        """Report that the value at `path` is not `wanted`."""
        hint = f"{fix.title[0].lower()}{fix.title[1:]}" if fix else f"give {wanted}"
        self.report(codes.WRONG_TYPE, path, f"`{dotted(path)}` must be {wanted}, not {shown(value)}", hint, fix)

    def mapping(self, data: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
        """Return the mapping under `key`; an absent or empty one is empty."""
        return self.as_mapping(data.get(key), (*path, key))

    def as_mapping(self, value: Any, path: Path) -> Mapping[str, Any]:
        """Return the value when it is a mapping, else report it and return an empty one."""
        if value is None:
            return {}
        if not is_map(value):
            self.wrong_type(path, value, "a mapping (`key: value`)")
            return {}
        return value

    def items(self, data: Mapping[str, Any], key: str, path: Path) -> list[Any]:
        """Return the list under `key`; an absent or empty one is empty."""
        value = data.get(key)
        if value is None:
            return []
        if not is_list(value):
            self.wrong_type((*path, key), value, "a list (`- item`)")
            return []
        return list(value)

    def text(self, data: Mapping[str, Any], key: str, path: Path) -> str | None:
        """Return the text under `key`, or None when it is absent or not text."""
        value = data.get(key)
        if value is None or isinstance(value, str):
            return value
        place = (*path, key)
        fix = None
        if isinstance(value, (int, float)):
            words = str(value).lower() if isinstance(value, bool) else str(value)
            fix = Fix(f'Write "{words}"', (Edit("set", place, words),))
        self.wrong_type(place, value, "text", fix)
        return None

    def flag(self, data: Mapping[str, Any], key: str, path: Path, default: bool) -> bool:
        """Return the boolean under `key`."""
        value = data.get(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        word = (
            {"yes": True, "on": True, "no": False, "off": False}.get(value.lower()) if isinstance(value, str) else None
        )
        fix = None if word is None else Fix(f"Write {str(word).lower()}", (Edit("set", (*path, key), word),))
        self.wrong_type((*path, key), value, "true or false", fix)
        return default

    def whole(
        self, data: Mapping[str, Any], key: str, path: Path, least: int | None = None, most: int | None = None
    ) -> int | None:
        """Return the whole number under `key`, between `least` and `most`."""
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong_type((*path, key), value, "a whole number")
            return None
        return int(value) if self._in_range(value, (*path, key), least, most) else None

    def number(
        self, data: Mapping[str, Any], key: str, path: Path, least: float | None = None, most: float | None = None
    ) -> float | None:
        """Return the number under `key`, between `least` and `most`."""
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong_type((*path, key), value, "a number")
            return None
        return float(value) if self._in_range(value, (*path, key), least, most) else None

    def _in_range(self, value: int | float, path: Path, least: float | None, most: float | None) -> bool:
        too_small = least is not None and value < least
        # Beyond 10^300 a number would no longer fit a float.
        too_large = value > most if most is not None else abs(value) > 10**300
        if too_small or too_large:
            bounds = f"at least {least:g}" if least is not None else "smaller"
            limits = bounds if most is None else f"{bounds} and at most {most:g}"
            self.report(codes.OUT_OF_RANGE, path, f"`{dotted(path)}` must be {limits}, not {shown(value)}")
        return not (too_small or too_large)

    def choice(self, data: Mapping[str, Any], key: str, path: Path, choices: tuple[str, ...]) -> Any:
        """Return one of `choices`; the first one when the value is absent or another."""
        value = data.get(key)
        if value is None:
            return choices[0]
        if value in choices:
            return value
        place = (*path, key)
        near = self.near(value, choices) if isinstance(value, str) else None
        fix = Fix(f"Use {near}", (Edit("set", place, near),)) if near else None
        what = f"`{dotted(place)}` must be one of {listing(choices)}, not {shown(value)}"
        self.report(codes.NOT_A_CHOICE, place, what, f"did you mean `{near}`?" if near else "", fix)
        return choices[0]

    def unknown_keys(self, data: Mapping[str, Any], known: Collection[str], path: Path, owner: str) -> None:
        """Report every key that does not stand in `known`, with the nearest one and a rename."""
        for key in data:
            if key in known:
                continue
            near = self.near(key, [name for name in known if name not in data])
            fix = Fix(f"Rename to {near}", (Edit("rename", (*path, key), near),)) if near else None
            hint = f"did you mean `{near}`?" if near else f"{owner} has: {listing(known, 20)}"
            self.report(codes.UNKNOWN_KEY, (*path, key), f"{owner} has no key {key[:80]!r}", hint, fix)


def is_slug(text: str) -> bool:
    """Tell whether the text is an id: letters and digits of any script, `_` and `-`, not starting with `-`."""
    if not text or len(text) > MAX_SLUG or text[0] == "-":
        return False
    return all(char in "_-" or unicodedata.category(char)[0] in "LMN" for char in text)


def slug_of(text: str) -> str:
    """Return a slug that resembles the text: `Orders, 2024` gives `orders_2024`."""
    kept = "".join(char if char in "_-" or unicodedata.category(char)[0] in "LMN" else " " for char in text)
    return "_".join(kept.split()).strip("-")[:MAX_SLUG] or "node"


def plain_json(value: Any, checker: Checker, path: Path = ()) -> Any:
    """Return the value as plain JSON values (tuples become lists); report what JSON cannot hold.

    Mappings keep their order; keys that are not text are reported and dropped.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _plain_text(value, checker, path)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        checker.report(codes.NOT_JSON, path, f"{value} is not a number that JSON can hold", "write it as text")
        return None
    if len(path) >= MAX_DEPTH:
        checker.report(codes.TOO_DEEP, path[:3], f"values are nested deeper than {MAX_DEPTH} levels", "flatten them")
        return None
    if is_list(value):
        return [plain_json(item, checker, (*path, place)) for place, item in enumerate(value)]
    if is_map(value):
        return _plain_mapping(value, checker, path)
    hint = "use text, numbers, true, false, null, lists and mappings; write dates and decimals as text"
    checker.report(codes.NOT_JSON, path, f"`{dotted(path)}` is {shown(value)}, which JSON cannot hold", hint)
    return None


def _plain_text(value: str, checker: Checker, path: Path) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        what = f"`{dotted(path)}` holds half of a surrogate pair, which UTF-8 cannot hold"
        checker.report(codes.NOT_JSON, path, ascii(what), "remove it")
        return value.encode("utf-8", "replace").decode("utf-8")
    return str(value)


def _plain_mapping(value: Mapping[Any, Any], checker: Checker, path: Path) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            what = f"a key of `{dotted(path)}` is {shown(key)}"
            checker.report(codes.KEY_NOT_TEXT, path, what, "use text as key")
            continue
        name = _plain_text(key, checker, path)
        plain[name] = plain_json(item, checker, (*path, name))
    return plain
