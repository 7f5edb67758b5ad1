"""Trying before running, the run's questions, the tour, first rows at once, and what is shown while things load."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from browsing import Robot
from running import Running, until

MAKE = Callable[..., str]
TEXT = """\
runnel: 1
name: trying
title: Paid sales
params:
  least: {type: integer, default: 5, description: The least quantity}
nodes:
  sales:
    kind: source.file
    config: {path: sales_2k.csv}
  paid:
    kind: table.filter
    from: sales
    config: {where: "status = 'paid' and quantity >= ${params.least}"}
  out:
    kind: sink.file
    from: paid
    config: {path: out/paid.csv}
"""


def open_more(robot: Robot, item: str) -> None:
    """Choose an item of the editor's menu."""
    robot.click(robot.page.get_by_role("banner").get_by_role("button", name="More"))
    robot.click(robot.page.get_by_role("menuitem", name=item))


@pytest.mark.row("M-003-375", "M-003-471")
def test_a_run_with_options_says_what_it_takes_and_writes_and_can_write_nothing(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    name = pipeline(TEXT, "trying")
    robot.edit(name)
    open_more(robot, "Run with options")
    dialog = robot.get("run-dialog")
    expect(dialog.get_by_test_id("estimate")).to_contain_text("from 1 file, writes out/paid.csv")
    robot.enter(dialog.get_by_label("least"), "19")
    robot.click(dialog.get_by_role("switch", name="Write nothing"))
    robot.click(dialog.get_by_test_id("confirm-run"))
    expect(robot.node("paid")).to_have_attribute("data-state", "ok")
    expect(robot.node("out")).not_to_contain_text("written")
    run = server.get(f"/pipelines/{name}/runs")["items"][0]
    found = server.ended(run["run_id"])
    assert found["status"] == "success" and not (server.root / "out" / "paid.csv").exists()
    rows = {node["id"]: node["rows_out"] for node in found["nodes"]}
    lines = (server.root / "sales_2k.csv").read_text("utf-8").splitlines()
    header = lines[0].split(",")
    sold = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    assert rows["paid"] == sum(one["status"] == "paid" and int(one["quantity"] or 0) >= 19 for one in sold) > 0


@pytest.mark.row("M-003-375")
def test_a_run_without_a_needed_parameter_asks_and_a_wrong_one_is_told(robot: Robot, server: Running, pipeline: MAKE) -> None:
    name = pipeline(TEXT.replace("default: 5, ", ""), "needing")
    robot.edit(name)
    robot.click(robot.get("run"))
    dialog = robot.get("run-dialog")
    expect(dialog.get_by_test_id("confirm-run")).to_be_disabled()
    robot.enter(dialog.get_by_label("least"), "10")
    robot.click(dialog.get_by_test_id("confirm-run"))
    until(lambda: (server.root / "out" / "paid.csv").exists(), 20)


@pytest.mark.row("M-003-236", "M-003-278")
def test_a_pipeline_is_tried_on_a_sample_with_rows_per_node_and_its_own_tests(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    text = TEXT + "tests:\n  - name: none is open\n    given:\n      sales: [{status: open, quantity: 9}]\n    expect:\n      paid: []\n"
    robot.edit(pipeline(text, "tried"))
    robot.press("Control+Shift+Enter")
    dialog = robot.get("trial-dialog")
    trial = dialog.get_by_test_id("trial")
    expect(trial).to_have_attribute("data-passed", "true")
    expect(trial.get_by_role("row").filter(has_text="paid")).to_contain_text("1,000")
    expect(dialog.get_by_test_id("test-row")).to_have_attribute("data-passed", "true")


@pytest.mark.row("M-003-130")
def test_the_tour_is_offered_moves_on_with_the_real_gesture_and_goes_on_after_a_reload(robot: Robot) -> None:
    robot.go("/")
    expect(robot.get("tour")).to_have_count(0)
    robot.click(robot.get("start-tour"))
    expect(robot.get("tour")).to_have_attribute("data-step", "begin")
    robot.click(robot.get("sample").first)
    expect(robot.get("tour")).to_have_attribute("data-step", "look")
    robot.click(robot.get("node").first)
    expect(robot.get("tour")).to_have_attribute("data-step", "keep")
    robot.page.reload()
    expect(robot.get("tour")).to_have_attribute("data-step", "keep")
    canvas, strip = robot.box(robot.get("canvas")), robot.box(robot.get("tour"))
    assert strip["y"] + strip["height"] <= canvas["y"] + 1
    robot.click(robot.page.get_by_role("button", name="End the tour"))
    expect(robot.get("tour")).to_have_count(0)


def test_a_dropped_large_file_shows_its_first_rows_before_all_are_read(robot: Robot, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("id,amount\n" + "".join(f"{n},{n}.25\n" for n in range(200_000)), "utf-8")
    seen: list[str] = []
    # The look at the whole waits until the first rows were seen: with a file this small both would come at once.
    robot.page.route("**/analysis", lambda route: (expect_first(robot, seen), route.continue_()))
    robot.go("/")
    robot.drop(file, robot.middle(robot.get("drop-zone")))
    expect(robot.get("basis")).to_contain_text("all 200,000 rows", timeout=30_000)
    assert seen == ["first"]


def expect_first(robot: Robot, seen: list[str]) -> None:
    """Note on what the rows are based that are shown now."""
    if not seen:
        seen.append("first")
        expect(robot.get("basis")).to_contain_text("first 20 rows")


@pytest.mark.row("M-003-150", "M-003-459", "M-003-461")
def test_while_things_load_their_outlines_stand_where_they_will_be(robot: Robot, pipeline: MAKE) -> None:
    name = pipeline(TEXT, "loading")
    held: list[Route] = []
    holding = [True]
    robot.page.route("**/api/v1/pipelines?*", lambda route: held.append(route) if holding else route.continue_())
    robot.go("/pipelines")
    expect(robot.page.locator(".skeleton").first).to_be_visible()
    expect(robot.get("pipeline-row")).to_have_count(0)
    holding.clear()
    for route in held:
        route.continue_()
    expect(robot.get("pipeline-row").filter(has_text="Paid sales").first).to_be_visible()
    expect(robot.page.locator(".skeleton")).to_have_count(0)
    robot.page.route("**/draft", lambda route: (time.sleep(0.3), route.continue_()))
    robot.go(f"/pipelines/{name}")
    expect(robot.page.get_by_role("status").first).to_be_visible()
    expect(robot.get("canvas")).to_be_visible()


@pytest.mark.row("M-003-458", "M-003-457")
def test_the_same_message_twice_is_one_and_an_error_stays(robot: Robot, pipeline: MAKE, watch) -> None:
    watch.allow("failed|503")
    robot.edit(pipeline(TEXT, "told"))
    robot.press("Control+s")
    expect(robot.get("toast")).to_have_count(1)
    robot.press("Control+s")
    expect(robot.get("toast")).to_have_count(1)
    expect(robot.get("toast")).to_contain_text("×2")
    robot.page.route("**/draft/save", lambda route: route.fulfill(status=503, json={"what": "the disk is full", "hint": "Free some."}))
    with robot.page.expect_response("**/draft/save") as answered:
        robot.press("Control+s")
    assert answered.value.status == 503
    error = robot.get("toast", tone="error")
    expect(error).to_contain_text("the disk is full")
    robot.page.wait_for_timeout(6_000)
    expect(robot.get("toast")).to_have_count(1)
    robot.click(error.get_by_role("button", name="Dismiss"))
    expect(robot.get("toast")).to_have_count(0)


@pytest.mark.row("M-002-56", "M-003-539")
def test_each_kind_has_its_own_card_with_icon_state_and_settings_and_words_of_its_author(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    name = pipeline(TEXT, "cards")
    robot.edit(name)
    shapes = {id: robot.node(id).locator("svg").first.inner_html() for id in ("sales", "paid", "out")}
    assert len(set(shapes.values())) == 3
    for id in shapes:
        assert robot.node(id).get_attribute("data-state") in ("idle", "ok")
        robot.click(robot.node(id))
        expect(robot.get("inspector")).to_contain_text(id)
    robot.press("Escape")
    robot.click(robot.page.get_by_role("main"), position={"x": 600, "y": 200})
    robot.enter(robot.get("inspector").get_by_label("Description"), "What was paid for.")
    robot.saved()
    until(lambda: server.get(f"/pipelines/{name}/draft")["document"].get("description") == "What was paid for.", 8)
    robot.press("Control+s")
    expect(robot.get("toast")).to_contain_text("Saved as a version")
    listed = server.get("/pipelines", search="cards")["items"]
    assert next(item for item in listed if item["name"] == name)["description"] == "What was paid for."


def test_rows_of_a_preview_become_a_test_of_the_pipeline_that_is_run(
    robot: Robot, server: Running, pipeline: MAKE
) -> None:
    robot.edit(pipeline(TEXT, "kept"))
    robot.click(robot.node("paid"))
    robot.click(robot.page.get_by_role("tab", name="Checks"))
    robot.click(robot.get("keep-test"))
    robot.click(robot.page.get_by_role("button", name="Run the 1 test"))
    row = robot.get("test-row")
    expect(row).to_contain_text("paid of first rows")
    expect(row).to_have_attribute("data-passed", "true")
    robot.press("Escape")
    assert len(server.get("/pipelines/kept/draft")["document"]["tests"]) == 1
