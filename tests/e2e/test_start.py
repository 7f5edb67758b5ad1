"""The first five minutes: the first screen, a chart of an own file, a sample, and nothing that leaves the machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import duckdb
import psutil
import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, chart_values, link, open_context, paste
from proxying import proxy
from running import Running

CHROMIUM_ITSELF = {
    "content-autofill.googleapis.com",
    "clients2.google.com",
    "accounts.google.com",
    "update.googleapis.com",
    "www.google.com",
    "optimizationguide-pa.googleapis.com",
    "safebrowsingohttpgateway.googleapis.com",
}
"""What the browser asks for its own ends; no page can, by their policy."""


@pytest.mark.row("M-003-28", "M-003-151", "M-003-369")
def test_the_first_screen_has_a_drop_zone_samples_and_a_blank_pipeline_and_nothing_on_top_of_them(robot: Robot) -> None:
    robot.go("/")
    expect(robot.get("drop-zone")).to_be_visible()
    expect(robot.get("new-pipeline")).to_be_visible()
    expect(robot.get("sample").nth(2)).to_be_visible()
    assert robot.page.locator('[role="dialog"], [role="alertdialog"]').count() == 0
    drop = robot.box(robot.get("drop-zone"))
    assert robot.box(robot.page.get_by_text("Rows moved today"))["y"] > drop["y"] + drop["height"]


@pytest.mark.row("M-000-04", "M-000-18", "M-000-27", "M-003-116", "M-000-32")
def test_an_own_file_becomes_a_chart_in_five_actions_and_its_values_are_those_of_duckdb(
    robot: Robot, server: Running
) -> None:
    make_chart(robot, server)
    assert robot.count <= 5, robot.actions
    kind, values = chart_values(robot)
    assert kind == "bar"
    file = server.root / "sales_2k.csv"
    counted = duckdb.sql(f"SELECT region, sum(quantity)::DOUBLE FROM read_csv('{file}') GROUP BY region").fetchall()
    assert dict(values) == dict(counted)


def make_chart(robot: Robot, server: Running) -> None:
    """Drop a file on the home page and chart a column."""
    robot.go("/")
    robot.drop(server.root / "sales_2k.csv", robot.middle(robot.get("drop-zone")))
    robot.page.wait_for_url("**/pipelines/*")
    robot.ready(2000)
    robot.click(robot.get("column", name="region").locator("[data-column-menu]"))
    robot.click(robot.page.get_by_role("menuitem", name="Chart this"))
    expect(robot.page.locator('[data-region="drawer"] [data-testid="chart"]')).to_be_visible()


@pytest.mark.row("M-000-28", "M-003-224")
def test_a_sample_opens_with_its_chart_in_one_click(robot: Robot) -> None:
    robot.go("/")
    robot.click(robot.get("sample", name="penguins"))
    robot.page.wait_for_url("**/pipelines/penguins*")
    expect(robot.get("node").nth(1)).to_be_visible()
    expect(robot.page.locator('[data-region="drawer"] [data-testid="chart"]')).to_be_visible(timeout=15_000)
    assert robot.count <= 2


def test_a_pasted_table_becomes_a_pipeline(robot: Robot) -> None:
    robot.go("/")
    expect(robot.get("drop-zone")).to_be_visible()
    paste(robot, "city\tpeople\nBern\t134000\nBasel\t173000\n")
    robot.page.wait_for_url("**/pipelines/*")
    robot.ready(2)
    expect(robot.get("column", name="people")).to_be_visible()


def test_nothing_asks_another_address_while_files_and_samples_become_charts(chrome: Browser, server: Running) -> None:
    with proxy() as (port, seen):
        watch = Watch()
        context = open_context(chrome, watch, proxy={"server": f"http://127.0.0.1:{port}", "bypass": "<-loopback>"})
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(link(server))
        robot = Robot(page, server.url)
        make_chart(robot, server)
        robot.go("/")
        robot.click(robot.get("sample", name="penguins"))
        expect(page.locator('[data-region="drawer"] [data-testid="chart"]')).to_be_visible(timeout=15_000)
        context.close()
        assert watch.unexpected() == []
    assert any("/api/v1/" in one for one in seen), "the proxy saw the calls of the page"
    assert remote_addresses(server) <= {"127.0.0.1", "::1"}
    foreign = {urlsplit(one).hostname for one in (*seen, *asked)} - {"127.0.0.1"} - CHROMIUM_ITSELF
    assert foreign == set()


def remote_addresses(server: Running) -> set[str]:
    """Return the addresses that the server and its children are connected to."""
    top = psutil.Process(server.process.pid)
    found = (one.net_connections("inet") for one in (top, *top.children(recursive=True)))
    return {one.raddr.ip for connections in found for one in connections if one.raddr}
