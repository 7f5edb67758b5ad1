"""Details that a first user met: rows that keep the focus, narrow windows, the run in the drawer, lists that open."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, open_context, sales_csv
from building import fresh_folder
from running import Running, running, until

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


INNER = """\
runnel: 1
name: inner
inputs:
  orders: {columns: {id: BIGINT}}
nodes:
  dear:
    kind: table.filter
    from: orders
    config: {where: "id > 5"}
outputs: {output: dear}
"""
OUTER = """\
runnel: 1
name: outer
nodes:
  rows:
    kind: source.rows
    config: {rows: [{id: 1}, {id: 9}], columns: {id: BIGINT}}
  kept:
    kind: pipeline.run
    from: {orders: rows}
    config: {file: inner.runnel.yaml}
"""
BRANCHED = """\
runnel: 1
name: branched
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  dear:
    kind: table.filter
    from: sales
    config: {where: "price > 500"}
  cheap:
    kind: table.filter
    from: sales
    config: {where: "price <= 500"}
  both:
    kind: table.union
    from: [dear, cheap]
  saved:
    kind: sink.dataset
    from: both
    config: {name: branched, mode: replace}
"""
CHARTS = """\
runnel: 1
name: charted
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  totals:
    kind: table.aggregate
    from: sales
    config: {group_by: [region], values: {revenue: sum(price), sold: sum(quantity)}}
  parts:
    kind: chart.pie
    from: totals
    config: {label: region, value: revenue, title: Which region sells?}
  dots:
    kind: chart.scatter
    from: totals
    config: {x: sold, y: revenue, series: region, title: How do prices spread?}
"""
LONG = """\
runnel: 1
name: lasting
nodes:
  many:
    kind: source.generate
    config: {rows: 200000000, columns: {id: sequence}}
  hashed:
    kind: table.derive
    from: many
    config: {columns: {bucket: "id % 997", digest: "sha256(cast(id as varchar))"}}
  totals:
    kind: table.aggregate
    from: hashed
    config: {group_by: [bucket], values: {digests: count_distinct(digest)}}
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


