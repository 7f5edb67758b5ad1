"""Tables of the report: typed cells, NULL as a chip, long text cut with the whole in a tooltip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from runnel.app.report.scales import full


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], types: Sequence[str] = (), total: int | None = None
) -> str:
    """Return a table; `types` are shown below the names, `total` below the rows."""
    listed = list(rows)
    numeric = [
        any(isinstance(row[index], int | float | Decimal) and not isinstance(row[index], bool) for row in listed)
        for index in range(len(columns))
    ]
    kinds = list(types) or [""] * len(columns)
    head = "".join(
        f'<th class="{"right" if right else ""}">{escape(name)}<small>{escape(kind)}</small></th>'
        for name, kind, right in zip(columns, kinds, numeric, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_cell(value, right) for value, right in zip(row, numeric, strict=True)) + "</tr>"
        for row in listed
    )
    foot = "" if total is None else f'<p class="foot">{len(listed):,} of {total:,} rows</p>'
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{foot}'


def _cell(value: Any, right: bool) -> str:
    side = ' class="right"' if right else ""
    if value is None:
        return f"<td{side}><i>null</i></td>"
    if value == "":
        return f'<td{side}><i>""</i></td>'
    words = full(value)
    shown = words if len(words) <= 60 else words[:57] + "…"
    hint = f' title="{escape(words[:2000])}"' if len(words) > 60 else ""
    return f"<td{side}{hint}>{escape(shown)}</td>"
