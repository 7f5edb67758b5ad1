"""Colours, icons and text widths of the standalone drawing of a pipeline."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Literal

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Dark = bool | Literal["auto"]

_LIGHT = {
    "bg": "#F7F8FA",
    "dot": "#D5D9DF",
    "surface": "#FFFFFF",
    "border": "#D9DDE3",
    "hair": "#E7EAEE",
    "text": "#1B1F24",
    "muted": "#57606A",
    "idle": "#6E7781",
    "wire": "#0B6E99",
    "trigger": "#4A5058",
    "ok": "#1A7F37",
    "warn": "#9A6700",
    "err": "#CF222E",
    "source": "#0E7C6B",
    "transform": "#0B6E99",
    "combine": "#6A4BB5",
    "ml": "#A8195E",
    "output": "#A8680A",
    "control": "#6E7781",
}
_DARK = {
    "bg": "#111418",
    "dot": "#272D34",
    "surface": "#191D23",
    "border": "#2E353D",
    "hair": "#252B32",
    "text": "#E6E9ED",
    "muted": "#9AA4AF",
    "idle": "#8B949E",
    "wire": "#4DB8E5",
    "trigger": "#E6E9ED",
    "ok": "#3FB950",
    "warn": "#D29922",
    "err": "#F85149",
    "source": "#3CC2AA",
    "transform": "#4DB8E5",
    "combine": "#A48BF0",
    "ml": "#EE6FA8",
    "output": "#D9A03A",
    "control": "#8B949E",
}
CATEGORIES = ("source", "transform", "combine", "ml", "output", "control")

# Each icon is drawn in a 24 x 24 box with round strokes.
ICONS = {
    "file": "M6 3h8l5 5v13H6zM14 3v5h5M9.5 13h6M9.5 17h6",
    "database": "M4 6c0-4 16-4 16 0s-16 4-16 0v12c0 4 16 4 16 0V6M4 12c0 4 16 4 16 0",
    "table": "M4 5h16v14H4zM4 10h16M10 10v9",
    "columns": "M4 5h16v14H4zM9.3 5v14M14.7 5v14",
    "derive": "M4 5h16v14H4zM12 9v6M9 12h6",
    "filter": "M3.5 5h17l-6.5 8v6.500l-4-2V13z",
    "sort": "M8 19V5M4.5 8.5 8 5l3.5 3.500M16 5v14M12.5 15.5 16 19l3.5-3.5",
    "sigma": "M17.5 8V5H6.500l6 7-6 7h11v-3",
    "join": "M9 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12",
    "union": "M12 4l8.5 4.500L12 13 3.5 8.500zM3.5 13.5 12 18l8.5-4.5",
    "duplicates": "M8 8h12v12H8zM16 8V4H4v12h4M11 14h6",
    "check": "M12 3.500l7.5 3V12c0 4.5-3 7.5-7.5 9-4.5-1.5-7.5-4.5-7.5-9V6.500zM9 12l2 2 4-4",
    "route": "M3 12h5c5 0 4-6 9-6h4M8 12c5 0 4 6 9 6h4M18.5 3.5 21 6l-2.5 2.500M18.5 15.5 21 18l-2.5 2.5",
    "window": "M4 5h16v14H4zM4 9.500h16M8 13v3M12 12v4M16 14v2",
    "code": "M8.5 7 3.5 12l5 5M15.5 7l5 5-5 5",
    "save": "M5 4h11l4 4v12H4V5a1 1 0 0 1 1-1M8 4v5h7V4M8 20v-6h8v6",
    "chart": "M4 4v16h16M8 8.500h9M8 12.500h5M8 16.500h7",
    "waves": "M3 8c3-3 6 3 9 0s6-3 9 0M3 14c3-3 6 3 9 0s6-3 9 0",
    "pipeline": "M3.5 4h7v6h-7zM13.5 14h7v6h-7zM7 10v7h6.5",
    "clock": "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4l2.5 2",
    "node": "M12 5l6 3.500v7L12 19l-6-3.500v-7zM12 12l6-3.500M12 12v7M12 12 6 8.5",
}
_ICON_OF_NAME = {
    "source.file": "file",
    "source.rows": "table",
    "source.ingest": "waves",
    "source.generate": "derive",
    "source.dataset": "database",
    "table.filter": "filter",
    "table.sort": "sort",
    "table.limit": "sort",
    "table.derive": "derive",
    "table.aggregate": "sigma",
    "table.pivot": "sigma",
    "table.join": "join",
    "table.lookup": "join",
    "table.union": "union",
    "table.distinct": "duplicates",
    "table.deduplicate": "duplicates",
    "table.validate": "check",
    "table.rules": "check",
    "table.route": "route",
    "table.window": "window",
    "table.sql": "code",
    "pipeline.run": "pipeline",
}
_ICON_OF_FAMILY = {
    "source": "database",
    "table": "columns",
    "sink": "save",
    "chart": "chart",
    "report": "chart",
    "stream": "waves",
    "window": "window",
    "trigger": "clock",
    "control": "clock",
    "code": "code",
    "python": "code",
}
STATUS_ICONS = {
    "✓": ("ok", "M5 12.500l4.5 4.500L19 7.5"),
    "✕": ("err", "M6.5 6.500l11 11M17.5 6.500l-11 11"),
    "!": ("warn", "M12 6v7M12 17.200v.300"),
}


def icon(kind: str) -> str:
    """Return the path of the icon for a kind of node."""
    name = _ICON_OF_NAME.get(kind) or _ICON_OF_FAMILY.get(kind.partition(".")[0], "node")
    return ICONS[name]


def style(dark: Dark) -> str:
    """Return the rules of the drawing; `auto` follows the reader's colour scheme."""
    fixed = (
        "text{font-family:Inter,system-ui,-apple-system,'Segoe UI',sans-serif;font-variant-numeric:tabular-nums}"
        ".t{font-size:13px;font-weight:600}.s{font-size:12px}.f{font-size:11px}.b{font-weight:500}"
        ".w{fill:none;stroke-opacity:.7}.a{fill:none;stroke-width:1.5;stroke-dasharray:1.5 4;stroke-linecap:round}"
        ".i{fill:none;stroke-width:2.25;stroke-linecap:round;stroke-linejoin:round}"
        ".g{stroke-width:1}.n.m{opacity:.5}.n.m .g{stroke-dasharray:4 3}"
    )
    rules = _rules(_DARK if dark is True else _LIGHT)
    later = f"@media (prefers-color-scheme:dark){{{_rules(_DARK)}}}" if dark == "auto" else ""
    return fixed + rules + later