def test_the_drawer_has_the_run_with_its_timeline_and_runs_again_from_the_node_that_failed(
    robot: Robot, watch: Watch, pipeline: MAKE
) -> None:
    watch.allow("422|Unprocessable")  # the rows after the failing node cannot be shown either
    robot.edit(pipeline(FAILING, "again"))
    drawer = robot.page.locator('[data-region="drawer"]')
    robot.click(drawer.get_by_role("tab", name="Run", exact=True))
    expect(drawer).to_contain_text("Not run yet")
    robot.click(robot.get("run"))
    panel = robot.get("drawer-run")
    expect(panel).to_have_attribute("data-state", "failed", timeout=20_000)
    first = panel.get_attribute("data-run")
    timeline = panel.get_by_role("region", name="Timeline")
    expect(timeline.locator('[data-node="typed"]')).to_contain_text("Failed")
    robot.click(panel.get_by_role("button", name="Run again from “typed”"))
    expect(panel).not_to_have_attribute("data-run", first or "")
    expect(panel).to_have_attribute("data-state", "failed", timeout=20_000)
    assert "/pipelines/again" in robot.page.url
    robot.click(drawer.get_by_role("tab", name="Logs"))
    expect(drawer.get_by_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$")).first).to_be_visible()


def test_a_run_is_stopped_and_balanced_in_the_drawer(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(LONG, "lasting"))
    drawer = robot.page.locator('[data-region="drawer"]')
    robot.click(drawer.get_by_role("tab", name="Run", exact=True))
    robot.click(robot.get("run"))
    panel = robot.get("drawer-run")
    robot.click(panel.get_by_role("button", name="Cancel run"))
    expect(panel).to_have_attribute("data-state", "cancelled", timeout=20_000)
    robot.edit(pipeline(DERIVE, "balanced"))
    robot.click(robot.get("run"))
    robot.click(drawer.get_by_role("tab", name="Run", exact=True))
    expect(panel).to_have_attribute("data-state", "success", timeout=20_000)
    expect(panel).to_contain_text("every row is accounted for")


@pytest.mark.parametrize("way", ["double-click", "keys", "context menu", "inspector"])
def test_the_pipeline_of_a_node_opens_in_a_tab_of_its_own(robot: Robot, pipeline: MAKE, way: str) -> None:
    number = way[0]
    pipeline(INNER, f"inner{number}")
    robot.edit(pipeline(OUTER.replace("inner.", f"inner{number}."), f"outer{number}"))
    page, node = robot.page, robot.node("kept")
    if way == "double-click":
        robot.double(node.locator(".node-summary"))
    elif way == "keys":
        robot.click(node)
        robot.press("Control+Enter")
    elif way == "context menu":
        robot.click(node, button="right")
        robot.click(page.get_by_role("menuitem", name="Open its pipeline"))
    else:
        robot.click(node)
        robot.click(robot.get("inspector").get_by_role("button", name="More for this node"))
        robot.click(page.get_by_role("menuitem", name="Open its pipeline"))
    expect(page).to_have_url(re.compile(f"/pipelines/inner{number}$"))
    expect(robot.node("dear")).to_be_visible()
    expect(page.get_by_role("navigation", name="Open pipelines")).to_contain_text(f"outer{number}")


def test_a_pipeline_that_is_not_there_is_said_and_ctrl_enter_elsewhere_still_runs(
    robot: Robot, watch: Watch, pipeline: MAKE
) -> None:
    watch.allow("422|Unprocessable|404|Not Found")  # what it would read is not there either
    robot.edit(pipeline(OUTER.replace("inner.runnel.yaml", "gone.runnel.yaml"), "outer"))
    robot.double(robot.node("kept").locator(".node-summary"))
    expect(robot.get("toast")).to_contain_text("There is no pipeline at “gone.runnel.yaml”")
    robot.edit(pipeline(DERIVE, "derived"))
    robot.click(robot.node("computed"))
    robot.press("Control+Enter")
    expect(robot.get("run-panel")).to_have_attribute("data-state", "success", timeout=20_000)


def test_an_item_of_the_menu_on_the_right_button_works_by_a_click(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(DERIVE, "derived"))
    robot.click(robot.node("computed"), button="right")
    robot.click(robot.page.get_by_role("menuitem", name="Mute or unmute"))
    expect(robot.node("computed")).to_have_attribute("data-muted", "true")


def test_after_the_first_user_everybody_is_asked_to_sign_in(chrome: Browser) -> None:
    with fresh_folder() as folder, running(folder) as fresh:
        context = open_context(chrome)
        robot = Robot(context.new_page(), fresh.url)
        page = robot.page
        page.goto(fresh.link)
        robot.go("/settings/users")
        robot.enter(page.get_by_role("textbox", name="User name"), "ada")
        robot.enter(page.get_by_label("Password", exact=True), "correct horse 7")
        robot.click(page.get_by_role("button", name="Create user"))
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text("from now on everybody logs in")).to_be_visible()
        expect(page.get_by_text("runnel link")).to_have_count(0)
        robot.enter(page.get_by_role("textbox", name="User name"), "ada")
        robot.enter(page.get_by_label("Password", exact=True), "correct horse 7")
        robot.click(page.get_by_role("button", name="Sign in"))
        expect(robot.get("user-row", name="ada")).to_be_visible()
        context.close()


