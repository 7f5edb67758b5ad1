"""How the columns of a source differ from those it had: added, gone, of another type, spelled otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from runnel.compiler.widening import widens


@dataclass(frozen=True)
class Retyped:
    """A column (by the name it has now) whose type is another one; `widening` says that the new one holds all values."""

    name: str
    old: str
    new: str
    widening: bool


@dataclass(frozen=True)
class Changes:
    """The differences of two sets of columns; empty (false) where there are none. The order of columns does not count."""

    added: Mapping[str, str] = field(default_factory=dict[str, str])
    gone: Mapping[str, str] = field(default_factory=dict[str, str])
    retyped: tuple[Retyped, ...] = ()
    respelled: Mapping[str, str] = field(default_factory=dict[str, str])

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.retyped or self.respelled)

    def words(self) -> str:
        """Return the differences as one phrase that names every column with its types."""
        return "; ".join([
            *(f"`{name}` ({type}) is gone" for name, type in self.gone.items()),
            *(f"`{name}` ({type}) is new" for name, type in self.added.items()),
            *(
                f"`{one.name}` is {one.new} and was {one.old} ({'wider' if one.widening else 'not a wider type'})"
                for one in self.retyped
            ),
            *(f"`{old}` is now spelled `{new}`" for old, new in self.respelled.items()),
        ])  # fmt: skip

    def renamed(self) -> tuple[str, str] | None:
        """Return (old, new) where one column went and one of the same type came, as a rename looks."""
        if len(self.added) == len(self.gone) == 1 and list(self.added.values()) == list(self.gone.values()):
            return next(iter(self.gone)), next(iter(self.added))
        return None


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
    """Compare columns (name → DuckDB type) with what they were.

    Names that differ only in letter case or in the way that an accented letter is composed are the same column.
    """
    left = {name: type for name, type in old.items() if name not in new}
    came = {name: type for name, type in new.items() if name not in old}
    pairs = {name: name for name in old if name in new}
    respelled: dict[str, str] = {}
    by_fold = {_folded(name): name for name in came}
    for name in list(left):
        other = by_fold.get(_folded(name))
        if other is not None and other in came:
            respelled[name] = pairs[name] = other
            del left[name], came[other]
    retyped = tuple(
        Retyped(now, old[name], new[now], widens(old[name], new[now]))
        for name, now in pairs.items()
        if old[name] != new[now]
    )
    return Changes(came, left, retyped, respelled)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
