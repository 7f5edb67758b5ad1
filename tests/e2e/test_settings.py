"""Settings of nodes: columns before any run, wrong names, renames, expressions, saving, left-out nonsense."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import xlsxwriter
from playwright.sync_api import expect

from browsing import Robot, Watch, link
from running import Running, until

MAKE = Callable[..., str]
CHAIN = """\
runnel: 1
name: settings
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  paid:
    kind: table.filter
    from: sales
    config: {where: "status = 'paid'"}
  named:
    kind: table.rename
    from: paid
    config: {columns: {customer: client}}
  totals:
    kind: table.aggregate
    from: named
    config: {group_by: [client], values: {revenue: sum(price)}}
  ordered:
    kind: table.sort
    from: totals
    config: {by: [client]}
"""


@pytest.fixture
def chain(robot: Robot, pipeline: MAKE, watch: Watch) -> Robot:
    """The editor with a renamed column that others use."""
    watch.allow("style-src-attr inline|Applying inline style")  # Chromium itself, when a selection is typed over
    robot.edit(pipeline(CHAIN, "settings"))
    expect(robot.node("totals")).to_be_visible()
    return robot


def write_code(robot: Robot, field: str, text: str) -> None:
    """Replace the text of an expression."""
    robot.click(robot.field(field).locator('[contenteditable="true"], textarea').first)
    robot.page.keyboard.press("Control+a")
    robot.write(text)


@pytest.mark.row("M-001-13", "M-003-111", "M-002-58", "M-003-277")
def test_a_form_lists_the_real_columns_with_types_before_any_run(chain: Robot) -> None:
    chain.click(chain.node("totals"))
    chain.click(chain.field("group_by").get_by_text("Add", exact=True))
    expect(chain.page.get_by_role("option", name="quantity")).to_be_visible()
    here = chain.get("inspector").get_by_role("listitem").filter(has_text="quantity")
    expect(here).to_contain_text("BIGINT")
    assert chain.page.get_by_role("option").count() == 8


@pytest.mark.row("M-003-117", "M-003-227", "M-001-27")
def test_a_wrong_column_marks_the_node_and_one_click_repairs_it_without_a_run(chain: Robot) -> None:
    chain.click(chain.node("paid"))
    write_code(chain, "where", "statsu = 'paid'")
    expect(chain.node("paid")).to_have_attribute("data-state", "error")
    fix = chain.field("where").locator('[data-testid="fix"]')
    expect(fix).to_contain_text("status")
    chain.click(fix)
    expect(chain.node("paid")).not_to_have_attribute("data-state", "error")
    expect(chain.field("where")).to_contain_text("status = 'paid'")


def test_a_renamed_column_is_renamed_downstream_on_request_and_the_pipeline_validates(
    chain: Robot, server: Running
) -> None:
    chain.click(chain.node("named"))
    chain.ready()
    new = chain.field("columns").locator("input").last
    chain.enter(new, "buyer")
    expect(chain.node("totals")).to_have_attribute("data-state", "error")
    chain.click(chain.get("toast").get_by_role("button", name="Rename the uses"))
    chain.saved()
    until(lambda: not errors(server, "settings"), 8)


def errors(server: Running, name: str) -> list[str]:
    """Return what is wrong with a draft."""
    return [f["what"] for f in server.post(f"/pipelines/{name}/validate")["findings"] if f["severity"] == "error"]


@pytest.mark.row("M-003-272", "M-003-277")
def test_an_expression_completes_columns_and_functions_and_shows_its_value_on_real_rows(chain: Robot) -> None:
    chain.click(chain.node("paid"))
    write_code(chain, "where", "qua")
    chain.press("Control+Space")
    offers = chain.page.locator(".cm-tooltip-autocomplete li")
    expect(offers.filter(has_text="quantity").first).to_be_visible()
    chain.press("Escape")
    write_code(chain, "where", "quantity > 10 and starts")
    chain.press("Control+Space")
    expect(offers.filter(has_text="starts_with").first).to_be_visible()
    chain.press("Escape")
    write_code(chain, "where", "quantity > 10")
    results = chain.get("live-results")
    expect(results.locator("tbody tr, [role=row]").nth(4)).to_be_visible()


@pytest.mark.row("M-003-234", "M-003-467")
def test_a_needed_field_that_is_empty_is_marked(robot: Robot, pipeline: MAKE) -> None:
    text = CHAIN.replace("config: {where: \"status = 'paid'\"}", "config: {}")
    robot.edit(pipeline(text, "needed"))
    robot.click(robot.node("paid"))
    expect(robot.field("where")).to_have_attribute("data-state", "error")
    expect(robot.field("where")).to_contain_text("Needed")


@pytest.mark.row("M-002-59")
def test_a_query_is_written_in_an_sql_editor(robot: Robot, server: Running, pipeline: MAKE) -> None:
    text = CHAIN + "  asked:\n    kind: table.sql\n    from: sales\n    config: {query: select region from input}\n"
    robot.edit(pipeline(text, "asked"))
    robot.click(robot.node("asked"))
    editor = robot.get("inspector").locator(".cm-content").first
    expect(editor).to_contain_text("select region")
    robot.ready(2000)


@pytest.mark.row("M-003-112")
def test_columns_are_mapped_by_dragging_a_head_onto_a_field(chain: Robot, server: Running) -> None:
    chain.click(chain.node("totals"))
    chain.ready()
    column = chain.get("inspector").get_by_role("listitem").filter(has_text="region").get_by_role("button")
    chain.page.wait_for_load_state("networkidle")
    chain.actions.append("drag region onto the field")
    start, end = chain.middle(column), chain.middle(chain.field("group_by").get_by_text("Add", exact=True))
    chain.hold(start, end, 12)
    chain.page.mouse.move(end[0] + 3, end[1])
    chain.page.mouse.up()
    until(lambda: "region" in str(server.get("/pipelines/settings/draft")["document"]["nodes"]["totals"]["config"]), 8)


def test_a_change_is_saved_without_apply_and_survives_a_killed_browser(server: Running, pipeline: MAKE) -> None:
    """The browser's processes are killed as soon as the editor says that the change is saved."""
    pipeline(CHAIN, "killed")
    here = Path(__file__).parents[1]
    script = textwrap.dedent(f"""
        import sys
        sys.path[:0] = [{str(here)!r}, {str(here.parent)!r}]
        from playwright.sync_api import expect
        from browsing import Robot, browser, open_context
        with browser() as chrome:
            context = open_context(chrome)
            page = context.new_page()
            page.goto({link(server)!r})
            robot = Robot(page, {server.url!r})
            robot.edit("killed")
            robot.click(robot.node("ordered"))
            robot.page.keyboard.press("F2")
            robot.page.keyboard.press("Control+a")
            robot.write("Survived")
            robot.press("Enter")
            expect(robot.get("node").filter(has_text="Survived")).to_be_visible()
            robot.saved()
            print("saved", flush=True)
            sys.stdin.read()
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "saved"
    finally:
        for one in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        process.kill()
        process.wait()
    assert "survived:" in server.get("/pipelines/killed/draft")["text"]


def test_an_undo_of_a_setting_works_after_a_reload(chain: Robot, server: Running) -> None:
    chain.click(chain.node("paid"))
    write_code(chain, "where", "status = 'open'")
    until(lambda: "open" in str(server.get("/pipelines/settings/draft")["document"]["nodes"]["paid"]), 8)
    chain.saved()
    chain.page.reload()
    expect(chain.node("paid")).to_contain_text("open")
    expect(chain.page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    chain.page.locator('[data-testid="canvas"]').focus()
    chain.press("Control+z")
    until(lambda: "'paid'" in str(server.get("/pipelines/settings/draft")["document"]["nodes"]["paid"]), 8)
    chain.press("Control+Shift+z")
    until(lambda: "open" in str(server.get("/pipelines/settings/draft")["document"]["nodes"]["paid"]), 8)


def test_a_sum_over_text_is_refused_before_the_run(robot: Robot, server: Running, pipeline: MAKE, watch: Watch) -> None:
    text = """\
runnel: 1
name: nonsense
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv, columns: {price: VARCHAR, quantity: VARCHAR}}
  totals:
    kind: table.aggregate
    from: sales
    config: {group_by: [region], values: {revenue: sum(price)}}
