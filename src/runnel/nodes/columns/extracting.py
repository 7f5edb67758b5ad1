"""What the nodes that take values out of documents share: findings about their types, and the order of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runnel.nodes.refusing import placed
from runnel.sdk import Finding, Relation, Where
from runnel.sdk.types import normal_type


def type_findings(paths: Mapping[str, str], types: Mapping[str, str]) -> Iterator[Finding]:
    """Report types of columns that no path makes, and types that do not exist."""
    for name, type in types.items():
        if name not in paths:
            yield Finding("RNL-CONFIG-001", "error", f"`{name}` has a type but no path", "Add it to `paths`.",
                          Where(field=f"types.{name}"))  # fmt: skip
        elif normal_type(type) is None:
            yield Finding("RNL-TYPE-002", "error", f"`{type}` is no type", "Types are BIGINT, DOUBLE, DATE …",
                          Where(field=f"types.{name}"))  # fmt: skip


def extracted_order(input: Relation, names: Sequence[str], own: str, keep: bool) -> list[str]:
    """Return the columns of the result: the new ones stand where the document's column was."""
    order = [name for name in placed(input, names, own) if keep or name != own]
    return order + ([own] if own in names and own not in order else [])
