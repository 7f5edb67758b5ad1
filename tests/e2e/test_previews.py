"""Rows after every node: columns with facts, gestures that become nodes, what a change does, long tables."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb
import pytest
from playwright.sync_api import Locator, expect

from browsing import Robot, sales_csv
from running import Running, until

MAKE = Callable[..., str]
CHAIN = """\
runnel: 1
name: looked
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  paid:
    kind: table.filter
    from: sales
    config: {where: "quantity > 10"}
  totals:
    kind: table.aggregate
    from: paid
    config: {group_by: [region], values: {revenue: sum(price)}}
  both:
    kind: table.join
    from: {left: sales, right: totals}
    config: {how: inner, on: [region]}
  ordered:
    kind: table.sort
    from: both
    config: {by: [-price]}
"""


@pytest.fixture
def looked(robot: Robot, pipeline: MAKE) -> Robot:
    """The editor with a filter, a group, a join and a sort."""
    robot.edit(pipeline(CHAIN, "looked"))
    expect(robot.node("totals")).to_be_visible()
    return robot


@pytest.mark.row("M-000-27", "M-003-277", "M-003-110")
def test_every_node_shows_its_rows_when_it_is_selected_without_a_run(looked: Robot, server: Running) -> None:
    file = server.root / "sales_2k.csv"
    kept = duckdb.sql(f"SELECT count(*) FROM '{file}' WHERE quantity > 10").fetchall()[0][0]
    for node, rows in (("sales", 2000), ("paid", kept), ("totals", 5), ("both", 2000), ("ordered", 2000)):
        looked.press("1")
        looked.click(looked.node(node))
        looked.ready(rows)
    most = duckdb.sql(f"SELECT max(price) FROM '{file}'").fetchall()[0][0]
    cell = looked.ready().locator('[data-row="0"]').filter(has_text=str(most))
    expect(cell.first).to_be_visible()


def test_heads_of_columns_say_type_nulls_distinct_values_and_of_how_many_rows(looked: Robot, server: Running) -> None:
    looked.click(looked.node("sales"))
    grid = looked.ready(2000)
    expect(grid).to_have_attribute("data-basis", "all")
    expect(looked.get("basis")).to_contain_text("all 2,000 rows")
    file = server.root / "sales_2k.csv"
    for name, kind in (("quantity", "BIGINT"), ("region", "VARCHAR"), ("day", "DATE")):
        column = looked.get("column", name=name)
        expect(column).to_have_attribute("data-type", kind)
        expect(column).to_have_attribute("data-nulls", "0")
        wanted = duckdb.sql(f"SELECT count(DISTINCT {name}) FROM '{file}'").fetchall()[0][0]
        expect(column).to_have_attribute("data-distinct", re.compile(r"\d+"))
        shown = int(column.get_attribute("data-distinct") or 0)
        assert abs(shown - wanted) <= 0.03 * wanted


def test_a_histogram_bar_becomes_a_filter_in_two_clicks_that_can_be_undone(looked: Robot, server: Running) -> None:
    looked.click(looked.node("sales"))
    looked.ready(2000)
    region = looked.get("column", name="region")
    expect(region).to_have_attribute("data-distinct", "5")
    looked.actions.clear()
    looked.click(region.get_by_role("button", name=re.compile("north|east|south|west|centre")).first)
    looked.click(looked.get("keep"))
    assert looked.count == 2
    expect(looked.get("node", kind="table.filter")).to_have_count(2)
    grid = looked.ready()
    until(lambda: grid.get_attribute("data-rows") not in (None, "2000"), 8)
    looked.page.locator('[data-testid="canvas"]').focus()
    looked.press("Control+z")
    expect(looked.get("node", kind="table.filter")).to_have_count(1)


def test_wires_carry_their_rows_and_the_share_that_is_kept(looked: Robot) -> None:
    expect(looked.get("edge", _from="sales.output", to="paid.input")).to_have_attribute("data-rows", "2000")
    kept = looked.get("edge", _from="paid.output")
    until(lambda: kept.get_attribute("data-rows"), 10)
    share = round(int(kept.get_attribute("data-rows") or 0) / 20, 1)
    expect(looked.page.locator(".wire-label").filter(has_text=f"{share:g}").first).to_be_visible()


def test_a_change_of_a_value_shows_rows_before_and_after(looked: Robot) -> None:
    looked.click(looked.node("paid"))
    looked.ready()
    field = looked.field("where").locator(".cm-content")
    looked.click(field)
    looked.page.keyboard.press("End")
    looked.page.keyboard.press("Backspace")
    looked.page.keyboard.type("5")
    expect(looked.field("where")).to_contain_text("quantity > 15")
    delta = looked.get("delta")
    expect(delta).to_be_visible()
    before, after = delta.get_attribute("data-before"), delta.get_attribute("data-after")
    assert before and after and int(after) < int(before)


def test_any_row_of_a_long_table_can_be_jumped_to(robot: Robot, server: Running, pipeline: MAKE) -> None:
    (server.root / "long.csv").write_text(sales_csv(60_000), "utf-8")
    robot.edit(pipeline(CHAIN.split("  paid:")[0].replace("sales_2k", "long"), "longtable"))
    robot.click(robot.node("sales"))
    grid = robot.ready(60_000)
    for share in (0.25, 0.9, 0.5, 1.0):
        grid.evaluate("(grid, share) => { grid.scrollTop = (grid.scrollHeight - grid.clientHeight) * share; }", share)
        expect(grid).to_have_attribute("data-state", "ready")
        until(lambda share=share: abs(first_row(grid) - 60_000 * share) < 700, 8)
        expect(grid).to_have_attribute("data-state", "ready")
    expect(grid.locator('[data-row="59999"]').first).to_contain_text("59999")
    assert grid.locator("[data-row]").count() < 800


def first_row(grid: Locator) -> int:
    """Return the number of the first row that is drawn."""
    return int(grid.locator("[data-row]").first.get_attribute("data-row") or 0)
