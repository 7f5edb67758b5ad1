"""Drawings of a pipeline: a Mermaid diagram, a layout, and a standalone SVG in the look of the editor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runnel.model import describing, theme, wiring
from runnel.model.document import NodeDoc, Pipeline
from runnel.model.geometry import WIDTH, Geometry, Ports, geometry, layout
from runnel.model.theme import Dark

__all__ = ["layout", "mermaid", "svg"]

MARGIN = 28.0
_UNSAFE = re.compile(r"[^\w .,;:·…()/*+=<>%$€-]")


def mermaid(pipeline: Pipeline) -> str:
    """Return the pipeline as a Mermaid flowchart; ids are n0, n1, … and titles are escaped."""
    ids = {name: f"n{place}" for place, name in enumerate(pipeline.nodes)}
    lines = ["flowchart LR"]
    for name, node in pipeline.nodes.items():
        label = f"{_mermaid_text(describing.title(node))}<br/><small>{_mermaid_text(node.kind)}</small>"
        lines.append(f'  {ids[name]}["{label}"]:::{describing.category(node.kind)}')
    for edge in geometry(pipeline).edges:
        ends = f"{ids[edge.source]} {{}} {ids[edge.target]}"
        if edge.wire is None:
            lines.append("  " + ends.format("-.->"))
            continue
        names = " to ".join(filter(None, (edge.wire.output, edge.wire.port)))
        lines.append("  " + ends.format(f'-->|"{_mermaid_text(names)}"|' if names else "-->"))
    lines += [f"  classDef {name} stroke-width:2px" for name in theme.CATEGORIES]
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    return re.sub(r"[^\w .,;:·…()/*+=%$€-]", lambda match: f"#{ord(match[0])};", " ".join(text.split()))


@dataclass(frozen=True)
class _Drawing:
    """What the parts of one drawing share."""

    geometry: Geometry
    labels: Mapping[str, str]
    titles: Mapping[str, str]
    categories: Mapping[str, str]
    summaries: Mapping[str, str]


def svg(
    pipeline: Pipeline,
    labels: Mapping[str, str] | None = None,
    edge_labels: Mapping[tuple[str, str], str] | None = None,
    titles: Mapping[str, str] | None = None,
    categories: Mapping[str, str] | None = None,
    summaries: Mapping[str, str] | None = None,
    dark: Dark = "auto",
) -> str:
    """Return the pipeline as a standalone SVG document.

    Args:
        pipeline: What to draw.
        labels: Footer per node id, as in `412,386 rows · 0.61 s`; a leading ✓, ✕ or ! becomes the status icon.
        edge_labels: Label per (`node.port`, `node.port`), as in `549,172 · 75 %`; the number gives the wire its width.
            A reference without port matches the default port.
        titles: Titles that replace those of the nodes.
        categories: source, transform, combine, ml, output or control per node id; else from the kind.
        summaries: The muted second line per node id; else made from the config.
        dark: Light, dark, or by the reader's colour scheme.
    """
    drawing = _Drawing(geometry(pipeline), labels or {}, titles or {}, categories or {}, summaries or {})
    wires = wiring.wires(drawing.geometry, edge_labels or {})
    left, top, right, bottom = _bounds(drawing.geometry, wires)
    body = [wire.svg() for wire in wires]
    body += [_node(node, drawing) for node in pipeline.nodes.values()]
    body += [pill for wire in wires for pill in wire.pill_svg()]
    size = f"{right - left:g} {bottom - top:g}"
    name = theme.words(pipeline.title or pipeline.name)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {size}" width="{right - left:g}"'
            f' height="{bottom - top:g}" role="img" aria-label="{name}">',
            f"<title>{name}</title>",
            f"<style>{theme.style(dark)}</style>",
            '<defs><pattern id="runnel-dots" width="16" height="16" patternUnits="userSpaceOnUse">'
            '<circle class="dot" cx="1" cy="1" r="1"/></pattern></defs>',
            *(
                f'<rect {fill} x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}"/>'
                for fill in ('class="bg"', 'fill="url(#runnel-dots)"')
            ),
            *body,
            "</svg>\n",
        ]
    )


def _bounds(shape: Geometry, wires: Sequence[wiring.DrawnWire]) -> tuple[float, float, float, float]:
    boxes = [(x, y, x + WIDTH, y + shape.ports[name].height) for name, (x, y) in shape.positions.items()]
    boxes += [box for wire in wires for box in wire.boxes()]
    if not boxes:
        return 0, 0, WIDTH + 2 * MARGIN, 2 * MARGIN
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    return left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN


def _node(node: NodeDoc, drawing: _Drawing) -> str:
    ports = drawing.geometry.ports[node.id]
    x, y = drawing.geometry.positions[node.id]
    height = ports.height
    category = drawing.categories.get(node.id, "")
    category = category if category in theme.CATEGORIES else describing.category(node.kind)
    status, footer = _status(drawing.labels.get(node.id, ""))
    title = drawing.titles.get(node.id) or describing.title(node)
    summary = drawing.summaries.get(node.id) or describing.summary(node)
    room = WIDTH - 35 - (26 if status else 12)
    named = theme.words(f"{title} ({node.kind}): {summary}")
    parts = [
        f'<g class="n {category}{" m" if node.muted else ""}" transform="translate({x:g} {y:g})">',
        f"<title>{named}</title>",
        f'<rect class="g" x=".5" y=".5" width="{WIDTH - 1:g}" height="{height - 1:g}" rx="7.5"/>',
        f'<path class="p" d="M8 0A8 8 0 0 0 0 8V{height - 8:g}A8 8 0 0 0 8 {height:g}A5 8 0 0 1 3 {height - 8:g}V8'
        'A5 8 0 0 1 8 0Z"/>',
        f'<path class="i" transform="translate(12 9) scale(.667)" d="{theme.icon(node.kind)}"/>',
        f'<text class="t" x="35" y="21.500">{theme.words(theme.fitted(title, room, 13, 600))}</text>',
        f'<text class="s" x="12" y="44">{theme.words(theme.fitted(summary, WIDTH - 24, 12))}</text>',
        *_status_icon(status),
        *_port_names(ports),
        f'<path class="h" d="M3 {height - 23.5:g}H{WIDTH - 1:g}"/>',
        *_footer(footer or node.kind, bool(footer), node, height),
        *_port_dots(ports),
        "</g>",
    ]
    return "".join(parts)


def _status(label: str) -> tuple[str, str]:
    mark = label[:1]
    return (mark, label[1:].strip()) if mark in theme.STATUS_ICONS else ("", label)


def _status_icon(status: str) -> list[str]:
    if not status:
        return []
    name, path = theme.STATUS_ICONS[status]
    return [f'<g class="{name}"><path class="i k" transform="translate(192 10) scale(.583)" d="{path}"/></g>']


def _footer(text: str, counted: bool, node: NodeDoc, height: float) -> list[str]:
    mark = "muted" if node.muted else "pinned" if node.pinned is not None else ""
    room = WIDTH - 24 - (44 if mark else 0)
    shown = theme.fitted(text, room, 11, 500)
    strong, dot, rest = shown.partition(" · ")
    words = (
        f'<tspan class="b">{theme.words(strong)}</tspan>{theme.words(dot + rest)}' if counted else theme.words(shown)
    )
    parts = [f'<text class="f" x="12" y="{height - 8:g}">{words}</text>']
    if mark:
        parts.append(f'<text class="f" x="{WIDTH - 10:g}" y="{height - 8:g}" text-anchor="end">{mark}</text>')
    return parts


def _port_names(ports: Ports) -> list[str]:
    names = [(name, ports.input_top(name), 'x="12"') for name in ports.inputs]
    names += [(name, ports.output_top(name), f'x="{WIDTH - 11:g}" text-anchor="end"') for name in ports.outputs]
    return [
        f'<text class="f" {place} y="{top + 4:g}">{theme.words(theme.fitted(name, 96, 11))}</text>'
        for name, top, place in names
    ]


def _port_dots(ports: Ports) -> list[str]:
    tops_in = ([ports.input_top(None)] if ports.has_input else []) + [ports.input_top(name) for name in ports.inputs]
    dots = [f'<circle class="o" cx="0" cy="{top:g}" r="5"/>' for top in dict.fromkeys(tops_in)]
    if ports.has_output:
        dots.append(f'<circle class="o" cx="{WIDTH:g}" cy="{ports.output_top(None):g}" r="5"/>')
    for name in ports.outputs:
        colour = "e" if name in {"rejected", "error", "errors"} else "o"
        dots.append(f'<circle class="{colour}" cx="{WIDTH:g}" cy="{ports.output_top(name):g}" r="5"/>')
    return dots