"""
    robot.edit(pipeline(text, "nonsense"))
    watch.allow(r"(suggest|left-out|422)")
    expect(robot.node("totals")).to_have_attribute("data-state", "error")
    robot.click(robot.node("totals"))
    expect(robot.field("values").locator('[data-testid="finding"]').first).to_contain_text("sum")
    assert any("sum" in one for one in errors(server, "nonsense"))


def test_a_file_that_changed_outside_asks_what_to_keep(chain: Robot, server: Running) -> None:
    chain.click(chain.node("ordered"))
    chain.press("F2")
    chain.page.keyboard.press("Control+a")
    chain.write("Mine")
    chain.press("Enter")
    chain.saved()
    until(lambda: "mine:" in server.get("/pipelines/settings/draft")["text"], 8)
    chain.saved()
    path = server.root / server.get("/pipelines/settings/draft")["path"]
    path.write_text(
        CHAIN.replace("client]}", "client], nulls: last}").replace("name: settings", "name: settings\ntitle: Theirs")
    )
    expect(chain.get("saved")).to_have_attribute("data-state", "conflict", timeout=12_000)
    chain.click(chain.get("saved"))
    dialog = chain.page.get_by_role("dialog")
    chain.click(dialog.get_by_role("radio", name="Text"))
    expect(dialog).to_contain_text("Theirs")
    chain.click(dialog.get_by_role("button", name="Keep mine"))
    chain.saved()
    until(lambda: "mine:" in server.get("/pipelines/settings/draft")["text"], 8)


def test_the_sheet_and_the_header_row_of_a_workbook_are_picked_beside_what_was_decided(
    robot: Robot, server: Running, pipeline: Callable[..., str]
) -> None:
    with xlsxwriter.Workbook(str(server.root / "book.xlsx")) as book:
        book.add_worksheet("Cover").write_row(0, 0, ["title"])
        data = book.add_worksheet("Sales 2024")
        for row, cells in enumerate([["Report"], [], ["region", "sales"], ["north", 3], ["south", 5]]):
            data.write_row(row, 0, cells)
    text = "runnel: 1\nname: book\nnodes:\n  file:\n    kind: source.file\n    config: {path: book.xlsx}\n"
    robot.edit(pipeline(text, "book"))
    robot.click(robot.node("file"))
    sheet = robot.get("inspector").get_by_role("combobox", name="Sheet", exact=True)
    expect(sheet.locator("option")).to_have_text(["The first", "Cover", "Sales 2024"])
    sheet.select_option("Sales 2024")
    robot.get("inspector").get_by_role("combobox", name="Header row", exact=True).select_option("3")
    robot.ready(2)
    expect(robot.get("column").first).to_contain_text("region")
    config = until(lambda: server.get("/pipelines/book/draft")["document"]["nodes"]["file"]["config"], 8)
    assert (config["sheet"], config["header_row"]) == ("Sales 2024", 3)