def _rules(colours: dict[str, str]) -> str:
    kinds = "".join(f".{name} .i{{stroke:{colours[name]}}}.{name} .p{{fill:{colours[name]}}}" for name in CATEGORIES)
    states = "".join(f".{name} .k{{stroke:{colours[name]}}}" for name in ("ok", "warn", "err"))
    return (
        f".bg{{fill:{colours['bg']}}}.dot{{fill:{colours['dot']}}}"
        f".g{{fill:{colours['surface']};stroke:{colours['border']}}}.h{{stroke:{colours['hair']}}}"
        f".t,.b{{fill:{colours['text']}}}.s,.f{{fill:{colours['muted']}}}.f .b{{fill:{colours['text']}}}"
        f".d{{fill:{colours['trigger']}}}.w{{stroke:{colours['wire']}}}.a{{stroke:{colours['trigger']}}}"
        f".o{{fill:{colours['wire']};stroke:{colours['surface']};stroke-width:2}}"
        f".e{{fill:{colours['err']};stroke:{colours['surface']};stroke-width:2}}" + kinds + states
    )


def words(text: str) -> str:
    """Return text that is safe inside XML: escaped, without the characters that XML 1.0 forbids."""
    return escape(_NOT_XML.sub("", text))


def width(text: str, size: float, weight: int = 400) -> float:
    """Return about how wide the text is in Inter, in px; a little too wide rather than too narrow."""
    return sum(_advance(char) for char in text) * size * (1.06 if weight >= 600 else 1.02)


def _advance(char: str) -> float:
    for chars, advance in _ADVANCES:
        if char in chars:
            return advance
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if unicodedata.combining(char):
        return 0.0
    return 0.68 if char.isupper() else 0.58


_ADVANCES = (
    (frozenset("ijlI.,:;|!'`·"), 0.27),
    (frozenset("frt()[]{}/\\ -"), 0.36),
    (frozenset('"*“”sczJ_'), 0.54),
    (frozenset("0123456789$€£"), 0.62),
    (frozenset("mwMW@%"), 0.88),
    (frozenset("OQGDHNUC"), 0.75),
)


def fitted(text: str, room: float, size: float, weight: int = 400) -> str:
    """Return the text, cut with an ellipsis where it is wider than `room`."""
    if width(text, size, weight) <= room:
        return text
    kept = text
    while kept and width(kept + "…", size, weight) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"
