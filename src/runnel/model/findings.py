"""Findings: problems found by validation, kept as values that carry a machine-applicable fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Where:
    """The place of a finding: node id, dotted field inside the node's config, 1-based line and column of the file."""

    node: str | None = None
    field: str | None = None
    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; unknown parts are null."""
        return {"node": self.node, "field": self.field, "line": self.line, "column": self.column}


@dataclass(frozen=True)
class Edit:
    """One change of a document: `set` or `delete` the value at `path`, or `rename` its last key to `value`.

    `path` starts at the document's root, e.g. ("nodes", "paid", "config", "where").
    """

    op: Literal["set", "delete", "rename"]
    path: tuple[str | int, ...]
    value: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of the edit."""
        return {"op": self.op, "path": list(self.path), "value": self.value}


@dataclass(frozen=True)
class Fix:
    """A change that removes the finding: a title for the button and the edits that it makes."""

    title: str
    edits: tuple[Edit, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of the fix."""
        return {"title": self.title, "edits": [edit.to_json() for edit in self.edits]}


@dataclass(frozen=True)
class Finding:
    """One problem: `code` names its docs page, `what` says what is wrong with which value, `hint` what to try."""

    code: str
    severity: Severity
    what: str
    hint: str = ""
    where: Where = field(default_factory=Where)
    fix: Fix | None = None

    def at(self, **place: Any) -> Finding:
        """Return the finding with the unknown parts of its place filled in."""
        known = {key: value for key, value in place.items() if getattr(self.where, key) is None}
        return replace(self, where=replace(self.where, **known))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that `runnel validate --json` prints."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where.to_json(),
            "what": self.what,
            "hint": self.hint,
            "fix": self.fix.to_json() if self.fix else None,
        }


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding forbids running."""
    return any(finding.severity == "error" for finding in findings)
