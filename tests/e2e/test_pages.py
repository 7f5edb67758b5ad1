"""Every other page: lists, empty states, dialogs, toasts, files, datasets, transformations, settings, narrow windows."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, open_context, sales_csv
from building import fresh_folder
from running import Running, running, until

MAKE = Callable[..., str]
TEXT = """\
runnel: 1
name: paged
title: Paged sales
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  totals:
    kind: table.aggregate
    from: sales
    config: {group_by: [region], values: {revenue: sum(price)}}
  saved:
    kind: sink.dataset
    from: totals
    config: {name: revenue, mode: replace}
  chart:
    kind: chart.bar
    from: totals
    config: {x: region, y: revenue, title: Which region brings the most?}
"""


@pytest.mark.row("M-003-463", "M-003-466", "M-003-151", "M-003-464")
def test_empty_lists_say_what_to_do_and_a_search_without_result_can_be_cleared(robot: Robot) -> None:
    for path, words in (
        ("/runs", "No runs yet"),
        ("/datasets", "No datasets yet"),
        ("/dashboards", "No dashboards yet"),
        ("/transformations", "No transformations yet"),
        ("/connections", "No connections yet"),
        ("/pipelines", "No pipelines yet"),
    ):
        robot.go(path)
        expect(robot.page.get_by_text(words)).to_be_visible()
    robot.go("/files")
    robot.enter(robot.page.get_by_role("searchbox"), "nothing like this")
    robot.click(robot.page.get_by_role("button", name="Clear filters"))
    expect(robot.get("file-row").first).to_be_visible()


@pytest.mark.row("M-003-366", "M-003-367", "M-003-368", "M-003-369", "M-003-370", "M-003-371")
def test_the_home_page_counts_shows_activity_and_health_and_each_card_leads_on(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(TEXT, "paged")
    server.run("paged")
    robot.go("/")
    page = robot.page
    expect(page.get_by_role("link", name=re.compile("Runs today"))).to_contain_text("1")
    expect(page.get_by_role("region", name="Activity")).to_contain_text("Paged sales")
    for part in ("Engine", "Store", "Disk"):
        expect(page.get_by_role("region", name="Health")).to_contain_text(part)
    page.wait_for_load_state("networkidle", timeout=60_000)  # the charts of the examples are computed meanwhile
    robot.click(page.get_by_role("link", name=re.compile("Runs today")))
    expect(robot.get("run-row").first).to_be_visible()
    robot.go("/dashboard")
    expect(robot.get("drop-zone")).to_be_visible()


@pytest.mark.row("M-003-373", "M-002-61", "M-003-470", "M-003-453", "M-003-457")
def test_pipelines_are_searched_run_cloned_and_deleted_with_a_question_and_an_undo(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    pipeline(TEXT, "paged")
    robot.go("/pipelines")
    row = robot.get("pipeline-row").filter(has_text="Paged sales").first
    expect(row).to_be_visible()
    robot.click(row.get_by_role("button", name=re.compile("More about")))
    robot.click(robot.page.get_by_role("menuitem", name="Run"))
    expect(robot.get("toast")).to_contain_text("is running")
    toast, bar = robot.box(robot.get("toast")), robot.box(robot.page.get_by_role("banner"))
    assert toast["y"] >= bar["y"] + bar["height"] and toast["x"] > 1000
    robot.click(row.get_by_role("button", name=re.compile("More about")))
    robot.click(robot.page.get_by_role("menuitem", name="Clone"))
    expect(robot.get("pipeline-row")).to_have_count(2)
    copy = robot.get("pipeline-row").nth(0)
    robot.enter(robot.page.get_by_role("searchbox"), "no pipeline like this")
    expect(robot.page.get_by_text("Nothing fits")).to_be_visible()
    robot.click(robot.page.get_by_role("button", name="Clear filters"))
    robot.click(copy.get_by_role("button", name=re.compile("More about")))
    robot.click(robot.page.get_by_role("menuitem", name="Delete"))
    dialog = robot.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete")
    robot.click(robot.get("confirm-delete"))
    expect(robot.get("pipeline-row")).to_have_count(1)
    robot.click(robot.get("toast").get_by_role("button", name="Undo"))
    expect(robot.get("pipeline-row")).to_have_count(2)


def test_a_new_pipeline_is_begun_from_the_list(robot: Robot) -> None:
    robot.go("/pipelines")
    robot.click(robot.get("new-pipeline"))
    expect(robot.get("drop-zone")).to_be_visible()
    robot.saved()


@pytest.mark.row("M-003-422", "M-003-470", "M-003-462", "M-003-454")
def test_files_are_uploaded_looked_into_downloaded_opened_and_deleted(
    robot: Robot, server: Running, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("a,b\n1,x\n2,y\n", "utf-8")
    robot.go("/files")
    robot.choose(robot.page.get_by_role("button", name="Upload files"), mine)
    row = robot.get("file-row", name="mine.csv")
    expect(row).to_be_visible()
    expect(robot.get("toast")).to_contain_text("mine.csv")
    robot.click(row.get_by_role("button").first)
    expect(robot.get("file-preview")).to_contain_text("y")
    robot.click(row.get_by_role("button", name=re.compile("More about")))
    with robot.page.expect_download() as waiting:
        robot.click(robot.page.get_by_role("menuitem", name="Download"))
    assert waiting.value.path().read_text("utf-8") == "a,b\n1,x\n2,y\n"
    robot.click(row.get_by_role("button", name=re.compile("More about")))
    robot.click(robot.page.get_by_role("menuitem", name="Delete"))
    robot.click(robot.page.get_by_role("dialog").get_by_role("button", name="Delete file"))
    expect(row).to_have_count(0)


@pytest.mark.row("M-003-110")
def test_a_dataset_is_sorted_filtered_and_exported(robot: Robot, server: Running, pipeline: MAKE) -> None:
    pipeline(TEXT, "paged")
    server.run("paged")
    robot.go("/datasets")
    robot.click(robot.get("dataset-row").first.get_by_role("link").first)
    grid = robot.get("grid")
    expect(grid).to_have_attribute("data-rows", "5")
    expect(grid).to_have_attribute("data-state", "ready")
    robot.click(robot.page.get_by_role("button", name="Sort this view by revenue"))
    expect(grid.locator('[data-row="0"]').first).to_contain_text("centre")
    robot.enter(robot.page.get_by_role("searchbox", name="Search rows"), "north")
    expect(grid).to_have_attribute("data-rows", "1")
    robot.click(robot.page.get_by_role("tab", name="Schema"))
    expect(robot.page.get_by_role("tabpanel", name="Schema")).to_contain_text("revenue")
    robot.click(robot.page.get_by_role("tab", name="Versions"))
    expect(robot.page.get_by_role("tabpanel", name="Versions")).to_contain_text("replace")
    robot.click(robot.page.get_by_role("button", name="Download"))
    with robot.page.expect_download() as waiting:
        robot.click(robot.page.get_by_role("menuitem", name="CSV"))
    assert waiting.value.path().read_text("utf-8").startswith("region,revenue")


def test_a_transformation_is_tested_on_pasted_rows(robot: Robot) -> None:
    robot.go("/transformations")
    robot.click(robot.page.get_by_role("button", name="New transformation").first)
    dialog = robot.page.get_by_role("dialog")
    robot.enter(dialog.get_by_label("Name"), "Cleaner")
    robot.enter(dialog.get_by_label("Source fields"), "price DOUBLE\nname VARCHAR")
    robot.click(dialog.get_by_role("button", name="Create and open"))
    robot.page.wait_for_url("**/pipelines/*")
    robot.saved()
    robot.go("/transformations")
    row = robot.get("transformation-row").first
    robot.click(row.get_by_role("button", name="Test"))
    robot.enter(robot.page.get_by_role("dialog").locator("textarea"), '[{"price": 2.5, "name": "a"}]')
    robot.click(robot.page.get_by_role("dialog").get_by_role("button", name="Test"))
    expect(robot.get("test-result")).to_contain_text("2.5")


@pytest.mark.row("M-003-443", "M-003-351", "M-003-472", "M-003-354", "M-003-467")
def test_settings_are_changed_and_unsaved_changes_are_named_before_they_are_lost(robot: Robot) -> None:
    robot.go("/settings/profile")
    robot.enter(robot.page.get_by_label("First name"), "Ada")
    robot.enter(robot.page.get_by_label("E-mail"), "no mail")
    expect(robot.page.get_by_role("button", name="Save")).to_be_disabled()
    robot.enter(robot.page.get_by_label("E-mail"), "ada@example.org")
    robot.click(robot.page.get_by_role("link", name="Runs", exact=True))
    dialog = robot.get("unsaved-dialog")
    expect(dialog).to_contain_text("First name")
    robot.click(dialog.get_by_role("button", name="Keep editing"))
    robot.click(robot.page.get_by_role("button", name="Save", exact=True))
    expect(robot.get("toast").first).to_contain_text("Saved")
    robot.page.reload()
    expect(robot.page.get_by_label("First name")).to_have_value("Ada")
    robot.go("/settings/appearance")
    robot.click(robot.page.get_by_role("radio", name="Dark"))
    expect(robot.page.locator("html")).to_have_attribute("data-theme", "dark")
    robot.page.reload()
    expect(robot.page.locator("html")).to_have_attribute("data-theme", "dark")
    robot.click(robot.page.get_by_role("radio", name="As the system"))


def test_the_audit_log_tells_who_did_what(robot: Robot, pipeline: MAKE) -> None:
    pipeline(TEXT, "audited")
    robot.go("/settings/audit")
    expect(robot.get("audit-row").filter(has_text="audited").first).to_be_visible()
    robot.click(robot.page.get_by_role("button", name="Check the chain"))
    expect(robot.page.get_by_text("is whole")).to_be_visible()


@pytest.mark.row("M-003-441")
def test_the_search_of_the_whole_app_finds_as_one_types_and_opens(robot: Robot, pipeline: MAKE) -> None:
    pipeline(TEXT.replace("Paged sales", "Findable sales"), "findable")
    robot.go("/runs")
    expect(robot.page.get_by_role("navigation", name="Sections")).to_be_visible()
    robot.press("/")
    expect(robot.get("command-palette")).to_be_visible()
    robot.write("findable")
    robot.click(robot.get("command").filter(has_text="Findable sales").first)
    robot.page.wait_for_url("**/pipelines/findable*")


@pytest.mark.row("M-003-133", "M-003-477")
def test_dashboards_and_runs_fit_a_phone_and_doubled_text_stays_reachable(
    chrome: Browser, server: Running, signed_in: object, pipeline: MAKE
) -> None:
    pipeline(TEXT, "paged")
    run = server.run("paged")
    watch = Watch()
    phone = open_context(chrome, watch, storage_state=signed_in, viewport={"width": 390, "height": 844})
    page = phone.new_page()
    for path in ("/dashboards", "/dashboards/paged", "/runs", f"/runs/{run['run_id']}"):
        page.goto(server.url + path)
        expect(page.get_by_role("main").get_by_text(re.compile("[Pp]aged|region brings")).first, path).to_be_visible()
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), path
    phone.close()
    desk = open_context(chrome, watch, storage_state=signed_in)
    page = desk.new_page()
    for path in ("/", "/pipelines", "/runs", "/files", "/settings/profile", "/pipelines/paged"):
        page.goto(server.url + path)
        expect(page.get_by_role("main")).to_be_visible()
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(CLIPPED) == [], path
    desk.close()
    assert watch.unexpected() == []


CLIPPED = """() => [...document.querySelectorAll('button, a, [role=tab], label, h1, h2')].filter((element) => {
  if (!element.checkVisibility() || element.closest('.sr-only, [aria-hidden=true]')) return false;
  const box = element.getBoundingClientRect();
  if (box.width === 0 || element.classList.contains('sr-only')) return false;
  let scroller = element.parentElement;
  while (scroller) {
    const style = getComputedStyle(scroller);
    if (/auto|scroll/.test(style.overflowX + style.overflowY)) return false;
    scroller = scroller.parentElement;
  }
  return box.right < 0 || box.left > innerWidth || box.top > innerHeight;
}).map((element) => element.outerHTML.slice(0, 120))"""


@pytest.mark.row("M-003-469", "M-003-456", "M-003-455")
def test_a_page_says_that_the_server_is_gone_keeps_the_work_and_goes_on_when_it_is_back(chrome: Browser) -> None:
    with fresh_folder() as folder:
        (folder / "sales_2k.csv").write_text(sales_csv(), "utf-8")
        with running(folder) as first:
            port = first.url.rsplit(":", 1)[1]
            first.post("/pipelines", {"name": "offline", "document": TEXT.replace("paged", "offline")})
            context = open_context(chrome)
            page = context.new_page()
            page.goto(first.link)
            robot = Robot(page, first.url)
            robot.edit("offline")
            first.process.send_signal(signal.SIGTERM)
            first.process.wait(60)
        robot.click(robot.node("totals"))
        robot.press("F2")
        page.keyboard.press("Control+a")
        robot.write("Kept here")
        robot.press("Enter")
        expect(robot.get("saved")).to_have_attribute("data-state", "offline", timeout=15_000)
        with running(folder, "--port", port) as second:
            expect(robot.get("saved")).to_have_attribute("data-state", "saved", timeout=30_000)
            until(lambda: "kept_here" in second.get("/pipelines/offline/draft")["text"], 10)
        context.close()
