"""Collecting the problems of one expression, each with its position and, where one exists, the corrected text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from sqlglot import exp

from runnel.model.findings import Edit, Finding, Fix, Severity


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `Did you mean …? ` for the most similar known name, or an empty text."""
    found = nearest_name(name, known)
    return f"Did you mean `{found}`? " if found else ""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the most similar known name, ignoring capitals; None when nothing is close."""
    lowered: dict[str, str] = {}
    for item in known:
        lowered.setdefault(item.lower(), item)
    found = difflib.get_close_matches(name.lower(), lowered, 1, 0.6)
    return lowered[found[0]] if found else None


def position(node: exp.Expr) -> int:
    """Return the 0-based offset in the text at which a node begins, as far as its parts know it."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0)


class Problems:
    """The findings of one expression, in the order in which they were met."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Finding] = []

    def add(
        self,
        code: str,
        offset: int,
        what: str,
        hint: str = "",
        *,
        fix: tuple[str, str] | None = None,
        severity: Severity = "error",
    ) -> None:
        """Add a finding at a 0-based offset; `fix` is a title and the whole corrected expression.

        The fix's edit has an empty path: the caller, who knows the field, puts its path before it.
        """
        column = offset + 1
        made = Fix(fix[0], (Edit("set", (), fix[1]),)) if fix else None
        place = f"at character {column}: " if len(self.text) > 0 else ""
        finding = Finding(code, severity, f"{place}{what}", hint, fix=made)
        if finding not in self.found:
            self.found.append(finding)

    @property
    def failed(self) -> bool:
        """Tell whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.found)

    def splice(self, start: int, end: int, new: str) -> str:
        """Return the text with the characters from `start` to before `end` replaced."""
        return self.text[:start] + new + self.text[end:]


def replacement(finding: Finding) -> str | None:
    """Return the corrected expression that a finding's fix would set, if it has one."""
    return finding.fix.edits[0].value if finding.fix else None
