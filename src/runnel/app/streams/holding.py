"""What the nodes of a running stream hold: the first rows of a state by a search, and rows that wait for the watermark."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from runnel.runtime.stream.arrow import pc
from runnel.runtime.stream.keyed import KeyedState
from runnel.runtime.stream.steps import StepRun

ANSWERS = "answers"
STATE, WAITING = "state", "waiting"
MOST_LOOKED_AT = 200_000
"""A search reads so many of the newest rows, so that the stream is not held up for long."""


@dataclass(frozen=True)
class Question:
    """What is asked of a node: its state or what waits there, only rows that contain a text, at most so many."""

    node: str
    part: str = STATE
    search: str = ""
    limit: int = 100
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def to_json(self) -> str:
        """Return the form that stands in the file of what is asked."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Question:
        """Read the form of the file."""
        return Question(**json.loads(text))


def held_rows(run: StepRun | None, asked: Question) -> dict[str, Any]:
    """Return the newest rows that a node holds and that fit, with how many it holds and how many were looked at."""
    if run is None:
        none = dict.fromkeys(("total", "looked_at", "matching", "bytes"), 0)
        return {"node": asked.node, "keys": [], **none, "rows": pa.table({})}
    total = run.rows if asked.part == STATE else run.in_flight
    found: list[pa.Table] = []
    looked, matching, kept = 0, 0, 0
    for table in _tables(run, asked.part):
        found = found or [table.slice(0, 0)]
        table = table.slice(0, max(0, MOST_LOOKED_AT - looked))
        looked += table.num_rows
        fitting = _containing(table, asked.search)
        matching += fitting.num_rows
        if kept < asked.limit and fitting.num_rows:
            found.append(fitting.slice(0, asked.limit - kept))
            kept += found[-1].num_rows
        if looked >= MOST_LOOKED_AT or (not asked.search and kept >= asked.limit):
            break
    rows = pa.concat_tables(found, promote_options="default") if found else pa.table({})
    return {
        "node": asked.node, "keys": list(run.step.keys), "total": total, "looked_at": looked, "matching": matching,
        "bytes": run.bytes, "rows": rows,
    }  # fmt: skip


def _tables(run: StepRun, part: str) -> Iterator[pa.Table]:
    """Yield what a node holds, the newest first."""
    if part == WAITING:
        for port, state in run.waiting.items():
            for one in reversed(state.buckets):
                rows = one.rows
                yield rows.add_column(0, "input", pa.array([port] * rows.num_rows)) if len(run.waiting) > 1 else rows
    elif run.buckets is not None:
        for one in reversed(run.buckets.buckets):
            yield one.rows
    elif run.keyed is not None:
        yield from _living(run.keyed)


def _living(state: KeyedState) -> Iterator[pa.Table]:
    """Yield the rows of each level that no newer level has replaced."""
    newer: list[Any] = []
    for level in reversed(state.levels):
        some = (level.counts > 0) & ~_in(level.hashes, newer)
        newer.append(level.hashes)
        counts = level.counts[some]
        if counts.size:
            starts = np.repeat(level.starts[some], counts)
            within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
            places = (starts + within)[:MOST_LOOKED_AT]
            yield level.rows.take(pa.array(places))


def _in(hashes: Any, newer: list[Any]) -> Any:
    found = np.zeros(len(hashes), dtype=bool)
    for one in newer:
        if len(one):
            at = np.minimum(np.searchsorted(one, hashes), len(one) - 1)
            found |= one[at] == hashes
    return found


def _containing(table: pa.Table, search: str) -> pa.Table:
    """Return the rows in which the text of some value contains the search; upper and lower case are one."""
    if not search or not table.num_rows:
        return table
    found = pa.array(np.zeros(table.num_rows, dtype=bool))
    for column in table.columns:
        try:
            text = pc.cast(column, pa.string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            continue
        has = pc.fill_null(pc.match_substring(text, search, ignore_case=True), False)
        found = pc.or_(found, has)
    return table.filter(found)
