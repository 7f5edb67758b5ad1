"""The entry points of sandboxed workers: probe a source, run a segment, stage a sink, answer a small query."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from typing import Any

from runnel.catalog import Catalog, discover
from runnel.engines.duckdb.execution import (
    NodeLetters,
    Outcome,
    SegmentRun,
    Stored,
    reasons_in_words,
    write_parquet,
)
from runnel.engines.duckdb.failing import explained
from runnel.engines.duckdb.holding import held
from runnel.engines.duckdb.oracle import quoted
from runnel.engines.duckdb.progress import SETTINGS as PROGRESS_SETTINGS
from runnel.engines.duckdb.progress import bytes_to_read, watched
from runnel.engines.duckdb.storage import reading_query
from runnel.errors import EngineError, InternalError, LimitError
from runnel.plan.shapes import Segment, segment_from_json
from runnel.runtime.letters import LetterBox
from runnel.sandbox import TaskContext, connect_locked, interrupt_on_cancel, open_before_fork
from runnel.sdk.source import Probe, Sink, Source, Written
from runnel.sdk.streaming import METADATA, StreamContext, StreamSource

DEFAULT_MEMORY_BYTES = 2 * 1024**3
_CATALOG: list[Catalog] = []
_OPENED: list[Any] = []


def warm() -> None:
    """Import the whole catalogue and open a database before the first fork, so that no worker pays for it."""
    import duckdb
    import pyarrow as pa

    catalog()
    pa.array([0])  # Arrow looks for pandas with the first list, and imports it where it is installed
    _OPENED.append(open_before_fork(duckdb))


def catalog() -> Catalog:
    """Return the worker's catalogue."""
    if not _CATALOG:
        _CATALOG.append(discover())
    return _CATALOG[0]


def connect(context: TaskContext, ordered: bool = True) -> Any:
    """Open a locked DuckDB connection that reads what was granted and spills into the first writable folder."""
    import duckdb

    memory = context.limits.memory_bytes or DEFAULT_MEMORY_BYTES
    writable = [str(path) for path in context.grant.write]
    readable = [str(path) for path in context.grant.read]
    connection = connect_locked(
        duckdb, opened=_OPENED.pop() if _OPENED else None, memory_bytes=int(memory * 0.8), threads=2,
        spill_folder=writable[0] if writable else None,
        folders=[*readable, *writable], files=readable,
        settings={
            "preserve_insertion_order": ordered, "enable_profiling": "no_output",
            # It moves repeated parts out of TRY, so that a failing row would fail the query (DuckDB 2.0).
            "disabled_optimizers": "common_subexpressions", **PROGRESS_SETTINGS,
        },
    )  # fmt: skip
    interrupt_on_cancel(context, connection)
    return connection


def _kept_connection(context: TaskContext, ordered: bool) -> Any:
    """Return the worker's connection of that order; opening one takes longer than a small query."""
    name = f"connection, ordered: {ordered}"
    if name in context.state:
        interrupt_on_cancel(context, context.state[name])
    else:
        context.state[name] = connect(context, ordered)
    return context.state[name]


def _node(kind: str, config: Mapping[str, Any], id: str) -> Any:
    node = catalog().get(kind)
    if node is None:
        raise InternalError("RNL-WORKER-001", f"the worker knows no node kind {kind}")
    return node(node.Config.model_validate(config), {}, id)


