"""The canvas by mouse: adding, wiring, inserting, refusing, undoing, healing, muting, copying, laying out."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from itertools import combinations

import duckdb
import pytest
from playwright.sync_api import expect

from browsing import Robot, chart_values
from running import ENVIRONMENT, RUNNEL, Running, until

MAKE = Callable[..., str]
CHAIN = """\
runnel: 1
name: chain
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  paid:
    kind: table.filter
    from: sales
    config: {where: "status = 'paid'"}
  totals:
    kind: table.aggregate
    from: paid
    config: {group_by: [region], values: {revenue: sum(price * quantity)}}
"""


@pytest.fixture
def chain(robot: Robot, pipeline: MAKE) -> Robot:
    """The editor with a file, a filter and a group."""
    robot.edit(pipeline(CHAIN, "chain"))
    expect(robot.node("totals")).to_be_visible()
    return robot


def order(server: Running, name: str) -> dict[str, object]:
    """Return the nodes of a draft."""
    return server.get(f"/pipelines/{name}/draft")["document"]["nodes"]


def add_from(robot: Robot, node: str, words: str, kind: str, port: str = "output") -> None:
    """Drag the output of a node to the empty canvas and choose a kind by words: three actions."""
    start = robot.middle(robot.port(node, port))
    robot.drag(start, (start[0] - 40, start[1] + 130))
    robot.write(words)
    robot.click(robot.get("add-item", kind=kind))
    expect(robot.get("add-menu")).to_have_count(0)


@pytest.mark.row(
    "M-000-04",
    "M-000-18",
    "M-000-26",
    "M-000-48",
    "M-001-02",
    "M-001-21",
    "M-002-16",
    "M-003-108",
    "M-003-225",
    "M-003-116",
)
def test_read_filter_group_chart_takes_twelve_actions_and_its_values_are_those_of_duckdb(
    robot: Robot, server: Running
) -> None:
    server.post("/pipelines", {"name": "twelve", "title": "Twelve"})
    robot.edit("twelve")
    robot.drop(server.root / "sales_2k.csv", robot.middle(robot.get("canvas")))
    expect(robot.get("node")).to_have_count(1)
    robot.click(robot.get("node"))
    robot.ready(2000)
    bars = robot.get("column", name="status").get_by_text("paid")
    robot.click(bars)
    robot.click(robot.get("keep"))
    robot.ready()
    expect(robot.get("node", kind="table.filter")).to_be_visible()
    robot.click(robot.get("column", name="region").locator("[data-column-menu]"))
    robot.click(robot.page.get_by_role("menuitem", name="Group by this"))
    expect(robot.get("node", kind="table.aggregate")).to_be_visible()
    robot.click(robot.get("suggestion").filter(has_text="Chart").last)
    expect(robot.page.locator('[data-region="drawer"] [data-testid="chart"]')).to_be_visible()
    assert robot.count <= 12, robot.actions
    _, values = chart_values(robot)
    file = server.root / "sales_2k.csv"
    counted = duckdb.sql(f"SELECT region, count(*)::DOUBLE FROM '{file}' WHERE status = 'paid' GROUP BY 1").fetchall()
    assert {row[0]: row[1] for row in values} == dict(counted)


@pytest.mark.row("M-000-26", "M-002-05", "M-003-233")
def test_a_wire_on_empty_canvas_offers_only_nodes_that_take_its_type_and_connects_the_chosen_one(chain: Robot) -> None:
    start = chain.middle(chain.port("totals", "output"))
    chain.drag(start, (start[0] - 40, start[1] + 130))
    expect(chain.get("add-menu")).to_be_visible()
    offered = chain.get("add-item").evaluate_all("items => items.map(item => item.dataset.kind)")
    assert offered and not any(kind.startswith("source.") for kind in offered)
    chain.write("sort")
    chain.click(chain.get("add-item", kind="table.sort"))
    expect(chain.get("edge", _from="totals.output")).to_have_count(1)
    expect(chain.get("node", kind="table.sort")).to_be_in_viewport(ratio=1)


@pytest.mark.row("M-003-226", "M-003-233")
def test_a_node_dropped_on_a_wire_is_inserted_and_no_two_nodes_overlap(chain: Robot, server: Running) -> None:
    item = chain.get("palette-item", kind="table.sort")
    item.scroll_into_view_if_needed()
    wire = chain.middle(chain.get("edge", _from="paid.output").locator(".wire-hit"))
    chain.actions.append("drag sort onto the wire")
    chain.page.mouse.move(*chain.middle(item))
    chain.page.mouse.down()
    chain.page.mouse.move(wire[0], wire[1] - 3, steps=6)
    chain.page.mouse.move(*wire, steps=3)
    chain.page.mouse.up()
    inserted = chain.get("node", kind="table.sort")
    expect(inserted).to_be_visible()
    id = inserted.get_attribute("data-id")
    expect(chain.get("edge", _from="paid.output", to=f"{id}.input")).to_have_count(1)
    expect(chain.get("edge", _from=f"{id}.output", to="totals.input")).to_have_count(1)
    chain.press("1")
    expect(chain.get("node")).to_have_count(4)
    boxes = [chain.box(node) for node in chain.get("node").all()]
    assert not any(overlap(a, b) for a, b in combinations(boxes, 2))


def overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    """Whether two boxes share more than their edges."""
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 1 and down > 1


def test_a_dropped_file_becomes_a_reader_whose_rows_and_types_are_shown(robot: Robot, server: Running) -> None:
    server.post("/pipelines", {"name": "dropped"})
    robot.edit("dropped")
    robot.drop(server.root / "sales_2k.csv", robot.middle(robot.get("canvas")))
    robot.click(robot.get("node", kind="source.file"))
    robot.ready(2000)
    expect(robot.get("column", name="price")).to_have_attribute("data-type", "DOUBLE")
    expect(robot.get("column", name="day")).to_have_attribute("data-type", "DATE")


@pytest.mark.row("M-002-05", "M-002-57", "M-003-227", "M-002-32", "M-001-22")
def test_a_wire_that_does_not_fit_is_refused_during_the_drag_with_a_reason(robot: Robot, pipeline: MAKE) -> None:
    text = CHAIN + "  other:\n    kind: source.rows\n    config: {rows: [{a: 1}]}\n"
    robot.edit(pipeline(text, "refused"))
    expect(robot.node("other")).to_be_visible()
    target = robot.port("other", "after", "input")
    robot.hold(robot.middle(robot.port("sales", "output")), robot.middle(target))
    expect(target).to_have_attribute("data-state", "refused")
    reason = robot.get("refusal-hint")
    expect(reason).to_be_visible()
    assert 10 < len(reason.inner_text()) <= 140
    robot.page.mouse.up()
    expect(robot.get("edge", to="other.after")).to_have_count(0)


@pytest.mark.row("M-003-258", "M-003-256")
def test_every_change_can_be_undone_in_order_and_done_again_also_after_a_reload(chain: Robot, server: Running) -> None:
    texts = [draft_text(server, "chain")]
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("add", lambda: add_from(chain, "totals", "sort", "table.sort")),
        ("rename", lambda: rename(chain, "paid", "Paid sales")),
        ("mute", lambda: (chain.click(chain.node("totals")), chain.press("m"))),
        ("frame", lambda: (chain.press("Control+a"), chain.press("Control+g"))),
        ("layout", lambda: chain.press("Control+l")),
        ("move", lambda: move(chain, "totals", 32, 112)),
        ("duplicate", lambda: (chain.click(chain.node("totals")), chain.press("Control+d"))),
        ("delete", lambda: chain.press("Delete")),
    )
    for name, step in steps:
        step()
        until(lambda: changed(server, "chain", texts[-1]), 8)
        chain.saved()  # what is typed may arrive in several pieces
        texts.append(draft_text(server, "chain"))
        assert texts[-1] != texts[-2], name
    chain.page.reload()
    chain.saved()
    expect(chain.node("totals")).to_be_visible()
    chain.page.locator('[data-testid="canvas"]').focus()
    for known in reversed(texts[:-1]):
        chain.press("Control+z")
        until(lambda known=known: draft_text(server, "chain") == known, 8)
    for known in texts[1:]:
        chain.press("Control+Shift+z")
        until(lambda known=known: draft_text(server, "chain") == known, 8)


def draft_text(server: Running, name: str) -> str:
    """Return the document of a draft, as one text."""
    return json.dumps(server.get(f"/pipelines/{name}/draft")["document"], sort_keys=True)


def changed(server: Running, name: str, before: str) -> str | None:
    """Return the text of a draft when it is another than before."""
    now = draft_text(server, name)
    return now if now != before else None


def rename(robot: Robot, node: str, title: str) -> None:
    """Give a node a title by F2."""
    robot.click(robot.node(node))
    robot.press("F2")
    robot.page.keyboard.press("Control+a")
    robot.write(title)
    robot.press("Enter")
    expect(robot.get("node").filter(has_text=title)).to_be_visible()


def move(robot: Robot, node: str, across: float, down: float) -> None:
    """Drag a node."""
    box = robot.box(robot.node(node))
    start = (box["x"] + 60, box["y"] + 14)
    robot.drag(start, (start[0] + across, start[1] + down))


@pytest.mark.row("M-003-257")
def test_copied_nodes_are_text_that_validates_and_keep_their_wires_in_another_pipeline(
    chain: Robot, server: Running, pipeline: MAKE
) -> None:
    chain.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chain.page.locator('[data-testid="canvas"]').focus()
    chain.press("Control+a")
    chain.press("Control+c")
    text = chain.page.evaluate("navigator.clipboard.readText()")
    checked = subprocess.run(
        [RUNNEL, "validate", "-"],
        input=text,
        text=True,
        cwd=server.root,
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    server.post("/pipelines", {"name": "elsewhere"})
    chain.edit("elsewhere")
    chain.page.locator('[data-testid="canvas"]').focus()
    chain.press("Control+v")
    expect(chain.get("node")).to_have_count(3)
    expect(chain.get("edge")).to_have_count(2)
    chain.saved()
    assert [node["kind"] for node in order(server, "elsewhere").values()] == [
        "source.file",
        "table.filter",
        "table.aggregate",
    ]


@pytest.mark.row("M-003-256")
def test_deleting_a_node_in_the_middle_heals_the_chain(chain: Robot, server: Running) -> None:
    chain.click(chain.node("paid"))
    chain.press("Delete")
    expect(chain.node("paid")).to_have_count(0)
    expect(chain.get("edge", _from="sales.output", to="totals.input")).to_have_count(1)


def test_a_muted_node_lets_rows_pass_and_shows_it_by_more_than_colour(chain: Robot) -> None:
    chain.click(chain.node("paid"))
    chain.ready()
    assert chain.ready().get_attribute("data-rows") != "2000"
    chain.press("m")
    expect(chain.node("paid")).to_have_attribute("data-muted", "true")
    expect(chain.node("paid")).to_have_accessible_name(re.compile("muted"))
    chain.ready(2000)


@pytest.mark.row("M-003-142", "M-003-231", "M-003-143", "M-003-232")
def test_tidying_a_hundred_nodes_leaves_no_overlap_and_is_one_step_back(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    nodes = ["  n0:\n    kind: source.rows\n    config: {rows: [{a: 1}]}\n"]
    nodes += [
        f"  n{i}:\n    kind: table.limit\n    from: n{(i - 1) // 2}\n    config: {{rows: 5}}\n" for i in range(1, 100)
    ]
    places = "".join(f"    n{i}: [{i % 7 * 10}, {i % 5 * 10}]\n" for i in range(100))
    name = pipeline("runnel: 1\nname: hundred\nnodes:\n" + "".join(nodes) + f"ui:\n  positions:\n{places}", "hundred")
    robot.edit(name)
    expect(robot.page.locator(".react-flow__minimap")).to_be_visible()
    before = draft_text(server, "hundred")
    robot.page.locator('[data-testid="canvas"]').focus()
    robot.press("Control+l")
    until(lambda: changed(server, "hundred", before), 10)
    robot.press("j")
    robot.press("1")
    expect(robot.get("node")).to_have_count(100)
    boxes = [robot.box(node) for node in robot.get("node").all()]
    assert not any(overlap(a, b) for a, b in combinations(boxes, 2))
    robot.press("Control+z")
    until(lambda: draft_text(server, "hundred") == before, 8)


def test_docked_panels_never_cover_the_selected_node_and_a_new_node_is_wholly_in_sight(chain: Robot) -> None:
    for id in ("sales", "paid", "totals"):
        chain.click(chain.node(id))
        chain.ready()
        assert inside(chain, id), id
    add_from(chain, "totals", "sort", "table.sort")
    added = chain.get("node", kind="table.sort").get_attribute("data-id") or ""
    until(lambda: inside(chain, added), 4)
    chain.press("j")
    chain.press("j")
    until(lambda: inside(chain, added), 4)


def inside(robot: Robot, node: str) -> bool:
    """Whether a node lies wholly in the canvas's own area and nothing lies over it."""
    canvas, box = robot.box(robot.get("canvas")), robot.box(robot.node(node))
    within = (
        box["x"] >= canvas["x"]
        and box["y"] >= canvas["y"]
        and box["x"] + box["width"] <= canvas["x"] + canvas["width"]
        and box["y"] + box["height"] <= canvas["y"] + canvas["height"]
    )
    free = robot.page.evaluate(
        """([id, box]) => [[8, 8], [box.width - 20, 8], [8, box.height - 8], [box.width / 2, box.height / 2]].every(([x, y]) =>
        document.elementFromPoint(box.x + x, box.y + y)?.closest('[data-testid="node"]')?.dataset.id === id)""",
        [node, box],
    )
    return within and free


