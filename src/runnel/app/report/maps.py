"""Maps: countries filled by a value, and places over the outlines of countries."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from runnel.app.report import canvas
from runnel.app.report.canvas import HEIGHT, WIDTH, colour, picture, text, viridis
from runnel.app.report.countries import BERING, Atlas, Country, Ring, atlas
from runnel.app.report.scales import extent, full, nice, short

MARGIN = 8.0
LEGEND = 44.0
LEFT, BELOW = 40.0, 26.0
LEAST_DEGREES = 24.0
SKEWED = 10.0
Point = tuple[float, float]
Projection = Callable[[float, float], Point]

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796


def equal_earth(longitude: float, latitude: float) -> Point:
    """Return x and y of the Equal Earth projection, in which areas are true (Šavrič, Patterson, Jenny 2018)."""
    t = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    t2 = t * t
    t6 = t2 * t2 * t2
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(t)
    x /= 3 * (9 * _A4 * t6 * t2 + 7 * _A3 * t6 + 3 * _A2 * t2 + _A1)
    return x, t * (_A4 * t6 * t2 + _A3 * t6 + _A2 * t2 + _A1)


@dataclass(frozen=True)
class View:
    """A projection onto the picture, and the degrees that it shows."""

    place: Projection
    west: float
    south: float
    east: float
    north: float

    def shown(self, rings: Iterable[Ring]) -> Iterator[Ring]:
        """Yield the rings that may lie within the picture, also those that come into it once round the world."""
        for ring in rings:
            ys = [y for _, y in ring]
            if max(ys) < self.south or min(ys) > self.north:
                continue
            west, east = min(x for x, _ in ring), max(x for x, _ in ring)
            for turn in (-360, 0, 360):
                if east + turn > self.west and west + turn < self.east:
                    yield tuple((x + turn, y) for x, y in ring) if turn else ring


def world() -> View:
    """Return the view of the whole world without Antarctica."""
    wide, top, bottom = equal_earth(180, 0)[0], equal_earth(0, 84)[1], equal_earth(0, -56)[1]
    middle = BERING + 180
    scale = min((WIDTH - 2 * MARGIN) / (2 * wide), (HEIGHT - LEGEND - MARGIN) / (top - bottom))

    def place(longitude: float, latitude: float) -> Point:
        x, y = equal_earth(longitude - middle, latitude)
        return WIDTH / 2 + x * scale, MARGIN + (top - y) * scale

    return View(place, BERING, -56, BERING + 360, 84)


def region(west: float, south: float, east: float, north: float, left: float = MARGIN, below: float = LEGEND) -> View:
    """Return a view of a part of the world, true to scale in its middle; `below` pixels stay free under it."""
    cx, cy = (west + east) / 2, (south + north) / 2
    shrunk = max(math.cos(math.radians(cy)), 0.1)
    wide, high = WIDTH - left - MARGIN, HEIGHT - below - MARGIN
    span = max((east - west) * shrunk / wide, (north - south) / high, 1e-6)

    def place(longitude: float, latitude: float) -> Point:
        return left + wide / 2 + (longitude - cx) * shrunk / span, MARGIN + high / 2 - (latitude - cy) / span

    across, up = span * wide / shrunk / 2, span * high / 2
    return View(place, cx - across, cy - up, cx + across, cy + up)


def choropleth(title: str, names: Sequence[str], values: Sequence[float]) -> str | None:
    """Return the picture of countries filled by value, with a legend; None where no name means a country."""
    known = atlas()
    totals: dict[Country, float] = {}
    for name, value in zip(names, values, strict=True):
        country = known.find(name)
        if country is not None and country.rings:
            totals[country] = totals.get(country, 0.0) + value
    if not totals:
        return None
    view = _view([country.main for country in totals])
    shade = Shades(list(totals.values()))
    body = _land(known, view, leave=set(totals))
    for country, value in totals.items():
        body.append(_filled(country, view, shade.of(value), f"{country.name}: {full(value)}"))
    return picture([*_clipped(body, LEGEND - MARGIN), *shade.legend()], label=title)


def _view(rings: Sequence[Ring]) -> View:
    """Return the world, or the part of it where all the countries are."""
    west, east = extent([x for ring in rings for x, _ in ring])
    south, north = extent([y for ring in rings for _, y in ring])
    if east - west > 150 or north - south > 90:
        return world()
    wide, high = max((east - west) * 0.08, LEAST_DEGREES - (east - west), 0) / 2, (north - south) * 0.08 / 2
    return region(west - wide, south - high, east + wide, north + high)


@dataclass(frozen=True)
class Shades:
    """Colours of values: viridis over the range, or over its logarithm where few values are far above the others."""

    values: Sequence[float]

    @property
    def log(self) -> bool:
        """Whether equal steps of colour are equal factors."""
        low, high = extent(self.values)
        return low > 0 and len(self.values) > 2 and high > SKEWED * statistics.median(self.values)

    def of(self, value: float) -> str:
        """Return the colour of a value."""
        low, high = extent(self.values)
        if high <= low:
            return viridis(0.5)
        if self.log:
            return viridis(math.log(value / low) / math.log(high / low))
        return viridis((value - low) / (high - low))

    def legend(self) -> list[str]:
        """Return a bar of the colours with values below it."""
        low, high = extent(self.values)
        left, y, wide, steps = MARGIN, HEIGHT - 32, 240.0, 48
        if high <= low:
            return [canvas.rect(left, y, 24, 10, viridis(0.5)), text(left + 32, y + 9, full(low), kind="value")]
        at = [low * (high / low) ** (n / 2) if self.log else low + (high - low) * n / 2 for n in range(3)]
        made = [
            f'<rect x="{left + wide * n / steps:.1f}" y="{y}" width="{wide / steps + 0.5:.1f}" height="10" '
            f'fill="{viridis(n / (steps - 1))}"/>'
            for n in range(steps)
        ]
        anchors = ("start", "middle", "end")
        made += [text(left + wide * n / 2, y + 24, short(at[n]), anchor=anchors[n]) for n in range(3)]
        return [*made, text(left + wide + 10, y + 9, "logarithmic", kind="axis")] if self.log else made


def _land(known: Atlas, view: View, leave: Iterable[Country] = ()) -> list[str]:
    """Return the countries that have no value, as one quiet shape."""
    without = set(leave)
    rings = [ring for item in known.countries if item not in without for ring in item.rings]
    return [f'<path class="land" d="{_outline(rings, view)}"/>']


def _filled(country: Country, view: View, fill: str, hint: str) -> str:
    shape = _outline(country.rings, view)
    return f'<path class="country" fill-rule="evenodd" d="{shape}" fill="{fill}"><title>{canvas.escape(hint)}</title></path>'


def _outline(rings: Iterable[Ring], view: View) -> str:
    """Return the rings that are to be seen as the text of a path; steps below half a pixel are left out."""
    parts: list[str] = []
    for ring in view.shown(rings):
        last: Point | None = None
        kept: list[str] = []
        for longitude, latitude in ring:
            x, y = view.place(longitude, latitude)
            if last is not None and abs(x - last[0]) + abs(y - last[1]) < 0.5:
                continue
            last = (x, y)
            kept.append(f"{x:.1f} {y:.1f}")
        parts.append(f"M{'L'.join(kept)}Z")
    return "".join(parts)


def _clipped(body: Sequence[str], below: float) -> list[str]:
    """Return parts of a picture with what lies outside the map cut off: an inner picture of its size."""
    return [f'<svg width="{WIDTH}" height="{HEIGHT - below:g}">', *body, "</svg>"]


def places(title: str, longitudes: Sequence[float | None], latitudes: Sequence[float | None],
           sizes: Sequence[float | None]) -> str:  # fmt: skip
    """Return the picture of places over the outlines of countries, with degrees at its edges."""
    there = [
        (x, y, size or 0.0)
        for x, y, size in zip(longitudes, latitudes, sizes, strict=True)
        if x is not None and y is not None and abs(x) <= 360 and abs(y) <= 90
    ]
    view = _around([x for x, _, _ in there], [y for _, y, _ in there])
    most = max((size for _, _, size in there), default=1.0) or 1.0
    dots: list[str] = []
    for longitude, latitude, size in there:
        x, y = view.place(longitude, latitude)
        radius = 2 + 8 * math.sqrt(max(size, 0.0) / most)
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour(0)}" class="place"/>')
    lines, labels = _graticule(view)
    return picture([*_clipped([*_land(atlas(), view), *lines, *dots], BELOW), *labels], label=title)


def _around(longitudes: Sequence[float], latitudes: Sequence[float]) -> View:
    """Return a view with some room around places."""
    (west, east), (south, north) = extent(longitudes), extent(latitudes)
    wide, high = max((east - west) * 0.06, 0.5), max((north - south) * 0.06, 0.5)
    return region(west - wide, max(south - high, -90), east + wide, min(north + high, 90), LEFT, BELOW)


def _graticule(view: View) -> tuple[list[str], list[str]]:
    """Return lines at round degrees, and their labels at the left and below."""
    middle = ((view.west + view.east) / 2, (view.south + view.north) / 2)
    lines: list[str] = []
    labels: list[str] = []
    for tick in nice(view.south, view.north, 4):
        y = view.place(middle[0], tick)[1]
        if MARGIN <= y <= HEIGHT - BELOW and abs(tick) <= 90:
            lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
            labels.append(text(LEFT - 4, y + 4, f"{tick:g}°", anchor="end"))
    for tick in nice(view.west, view.east, 5):
        x = view.place(tick, middle[1])[0]
        if LEFT <= x <= WIDTH - 12 and abs(tick) <= 360:
            lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT - BELOW}"/>')
            labels.append(text(x, HEIGHT - 10, f"{tick:g}°", anchor="middle"))
    return lines, labels
