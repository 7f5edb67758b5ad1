"""Details that a first user met: rows that keep the focus, narrow windows, the run in the drawer, lists that open."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browsing import Robot
from running import Running

MAKE = Callable[..., str]
DERIVE = """\
runnel: 1
name: derived
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  computed:
    kind: table.derive
    from: sales
    config: {columns: {double: price * 2}}
  totals:
    kind: table.aggregate
    from: sales
    config: {group_by: [region], values: {revenue: sum(price)}}
"""


FAILING = """\
runnel: 1
name: failing
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  typed:
    kind: table.cast
    from: sales
    config: {columns: {product: BIGINT}, on_error: fail}
  saved:
    kind: sink.dataset
    from: typed
    config: {name: never, mode: replace}
"""


@pytest.mark.parametrize(
    ("node", "field", "add", "expression", "column"),
    [
        ("computed", "columns", "Add column", "price + 1", "raised"),
        ("totals", "values", "Add value", "max(price)", "top"),
    ],
)
@pytest.mark.parametrize("way", ["Tab", "click"])
def test_a_name_is_typed_then_its_expression_and_nothing_is_lost(
    robot: Robot, pipeline: MAKE, node: str, field: str, add: str, expression: str, column: str, way: str
) -> None:
    robot.edit(pipeline(DERIVE, "derived"), f"?node={node}")
    keyboard = robot.page.keyboard
    values = robot.field(field)
    robot.click(values.get_by_role("button", name=add))
    name = values.get_by_role("textbox", name="Name").last
    expect(name).to_be_focused()
    keyboard.type(column)
    written = values.locator(".cm-content").last
    if way == "Tab":
        keyboard.press("Tab")
    else:
        robot.click(written)
    expect(written).to_be_focused()
    keyboard.type(expression)
    expect(written).to_have_text(expression)
    expect(written).to_be_focused()
    expect(name).to_have_value(column)
    robot.saved()
    robot.page.reload()
    expect(name).to_have_value(column)
    expect(written).to_have_text(expression)


def test_in_a_narrow_window_a_run_says_its_state_its_pipeline_its_cause_and_its_time(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(FAILING, "failing")
    run = server.run("failing")
    robot.page.set_viewport_size({"width": 390, "height": 800})
    robot.go("/runs")
    row = robot.get("run-row", status="failed").first
    for shown in (
        row.get_by_text("Failed", exact=True),
        row.get_by_role("link", name="Failing", exact=True),
        row.get_by_text(re.compile("product-")),
        row.locator("time"),
    ):
        box = robot.box(shown)
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, f"{shown} is out of sight: {box}"
    robot.go(f"/runs/{run['run_id']}")
    cause = robot.get("cause")
    card = robot.box(cause)
    for part in (cause.get_by_role("link"), cause.get_by_role("button")):
        box = robot.box(part)
        assert box["x"] + box["width"] <= card["x"] + card["width"], f"{part} stands out of its card"
    expect(robot.page.get_by_role("log").locator("[data-index]").first).to_be_visible()
    cut = (
        robot.page.get_by_role("log")
        .locator("[data-index]")
        .evaluate_all(
            "lines => lines.filter(line => [...line.children].pop().scrollWidth > [...line.children].pop().clientWidth + 1)"
            ".map(line => line.textContent)"
        )
    )
    assert cut == []
