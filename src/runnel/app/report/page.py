"""The report page: what ran, what came out, what was left out, and whether every row is accounted for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from runnel.app.charts import DrawnChart, charts_of
from runnel.app.drawings import drawn
from runnel.app.report.drawing import draw
from runnel.app.report.style import STYLE
from runnel.app.report.tables import table
from runnel.app.tables import read_kept
from runnel.runtime.ledger import Entry

if TYPE_CHECKING:
    from runnel.app.pipelines import Document
    from runnel.app.project import Project
    from runnel.app.runs import RunReport

MOST_ROWS = 50
MARKS = {"success": "✓", "warning": "!", "failed": "✕", "cancelled": "✕"}


def report_page(project: Project, document: Document, report: RunReport) -> str:
    """Return the page of one run as HTML without scripts and outside references."""
    pipeline = report.compiled.pipeline
    title = pipeline.title or pipeline.name.replace("_", " ")
    charts = charts_of(project, report)
    parts = [
        _head(title, pipeline.description or "", report),
        _section("Graph", f'<div class="graph">{_graph(project, document, report)}</div>'),
        _charts(charts),
        _results(report, {chart.node for chart in charts}),
        _ledger(report),
        _letters(project, report),
        _section(
            "Pipeline", f"<details><summary>The pipeline file</summary><pre>{escape(_text(document))}</pre></details>"
        ),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _text(document: Document) -> str:
    if document.text is not None:
        return document.text
    from pathlib import Path

    return Path(document.path or "").read_text("utf-8")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _head(title: str, description: str, report: RunReport) -> str:
    status = report.status
    ledger = report.ledger
    read = sum(entry.records or 0 for entry in ledger.entries)
    written = sum(int(output["rows"]) for output in report.result.outputs)
    letters = sum(report.result.letters.values())
    facts = [
        ("records read", f"{read:,}"), ("rows written", f"{written:,}"), ("dead letters", f"{letters:,}"),
        ("seconds", f"{report.result.seconds:.2f}"),
        ("ledger", "balances" if ledger.balanced else "does not balance"),
    ]  # fmt: skip
    cards = "".join(
        f'<div class="fact"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for name, value in facts
    )
    error = ""
    if report.result.error is not None:
        found = report.result.error
        error = f'<p class="error"><b>{escape(found.code)}</b> {escape(found.what)}<br>{escape(found.hint)}</p>'
    about = f"<p>{escape(description)}</p>" if description else ""
    mark = f'<span class="status {status}">{MARKS.get(status, "○")} {escape(status)}</span>'
    return f'<header><h1>{escape(title)} {mark}</h1>{about}<div class="facts">{cards}</div>{error}</header>'


def _graph(project: Project, document: Document, report: RunReport) -> str:
    ledger = report.ledger
    labels: dict[str, str] = {}
    for entry in ledger.entries:
        node = next(item for item in report.plan.nodes if item.id == entry.node)
        rows = entry.rows_out if node.outputs else entry.absorbed
        word = "rows" if node.outputs else "written" if node.kind.startswith("sink.") else "rows"
        failed = report.result.error is not None and report.result.error.where.get("node") == entry.node
        mark = "✕ " if failed else "✓ " if rows is not None else ""
        labels[entry.node] = f"{mark}{rows:,} {word}" if rows is not None else "not reached"
    edges = {
        (f"{edge.source}.{edge.output}", f"{edge.target}.{edge.input}"): f"{rows:,}"
        for edge, rows in ledger.edges
        if rows is not None
    }
    return _fitted(drawn(project, document, "svg", labels, edges))


def _fitted(svg: str) -> str:
    """Let a wide graph shrink to the page, but not below 60 % of its size; then it can be scrolled."""
    found = re.search(r' width="([\d.]+)" height="[\d.]+"', svg)
    if found is None:
        return svg
    width = float(found[1])
    style = f' style="width:max(100%,{0.6 * width:.0f}px);max-width:{width:.0f}px"'
    return svg.replace(found[0], style, 1)


def _charts(charts: Sequence[DrawnChart]) -> str:
    if not charts:
        return ""
    made: list[str] = []
    for chart in charts:
        note = f"<p class='foot'>{escape(chart.spec.note)}</p>" if chart.spec.note else ""
        offered = f"<p class='foot'>Also fits: {', '.join(chart.spec.offered)}</p>" if chart.spec.offered else ""
        data = table(chart.columns, chart.rows[:200], total=len(chart.rows))
        wide = " wide" if chart.spec.kind == "table" else ""
        made.append(
            f'<figure class="card{wide}"><figcaption>{escape(chart.spec.title)}</figcaption>{draw(chart)}{note}{offered}'
            f"<details><summary>Show data</summary>{data}</details></figure>"
        )
    return _section("Charts", f'<div class="cards">{"".join(made)}</div>')


def _results(report: RunReport, charts: set[str]) -> str:
    made: list[str] = []
    for segment in report.plan.segments:
        kept = report.kept(segment.id)
        if kept is None or segment.node in charts:
            continue
        found = read_kept(kept)
        shown = found.slice(0, MOST_ROWS)
        columns = found.column_names
        rows: list[Sequence[Any]] = list(zip(*[shown.column(name).to_pylist() for name in columns], strict=True))
        types = [kept.types[name] for name in columns]
        made.append(f"<h3>{escape(segment.id)}</h3>{table(columns, rows, types, found.num_rows)}")
    return _section("Results", "".join(made)) if made else ""


def _ledger(report: RunReport) -> str:
    columns = ["node", "kind", "in", "passed", "filtered", "absorbed", "created", "dead letters", "in flight", "out"]
    kinds = {node.id: node.kind for node in report.plan.nodes}
    rows = [_ledger_row(entry, kinds[entry.node]) for entry in report.ledger.entries]
    words = (
        "Every row that went in is passed, filtered, absorbed, refused or in flight; every row that came out was passed "
        "or created."
    )
    return _section("Ledger", f"<p>{words}</p>{table(columns, rows)}")


def _ledger_row(entry: Entry, kind: str) -> list[Any]:
    return [
        entry.node, kind, entry.rows_in, entry.passed, entry.filtered, entry.absorbed, entry.created,
        entry.dead_lettered, entry.in_flight, entry.rows_out,
    ]  # fmt: skip


def _letters(project: Project, report: RunReport) -> str:
    if not report.result.letters:
        return ""
    from runnel.app.letters import shown_raw

    letters = project.store.letters.show(report.run_id, limit=MOST_ROWS)
    rows = [[letter["node"], letter["reason"], shown_raw(letter), _position(letter)] for letter in letters]
    total = sum(report.result.letters.values())
    return _section("Dead letters", table(["node", "reason", "record", "position"], rows, total=total))


def _position(letter: dict[str, Any]) -> str:
    position = letter.get("position") or {}
    return ", ".join(f"{key} {value}" for key, value in position.items())