def test_branches_that_meet_again_are_drawn_as_lines_of_their_own(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(BRANCHED, "branched")
    server.run("branched")
    robot.go("/datasets/branched")
    robot.click(robot.page.get_by_role("tab", name="Lineage"))
    robot.page.get_by_role("combobox", name="Column").select_option("price")
    lines = robot.get("lineage-line")
    expect(lines).to_have_count(2)
    assert [re.findall(r"\b(sales|dear|cheap|both)\b", text) for text in lines.all_inner_texts()] == [
        ["sales", "dear", "both"],
        ["sales", "cheap", "both"],
    ]


def test_rows_of_runs_and_datasets_open_on_a_click_beside_their_links(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(BRANCHED, "branched")
    run = server.run("branched")
    robot.go("/runs")
    robot.click(robot.get("run-row").first.locator("td").nth(4))
    expect(robot.page).to_have_url(re.compile(f"/runs/{run['run_id']}$"))
    robot.go("/datasets")
    robot.click(robot.get("dataset-row", name="branched").locator("td").nth(2))
    expect(robot.page).to_have_url(re.compile("/datasets/branched$"))


def test_many_open_pipelines_keep_a_width_and_strips_of_tabs_stand_still(robot: Robot, pipeline: MAKE) -> None:
    robot.page.set_viewport_size({"width": 1024, "height": 800})
    for number in range(8):
        robot.edit(pipeline(DERIVE.replace("derived", f"tab_{number}"), f"tab_{number}"))
    strip = robot.page.get_by_role("navigation", name="Open pipelines")
    links = strip.get_by_role("link")
    expect(links).to_have_count(8)
    widths = links.evaluate_all("links => links.map(link => link.parentElement.offsetWidth)")
    assert min(widths) >= 96, widths
    assert links.last.get_attribute("title") == "tab_7"
    last, box = robot.box(links.last), robot.box(strip)
    assert box["x"] <= last["x"] and last["x"] + last["width"] <= box["x"] + box["width"]
    robot.click(strip.get_by_role("button", name="Close tab_7"))
    expect(links).to_have_count(7)
    robot.page.set_viewport_size({"width": 1440, "height": 900})
    for strip in robot.page.get_by_role("tablist").all():
        robot.click(strip.get_by_role("tab").last)
        assert strip.evaluate("strip => [strip.scrollLeft, strip.scrollWidth - strip.clientWidth]") == [0, 0]


def test_a_viewer_is_not_offered_what_only_editors_can_add(chrome: Browser) -> None:
    with fresh_folder() as folder, running(folder) as fresh:
        (folder / "sales_2k.csv").write_text(sales_csv(), "utf-8")
        fresh.post("/pipelines", {"name": "seen", "document": DERIVE})
        fresh.post("/users", {"username": "ada", "password": "correct horse 7", "role": "admin"})
        fresh.post("/users", {"username": "vic", "password": "correct horse 7", "role": "viewer"})
        context = open_context(chrome)
        robot = Robot(context.new_page(), fresh.url)
        page = robot.page
        robot.go("/pipelines/seen")
        robot.enter(page.get_by_role("textbox", name="User name"), "vic")
        robot.enter(page.get_by_label("Password", exact=True), "correct horse 7")
        robot.click(page.get_by_role("button", name="Sign in"))
        expect(robot.node("totals")).to_be_visible()
        left = page.locator('[data-region="left"]')
        expect(left.get_by_role("tab")).to_have_text(["Outline"])
        expect(left).to_contain_text("Totals")
        expect(page.get_by_text("adds a node")).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("New pipeline|Add a node"))).to_have_count(0)
        context.close()


def test_the_menu_of_a_column_opens_on_the_right_button_with_the_usual_first(robot: Robot, pipeline: MAKE) -> None:
    robot.edit(pipeline(DERIVE, "derived"), "?node=sales")
    grid = robot.ready()
    robot.click(grid.locator('[data-testid="column"][data-name="price"]'), button="right")
    menu = robot.page.get_by_role("menu")
    expect(menu).to_have_count(1)
    labels = menu.get_by_role("menuitem").all_inner_texts()
    assert labels[:4] == ["Rename…", "Remove this column", "Sort ascending", "Sort descending"]
    assert robot.box(menu)["height"] <= 26 * 16 + 1
    assert menu.evaluate("menu => menu.scrollHeight > menu.clientHeight")
    robot.click(menu.get_by_role("menuitem", name="Rename…"))
    expect(grid.get_by_role("textbox")).to_be_focused()
    robot.press("Escape")
    robot.click(grid.locator('[data-testid="column"][data-name="price"]'), button="right")
    robot.click(menu.get_by_role("menuitem", name="Remove this column"))
    expect(robot.get("node")).to_have_count(4)


def test_a_dashboard_is_saved_as_a_picture_a_chart(robot: Robot, server: Running, pipeline: MAKE) -> None:
    pipeline(CHARTS, "charted")
    server.run("charted")
    robot.go("/dashboards/charted")
    expect(robot.get("chart").locator("canvas")).to_have_count(2)
    robot.page.wait_for_load_state("networkidle")
    saved: list[str] = []
    robot.page.on("download", lambda download: saved.append(download.suggested_filename))
    robot.click(robot.page.get_by_role("button", name="Export"))
    robot.click(robot.page.get_by_role("menuitem", name="PNG, a picture a chart"))
    until(lambda: robot.page.wait_for_timeout(50) or len(saved) == 2)
    assert sorted(saved) == ["how-do-prices-spread.png", "which-region-sells.png"]