def probe(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Look at a source; returns the probe's JSON form."""
    source = _node(payload["kind"], payload["config"], payload["id"])
    assert isinstance(source, Source)
    source.granted = list(payload["reads"]) if "reads" in payload else None
    connection = connect(context)
    if isinstance(source, StreamSource) and "outside" in payload:
        source.outside = StreamContext(**payload["outside"])
    found = source.probe(connection, payload["folder"])
    if isinstance(source, StreamSource) and "outside" in payload:
        found = _sampled(source, found, connection, payload["sample"])
    return {**found.to_json(), "findings": [finding.to_json() for finding in found.findings]}


def _sampled(source: StreamSource, found: Probe, connection: Any, path: str) -> Probe:
    """Keep a sample of a source without end for previews; returns the probe that names it."""
    metadata = {name: type for name, type in METADATA.items() if name not in found.columns}
    opened = source.open(connection, found, {**found.columns, **metadata}, NodeLetters(LetterBox("/dev/null", 0), source.id))
    columns = ", ".join(f"CAST({quoted(name)} AS {type}) AS {quoted(name)}" for name, type in metadata.items())
    own = ", ".join(quoted(name) for name in found.columns)
    text = f"SELECT {own}, {columns} FROM {opened.sql}"
    rows = connection.execute(f"COPY ({text}) TO '{path.replace(chr(39), chr(39) * 2)}' (FORMAT parquet)").fetchone()[0]
    options = {**found.options, "sample": path, "sample_rows": int(rows)}
    return replace(found, options=options, files=(path,))


def glance(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Read the first rows of a large file from its first megabyte; empty where a look at the whole is quick."""
    from runnel.connectors.files.formats import Workspace
    from runnel.connectors.files.glancing import first_look, head_of
    from runnel.engines.duckdb.values import json_rows

    source = _node("source.file", payload["config"], payload["id"])
    connection = connect(context)
    workspace = Workspace(connection)
    copy = head_of(payload["path"], workspace)
    if copy is None:
        return {}
    query, probe = first_look(connection, source, copy)
    columns, rows = json_rows(connection, f"{query} LIMIT {int(payload['limit'])}")
    return {"columns": columns, "rows": rows, "notes": list(probe.notes)}


def execute(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Run a segment and keep its result, or hand it to its one sink; returns rows, counts and refused records."""
    import duckdb

    segment = segment_from_json(payload["segment"])
    box = LetterBox(payload["letters"], payload["letter_budget_bytes"], payload["max_letters"])
    connection = _kept_connection(context, segment.ordered)
    run = _segment_run(connection, segment, payload, box)
    begun = time.monotonic()
    try:
        run.prepare()
        with _told(run, payload, context):
            outcome = run.run(_writer(payload, segment))
    except duckdb.Error as error:
        raise _translated(error, segment, box, connection) from error
    finally:
        box.close()
    _explain(segment, payload["letters"], box)
    return {
        "rows": outcome.rows, "counts": [[node, port, rows] for (node, port), rows in outcome.counts.items()],
        "letters": box.counts, "letters_stored": box.stored, "seconds": time.monotonic() - begun,
        "written": asdict(outcome.written) if outcome.written else None,
    }  # fmt: skip


def _told(run: SegmentRun, payload: Mapping[str, Any], context: TaskContext) -> AbstractContextManager[None]:
    """Send `progress` events while a query runs, where somebody listens."""
    if not payload.get("progress"):
        return nullcontext()
    segment = run.segment
    files = {id: feed["files"] for id, feed in payload["feeds"].items()}
    size = None if run.sample else bytes_to_read(run.connection, segment, run.opened, files)
    return watched(
        run.connection, size, lambda found: context.emit("progress", segment=segment.id, node=segment.node, **found)
    )


def _segment_run(connection: Any, segment: Segment, payload: Mapping[str, Any], box: LetterBox) -> SegmentRun:
    sources = {scan.node: _node(scan.kind, scan.config, scan.node) for scan in segment.scans}
    feeds = {id: Stored(tuple(feed["files"]), feed["types"]) for id, feed in payload["feeds"].items()}
    return SegmentRun(connection, segment, sources, feeds, box, payload.get("sample"))


def _writer(payload: Mapping[str, Any], segment: Segment) -> Any:
    sink = payload.get("sink")
    if sink is None:
        return write_parquet(payload["target"], segment.columns)

    def write(connection: Any, query: str) -> Outcome:
        node = _node(sink["kind"], sink["config"], sink["node"])
        assert isinstance(node, Sink)
        written = node.stage(connection, query, sink["staging"], segment.columns)
        return Outcome(rows=written.rows, written=written)

    return write


def _translated(error: Exception, segment: Segment, box: LetterBox, connection: Any) -> Exception:
    """Return our error: the limit that the letter box hit while the query ran, else the engine's."""
    if box.max_count is not None and box.total > box.max_count:
        what = f"{box.total} records were refused, and {box.max_count} are allowed"
        node = next(reversed(box.counts))
        return LimitError("RNL-LIMIT-020", what, "See the dead letters of the run for the reasons.", {"node": node})
    return explained(error, segment, connection)  # type: ignore[arg-type]


def _explain(segment: Segment, path: str, box: LetterBox, most: int = 200) -> None:
    """Put the engine's own words on the first stored rows that an expression could not evaluate."""
    import os

    import duckdb

    taps = {tap.node: tap for tap in segment.taps if tap.expressions}
    if not taps or not any(box.stored.get(node) for node in taps):
        return
    connection = duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "1"})
    connection.execute("SET TimeZone = 'UTC'")
    lines: list[str] = []
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        for number, line in enumerate(file):
            lines.append(_explained_line(connection, taps, line) if number < most else line)
    with open(path + ".part", "w", encoding="utf-8", errors="surrogatepass") as file:
        file.writelines(lines)
    os.replace(path + ".part", path)