def test_escape_closes_the_topmost_layer_and_only_that(chain: Robot) -> None:
    chain.press("Control+k")
    expect(chain.get("command-palette")).to_be_visible()
    chain.press("Escape")
    expect(chain.get("command-palette")).to_have_count(0)
    chain.page.locator('[data-testid="canvas"]').focus()
    chain.press("Tab")
    expect(chain.get("add-menu")).to_be_visible()
    chain.press("Escape")
    expect(chain.get("add-menu")).to_have_count(0)
    chain.click(chain.get("share"))
    expect(chain.get("share-dialog")).to_be_visible()
    chain.press("Escape")
    expect(chain.get("share-dialog")).to_have_count(0)
    expect(chain.node("totals")).to_be_visible()
    chain.click(chain.node("paid"), button="right")
    expect(chain.page.get_by_role("menu")).to_be_visible()
    chain.press("Escape")
    expect(chain.page.get_by_role("menu")).to_have_count(0)


@pytest.mark.row("M-003-260")
def test_space_pans_and_the_wheel_zooms_by_the_bar(chain: Robot) -> None:
    before = chain.box(chain.node("sales"))
    canvas = chain.box(chain.get("canvas"))
    empty = (canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] - 90)
    chain.page.mouse.move(*empty)
    chain.page.keyboard.down("Space")
    chain.drag(empty, (empty[0] + 60, empty[1] - 40))
    chain.page.keyboard.up("Space")
    expect(chain.node("sales")).to_be_visible()
    until(lambda: abs(chain.box(chain.node("sales"))["x"] - before["x"] - 60) < 2, 4)
    width = chain.box(chain.node("sales"))["width"]
    chain.click(chain.page.get_by_role("button", name="Zoom in"))
    until(lambda: chain.box(chain.node("sales"))["width"] > width * 1.1, 4)


def test_a_run_and_a_reload_keep_what_can_be_undone(chain: Robot, server: Running) -> None:
    rename(chain, "paid", "Paid sales")
    chain.saved()
    chain.click(chain.get("run"))
    expect(chain.get("run")).to_have_attribute("data-state", "ready")
    chain.page.reload()
    chain.saved()
    expect(chain.get("node").filter(has_text="Paid sales")).to_be_visible()
    chain.page.locator('[data-testid="canvas"]').focus()
    chain.press("Control+z")
    until(lambda: "Paid sales" not in draft_text(server, "chain"), 8)
