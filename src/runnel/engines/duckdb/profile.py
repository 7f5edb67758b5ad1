"""Reads exact row counts off DuckDB's profile: every fence of a query is a LIMIT operator that carries its label."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def fence_counts(profile: str | Mapping[str, Any]) -> dict[int, int]:
    """Return label → rows for the fences that the profile shows.

    A fence that stands in two places (a CTE that was copied) must agree with itself; where it does not, the label is
    left out, and the caller counts it by a query of its own.
    """
    data = json.loads(profile) if isinstance(profile, str) else profile
    found: dict[int, int] = {}
    torn: set[int] = set()
    for operator in _operators(data.get("operator") or data.get("children") or []):
        label = (operator.get("extra_info") or {}).get("Limit")
        if label is None or "LIMIT" not in str(operator.get("type", "")):
            continue
        number = int(label)
        rows = int(operator.get("intermediate_rows", operator.get("operator_cardinality", 0)))
        if found.setdefault(number, rows) != rows:
            torn.add(number)
    return {label: rows for label, rows in found.items() if label not in torn}


def label_seconds(profile: str | Mapping[str, Any]) -> dict[int, float]:
    """Return label → seconds of the operators from that label's fence down to the next ones; 0 stands for the rest."""
    data = json.loads(profile) if isinstance(profile, str) else profile
    found: dict[int, float] = {}
    stack = [(0, operator) for operator in data.get("operator") or data.get("children") or []]
    while stack:
        owner, operator = stack.pop()
        label = (operator.get("extra_info") or {}).get("Limit")
        if label is not None and "LIMIT" in str(operator.get("type", "")):
            owner = int(label)
        found[owner] = found.get(owner, 0.0) + float(operator.get("timing", operator.get("operator_timing", 0.0)))
        stack.extend((owner, child) for child in operator.get("children") or [])
    return found


def _operators(nodes: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.get("children") or [])
