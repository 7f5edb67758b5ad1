"""Details that a first user met: rows that keep the focus, narrow windows, the run in the drawer, lists that open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browsing import Robot

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
