"""Column names in configs: found whatever their letter case where that is unambiguous, with the nearest for the rest."""

from __future__ import annotations

import difflib

from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.sdk.relation import Relation


def resolve_column(relation: Relation, wanted: str) -> str | None:
    """Return the exact name of a column, or None."""
    if wanted in relation.columns:
        return wanted
    matches = [name for name in relation.columns if name.lower() == wanted.lower()]
    return matches[0] if len(matches) == 1 else None


def nearest_column(relation: Relation, wanted: str, where: Where) -> Finding:
    """Return the finding that a column does not exist, with the nearest one; the compiler finds where to write it."""
    close = difflib.get_close_matches(wanted, relation.columns, n=1, cutoff=0.5)
    shown = ", ".join(relation.columns[:12]) + (", …" if len(relation.columns) > 12 else "")
    hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Columns: {shown}."
    fix = Fix(f"Use {close[0]}", (Edit("rename", ("column", wanted), close[0]),)) if close else None
    return Finding("RNL-COLUMN-001", "error", f"there is no column `{wanted}`", hint, where, fix)
