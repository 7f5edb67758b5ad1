"""Dead letters at their bench, rows behind counts, states, savepoints and rewinds of a stream, by hand in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, open_context
from running import Running, until

MAKE = Callable[..., str]
AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FLOW = """\
runnel: 1
name: bench
title: Wind farm with faults
nodes:
  telemetry:
    kind: source.simulate
    title: Turbine telemetry
    config: {columns: {id: sequence, turbine: "choice(WT-08,WT-17)", power: "choice(10,20,30,nil)", wind: "number(0,25)"},
             rate_per_second: 60, disorder_seconds: 3, watermark_delay_seconds: 0.2}
  typed:
    kind: table.cast
    title: Numbers
    from: telemetry
    config: {columns: {power: BIGINT}}
  windy:
    kind: table.filter
    title: In the wind
    from: typed
    config: {where: "wind > 12"}
  means:
    kind: stream.window
    title: Means per turbine
    from: windy
    config: {size_seconds: 2, group_by: [turbine], values: {power: "avg(power)"}}
  saved:
    kind: sink.dataset
    title: Save readings
    from: windy
    config: {name: readings, mode: append}
  file:
    kind: sink.file
    title: Means file
    from: means
    config: {path: out/means.ndjson, mode: append}
"""


def status(server: Running) -> str:
    answer = server.api.get("/streams/bench")
    return answer.json()["status"] if answer.status_code == 200 else ""


def ended(server: Running) -> None:
    """Stop the stream, if there is one, and wait until it has."""
    if status(server) not in ("", "failed"):
        server.api.post("/streams/bench/stop")
        until(lambda: status(server) not in ("starting", "running", "paused"), 60)


def open_letters(server: Running) -> int:
    answer = server.api.get("/streams/bench/letters/groups")
    return sum(one["open"] for one in answer.json()["items"]) if answer.status_code == 200 else 0


@pytest.fixture
def bench(server: Running, pipeline: MAKE) -> Iterator[str]:
    """A stream that runs and has refused some records; it is stopped whatever happens."""
    ended(server)
    name = pipeline(FLOW, "bench")
    server.post(f"/streams/{name}/start")
    until(lambda: open_letters(server) > 20, 60)
    yield name
    ended(server)


@pytest.mark.row("M-001-27")
def test_a_refused_record_is_found_on_its_node_edited_at_the_bench_and_enters_again_once(
    robot: Robot, server: Running, bench: str
) -> None:
    robot.edit(bench)
    link = robot.node("typed").get_by_test_id("node-letters")
    expect(link).to_contain_text("dead letter", timeout=30_000)
    robot.click(link)
    expect(robot.page).to_have_url(re.compile("/streams/bench/dead-letters"))
    group = robot.get("letter-group", node="typed")
    expect(group).to_contain_text("power is “nil”")
    expect(group).to_have_attribute("aria-pressed", "true")
    letter = robot.get("letter", state="open")
    expect(letter.get_by_test_id("letter-text").locator("mark")).to_have_text('"nil"')
    robot.click(robot.page.get_by_role("radio", name="Bytes", exact=True))
    expect(letter.get_by_test_id("letter-hex")).to_contain_text("22 6e 69 6c 22")
    field = letter.get_by_test_id("letter-edit")
    wanted = json.loads(field.input_value())
    field.fill(json.dumps({**wanted, "power": "77", "wind": 20}))
    faulty = letter.locator('tr[data-faulty="true"]')
    expect(faulty).to_contain_text('− "nil"')
    expect(faulty).to_contain_text('+ "77"')
    robot.click(robot.get("replay-one"))
    expect(robot.page.get_by_test_id("toast").filter(has_text="1 record enters again")).to_be_visible()
    robot.page.get_by_label("Show", exact=True).select_option("replayed")
    done = robot.get("letter", state="replayed")
    expect(done).to_be_visible(timeout=30_000)
    history = robot.get("letter-history")
    for verb in ("edit", "replay", "entered"):
        expect(history.locator(f'[data-verb="{verb}"]')).to_be_visible()

    def there() -> list[Any]:
        answer = server.api.get("/datasets/readings/data", params={"filter": f"id = {wanted['id']}"})
        return answer.json()["items"] if answer.status_code == 200 else []

    rows = until(there, 30)
    assert [row["power"] for row in rows] == [77]


def test_records_are_walked_and_discarded_by_keyboard_with_a_reason_and_that_is_undone(
    robot: Robot, server: Running, bench: str
) -> None:
    robot.go(f"/streams/{bench}/dead-letters")
    place = robot.get("letter-place")
    expect(place).to_contain_text("Record 1 of")
    expect(robot.get("letter", state="open")).to_be_visible()
    robot.press("ArrowDown")
    expect(place).to_contain_text("Record 2 of")
    robot.press("ArrowUp")
    expect(place).to_contain_text("Record 1 of")
    robot.press("e")
    expect(robot.get("letter-edit")).to_be_focused()
    robot.press("Escape")
    robot.press("d")
    dialog = robot.get("discard-dialog")
    expect(dialog.get_by_test_id("confirm-discard")).to_be_disabled()
    robot.write("sent by a test bench")
    robot.press("Enter")
    toast = robot.page.get_by_test_id("toast").filter(has_text="1 record discarded")
    expect(toast).to_be_visible()
    found = server.get("/streams/bench/letters", state="discarded")["items"]
    assert len(found) == 1
    robot.click(toast.get_by_role("button", name="Undo"))
    until(lambda: not server.get("/streams/bench/letters", state="discarded")["items"])
    with robot.page.expect_download() as download:
        robot.click(robot.page.get_by_role("link", name="Raw records"))
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert len(lines) > 20 and {json.loads(line)["node"] for line in lines} == {"typed"}


def test_all_records_of_a_reason_are_edited_alike_and_replayed(robot: Robot, server: Running, bench: str) -> None:
    server.post(f"/streams/{bench}/pause")
    until(lambda: status(server) == "paused")
    robot.go(f"/streams/{bench}/dead-letters")
    robot.click(robot.page.get_by_role("radio", name=re.compile("of this reason")))
    expect(robot.page.get_by_label("Replace", exact=True)).to_have_value('"nil"')
    robot.enter(robot.page.get_by_label("with", exact=True), '"5"')
    button = robot.get("letters-substitute")
    expect(button).to_have_text(re.compile(r"Edit [1-9][\d,]* records"))
    robot.click(button)
    expect(robot.page.get_by_test_id("toast").filter(has_text=re.compile(r"records edited"))).to_be_visible()
    robot.click(robot.get("replay-all"))
    server.post(f"/streams/{bench}/resume")
    until(lambda: any(one["replayed"] > 20 for one in server.get("/streams/bench/letters/groups")["items"]), 60)
    ledger = server.get(f"/streams/{bench}/ledger")
    assert ledger["balanced"]


def test_a_click_on_a_count_shows_the_rows_behind_it(robot: Robot, server: Running, bench: str) -> None:
    robot.go(f"/streams/{bench}")
    left = robot.page.locator('[data-testid="ledger-count"][data-node="windy"][data-class="filtered"]')
    expect(left).to_be_visible(timeout=30_000)
    robot.click(left)
    dialog = robot.get("rows-behind")
    rows = dialog.get_by_test_id("rows-shown").locator("tbody tr")
    expect(rows.first).to_be_visible(timeout=30_000)
    place = dialog.locator("thead th").all_inner_texts()
    at = next(at for at, name in enumerate(place) if name.startswith("wind"))
    assert all(float(text) <= 12 for text in dialog.locator(f"tbody tr td:nth-child({at + 1})").all_inner_texts())
    robot.press("Escape")
    expect(dialog).to_be_hidden()
    late = robot.page.locator('[data-testid="ledger-count"][data-node="means"][data-class="filtered"]')
    expect(late).to_be_visible(timeout=30_000)
    robot.click(late)
    expect(dialog).to_contain_text("too late for “Means per turbine”")
    expect(rows.first).to_be_visible(timeout=30_000)
    robot.press("Escape")
    robot.click(robot.get("held", node="means"))
    expect(dialog.get_by_test_id("held-count")).to_contain_text("rows", timeout=30_000)
    robot.enter(dialog.get_by_role("searchbox", name="Rows that contain"), "nobody")
    expect(dialog.get_by_test_id("held-count")).to_contain_text("0 fit")
    robot.press("Escape")
    robot.press("Escape")
    robot.click(robot.get("letters-count"))
    expect(robot.get("bench")).to_be_visible()
    assert status(server) == "running"


def test_a_savepoint_is_made_and_the_stream_goes_back_to_the_beginning_into_other_targets(
    robot: Robot, server: Running, bench: str
) -> None:
    robot.go(f"/streams/{bench}")
    points = robot.get("savepoints")
    robot.enter(points.get_by_label("Name", exact=True), "before the change")
    robot.press("Enter")
    row = robot.get("savepoint", label="before the change")
    expect(row).to_be_visible()
    before = server.get(f"/streams/{bench}")
    robot.click(robot.get("rewind"))
    dialog = robot.get("rewind-dialog")
    expect(dialog.get_by_test_id("rewind-again")).to_contain_text("records")
    saved = dialog.locator('[data-testid="rewind-sink"][data-node="saved"]')
    expect(saved).to_contain_text(re.compile(r"up to [\d,]+ rows may stand there twice"))
    robot.click(saved.get_by_role("radio", name="Begin it anew"))
    expect(saved).to_contain_text("what is there goes")
    file = dialog.locator('[data-testid="rewind-sink"][data-node="file"]')
    robot.click(file.get_by_role("radio", name="Write to another"))
    expect(dialog.get_by_test_id("confirm-rewind")).to_be_disabled()
    robot.enter(file.get_by_label("Name of the new one"), "out/again.ndjson")
    robot.click(dialog.get_by_test_id("confirm-rewind"))
    expect(dialog).to_be_hidden(timeout=60_000)
    until(lambda: (server.root / "out" / "again.ndjson").exists(), 60)
    after = server.get(f"/streams/{bench}")
    assert after["incarnation"] != before["incarnation"]
    robot.click(row.get_by_role("button", name="Remove"))
    robot.click(robot.get("confirm-delete"))
    expect(row).to_be_hidden()
    robot.click(robot.get("stream-version").first.get_by_role("button", name="Restart"))
    robot.click(robot.get("confirm-restart"))
    expect(robot.page.get_by_test_id("toast").filter(has_text="started again")).to_be_visible(timeout=60_000)
    until(lambda: status(server) == "running", 60)


def test_a_stream_is_deleted_after_it_was_said_what_goes_and_what_nobody_gets_back(
    robot: Robot, server: Running, bench: str
) -> None:
    ended(server)
    robot.go(f"/streams/{bench}")
    robot.click(robot.get("stream-menu"))
    robot.click(robot.page.get_by_role("menuitem", name="Delete stream"))
    dialog = robot.get("delete-stream")
    expect(dialog.get_by_test_id("delete-lost")).to_contain_text(re.compile(r"typed [\d,]+ dead letters"))
    expect(dialog).to_contain_text("of state and history")
    confirm = dialog.get_by_test_id("confirm-delete")
    expect(confirm).to_be_disabled()
    robot.click(dialog.get_by_role("switch", name="Let that go too"))
    robot.click(confirm)
    expect(robot.page).to_have_url(re.compile("/streams$"), timeout=30_000)
    expect(robot.get("stream-row", name=bench)).to_have_count(0)
    assert server.api.get(f"/streams/{bench}").status_code == 404
    assert server.get("/datasets/readings/data", limit=1)["items"]


@pytest.mark.parametrize("look", ["light", "dark", "contrast"])
def test_axe_finds_nothing_at_the_bench_and_a_phone_needs_no_sideways_scrolling(
    chrome: Browser, server: Running, signed_in: Any, bench: str, look: str
) -> None:
    watch = Watch()
    context = open_context(chrome, watch, storage_state=signed_in, color_scheme="dark" if look == "dark" else "light",
                           contrast="more" if look == "contrast" else "no-preference")  # fmt: skip
    robot = Robot(context.new_page(), server.url)
    for path, testid in ((f"/streams/{bench}/dead-letters", "letter"), (f"/streams/{bench}", "savepoints")):
        robot.go(path)
        expect(robot.get(testid).first).to_be_visible()
        robot.page.evaluate(AXE.read_text("utf-8"))
        found = robot.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        wrong = [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in serious]
        assert wrong == [], f"{path}: {wrong}"
    robot.page.set_viewport_size({"width": 390, "height": 844})
    for path, testid in ((f"/streams/{bench}/dead-letters", "letter"), (f"/streams/{bench}", "savepoints")):
        robot.go(path)
        expect(robot.get(testid).first).to_be_visible()
        wide = robot.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    problems = watch.unexpected()
    context.close()
    assert not problems, problems
