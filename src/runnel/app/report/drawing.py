"""Each kind of chart as a static SVG picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runnel.app.charts import DrawnChart
from runnel.app.report import canvas
from runnel.app.report.canvas import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    colour,
    path,
    picture,
    rect,
    shortened,
    text,
    viridis,
)
from runnel.app.report.maps import choropleth, places
from runnel.app.report.scales import Linear, extent, full, nice, number, short, time_ticks


def draw(chart: DrawnChart) -> str:
    """Return the picture of a chart, or a sentence where there is nothing to draw."""
    if not chart.rows:
        return '<p class="empty">No rows to draw.</p>'
    return DRAWINGS[chart.spec.kind](chart)


def _values(chart: DrawnChart, name: str) -> list[float | None]:
    return [number(value) for value in chart.column(name)]


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _y_scale(values: Sequence[float], zero: bool) -> tuple[Linear, list[tuple[float, str]]]:
    low, high = extent(values)
    ticks = nice(min(low, 0.0) if zero else low, max(high, 0.0) if zero else high)
    scale = Linear(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP)
    return scale, [(scale(tick), short(tick)) for tick in ticks]


def _lines(chart: DrawnChart) -> str:
    spec = chart.spec
    assert spec.x is not None
    groups = _series(chart)
    xs = chart.column(spec.x.column)
    places, ticks = _x_places(spec.x.type, xs)
    stacked = spec.kind == "area"
    tops = [value for _, points in groups for _, value in points]
    scale, grid = _y_scale(_stack_tops(groups) if stacked else tops, zero=stacked or _near_zero(tops))
    body = canvas.value_axis(grid, WIDTH - RIGHT) + canvas.bottom_axis(ticks, HEIGHT - BOTTOM)
    floor: dict[Any, float] = {}
    labels: list[tuple[float, str, str]] = []
    for index, (name, points) in enumerate(groups):
        drawn: list[tuple[float, float]] = []
        base: list[tuple[float, float]] = []
        for key, value in points:
            under = floor.get(key, 0.0) if stacked else 0.0
            drawn.append((places(key), scale(under + value)))
            base.append((places(key), scale(under)))
            floor[key] = under + value
        if stacked:
            corners = [*drawn, *reversed(base)]
            dots = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
            body.append(f'<polygon points="{dots}" fill="{colour(index)}" fill-opacity="0.35"/>')
        body.append(path(drawn, colour(index)))
        if drawn and len(groups) > 1:
            labels.append((drawn[-1][1], name, colour(index)))
    body += _end_labels(labels)
    return picture(body, label=spec.title)


def _near_zero(values: Sequence[float]) -> bool:
    low, high = extent(values)
    return low >= 0 and low < 0.4 * high


def _series(chart: DrawnChart) -> list[tuple[str, list[tuple[Any, float]]]]:
    """Return (name, [(x, y)]) per line; points without a value are left out."""
    spec = chart.spec
    assert spec.x is not None
    xs = chart.column(spec.x.column)
    if spec.series is None:
        return [
            (item.label, [(x, y) for x, y in zip(xs, _values(chart, item.column), strict=True) if y is not None])
            for item in spec.y
        ]
    names = chart.column(spec.series.column)
    values = _values(chart, spec.y[0].column)
    groups: dict[str, list[tuple[Any, float]]] = {}
    for x, name, value in zip(xs, names, values, strict=True):
        if value is not None:
            groups.setdefault(full(name), []).append((x, value))
    ranked = sorted(groups.items(), key=lambda item: -sum(abs(value) for _, value in item[1]))
    return ranked[: len(canvas.COLOURS)]


def _stack_tops(groups: Sequence[tuple[str, list[tuple[Any, float]]]]) -> list[float]:
    tops: dict[Any, float] = {}
    for _, points in groups:
        for key, value in points:
            tops[key] = tops.get(key, 0.0) + value
    return list(tops.values())


def _x_places(kind: str, xs: Sequence[Any]) -> tuple[Callable[[Any], float], list[tuple[float, str]]]:
    """Return how an x value becomes a pixel, and the ticks below."""
    left, right = LEFT + 4, WIDTH - RIGHT - 4
    if kind == "nominal":
        names = list(dict.fromkeys(full(x) for x in xs))
        step = (right - left) / max(1, len(names) - 1)
        at = {name: left + index * step for index, name in enumerate(names)}
        every = max(1, math.ceil(len(names) / 8))
        ticks = [(at[name], shortened(name, 10)) for name in names[::every]]
        return (lambda value: at[full(value)]), ticks
    low, high = extent(_known([number(x) for x in xs]))
    scale = Linear(low, high, left, right)
    if kind == "temporal":
        ticks = [(scale(moment), words) for moment, words in time_ticks(low, high)]
    else:
        ticks = [(scale(tick), _plain(tick)) for tick in nice(low, high, 6) if low <= tick <= high]
    return (lambda value: scale(number(value) or 0.0)), ticks


def _plain(tick: float) -> str:
    return str(int(tick)) if tick == int(tick) and abs(tick) < 10_000 else short(tick)


def _end_labels(labels: list[tuple[float, str, str]]) -> list[str]:
    """Return names at the right end of lines, pushed apart so that none covers another."""
    made: list[str] = []
    last = -1e9
    for y, name, shade in sorted(labels):
        y = max(y, last + 14)
        last = y
        made.append(
            f'<text class="direct" x="{WIDTH - RIGHT + 4}" y="{y + 4:.1f}" fill="{shade}">'
            f"{canvas.escape(shortened(name, 14))}</text>"
        )
    return made


def _bars(chart: DrawnChart) -> str:
    spec = chart.spec
    assert spec.x is not None
    if spec.series is not None:
        return _stacked_bars(chart)
    names = [full(value) for value in chart.column(spec.x.column)]
    values = [value or 0.0 for value in _values(chart, spec.y[0].column)]
    if spec.horizontal or any(len(name) > 14 for name in names) or len(names) > 14:
        return _horizontal(spec.title, names, values)
    scale, grid = _y_scale(values, zero=True)
    step = (WIDTH - RIGHT / 3 - LEFT) / len(names)
    body = canvas.value_axis(grid, WIDTH - RIGHT / 3)
    for index, (name, value) in enumerate(zip(names, values, strict=True)):
        x = LEFT + index * step + step * 0.15
        shade = canvas.OTHER if name == "other" else colour(0)
        body.append(rect(x, scale(0), step * 0.7, scale(value) - scale(0), shade, f"{name}: {full(value)}"))
        words = shortened(name, max(3, int(step / 7)))
        body.append(text(x + step * 0.35, HEIGHT - BOTTOM + 18, words, anchor="middle", title=name))
    return picture(body, label=spec.title)


def _horizontal(title: str, names: Sequence[str], values: Sequence[float]) -> str:
    left, line = 190, 22
    height = TOP + line * len(names) + 12
    low, high = extent([0.0, *values])
    scale = Linear(low, high, left, WIDTH - 80)
    body: list[str] = []
    for index, (name, value) in enumerate(zip(names, values, strict=True)):
        y = TOP + index * line
        shade = canvas.OTHER if name == "other" else colour(0)
        body.append(text(left - 8, y + 15, shortened(name, 27), anchor="end", title=name))
        body.append(rect(scale(0), y + 4, scale(value) - scale(0), line - 7, shade, f"{name}: {full(value)}"))
        end = max(scale(value), scale(0)) + 6
        body.append(text(end, y + 15, short(value), kind="value"))
    return picture(body, height=height, label=title)


def _stacked_bars(chart: DrawnChart) -> str:
    groups = _series(chart)
    assert chart.spec.x is not None
    names = list(dict.fromkeys(full(value) for value in chart.column(chart.spec.x.column)))
    tops = _stack_tops([(name, [(full(x), y) for x, y in points]) for name, points in groups])
    scale, grid = _y_scale(tops, zero=True)
    step = (WIDTH - RIGHT - LEFT) / max(1, len(names))
    body = canvas.value_axis(grid, WIDTH - RIGHT)
    floor: dict[str, float] = {}
    for index, (series, points) in enumerate(groups):
        for x, value in points:
            name = full(x)
            under = floor.get(name, 0.0)
            place = LEFT + names.index(name) * step + step * 0.15
            hint = f"{name}, {series}: {full(value)}"
            body.append(rect(place, scale(under), step * 0.7, scale(under + value) - scale(under), colour(index), hint))
            floor[name] = under + value
    every = max(1, math.ceil(len(names) / 10))
    for index, name in enumerate(names[::every]):
        body.append(
            text(LEFT + (index * every + 0.5) * step, HEIGHT - BOTTOM + 18, shortened(name, 10), anchor="middle")
        )
    body += [
        f'<text class="direct" x="{WIDTH - RIGHT + 4}" y="{TOP + 14 + index * 16}" fill="{colour(index)}">'
        f"{canvas.escape(shortened(name, 14))}</text>"
        for index, (name, _) in enumerate(groups)
    ]
    return picture(body, label=chart.spec.title)


def _pie(chart: DrawnChart) -> str:
    assert chart.spec.x is not None
    names = [full(value) for value in chart.column(chart.spec.x.column)]
    values = [max(0.0, value or 0.0) for value in _values(chart, chart.spec.y[0].column)]
    total = sum(values) or 1.0
    x, y, outer, inner = 170.0, HEIGHT / 2, 130.0, 70.0
    body: list[str] = []
    angle = -math.pi / 2
    for index, (name, value) in enumerate(zip(names, values, strict=True)):
        turn = min(value / total, 0.9999) * 2 * math.pi
        shade = canvas.OTHER if name == "other" else colour(index)
        body.append(
            _slice(x, y, outer, inner, angle, angle + turn, shade, f"{name}: {full(value)} ({value / total:.1%})")
        )
        angle += turn
        row = TOP + 28 + index * 24
        body.append(rect(340, row - 10, 12, 12, shade))
        body.append(text(360, row, f"{shortened(name, 26)}  {value / total:.1%}", kind="value"))
    return picture(body, label=chart.spec.title)


def _slice(x: float, y: float, outer: float, inner: float, start: float, end: float, shade: str, hint: str) -> str:
    large = 1 if end - start > math.pi else 0
    points = [
        (x + radius * math.cos(angle), y + radius * math.sin(angle))
        for radius, angle in ((outer, start), (outer, end), (inner, end), (inner, start))
    ]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    return (
        f'<path d="M{ax:.1f} {ay:.1f}A{outer} {outer} 0 {large} 1 {bx:.1f} {by:.1f}L{cx:.1f} {cy:.1f}'
        f'A{inner} {inner} 0 {large} 0 {dx:.1f} {dy:.1f}Z" fill="{shade}" class="slice">'
        f"<title>{canvas.escape(hint)}</title></path>"
    )


def _dots(chart: DrawnChart) -> str:
    spec = chart.spec
    assert spec.x is not None
    xs, ys = _values(chart, spec.x.column), _values(chart, spec.y[0].column)
    names = [full(value) for value in chart.column(spec.series.column)] if spec.series else [""] * len(xs)
    kinds = list(dict.fromkeys(names))
    scale, grid = _y_scale(_known(ys), zero=False)
    places, ticks = _x_places(spec.x.type, [x for x in chart.column(spec.x.column) if number(x) is not None])
    body = canvas.value_axis(grid, WIDTH - RIGHT) + canvas.bottom_axis(ticks, HEIGHT - BOTTOM)
    for x, y, name in zip(xs, ys, names, strict=True):
        if x is not None and y is not None:
            shade = colour(kinds.index(name))
            body.append(f'<circle cx="{places(x):.1f}" cy="{scale(y):.1f}" r="3.2" fill="{shade}" fill-opacity="0.6"/>')
    body.append(text(WIDTH - RIGHT, HEIGHT - 4, spec.x.label, anchor="end", kind="axis"))
    body.append(text(LEFT - 8, TOP + 2, "", kind="axis"))
    if spec.series:
        body += [
            f'<text class="direct" x="{WIDTH - RIGHT + 8}" y="{TOP + 14 + index * 16}" fill="{colour(index)}">'
            f"{canvas.escape(shortened(name, 13))}</text>"
            for index, name in enumerate(kinds[:12])
        ]
    return picture(body, label=spec.title)


def _histogram(chart: DrawnChart) -> str:
    starts, ends, counts = (_values(chart, name) for name in ("from", "to", "rows"))
    scale, grid = _y_scale(_known(counts), zero=True)
    low, high = extent(_known(starts) + _known(ends))
    across = Linear(low, high, LEFT + 4, WIDTH - RIGHT / 3)
    ticks = [(across(tick), _plain(tick)) for tick in nice(low, high, 6) if low <= tick <= high]
    body = canvas.value_axis(grid, WIDTH - RIGHT / 3) + canvas.bottom_axis(ticks, HEIGHT - BOTTOM)
    for start, end, count in zip(starts, ends, counts, strict=True):
        if start is not None and end is not None and count is not None:
            hint = f"{short(start)} to {short(end)}: {full(int(count))} rows"
            width = across(end) - across(start) - 1
            body.append(rect(across(start), scale(0), width, scale(count) - scale(0), colour(0), hint))
    return picture(body, label=chart.spec.title)


def _heat(chart: DrawnChart) -> str:
    spec = chart.spec
    assert spec.x is not None and spec.series is not None
    across = list(dict.fromkeys(full(value) for value in chart.column(spec.x.column)))
    down = list(dict.fromkeys(full(value) for value in chart.column(spec.series.column)))
    values = _values(chart, spec.y[0].column)
    low, high = extent(_known(values))
    left, line = 130, max(14, min(28, 280 // max(1, len(down))))
    step = (WIDTH - left - 16) / max(1, len(across))
    body: list[str] = []
    pairs = zip(chart.column(spec.x.column), chart.column(spec.series.column), values, strict=True)
    for x, y, value in pairs:
        if value is not None:
            shade = viridis((value - low) / ((high - low) or 1.0))
            place = (left + across.index(full(x)) * step, TOP + down.index(full(y)) * line)
            body.append(rect(*place, step - 1, line - 1, shade, f"{full(x)}, {full(y)}: {full(value)}"))
    for index, name in enumerate(down):
        body.append(text(left - 8, TOP + index * line + line / 2 + 4, shortened(name, 17), anchor="end"))
    every = max(1, math.ceil(len(across) / 12))
    height = TOP + len(down) * line + 28
    for index, name in enumerate(across[::every]):
        body.append(text(left + (index * every + 0.5) * step, height - 10, shortened(name, 9), anchor="middle"))
    return picture(body, height=height, label=spec.title)


def _hexagons(chart: DrawnChart) -> str:
    spec = chart.spec
    assert spec.x is not None
    xs, ys, counts = (_values(chart, name) for name in (spec.x.column, spec.y[0].column, spec.y[1].column))
    scale, grid = _y_scale(_known(ys), zero=False)
    places, ticks = _x_places("quantitative", chart.column(spec.x.column))
    top = math.log1p(max(_known(counts), default=1.0))
    body = canvas.value_axis(grid, WIDTH - RIGHT) + canvas.bottom_axis(ticks, HEIGHT - BOTTOM)
    for x, y, count in zip(xs, ys, counts, strict=True):
        if x is not None and y is not None and count is not None:
            shade = viridis(math.log1p(count) / top)
            cx, cy, size = places(x), scale(y), 6.4
            corners = " ".join(
                f"{cx + size * math.sin(turn):.1f},{cy + size * math.cos(turn):.1f}"
                for turn in (math.pi / 3 * side for side in range(6))
            )
            body.append(f'<polygon points="{corners}" fill="{shade}"><title>{full(int(count))} rows</title></polygon>')
    return picture(body, label=spec.title)


def _number_card(chart: DrawnChart) -> str:
    value = full(chart.rows[0][0])
    label = canvas.escape(chart.spec.y[0].label)
    return f'<div class="number"><span>{canvas.escape(value)}</span><small>{label}</small></div>'


def _table_card(chart: DrawnChart) -> str:
    from runnel.app.report.tables import table

    return table(chart.columns, chart.rows[:100])


def _map(chart: DrawnChart) -> str:
    spec = chart.spec
    if spec.series is not None:
        names = [full(value) for value in chart.column(spec.series.column)]
        values = [value or 0.0 for value in _values(chart, spec.y[0].column)]
        drawn = choropleth(spec.title, names, values)
        return drawn if drawn is not None else _horizontal(spec.title, names[:40], values[:40])
    assert spec.x is not None
    longitudes, latitudes = _values(chart, spec.x.column), _values(chart, spec.y[0].column)
    sizes = _values(chart, spec.y[1].column) if len(spec.y) > 1 else [1.0] * len(longitudes)
    return places(spec.title, longitudes, latitudes, sizes)


DRAWINGS: Mapping[str, Callable[[DrawnChart], str]] = {
    "line": _lines, "area": _lines, "bar": _bars, "pie": _pie, "scatter": _dots, "histogram": _histogram,
    "heat_map": _heat, "hex_bin": _hexagons, "number": _number_card, "table": _table_card, "map": _map,
}  # fmt: skip
