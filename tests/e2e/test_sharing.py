"""Dashboards and shared charts: a tile, a link, a stranger who sees exactly that, filters, exports, charts of each kind."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, chart_values, open_context
from running import Running

MAKE = Callable[..., str]
TEXT = """\
runnel: 1
name: shared
title: Sales of the year
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  totals:
    kind: table.aggregate
    from: sales
    config: {group_by: [region], values: {revenue: sum(price)}}
  states:
    kind: table.aggregate
    from: sales
    config: {group_by: [region, status], values: {orders: count(*)}}
  chart:
    kind: chart.bar
    from: totals
    config: {x: region, y: revenue, title: Which region brings the most?}
  second:
    kind: chart.bar
    from: states
    config: {x: region, y: orders, series: status, title: How many orders?}
"""


@pytest.mark.row("M-000-39", "M-000-32")
def test_a_chart_is_shared_in_four_clicks_and_a_stranger_sees_it_and_nothing_else(
    robot: Robot, server: Running, pipeline: MAKE, chrome: Browser, watch: Watch
) -> None:
    watch.allow("422|Unprocessable")  # nothing is stored before the first run, which the dialog then starts
    robot.edit(pipeline(TEXT, "shared"))
    robot.click(robot.node("chart"))
    robot.click(robot.get("share"))
    robot.click(robot.get("create-share"))
    expect(robot.get("share-link")).to_be_visible(timeout=20_000)
    assert robot.count <= 4
    url = robot.get("share-link").input_value()
    stranger_watch = Watch()
    context = open_context(chrome, stranger_watch)
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_test_id("chart")).to_have_count(1)
    stranger = Robot(page, server.url)
    kind, values = chart_values(stranger, "main")
    file = server.root / "sales_2k.csv"
    wanted = duckdb.sql(f"SELECT region, sum(price) FROM '{file}' GROUP BY 1").fetchall()
    assert kind == "bar" and {row[0]: round(row[1], 2) for row in values} == {a: round(b, 2) for a, b in wanted}
    text = page.locator("body").inner_text()
    assert "sales_2k" not in text and "How many" not in text
    assert page.get_by_test_id("run").count() == 0
    context.close()
    assert stranger_watch.unexpected() == []


@pytest.mark.row("M-003-110")
def test_a_dashboard_draws_every_chart_filters_by_a_click_on_a_value_and_exports(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(TEXT, "board")
    server.run("board")
    robot.go("/dashboards")
    robot.click(robot.get("dashboard-card").filter(has_text="Sales of the year").first)
    expect(robot.get("chart")).to_have_count(2)
    for name, ending in (("One HTML file", "html"), ("CSV", "csv"), ("JSON", "json")):
        robot.click(robot.page.get_by_role("button", name="Export"))
        with robot.page.expect_download() as waiting:
            robot.click(robot.page.get_by_role("menuitem", name=name))
        path = waiting.value.path()
        assert path.stat().st_size > 100 and ending in waiting.value.suggested_filename
    text = path.read_text("utf-8")
    assert "revenue" in text


KINDS = {
    "M-000-31": ("chart.line", "{x: day, y: revenue}"),
    "M-000-32": ("chart.bar", "{x: region, y: revenue}"),
    "M-000-33": ("chart.pie", "{label: region, value: revenue}"),
    "M-000-34": ("chart.scatter", "{x: quantity, y: revenue}"),
    "M-000-35": ("chart.map", "{country: country, value: revenue}"),
}


@pytest.mark.row("M-000-31", "M-000-32", "M-000-33", "M-000-34", "M-000-35")
def test_each_kind_of_chart_draws_the_rows_that_reach_it(robot: Robot, pipeline: MAKE) -> None:
    for kind, config in KINDS.values():
        name = kind.replace(".", "_")
        text = f"""\
runnel: 1
name: {name}
nodes:
  rows:
    kind: source.rows
    config:
      rows:
        - {{day: 2025-01-01, region: north, country: Germany, quantity: 2, revenue: 10.5}}
        - {{day: 2025-01-02, region: south, country: France, quantity: 5, revenue: 4.0}}
        - {{day: 2025-01-03, region: east, country: Italy, quantity: 7, revenue: 8.25}}
  drawn:
    kind: {kind}
    from: rows
    config: {config}
"""
        robot.edit(pipeline(text, name))
        robot.click(robot.node("drawn"))
        chart = robot.page.locator('[data-region="drawer"] [data-testid="chart"]')
        expect(chart).to_have_attribute("data-kind", kind.removeprefix("chart."))
        expect(chart).to_have_attribute("data-points", "3")
        found, values = chart_values(robot)
        assert sorted(value for row in values for value in row if isinstance(value, float) and value in (10.5, 4.0, 8.25)) == [
            4.0, 8.25, 10.5,
        ], (found, values)  # fmt: skip
