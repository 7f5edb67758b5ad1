"""The catalogue of nodes and functions as the editor needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.catalog.describe import entry
from runnel.compiler.functions import functions_index


@answers("catalog_nodes")
def nodes(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of every kind."""
    found = [entry(node, full=True) for node in context.project.catalog.nodes.values()]
    broken = [{"name": item.name, "error": str(item.error)} for item in context.project.catalog.broken]
    return {"items": found, "next": None, "total": len(found), "broken": broken}


@answers("catalog_functions")
def functions(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every function of expressions."""
    found = functions_index()
    return {"items": found, "next": None, "total": len(found)}
