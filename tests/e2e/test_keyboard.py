"""Everything by keyboard, and what a screen reader hears."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browsing import Robot
from running import Running, until

MAKE = Callable[..., str]
CHAIN = """\
runnel: 1
name: keys
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  paid:
    kind: table.filter
    from: sales
    config: {where: "status = 'paid'"}
"""

CAST = """\
  typed:
    kind: table.cast
    from: paid
    config: {columns: {product: BIGINT}, on_error: fail}
"""


def focus_canvas(robot: Robot) -> None:
    """Put the focus on the canvas by keys: F6 goes from region to region."""
    for _ in range(8):
        if robot.page.evaluate("document.activeElement?.dataset.testid === 'canvas'"):
            return
        robot.page.keyboard.press("F6")
    raise AssertionError("F6 does not reach the canvas")


@pytest.mark.row("M-003-476", "M-003-474", "M-003-473")
def test_read_filter_group_chart_is_made_by_keys_alone(robot: Robot, server: Running) -> None:
    server.post("/pipelines", {"name": "bykeys"})
    robot.edit("bykeys")
    focus_canvas(robot)

    def add(words: str, kind: str) -> None:
        robot.press("Tab")
        expect(robot.get("add-menu")).to_be_visible()
        robot.write(words)
        expect(robot.get("add-item").first).to_have_attribute("data-kind", kind)
        robot.press("Enter")
        expect(robot.get("node", kind=kind)).to_be_visible()

    def settings(field: str) -> None:
        robot.press("Enter")
        until(lambda: robot.page.evaluate("!!document.activeElement?.closest('[data-testid=inspector]')"), 4)
        for _ in range(30):
            inside = 'name => document.activeElement?.closest(`[data-testid=field][data-name="${name}"]`) !== null'
            text = "document.activeElement?.matches('input, textarea, [contenteditable=true]')"
            if robot.page.evaluate(inside, field) and robot.page.evaluate(text):
                return
            robot.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {field}")

    add("read csv", "source.file")
    settings("path")
    robot.write("sales_2k.csv")
    focus_canvas(robot)
    add("filter", "table.filter")
    settings("where")
    robot.write("status = 'paid'")
    focus_canvas(robot)
    add("group by", "table.aggregate")
    robot.saved()
    assert robot.count <= 25, robot.actions
    assert [n["kind"] for n in server.get("/pipelines/bykeys/draft")["document"]["nodes"].values()] == [
        "source.file", "table.filter", "table.aggregate",
    ]  # fmt: skip


@pytest.mark.row("M-003-475")
def test_each_node_says_name_kind_state_rows_inputs_and_outputs(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(CHAIN, "keys"))
    robot.click(robot.node("paid"))
    robot.ready()
    expect(robot.node("paid")).to_have_accessible_name(
        re.compile(r"paid, .+, .+, .*\d+ rows, reads sales, read by 0 nodes", re.IGNORECASE)
    )
    tree = robot.page.locator("body").aria_snapshot()
    for part in ('navigation "Sections"', "application", "tablist", "grid"):
        assert part in tree, part


@pytest.mark.row("M-003-476")
def test_the_outline_moves_adds_connects_mutes_and_deletes_without_a_pointer(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    robot.edit(pipeline(CHAIN, "outlined"))
    focus_canvas(robot)
    robot.press("o")
    outline = robot.get("outline")
    expect(outline).to_be_visible()
    first = outline.locator('[role="treeitem"]').first
    first.focus()
    robot.press("ArrowDown")
    until(lambda: robot.page.evaluate("document.activeElement?.dataset.outline") == "paid", 4)
    robot.press("m")
    expect(robot.node("paid")).to_have_attribute("data-muted", "true")
    robot.press("m")
    robot.press("a")
    expect(robot.get("add-menu")).to_be_visible()
    robot.write("sort")
    robot.press("Enter")
    expect(robot.get("edge", _from="paid.output")).to_have_count(1)
    robot.press("Delete")
    expect(robot.get("node")).to_have_count(2)


@pytest.mark.row("M-003-473", "M-003-441")
def test_the_command_palette_finds_actions_nodes_columns_and_pipelines(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(CHAIN, "keys"))
    for words, wanted in (("tidy", "Tidy"), ("paid", "paid"), ("quantity", "quantity"), ("keys", "keys")):
        robot.press("Control+k")
        expect(robot.get("command-palette")).to_be_visible()
        robot.write(words)
        expect(robot.get("command").filter(has_text=re.compile(wanted, re.IGNORECASE)).first).to_be_visible()
        robot.press("Escape")
        expect(robot.get("command-palette")).to_have_count(0)


def test_single_letters_do_nothing_in_fields_and_can_be_switched_off(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(CHAIN, "keys"))
    robot.click(robot.node("paid"))
    robot.press("m")
    expect(robot.node("paid")).to_have_attribute("data-muted", "true")
    robot.press("m")
    robot.press("?")
    dialog = robot.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    robot.click(dialog.get_by_role("switch"))
    robot.press("Escape")
    robot.click(robot.node("paid"))
    robot.press("m")
    expect(robot.node("paid")).not_to_have_attribute("data-muted", "true")
    robot.press("?")
    robot.click(dialog.get_by_role("switch"))


@pytest.mark.row("M-003-476")
def test_a_skip_link_is_the_first_stop_and_the_focus_is_seen(robot: Robot) -> None:
    robot.go("/pipelines")
    expect(robot.page.get_by_role("navigation", name="Sections")).to_be_visible()
    robot.press("Tab")
    expect(robot.page.get_by_role("link", name="Skip to content")).to_be_focused()
    robot.press("Tab")
    ring = robot.page.evaluate("""() => { const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none'; }""")
    assert ring


def test_a_failed_run_is_reached_and_read_by_keys(robot: Robot, server: Running, pipeline: MAKE) -> None:
    pipeline(CHAIN + CAST, "failing")
    assert server.run("failing")["status"] == "failed"
    robot.go("/runs")
    row = robot.get("run-row").first
    expect(row).to_be_visible()
    row.get_by_role("link").first.focus()
    robot.press("Enter")
    expect(robot.get("cause")).to_be_visible()
    assert "product-" in robot.get("cause").inner_text()
