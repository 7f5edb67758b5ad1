"""Drawings: layouts without overlaps, Mermaid that cannot be broken, and SVG that is well-formed."""

from __future__ import annotations

import json
import random
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from runnel.model import NodeDoc, Pipeline, Wire, load_file
from runnel.model.drawing import layout, mermaid, svg
from runnel.model.geometry import WIDTH, geometry
from runnel.model.wiring import rows_in, short

GOLDEN = Path(__file__).parents[2] / "golden/documents"
NAUGHTY = json.loads((Path(__file__).parents[2] / "data/strings/blns.json").read_text(encoding="utf-8"))
NAMESPACE = {"s": "http://www.w3.org/2000/svg"}


def graph(*edges: str, nodes: str = "") -> Pipeline:
    """Build a pipeline from edges as in `a>b`, `a.rest>b.left`."""
    wires: dict[str, list[Wire]] = {name: [] for name in nodes}
    for edge in edges:
        (start, _, output), (end, _, port) = (part.partition(".") for part in edge.split(">"))
        wires.setdefault(start, [])
        wires.setdefault(end, []).append(Wire(start, output or None, port or None))
    return Pipeline(name="x", nodes={name: NodeDoc(name, "table.x", wires=tuple(ends)) for name, ends in wires.items()})


def overlapping(pipeline: Pipeline) -> list[tuple[str, str]]:
    shape = geometry(pipeline)
    boxes = {name: (x, y, y + shape.ports[name].height) for name, (x, y) in shape.positions.items()}
    return [
        (one, two)
        for (one, (x, top, bottom)), (two, (other_x, other_top, other_bottom)) in combinations(boxes.items(), 2)
        if abs(x - other_x) < WIDTH and top < other_bottom and other_top < bottom
    ]


def random_graph(seed: int, size: int = 30) -> Pipeline:
    source = random.Random(seed)
    edges = [f"n{source.randrange(place)}>n{place}" for place in range(1, size) for _ in range(source.randrange(3))]
    return graph(*edges)


@pytest.mark.parametrize("seed", range(8))
def test_nodes_never_overlap_and_wires_go_to_the_right(seed: int) -> None:
    pipeline = random_graph(seed)
    positions = layout(pipeline)
    assert set(positions) == set(pipeline.nodes)
    assert overlapping(pipeline) == []
    for name, node in pipeline.nodes.items():
        assert all(positions[wire.node][0] + WIDTH < positions[name][0] for wire in node.wires)


def test_a_chain_is_straight() -> None:
    assert layout(graph("a>b", "b>c")) == {"a": (0, 0), "b": (272, 0), "c": (544, 0)}


def test_crossings_that_can_be_avoided_are_avoided() -> None:
    positions = layout(graph("a>x", "b>y", "c>z", "x>end", nodes="abczyx"))
    assert (positions["a"][1] < positions["b"][1]) == (positions["x"][1] < positions["y"][1])
    assert (positions["b"][1] < positions["c"][1]) == (positions["y"][1] < positions["z"][1])


def test_a_long_wire_passes_beside_the_nodes_between() -> None:
    pipeline = graph("a>b", "b>c", "c>d", "a>d.other")
    shape = geometry(pipeline)
    bends = next(iter(shape.bends.values()))
    assert len(bends) == 2
    for left, top in bends:
        inside = [
            name for name, (x, y) in shape.positions.items() if x == left and y <= top <= y + shape.ports[name].height
        ]
        assert inside == []


def test_stored_positions_win_and_new_nodes_find_a_free_place() -> None:
    pipeline = graph("a>b", "a>c", "c>d")
    placed = Pipeline(
        name="x", nodes=pipeline.nodes, ui={"nodes": {"a": [10, 20], "b": [300, 20], "gone": [0, 0], "d": "x"}}
    )
    positions = layout(placed)
    assert positions["a"] == (10, 20)
    assert positions["b"] == (300, 20)
    assert positions["c"][0] > 10 + WIDTH
    assert overlapping(placed) == []


