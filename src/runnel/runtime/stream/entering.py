"""Dead letters that are given again: they enter at the node that refused them, and nothing before it sees them twice."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from runnel.errors import AuthoringError
from runnel.plan.shapes import Segment
from runnel.runtime.stream.arrow import pc
from runnel.runtime.stream.clocks import MOMENT
from runnel.sdk.streaming import Position, Records

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun


@dataclass(frozen=True)
class Request:
    """Letters of one node to be given again: `records` are bytes (of a source) or the JSON of rows (of any other node)."""

    id: str
    node: str
    records: Sequence[bytes]
    incarnation: str = ""


@dataclass
class Entering:
    """What enters in one batch: for a node the segment in which it reads the table `entering:NODE`."""

    node: str = ""
    segment: Segment | None = None
    table: pa.Table | None = None
    tables: dict[str, pa.Table] = field(default_factory=dict)


def enter(run: StreamRun, request: Request) -> None:
    """Compute a request's records as part of the epoch that is being made; they are no dead letters any more.

    Those that an earlier incarnation refused come into this one's ledger as rows from elsewhere.

    Raises AuthoringError where the node is none that can take them.
    """
    node, count = request.node, len(request.records)
    run.epoch.changed = True  # before the batch, so that an epoch begins with it where nothing else comes
    if node in run.sources:
        _at_source(run, request)
    elif node in run.sinks:
        _at_sink(run, request)
    else:
        _at_node(run, request)
    if request.incarnation in ("", run.row.incarnation):
        run.counters.refuse(node, -count)
    elif node not in run.sources:
        run.counters.enter(node, count)
    run.entered.append(request.id)


def _at_source(run: StreamRun, request: Request) -> None:
    """Decode records again; their time is judged by the watermark of now, so that a window that is gone stays closed."""
    source = run.sources[request.node]
    scan = source.scan
    mark = run.intake.clocks[request.node].watermark
    raw = pa.table({
        "value": pa.array(list(request.records), pa.binary()),
        "_position": pa.array([-1] * len(request.records), pa.int64()),
    })  # fmt: skip
    records = Records("replayed", raw, Position(0))
    rows = run.intake.rows_of(source, records, run.time, given_watermark=mark)
    run.cycle([], Entering(tables={scan.view: rows}))


def _at_sink(run: StreamRun, request: Request) -> None:
    effect = next(effect for effect in run.plan.plan.effects if effect.node == request.node)
    rows = table_of(run, request.records, effect.columns)
    run.epoch.outboxes.setdefault(request.node, []).append(rows.select(list(effect.columns)))
    run.cycle([])


def _at_node(run: StreamRun, request: Request) -> None:
    segment = run.plan.entries.get(request.node)
    if segment is None:
        what = f"{request.node} takes no records again"
        raise AuthoringError("RNL-LETTER-006", what, "Letters enter at the node that refused them.", {"node": request.node})
    columns = next(tap.columns for tap in segment.taps if tap.node == request.node)
    table = table_of(run, request.records, columns)
    run.cycle([], Entering(request.node, segment, _behind(run, table)))


def _behind(run: StreamRun, table: pa.Table) -> pa.Table:
    """Let rows be as late as they are now: a window that closed meanwhile takes them no more."""
    if "_watermark" not in table.column_names:
        return table
    known = [mark for mark in run.marks.values() if mark is not None]
    if not known:
        return table
    least = pa.scalar(max(known), pa.int64())  # as numbers: Arrow compares no times here
    marks = pc.max_element_wise(pc.cast(table.column("_watermark"), pa.int64()), least, skip_nulls=True)
    place = table.column_names.index("_watermark")
    return table.set_column(place, "_watermark", pc.cast(marks, MOMENT))


def table_of(run: StreamRun, rows: Sequence[bytes], columns: Mapping[str, str]) -> pa.Table:
    """Return rows that were kept as JSON as a table of these columns, every digit as it stands."""
    structure = json.dumps(dict(columns), ensure_ascii=False).replace("'", "''")
    names = ", ".join('r."' + name.replace('"', '""') + '"' for name in columns)
    lines = pa.table({"line": pa.array([row.decode("utf-8", "replace") for row in rows], pa.string())})
    made = run.engine.query(f"SELECT {names} FROM (SELECT from_json(line, '{structure}') AS r FROM lines)", {"lines": lines})
    return made.cast(run.engine.schema(columns))