def _explained_line(connection: Any, taps: Mapping[str, Any], line: str) -> str:
    letter = json.loads(line)
    tap = taps.get(letter["node"])
    if tap is None or "row" not in letter:
        return line
    words = reasons_in_words(connection, tap.expressions, tap.columns, json.dumps(letter["row"]))
    if not words:
        return line
    # Only the reason changes: the row keeps the digits that a number of Python has no room for.
    old, new = (_reason_text(text) for text in (letter["reason"], f"{letter['reason']} ({words})"))
    before, found, after = line.rpartition(f"{old}, ")
    return f"{before}{new}, {after}" if found else line


def _reason_text(reason: str) -> str:
    return json.dumps({"reason": reason}, ensure_ascii=False)[1:-1]


def stage(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Write a kept result through a sink into its staging folder; returns what was written."""
    import duckdb

    effect = payload["effect"]
    sink = _node(effect["kind"], effect["config"], effect["node"])
    feed = payload["feed"]
    query = reading_query(feed["files"], feed["types"])
    try:
        written: Written = sink.stage(connect(context), query, effect["staging"], feed["types"])
    except duckdb.Error as error:
        what = f"writing {effect['node']}: {str(error).splitlines()[0]}"
        raise EngineError("RNL-ENGINE-003", what, "", {"node": effect["node"]}) from error
    return asdict(written)


def query(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Answer small questions over a segment's query (a preview, a profile, a probe of data): columns and rows each.

    Every template is a SELECT over the table "the rows", the segment's result. Rows arrive as the text of a JSON array of
    arrays, exact for every type. The connection with its views is kept for the next questions over the same segment.
    """
    import duckdb

    from runnel.engines.duckdb.values import json_rows

    segment = segment_from_json(payload["segment"])
    answers: list[dict[str, Any]] = []
    connection = None
    try:
        connection, asked = _prepared(segment, payload, context)
        for template in payload["templates"]:
            columns, rows = json_rows(connection, _over(asked, template))
            answers.append({"columns": columns, "rows": rows})
    except duckdb.Error as error:
        raise explained(error, segment, connection) from error
    return {"answers": answers}


def _over(query: str, template: str) -> str:
    """Return a question with the table "the rows" declared; no text of the question is ever looked into."""
    given = f'WITH "the rows" AS ({query})'
    return f"{given}, {template[5:]}" if template.startswith("WITH ") else f"{given} {template}"


def _prepared(segment: Segment, payload: Mapping[str, Any], context: TaskContext) -> tuple[Any, str]:
    """Return a connection with the segment's views, and the query that stands for its result.

    A segment that must see all its rows before it gives one is computed once and held, if that is cheap enough.
    """
    known = context.state.get("prepared")
    if known is not None and known[0] == segment.key:
        interrupt_on_cancel(context, known[1])
        return known[1], known[2]
    if known is not None:
        context.state.pop("prepared")[1].close()
    connection = _kept_connection(context, True).cursor()
    interrupt_on_cancel(context, connection)
    _segment_run(connection, segment, payload, LetterBox("/dev/null", 0)).prepare(tap=False)
    query = segment.sql()
    if payload.get("hold"):
        folder = str(context.grant.write[0]) if context.grant.write else None
        query = held(connection, query, folder, lambda: context.cancelled)
    context.state["prepared"] = (segment.key, connection, query)
    return connection, query


def describe(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Type SQL that a person wrote, over empty typed tables, away from the supervisor's process."""
    from runnel.engines.duckdb.oracle import DuckOracle

    return {"columns": DuckOracle().describe(payload["sql"], payload["tables"])}


def try_connection(payload: Mapping[str, Any], context: TaskContext) -> Mapping[str, Any]:
    """Try a connection; each step is told as it ends. The policy and the options, secrets too, come with the payload."""
    from runnel.sdk.egress import EgressPolicy

    connector = catalog().connectors[payload["type"]]
    options = connector.Options.model_validate(payload["options"])
    policy = EgressPolicy.from_json(payload["policy"])
    steps: list[dict[str, Any]] = []
    for step in connector.test(options, policy, str(context.grant.write[0])):
        steps.append(step.to_json())
        context.emit("step", **steps[-1])
    return {"steps": steps}


__all__ = [
    "Probe", "catalog", "connect", "describe", "execute", "glance", "probe", "query", "stage", "try_connection", "warm",
]  # fmt: skip