def test_cycles_and_wires_to_nowhere_are_drawn_all_the_same() -> None:
    pipeline = graph("a>b", "b>c", "c>a", "a>a", "b>c")
    broken = Pipeline(name="x", nodes={**pipeline.nodes, "d": NodeDoc("d", "t.x", wires=(Wire("missing"),))})
    assert overlapping(broken) == []
    assert len(ElementTree.fromstring(svg(broken)).findall(".//s:path[@class='w']", NAMESPACE)) == 4


def test_a_large_graph_is_laid_out() -> None:
    assert len(layout(random_graph(1, 1500))) > 1000


def test_an_empty_pipeline_has_a_drawing() -> None:
    assert ElementTree.fromstring(svg(Pipeline(name="x"))).get("aria-label") == "x"
    assert mermaid(Pipeline(name="x")).startswith("flowchart LR\n")


@pytest.mark.parametrize("dark", [True, False, "auto"])
def test_the_svg_shows_every_node_wire_count_and_port(dark: object) -> None:
    pipeline, _ = load_file(GOLDEN / "orders_by_country.v1.runnel.yaml")
    assert pipeline is not None
    edges = {("paid.output", "joined.left"): "549,172 · 75 %", ("totals", "chart"): "96"}
    drawing = svg(pipeline, {"orders": "✓ 736,540 rows · 0.31 s"}, edges, dark=dark)  # type: ignore[arg-type]
    root = ElementTree.fromstring(drawing)
    words = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    for word in ("Orders", "736,540 rows · 0.31 s", "549 k", "75 %", "96", "right", "status = ${params.status}"):
        assert word in words
    widths = [float(path.get("stroke-width", 0)) for path in root.findall(".//s:path[@class='w']", NAMESPACE)]
    assert len(widths) == 6
    assert max(widths) > 3.5
    assert min(widths) == 1.5
    assert ("prefers-color-scheme" in drawing) == (dark == "auto")


def test_muted_pinned_and_ordered_nodes_are_marked() -> None:
    nodes = {
        "a": NodeDoc("a", "source.file", muted=True),
        "b": NodeDoc("b", "sink.file", after=("a",), pinned=[{"x": 1}]),
    }
    drawing = svg(Pipeline(name="x", nodes=nodes))
    assert ">muted<" in drawing
    assert ">pinned<" in drawing
    assert 'class="a"' in drawing


def test_no_text_can_break_out_of_a_drawing() -> None:
    texts = [text for text in NAUGHTY if text.isprintable()]
    nodes = {
        f"n{place}": NodeDoc(f"n{place}", "t.x", {"where": text}, title=text or None)
        for place, text in enumerate(texts)
    }
    pipeline = Pipeline(name="x", title='"><script>alert(1)</script>&', nodes=nodes)
    root = ElementTree.fromstring(svg(pipeline, {"n1": "<b>&"}, {("n1", "n2"): "<i>"}))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "title", "style", "defs", "pattern", "circle", "rect", "path", "text", "tspan", "g",
    }  # fmt: skip
    for line in mermaid(pipeline).split("\n")[1:]:
        assert line.count('"') in {0, 2}
        assert "<script" not in line


def test_control_characters_are_left_out_of_the_svg() -> None:
    ElementTree.fromstring(
        svg(Pipeline(name="x", title="a\0b\x1b", nodes={"a": NodeDoc("a", "t.x", title="\x07\ufffe")}))
    )


@pytest.mark.parametrize(
    ("label", "rows"),
    [
        ("412,386", 412386),
        ("412 k", 412000),
        ("1.2 M rows", 1.2e6),
        ("96 · 3 %", 96),
        ("1.234.567", 1234567),
        ("none", None),
    ],
)
def test_row_counts_are_read_from_labels(label: str, rows: float | None) -> None:
    assert rows_in(label) == rows


@pytest.mark.parametrize(
    ("rows", "text"),
    [(96, "96"), (9999, "9,999"), (12004, "12 k"), (549172, "549 k"), (999_600, "1 M"), (1.5e9, "1.5 bn")],
)
def test_large_counts_are_shortened(rows: float, text: str) -> None:
    assert short(rows) == text
