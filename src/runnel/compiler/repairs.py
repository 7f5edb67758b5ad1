"""A finding's fix in the document: a node's check says which name should be another, this finds where it is written."""

# A setting is JSON, which has no types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runnel.compiler.graph import GraphNode
from runnel.model.findings import Edit, Finding, Fix


def placed(node: GraphNode, finding: Finding) -> Finding:
    """Return a finding of a node's check at its node, with a fix that the document can take, or none."""
    found = finding.at(node=node.id)
    if found.fix is None or found.fix.edits[0].path[0] == "nodes":
        return found
    edit = None
    if node.path == ("nodes", node.id) and found.where.field:
        (_, wanted), close = found.fix.edits[0].path, str(found.fix.edits[0].value)
        edit = _edit(node, found.where.field, str(wanted), close)
    return replace(found, fix=Fix(found.fix.title, (edit,)) if edit is not None else None)


def _edit(node: GraphNode, field: str, wanted: str, close: str) -> Edit | None:
    """Return the edit that writes `close` where `wanted` stands in a setting: as a text, in a term, or as a key."""
    value: Any = node.raw
    path: list[str | int] = []
    for part in field.split("."):
        if isinstance(value, Mapping) and part in value:
            path.append(part)
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            path.append(int(part))
            value = value[int(part)]
    start = ("nodes", node.id, "config", *path)
    if isinstance(value, str) and value.lstrip("-+") == wanted:
        return Edit("set", start, value.removesuffix(wanted) + close)
    if isinstance(value, Mapping) and value.get("column") == wanted:
        return Edit("set", (*start, "column"), close)
    if isinstance(value, Mapping) and wanted in value:
        return Edit("rename", (*start, wanted), close)
    if isinstance(value, list) and wanted in value:
        return Edit("set", (*start, value.index(wanted)), close)
    return Edit("rename", start, close) if path and path[-1] == wanted else None
