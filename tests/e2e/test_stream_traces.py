"""The records behind a row that a stream wrote, asked for on the page of its dataset in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, open_context
from running import Running, until

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = Path("/tmp/runnel-e2e")
FLOW = """\
runnel: 1
name: gusts
title: Gusts of the wind farm
nodes:
  telemetry:
    kind: source.simulate
    title: Turbine telemetry
    config: {columns: {id: sequence, turbine: "choice(WT-08,WT-17)", power: "number(0,3000)", wind: "number(0,25)"},
             rate_per_second: 12, watermark_delay_seconds: 0.2}
  means:
    kind: stream.window
    title: Means per turbine
    from: telemetry
    config: {size_seconds: 1, group_by: [turbine], values: {readings: count(*), power: avg(power), strongest: max(wind)}}
  saved:
    kind: sink.dataset
    title: Save means
    from: means
    config: {name: turbine_means, mode: append}
  newest:
    kind: sink.dataset
    title: Newest reading
    from: telemetry
    config: {name: newest_reading, mode: upsert, key: [turbine]}
"""


def rows(server: Running, dataset: str) -> list[dict[str, Any]]:
    answer = server.api.get(f"/datasets/{dataset}/data")
    return answer.json()["items"] if answer.status_code == 200 else []


@pytest.fixture(scope="module")
def gusts(server: Running) -> Iterator[str]:
    """A stream that wrote some windows and was drained."""
    server.post("/pipelines", {"name": "gusts", "document": FLOW})
    server.post("/streams/gusts/start")
    until(lambda: len(rows(server, "turbine_means")) >= 10 and rows(server, "newest_reading"), 90)
    server.post("/streams/gusts/drain")
    until(lambda: server.get("/streams/gusts")["status"] == "drained", 60)
    yield "gusts"


def picture(robot: Robot, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    robot.page.screenshot(path=PICTURES / f"{name}.png")


def test_a_row_of_a_dataset_tells_which_records_made_it(robot: Robot, server: Running, gusts: str) -> None:
    robot.go("/datasets/turbine_means")
    cell = robot.page.locator('[role="gridcell"][data-row="3"]').first
    robot.click(cell)
    robot.click(robot.get("trace-row"))
    dialog = robot.get("row-records")
    expect(dialog).to_contain_text("Where row 4 comes from")
    expect(dialog.get_by_test_id("trace-waiting")).to_be_visible()
    picture(robot, "row-records-waiting")
    traced = dialog.get_by_test_id("traced")
    expect(traced).to_have_attribute("data-reproduced", "true", timeout=60_000)
    columns = dialog.locator("section").first.locator("th").all_inner_texts()
    at = next(at for at, name in enumerate(columns) if name.startswith("readings"))
    readings = int(dialog.locator("section").first.locator("td").nth(at).inner_text())
    records = dialog.get_by_test_id("source-record")
    expect(records).to_have_count(readings)
    expect(traced).to_contain_text(re.compile(rf"{readings} records?, read again from (their sources|its source), gives? exactly"))
    expect(records.first).to_contain_text("telemetry")
    picture(robot, "row-records")
    with robot.page.expect_download() as download:
        robot.click(dialog.get_by_role("button", name="Download NDJSON"))
    lines = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert len(lines) == readings and {line["source"] for line in lines} == {"telemetry"}
    assert all(line["columns"]["turbine"] == lines[0]["columns"]["turbine"] for line in lines)
    robot.press("Escape")
    expect(dialog).to_be_hidden()
    robot.click(cell, button="right")
    robot.click(robot.page.get_by_role("menuitem", name="Where this row comes from"))
    expect(traced).to_be_visible(timeout=60_000)


def test_the_versions_of_a_dataset_name_the_epochs_of_the_stream_that_made_them(robot: Robot, gusts: str) -> None:
    robot.go("/datasets/turbine_means")
    robot.click(robot.page.get_by_role("tab", name="Versions"))
    first = robot.page.get_by_role("link", name=re.compile(r"gusts, epoch \d+")).first
    expect(first).to_be_visible()
    picture(robot, "versions-of-a-stream")
    robot.click(first)
    expect(robot.page).to_have_url(re.compile(r"/streams/gusts$"))


def test_by_keyboard_alone_a_row_is_chosen_and_asked_and_a_refusal_is_told_in_place(
    robot: Robot, watch: Watch, gusts: str
) -> None:
    watch.allow("422")
    robot.go("/datasets/newest_reading")
    robot.page.get_by_role("grid").focus()
    robot.press("ArrowDown")
    button = robot.get("trace-row")
    expect(button).to_have_text("Where row 2 comes from")
    button.focus()
    robot.press("Enter")
    refused = robot.get("trace-refused")
    expect(refused).to_contain_text("kept by key", timeout=60_000)
    picture(robot, "row-records-refused")
    robot.press("Escape")
    expect(button).to_be_focused()


def test_a_dataset_that_no_stream_writes_does_not_offer_it(robot: Robot, server: Running) -> None:
    nodes = "{rows: {kind: source.rows, config: {rows: [{a: 1}]}}, out: {kind: sink.dataset, from: rows, config: {name: plain}}}"
    server.post("/pipelines", {"name": "plain", "document": f"runnel: 1\nname: plain\nnodes: {nodes}\n"})
    assert server.run("plain")["status"] == "success"
    robot.go("/datasets/plain")
    expect(robot.page.get_by_role("grid")).to_be_visible()
    expect(robot.get("trace-row")).to_have_count(0)


@pytest.mark.parametrize("look", ["light", "dark", "contrast"])
def test_axe_finds_nothing_in_the_records_of_a_row(
    chrome: Browser, server: Running, signed_in: Any, gusts: str, look: str
) -> None:
    watch = Watch()
    context = open_context(chrome, watch, storage_state=signed_in, color_scheme="dark" if look == "dark" else "light",
                           contrast="more" if look == "contrast" else "no-preference")  # fmt: skip
    robot = Robot(context.new_page(), server.url)
    robot.go("/datasets/turbine_means")
    robot.click(robot.get("trace-row"))
    expect(robot.get("traced")).to_be_visible(timeout=60_000)
    robot.page.evaluate(AXE.read_text("utf-8"))
    found = robot.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    wrong = [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in serious]
    picture(robot, f"row-records-{look}")
    problems = watch.unexpected()
    context.close()
    assert wrong == [] and not problems, (wrong, problems)
