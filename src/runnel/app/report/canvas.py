"""Pieces of SVG: text, shapes, axes; everything that comes from data is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 12, 36
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
OTHER = "#868E98"


def colour(index: int) -> str:
    """Return the colour of the n-th series (Okabe-Ito)."""
    return COLOURS[index % len(COLOURS)]


VIRIDIS = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725")


def viridis(share: float) -> str:
    """Return the colour of a share from 0 to 1 on the viridis scale."""
    place = min(max(share, 0.0), 1.0) * (len(VIRIDIS) - 1)
    first = min(int(place), len(VIRIDIS) - 2)
    part = place - first
    ends = [tuple(int(VIRIDIS[index][at : at + 2], 16) for at in (1, 3, 5)) for index in (first, first + 1)]
    mixed = [round(a + (b - a) * part) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "tick", title: str = "") -> str:
    """Return a text; `title` is shown as a tooltip."""
    hint = f"<title>{escape(title)}</title>" if title else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}{hint}</text>'


def rect(x: float, y: float, width: float, height: float, fill: str, title: str = "") -> str:
    """Return a rectangle; negative sizes are turned round."""
    if width < 0:
        x, width = x + width, -width
    if height < 0:
        y, height = y + height, -height
    hint = f"<title>{escape(title)}</title>" if title else ""
    size = f'width="{max(width, 0.5):.1f}" height="{max(height, 0.5):.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{fill}" rx="1.5">{hint}</rect>'


def path(points: Sequence[tuple[float, float] | None], stroke: str, fill: str = "none") -> str:
    """Return a line through points; None lifts the pen."""
    parts: list[str] = []
    pen = False
    for point in points:
        if point is None:
            pen = False
            continue
        parts.append(f"{'L' if pen else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen = True
    return f'<path d="{"".join(parts)}" fill="{fill}" stroke="{stroke}" stroke-width="2" stroke-linejoin="round"/>'


def shortened(words: str, most: int) -> str:
    """Return text cut to a number of characters with an ellipsis."""
    return words if len(words) <= most else words[: most - 1] + "…"


def picture(body: Sequence[str], width: float = WIDTH, height: float = HEIGHT, label: str = "") -> str:
    """Return a whole SVG picture."""
    inner = "".join(body)
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{inner}</svg>'
    )


def value_axis(ticks: Sequence[tuple[float, str]], right: float) -> list[str]:
    """Return horizontal grid lines (y in pixels, label) with their labels on the left."""
    made: list[str] = []
    for y, words in ticks:
        made.append(f'<line class="grid" x1="{LEFT}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        made.append(text(LEFT - 8, y + 4, words, anchor="end"))
    return made


def bottom_axis(ticks: Sequence[tuple[float, str]], y: float) -> list[str]:
    """Return labels along the bottom (x in pixels, label)."""
    return [text(x, y + 18, words, anchor="middle") for x, words in ticks]
