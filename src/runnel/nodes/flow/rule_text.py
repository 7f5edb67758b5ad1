"""Values and field paths of rules as text of the expression language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class RuleError(Exception):
    """A rule that cannot be turned into a node: what is wrong with it, and what to try."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def quoted(name: str) -> str:
    """Return a column name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any) -> str:
    """Return a JSON value as a literal; a number with a fraction is a DOUBLE, as in JSON."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, float):
        return f"CAST({value!r} AS DOUBLE)"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{text(str(key))}: {literal(part)}" for key, part in value.items())
        return "{" + inner + "}" if inner else "NULL"
    if isinstance(value, Sequence):
        return "[" + ", ".join(literal(part) for part in value) + "]"
    return text(str(value))


class Fields:
    """How rules read fields: a path such as `address.street`, or what an earlier rule of the same branch made of it."""

    def __init__(self, made: Mapping[str, str] | None = None) -> None:
        self.made: dict[str, str] = dict(made or {})

    def read(self, path: str) -> str:
        """Return the expression that reads a field."""
        if path in self.made:
            return f"({self.made[path]})"
        head, *rest = path.split(".")
        first = f"({self.made[head]})" if head in self.made else quoted(head)
        return ".".join([first, *[quoted(part) for part in rest]])


class Parameters:
    """The `parameters` of a rule; every key must be asked for, so that a misspelt one is noticed."""

    def __init__(self, given: Mapping[str, Any], rule: str) -> None:
        self.given = given
        self.rule = rule
        self.asked: set[str] = set()

    def get(self, *names: str, default: Any = None) -> Any:
        """Return the value of the first of these names that is given."""
        self.asked.update(names)
        return next((self.given[name] for name in names if name in self.given), default)

    def need(self, *names: str) -> Any:
        """Return the value of the first of these names; raises RuleError when none is given."""
        found = self.get(*names)
        if found is None:
            raise RuleError(f"{self.rule} needs the parameter `{names[0]}`", f"Write `parameters: {{{names[0]}: …}}`.")
        return found

    def whole(self, *names: str, default: int | None = None) -> int:
        """Return a parameter that must be a whole number."""
        value = self.get(*names) if default is not None else self.need(*names)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int):
            raise RuleError(f"the parameter `{names[0]}` of {self.rule} is {value!r}, not a whole number")
        return value

    def finish(self) -> None:
        """Raise RuleError when a parameter was given that the rule does not know."""
        unknown = [name for name in self.given if name not in self.asked]
        if unknown:
            known = ", ".join(sorted(self.asked)) or "none"
            raise RuleError(f"{self.rule} has no parameter `{unknown[0]}`", f"Its parameters: {known}.")
