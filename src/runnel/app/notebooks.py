"""What notebooks show: a pipeline as its graph with findings, a preview as a table; static HTML, no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from runnel.app.drawings import drawn
from runnel.app.pipelines import Document, findings_of

if TYPE_CHECKING:
    from runnel.app.project import Project

_COLOURS = {"error": "#CF222E", "warning": "#9A6700", "info": "#57606A"}
_CELL = "padding:2px 8px;border-bottom:1px solid #D9DDE3;text-align:{side};font:12px ui-monospace,monospace"


def pipeline_html(project: Project, document: Document) -> str:
    """Return the graph and the findings of a pipeline."""
    parts = [f'<div style="max-width:100%;overflow:auto">{drawn(project, document, "svg")}</div>']
    for finding in findings_of(project, document):
        place = ".".join(part for part in (finding.where.node, finding.where.field) if part)
        colour = _COLOURS[finding.severity]
        parts.append(
            f'<div style="font:13px sans-serif;margin:2px 0"><b style="color:{colour}">{finding.severity}</b> '
            f"<code>{escape(place)}</code> {escape(finding.what)} "
            f'<span style="color:#57606A">{escape(finding.hint)}</span></div>'
        )
    return "\n".join(parts)


def preview_html(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], total: int) -> str:
    """Return a table with typed header."""
    sides = ["right" if type.startswith(("BIG", "INT", "DOU", "DEC", "FLO", "SMA")) else "left" for _, type in columns]
    head = "".join(
        f'<th style="{_CELL.format(side=side)}">{escape(name)}<br><small style="color:#57606A">{escape(type)}</small></th>'
        for (name, type), side in zip(columns, sides, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_cell(cell, side) for cell, side in zip(row, sides, strict=True)) + "</tr>" for row in rows
    )
    foot = f'<div style="font:12px sans-serif;color:#57606A">{len(rows):,} of {total:,} rows</div>'
    return f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}'


def _cell(value: Any, side: str) -> str:
    style = _CELL.format(side=side)
    if value is None:
        return f'<td style="{style};color:#868E98">null</td>'
    return f'<td style="{style}">{escape(str(value))}</td>'
