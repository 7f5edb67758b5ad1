"""The wires of a drawing: curves between ports, widths by row counts, and pills that avoid nodes and each other."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runnel.model import theme
from runnel.model.geometry import COLUMN_GAP, DEFAULT_OUTPUTS, PORT_TOP, WIDTH, Edge, Geometry

Point = tuple[float, float]
Rect = tuple[float, float, float, float]

_NUMBER = re.compile(r"[0-9][0-9,.  ']*")
_FACTORS = {"k": 1e3, "m": 1e6, "bn": 1e9, "b": 1e9, "t": 1e12}
_PLACES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
_RADIUS = 12.0


@dataclass(frozen=True)
class Pill:
    """A label on a wire: its lines and its middle."""

    lines: tuple[str, ...]
    x: float
    y: float

    @property
    def rect(self) -> Rect:
        """The rectangle that the pill covers."""
        wide = max(theme.width(line, 11, 500) for line in self.lines) + 12
        high = 13 * len(self.lines) + 4
        return self.x - wide / 2, self.y - high / 2, self.x + wide / 2, self.y + high / 2


@dataclass(frozen=True)
class DrawnWire:
    """One wire: its path, how thick it is, points along it (for pills and bounds), and its pill."""

    path: str
    thickness: float
    trail: tuple[Point, ...]
    dotted: bool = False
    pill: Pill | None = None

    def svg(self) -> str:
        """Return the path element."""
        if self.dotted:
            x, y = self.trail[-1]
            return f'<path class="a" d="{self.path}"/><path class="d" d="M{x - 4.5:g} {y - 6:g}h9l-4.5 7z"/>'
        return f'<path class="w" stroke-width="{self.thickness:.2f}" d="{self.path}"/>'

    def pill_svg(self) -> list[str]:
        """Return the elements of the pill, if there is one."""
        if self.pill is None:
            return []
        left, top, right, bottom = self.pill.rect
        rect = f'<rect class="g" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        lines = [
            f'<text class="f" x="{self.pill.x:.1f}" y="{top + 12 + 13 * place:.1f}"'
            f' text-anchor="middle">{_pill_words(line, place == 0)}</text>'
            for place, line in enumerate(self.pill.lines)
        ]
        return [rect + ' rx="7"/>', *lines]

    def boxes(self) -> list[Rect]:
        """Return the rectangles that the drawing must have room for."""
        boxes = [(x - 4, y - 4, x + 4, y + 4) for x, y in self.trail]
        return [*boxes, self.pill.rect] if self.pill else boxes


def wires(shape: Geometry, labels: Mapping[tuple[str, str], str]) -> list[DrawnWire]:
    """Return all wires with their pills placed; `labels` as in `drawing.svg`."""
    known = {(_plain(start, True), _plain(end, False)): label for (start, end), label in labels.items()}
    taken: list[Rect] = [(x, y, x + WIDTH, y + shape.ports[name].height) for name, (x, y) in shape.positions.items()]
    drawn: list[DrawnWire] = []
    for number, edge in enumerate(shape.edges):
        label = _label(edge, labels, known)
        wire = _wire(edge, number, shape, label)
        if label:
            pill = _placed_pill(wire, label, taken)
            taken.append(pill.rect)
            wire = replace(wire, pill=pill)
        drawn.append(wire)
    return drawn


def rows_in(label: str) -> float | None:
    """Return the number of rows that a label begins with: `412,386`, `412 k`, `1.2 M`."""
    match = _NUMBER.match(label.strip())
    if match is None:
        return None
    digits = re.sub(r"[^0-9.]", "", match[0]).strip(".")
    if digits.count(".") > 1:
        digits = digits.replace(".", "")
    unit = label.strip()[match.end() :].strip().split(" ")[0].lower()
    return float(digits) * _FACTORS.get(unit, 1.0)


def short(rows: float) -> str:
    """Return a count in three digits: 742113 gives `742 k`."""
    for limit, unit in ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if rows >= (limit if unit == "k" else limit * 0.9995):
            scaled = rows / (limit if unit != "k" else 1e3)
            return f"{scaled:.3g} {unit}" if scaled < 999.5 else f"{scaled:.0f} {unit}"
    return f"{rows:,.0f}"


def _plain(ref: str, output: bool) -> str:
    node, _, port = ref.partition(".")
    return node if not port or (output and port in DEFAULT_OUTPUTS) or (not output and port == "input") else ref


def _label(edge: Edge, labels: Mapping[tuple[str, str], str], known: Mapping[tuple[str, str], str]) -> str:
    if edge.wire is None:
        return ""
    start = edge.wire.ref
    ends = [f"{edge.target}.{edge.wire.port}"] if edge.wire.port else [edge.target, f"{edge.target}.inputs"]
    for end in [*ends, edge.target]:
        label = labels.get((start, end)) or known.get((_plain(start, True), _plain(end, False)))
        if label:
            return label
    # A run names every port, also the default ones that the file leaves out.
    for (begin, end), label in labels.items():
        same_start = begin == start or (edge.wire.output is None and begin.partition(".")[0] == edge.source)
        if same_start and end.partition(".")[0] == edge.target and edge.wire.port is None:
            return label
    return ""


def _wire(edge: Edge, number: int, shape: Geometry, label: str) -> DrawnWire:
    x, y = shape.positions[edge.source]
    to_x, to_y = shape.positions[edge.target]
    ports, to_ports = shape.ports[edge.source], shape.ports[edge.target]
    if edge.wire is None:
        start, end = (x + WIDTH, y + PORT_TOP), (to_x + 24, to_y - 2)
        path, trail = _drop(start, end)
        return DrawnWire(path, 1.5, trail, dotted=True)
    start = (x + WIDTH, y + ports.output_top(edge.wire.output))
    end = (to_x, to_y + to_ports.input_top(edge.wire.port))
    rows = rows_in(label) if label else None
    thickness = 1.5 + 4.5 * min(math.log10(max(rows, 1)) / 12, 1) if rows is not None else 1.5
    if end[0] - start[0] < COLUMN_GAP / 2:
        corridor = _corridor(y, y + ports.height, to_y, to_y + to_ports.height)
        path, trail = _return(start, end, corridor)
    else:
        path, trail = _forward(start, end, shape.bends.get(number, ()))
    return DrawnWire(path, thickness, trail)


def _forward(start: Point, end: Point, bends: Sequence[Point]) -> tuple[str, tuple[Point, ...]]:
    """Draw curves with horizontal tangents; through every layer between, the wire runs straight."""
    stops = [start]
    for left, top in bends:
        stops += [(left, top), (left + WIDTH, top)]
    stops.append(end)
    path = f"M{start[0]:g} {start[1]:g}"
    trail: list[Point] = []
    for place in range(0, len(stops), 2):
        one, two = stops[place], stops[place + 1]
        reach = max((two[0] - one[0]) / 2, 16)
        path += f"C{one[0] + reach:g} {one[1]:g} {two[0] - reach:g} {two[1]:g} {two[0]:g} {two[1]:g}"
        trail += [_on_curve(one, two, reach, step / 10) for step in range(11)]
        if place + 2 < len(stops):
            path += f"H{stops[place + 2][0]:g}"
            trail += [(two[0] + WIDTH * step / 4, two[1]) for step in range(1, 4)]
    return path, tuple(trail)


def _on_curve(start: Point, end: Point, reach: float, step: float) -> Point:
    a, b, c, d = (1 - step) ** 3, 3 * (1 - step) ** 2 * step, 3 * (1 - step) * step**2, step**3
    x = a * start[0] + b * (start[0] + reach) + c * (end[0] - reach) + d * end[0]
    return x, a * start[1] + b * start[1] + c * end[1] + d * end[1]


def _corridor(top: float, bottom: float, to_top: float, to_bottom: float) -> float:
    if bottom <= to_top:
        return (bottom + to_top) / 2
    if to_bottom <= top:
        return (to_bottom + top) / 2
    return max(bottom, to_bottom) + 25


def _return(start: Point, end: Point, corridor: float) -> tuple[str, tuple[Point, ...]]:
    """Draw a wire that goes back to the left, in the corridor between two rows of nodes, with rounded corners."""
    right, left, r = start[0] + 16, end[0] - 16, _RADIUS
    down = 1 if corridor > start[1] else -1
    further = 1 if end[1] > corridor else -1
    path = (
        f"M{start[0]:g} {start[1]:g}H{right - r:g}Q{right:g} {start[1]:g} {right:g} {start[1] + r * down:g}"
        f"V{corridor - r * down:g}Q{right:g} {corridor:g} {right - r:g} {corridor:g}H{left + r:g}"
        f"Q{left:g} {corridor:g} {left:g} {corridor + r * further:g}V{end[1] - r * further:g}"
        f"Q{left:g} {end[1]:g} {left + r:g} {end[1]:g}H{end[0]:g}"
    )
    trail = [start, (right, start[1]), (right, corridor)]
    trail += [(right + (left - right) * step / 10, corridor) for step in range(1, 10)]
    return path, (*trail, (left, corridor), (left, end[1]), end)


def _drop(start: Point, end: Point) -> tuple[str, tuple[Point, ...]]:
    """Draw the dotted line of an `after:`, which enters from above with an arrow head."""
    reach = min(max(abs(end[0] - start[0]) / 2, 24), 60)
    path = (
        f"M{start[0]:g} {start[1]:g}C{start[0] + reach:g} {start[1]:g} {end[0]:g} {end[1] - 40:g} {end[0]:g} {end[1]:g}"
    )
    return path, (start, (end[0], min(start[1], end[1] - 24)), end)


def _placed_pill(wire: DrawnWire, label: str, taken: Sequence[Rect]) -> Pill:
    """Try places along the wire and two shapes; the first that covers nothing wins, else the one that covers least."""
    best: tuple[float, Pill] | None = None
    for lines in _shapes(label):
        for place in _PLACES:
            x, y = wire.trail[min(int(place * len(wire.trail)), len(wire.trail) - 1)]
            if place == 0.5 and len(wire.trail) == 11:
                x, y = wire.trail[5]
            pill = Pill(lines, x, y)
            covered = sum(_overlap(pill.rect, other) for other in taken)
            if covered == 0:
                return pill
            if best is None or covered < best[0]:
                best = (covered, pill)
    assert best is not None
    return best[1]


def _shapes(label: str) -> list[tuple[str, ...]]:
    first, _, rest = label.partition(" · ")
    rows = rows_in(first)
    brief = short(rows) if rows is not None and rows >= 1e4 else first
    return [(label,), (brief, rest)] if rest else [(first,), (brief,)]


def _pill_words(line: str, strong: bool) -> str:
    first, dot, rest = line.partition(" · ")
    return f'<tspan class="b">{theme.words(first)}</tspan>{theme.words(dot + rest)}' if strong else theme.words(line)


def _overlap(one: Rect, two: Rect) -> float:
    wide = min(one[2], two[2]) - max(one[0], two[0])
    high = min(one[3], two[3]) - max(one[1], two[1])
    return wide * high if wide > 0 and high > 0 else 0.0
