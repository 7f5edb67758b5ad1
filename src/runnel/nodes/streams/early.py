"""What windows share that tell their rows early: settings, findings, and pieces of SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runnel.sdk import Finding, Where, field
from runnel.sdk.stateful import SINCE, UNTIL
from runnel.sdk.streaming import OP

TOLD, TELLING = "(SELECT told FROM clock)", "(SELECT telling FROM clock)"
"""When the node told early last, and whether it does so now."""


def emit_field(what: str) -> Any:
    """Return the setting that says when rows leave."""
    return field(
        "close", title="Rows leave", widget="choice",
        help=f"close: once, when the {what} is over. early: also before that, as changes (`_op`: insert, then update), for "
             "targets that keep rows by key.",
    )  # fmt: skip


def every_field() -> Any:
    """Return the setting that says how often at most."""
    return field(
        1.0, title="At most every", unit="seconds", ge=0, le=86_400, when={"emit": ["early"]},
        help="So long nothing is told again of what is open and changed; 0: with every epoch.",
    )  # fmt: skip


def op_findings(node: Any, names: Sequence[str]) -> Iterator[Finding]:
    """Report a group whose column would be that of changes."""
    if node.config.emit == "early" and OP in names:
        what = f"`{OP}` says what a change is, and cannot be grouped by"
        yield Finding(
            "RNL-COLUMN-002", "error", what, "Rename the column before, or set `emit: close`.", Where(field="group_by")
        )


def joined_times() -> str:
    """Return the SQL that joins the times at which the rows of a group came."""
    return f"min({SINCE}) AS {SINCE}, max({UNTIL}) AS {UNTIL}"


def operation() -> str:
    """Return the aggregate that tells whether a group was told before: then there was a row of it at that time."""
    return f"CASE WHEN min({SINCE}) <= {TOLD} THEN 'update' ELSE 'insert' END"


def changed(group: str, rows: str) -> str:
    """Return the condition that leaves of `rows`, while telling early, those of groups of which one came since the last time."""
    fresh = f"SELECT hash({group}) FROM ({rows}) AS f WHERE {UNTIL} > {TOLD}"
    return f"(NOT {TELLING} OR {TOLD} IS NULL OR hash({group}) IN ({fresh}))"
