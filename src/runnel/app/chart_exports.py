"""Charts as files: their data as CSV or JSON, and one page that draws them without anything else."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

_FORMULA = re.compile(r"^\s*[\"']*\s*[=+\-@\t\r]")


def as_json(charts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the data of charts as objects."""
    return {
        "charts": [
            {"node": chart["node"], "title": chart["spec"]["title"],
             "rows": [dict(zip(chart["columns"], row, strict=True)) for row in chart["rows"]]}
            for chart in charts
        ]
    }  # fmt: skip


def as_csv(charts: Sequence[Mapping[str, Any]], raw: bool) -> str:
    """Return the data of charts one below the other; texts that a spreadsheet would compute are defused unless `raw`."""
    text = io.StringIO()
    writer = csv.writer(text)
    for place, chart in enumerate(charts):
        if place:
            writer.writerow([])
        if len(charts) > 1:
            writer.writerow([_defused(chart["spec"]["title"], raw)])
        writer.writerow([_defused(name, raw) for name in chart["columns"]])
        writer.writerows([[_defused(cell, raw) for cell in row] for row in chart["rows"]])
    return text.getvalue()


def as_html(title: str, moment: str | None, charts: Sequence[Mapping[str, Any]]) -> str:
    """Return one page with the charts as drawings and their data as tables; it loads and runs nothing."""
    from runnel.app.charts import DrawnChart
    from runnel.app.report.drawing import draw
    from runnel.app.report.style import STYLE
    from runnel.app.report.tables import table
    from runnel.sdk.chart import ChartSpec

    parts: list[str] = []
    for chart in charts:
        drawn = DrawnChart(chart["node"], ChartSpec.model_validate(chart["spec"]), tuple(chart["columns"]), chart["rows"])
        data = table(drawn.columns, drawn.rows[:200], total=len(drawn.rows))
        parts.append(
            f'<figure class="card"><figcaption>{html.escape(drawn.spec.title)}</figcaption>{draw(drawn)}'
            f"<details><summary>Show data</summary>{data}</details></figure>"
        )
    head = f"<h1>{html.escape(title)}</h1><p class='foot'>{html.escape(moment or '')}</p>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{STYLE}</style></head><body><main>{head}<div class="cards">{"".join(parts)}</div></main></body></html>'
    )


def _defused(cell: Any, raw: bool) -> Any:
    return f"'{cell}" if not raw and isinstance(cell, str) and _FORMULA.match(cell) else cell
