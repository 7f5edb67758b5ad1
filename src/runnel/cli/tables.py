"""Tables that several verbs print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runnel.app.runs import RunReport


def ledger_table(report: RunReport) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of a run's ledger; numbers that cannot differ from 0 stay blank."""
    kinds = {node.id: node.kind for node in report.plan.nodes}
    heads = ["node", "kind", "in", "out", "filtered", "absorbed", "created", "dead letters"]
    rows = [
        [
            entry.node, kinds[entry.node], count(entry.rows_in), count(entry.rows_out), _some(entry.filtered),
            _some(entry.absorbed), _some(entry.created), _some(entry.dead_lettered),
        ]
        for entry in report.ledger.entries
    ]  # fmt: skip
    return heads, rows


def count(value: int | None) -> str:
    """Return a number of rows as text; `?` where it was not counted."""
    return "?" if value is None else f"{value:,}"


def _some(value: int | None) -> str:
    return "" if value == 0 else count(value)
