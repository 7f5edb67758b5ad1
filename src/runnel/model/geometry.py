"""Where the nodes, ports and wires of a pipeline stand in a drawing, in px."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runnel.model import layering
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.layering import Box, Link
from runnel.model.shapes import is_list, is_map

WIDTH = 216.0
COLUMN_GAP = 56.0
ROW_GAP = 26.0
PORT_TOP = 17.0
PORT_ROW = 20.0
PLAIN_HEIGHT = 76.0
DEFAULT_OUTPUTS = frozenset({"output"})


@dataclass(frozen=True)
class Edge:
    """One wire of the drawing; `wire` is None for an `after:`. `index` is its number within the pipeline."""

    source: str
    target: str
    wire: Wire | None


@dataclass(frozen=True)
class Ports:
    """The named ports of one node: inputs and outputs besides the first ones, each with a row of its own."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    has_input: bool = False
    has_output: bool = False

    @property
    def height(self) -> float:
        """The height of the node with its port rows."""
        return PLAIN_HEIGHT + PORT_ROW * max(len(self.inputs), len(self.outputs))

    def input_top(self, port: str | None) -> float:
        """Return how far below the node's top the input port stands."""
        return PORT_TOP if port not in self.inputs else _row(self.inputs.index(port))

    def output_top(self, port: str | None) -> float:
        """Return how far below the node's top the output port stands."""
        return PORT_TOP if port not in self.outputs else _row(self.outputs.index(port))


@dataclass(frozen=True)
class Geometry:
    """Everything a drawing needs: tops and lefts, ports, edges, and the bends of edges that pass other layers."""

    positions: Mapping[str, tuple[float, float]]
    ports: Mapping[str, Ports]
    edges: tuple[Edge, ...]
    bends: Mapping[int, tuple[tuple[float, float], ...]]


def _row(place: int) -> float:
    return 62.0 + PORT_ROW * place


def layout(pipeline: Pipeline) -> dict[str, tuple[float, float]]:
    """Return the left upper corner of every node: the stored one of `ui.nodes`, else one of a layered layout.

    Layers go from left to right, 272 px apart. Nodes without a stored position stand beside their placed
    neighbours, where nothing else stands.
    """
    return dict(geometry(pipeline).positions)


def geometry(pipeline: Pipeline) -> Geometry:
    """Return the geometry of the whole pipeline."""
    edges = _edges(pipeline)
    ports = {name: _ports(node, edges) for name, node in pipeline.nodes.items()}
    boxes = [Box(name, ports[name].height) for name in pipeline.nodes]
    links = [_link(edge, ports) for edge in edges]
    placed = layering.place(boxes, links, ROW_GAP)
    pitch = WIDTH + COLUMN_GAP
    computed = {name: (placed.layers[name] * pitch, float(round(placed.tops[name]))) for name in pipeline.nodes}
    stored = _stored(pipeline)
    if not stored:
        bends = {
            number: tuple((layer * pitch, top) for layer, top in points)
            for number, points in placed.bends.items()
            if points
        }
        return Geometry(computed, ports, edges, bends)
    heights = {name: ports[name].height for name in pipeline.nodes}
    return Geometry(_combined(computed, stored, heights, edges), ports, edges, {})


def _edges(pipeline: Pipeline) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    for name, node in pipeline.nodes.items():
        edges += [Edge(wire.node, name, wire) for wire in node.wires if wire.node in pipeline.nodes]
        edges += [Edge(other, name, None) for other in node.after if other in pipeline.nodes]
    return tuple(edge for edge in edges if edge.source != edge.target)


def _ports(node: NodeDoc, edges: tuple[Edge, ...]) -> Ports:
    named = list(dict.fromkeys(wire.port for wire in node.wires if wire.port is not None))
    plain = any(wire.port is None for wire in node.wires)
    outputs = [edge.wire.output for edge in edges if edge.source == node.id and edge.wire is not None]
    extra = dict.fromkeys(output for output in outputs if output is not None and output not in DEFAULT_OUTPUTS)
    return Ports(
        inputs=tuple(named if plain else named[1:]),
        outputs=tuple(extra),
        has_input=bool(node.wires),
        has_output=any(output is None or output in DEFAULT_OUTPUTS for output in outputs),
    )


def _link(edge: Edge, ports: Mapping[str, Ports]) -> Link:
    if edge.wire is None:
        return Link(edge.source, edge.target, PORT_TOP, 0)
    out_offset = ports[edge.source].output_top(edge.wire.output)
    return Link(edge.source, edge.target, out_offset, ports[edge.target].input_top(edge.wire.port))


def _stored(pipeline: Pipeline) -> dict[str, tuple[float, float]]:
    stored = pipeline.ui.get("nodes")
    if not is_map(stored):
        return {}
    return {
        name: (float(value[0]), float(value[1]))
        for name, value in stored.items()
        if name in pipeline.nodes and is_list(value) and len(value) == 2 and all(map(_is_number, value))
    }


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e7


def _combined(
    computed: Mapping[str, tuple[float, float]],
    stored: Mapping[str, tuple[float, float]],
    heights: Mapping[str, float],
    edges: tuple[Edge, ...],
) -> dict[str, tuple[float, float]]:
    """Keep stored positions; put the other nodes right of their first placed input, moved down until they are free."""
    before: dict[str, list[str]] = {}
    for edge in edges:
        before.setdefault(edge.target, []).append(edge.source)
    positions = dict(stored)
    for name in sorted(computed, key=lambda name: computed[name]):
        if name in positions:
            continue
        known = [positions[other] for other in before.get(name, []) if other in positions]
        left, top = computed[name]
        if known:
            left, top = max(x for x, _ in known) + WIDTH + COLUMN_GAP, known[0][1]
        positions[name] = _free(left, top, heights[name], positions, heights)
    return {name: positions[name] for name in computed}


def _free(
    left: float, top: float, height: float, taken: Mapping[str, tuple[float, float]], heights: Mapping[str, float]
) -> tuple[float, float]:
    column = sorted((y, y + heights[name]) for name, (x, y) in taken.items() if abs(x - left) < WIDTH)
    for start, end in column:
        if start < top + height + ROW_GAP and end + ROW_GAP > top:
            top = end + ROW_GAP
    return left, top
