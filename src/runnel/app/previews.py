"""Previews: the first rows of any port, as a side query over kept results; leaves no run and no output."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from runnel.app.workers import existing
from runnel.compiler.compile import Compiled
from runnel.compiler.graph import REJECTED
from runnel.compiler.segments import DECODED_BYTES
from runnel.plan.shapes import Cte, Feed, Plan, Segment
from runnel.runtime.batch import BatchOptions, BatchRun
from runnel.runtime.cache import Kept
from runnel.runtime.journal import SilentJournal
from runnel.sdk.node import Streaming
from runnel.sdk.source import Source

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.app.workers import WorkerHandle
    from runnel.errors import RunnelError


def preview(project: Project, compiled: Compiled, port: tuple[str, str], limit: int) -> dict[str, Any]:
    """Return columns, the first rows (the text of a JSON array of arrays), how many there are, and if that is all."""
    schema = compiled.typed[port[0]].schemas[port[1]]
    plan = compiled.plan([port], whole=True)
    text, total = project.answers.get_or_make((plan.segments[-1].key, limit), lambda: _first_rows(project, plan, limit))
    shown = len(orjson.loads(text))
    columns = [{"name": name, "type": type, "nullable": True} for name, type in schema.items()]
    return {"columns": columns, "rows": text, "total_rows": total, "complete": total == shown}


def _first_rows(project: Project, plan: Plan, limit: int) -> tuple[str, int]:
    with questions(project, plan) as ask:
        (_, text), (_, counted) = ask.all(
            f'SELECT * FROM "the rows" LIMIT {limit}', 'SELECT count(*) AS n FROM "the rows"'
        )
    return text, orjson.loads(counted)[0][0]


def port_rows(project: Project, compiled: Compiled, ref: str, limit: int = 10_000) -> list[dict[str, Any]]:
    """Return the rows of `node` or `node.port` as mappings of plain values; numbers with a fraction are Decimal."""
    from runnel.app.pipelines import port_of

    port = port_of(compiled, ref)
    with questions(project, compiled.plan([port], whole=True)) as ask:
        columns, text = ask(f'SELECT * FROM "the rows" LIMIT {limit}')
    return named_rows(columns, text)


def named_rows(columns: Sequence[Mapping[str, str]], text: str) -> list[dict[str, Any]]:
    """Return rows (the text of a JSON array of arrays) as mappings."""
    names = [column["name"] for column in columns]
    return [dict(zip(names, row, strict=True)) for row in plain_rows([column["type"] for column in columns], text)]


def plain_rows(types: Sequence[str], text: str) -> list[tuple[Any, ...]]:
    """Return rows as plain values: DOUBLE as float, other numbers with a fraction as Decimal."""
    floats = [type in ("DOUBLE", "FLOAT") for type in types]
    rows = json.loads(text, parse_float=Decimal)
    return [
        tuple(
            float(cell) if real and isinstance(cell, Decimal) else cell for cell, real in zip(row, floats, strict=True)
        )
        for row in rows
    ]


class Questions:
    """Asks SQL questions over one segment whose inputs are ready; its result is the table "the rows"."""

    def __init__(
        self, worker: WorkerHandle, segment: Segment, feeds: Mapping[str, Any], folder: str, hold: bool
    ) -> None:
        self.worker = worker
        self.payload = {"segment": dataclasses.asdict(segment), "feeds": feeds, "folder": folder, "hold": hold}

    def __call__(self, template: str) -> tuple[list[dict[str, str]], str]:
        """Return (columns, the text of a JSON array of rows)."""
        return self.all(template)[0]

    def all(self, *templates: str) -> list[tuple[list[dict[str, str]], str]]:
        """Ask several questions at once; returns one answer each."""
        answers = self.worker.call("query", {**self.payload, "templates": list(templates)})["answers"]
        return [(answer["columns"], answer["rows"]) for answer in answers]


@contextmanager
def questions(project: Project, plan: Plan) -> Iterator[Questions]:
    """Run every segment of a plan but the last (results are kept), and open the last one for questions."""
    *before, last = plan.segments
    if _is_decoded(last):
        before, last = [*before, last], _reading(last)
    with _worker(project, plan) as (worker, scratch):
        results = _results(project, dataclasses.replace(plan, segments=tuple(before), effects=()), worker, scratch)
        feeds = {
            feed.segment: {"files": [results[feed.segment].data], "types": dict(results[feed.segment].types)}
            for feed in last.feeds
        }
        yield Questions(worker, last, feeds, plan.folder, _blocks(project, plan, last))


def _blocks(project: Project, plan: Plan, segment: Segment) -> bool:
    """Whether a segment has a node that needs all its rows before it gives one, so that a LIMIT saves nothing."""
    kinds = {node.id: node.kind for node in plan.nodes}
    nodes = [project.catalog.get(kinds[cte.node]) for cte in segment.ctes if cte.node in kinds]
    return any(
        node is None or (node.streaming != Streaming.STATELESS and not issubclass(node, Source)) for node in nodes
    )


def _is_decoded(segment: Segment) -> bool:
    """Whether a segment is nothing but a source that is worth decoding once."""
    if len(segment.ctes) != 1 or len(segment.scans) != 1:
        return False
    probe = segment.scans[0].probe
    return not probe["options"].get("exact_rows") and int(probe["bytes"]) <= DECODED_BYTES


def _reading(segment: Segment) -> Segment:
    """Return a segment that reads the kept result of another one."""
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in segment.columns)
    text = f'SELECT {columns} FROM "kept result"'
    step = Cte(segment.id, segment.node, segment.port, text, text)
    feed = Feed("kept result", segment.id)
    return dataclasses.replace(
        segment, ctes=(step,), scans=(), feeds=(feed,), fences=(), taps=(), key=segment.key + "-read"
    )


def decoded(project: Project, plan: Plan) -> Kept | None:
    """Return the rows of a source as previews keep them; None where it is read anew for each question."""
    if len(plan.segments) != 1 or not _is_decoded(plan.segments[-1]):
        return None
    return kept_result(project, plan)


def kept_result(project: Project, plan: Plan) -> Kept:
    """Run a whole plan without effects and return the kept result of its last segment."""
    with _worker(project, plan) as (worker, scratch):
        return _results(project, dataclasses.replace(plan, effects=()), worker, scratch)[plan.segments[-1].id]


def counted(
    project: Project, compiled: Compiled, targets: Sequence[tuple[str, str]]
) -> tuple[dict[tuple[str, str], int], RunnelError | None]:
    """Return the rows of every port that leads to the targets, counted in one pass, and the error that ended it."""
    plan = dataclasses.replace(compiled.plan(targets), effects=())
    with _worker(project, plan) as (worker, scratch):
        options = BatchOptions(str(scratch), dry_run=True)
        result = BatchRun(plan, worker, project.cache, SilentJournal(), _no_commit, options).run()
    entries = result.ledger.entries if result.ledger is not None else ()
    rows_of = {(entry.node, port): rows for entry in entries for port, rows in entry.ports.items() if rows is not None}
    if result.error is None:  # rows that no port took are dead letters
        rows_of = {**{(node.id, REJECTED): result.letters.get(node.id, 0) for node in plan.nodes}, **rows_of}
    return rows_of, result.error


@contextmanager
def _worker(project: Project, plan: Plan) -> Iterator[tuple[WorkerHandle, Path]]:
    reads = existing([path for segment in plan.segments for scan in segment.scans for path in scan.reads])
    project.cache.root.mkdir(parents=True, exist_ok=True)
    with project.workers.at_desk([*reads, str(project.cache.root)]) as (worker, folder):
        scratch = Path(tempfile.mkdtemp(dir=folder))
        try:
            yield worker, scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _results(project: Project, plan: Plan, worker: WorkerHandle, scratch: Path) -> dict[str, Kept]:
    options = BatchOptions(str(scratch), dry_run=True)
    result = BatchRun(plan, worker, project.cache, SilentJournal(), _no_commit, options).run()
    if result.error is not None:
        raise result.error
    return result.results


def _no_commit(effect: Any, staged: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
    return staged
