"""Runs over HTTP: started, followed, cancelled, run again, and everything about them kept."""

from __future__ import annotations

import json
import time

import httpx
import psutil
import pytest

from integration.server.conftest import SHOP
from running import Running, until

SLOW = """\
runnel: 1
name: slow
nodes:
  many:
    kind: source.generate
    config: {rows: 60000000, columns: {a: sequence}}
  sorted:
    kind: table.sort
    from: many
    config: {by: [-a]}
"""
FAILING = """\
runnel: 1
name: failing
nodes:
  orders:
    kind: source.file
    config: {path: orders.csv}
  numbers:
    kind: table.cast
    from: orders
    config: {columns: {region: INTEGER}, on_error: fail}
  saved:
    kind: sink.dataset
    from: numbers
    config: {name: never, mode: replace}
"""


@pytest.mark.row("M-003-197", "M-002-53", "M-002-54", "M-003-482", "M-003-483", "M-003-207", "M-002-62", "M-003-208")
def test_a_run_is_started_ends_and_keeps_everything_about_it(shop: Running):
    run = shop.run("shop")
    assert run["status"] == "success" and run["actor"] == "local"
    assert {node["id"]: node["rows_out"] for node in run["nodes"]}["many"] == 2
    assert run["result"]["ledger"]["balanced"] is True
    assert run["outputs"][0]["dataset"] == "revenue" and run["tasks"] and run["rows"] == 4
    listed = shop.get("/pipelines/shop/runs")["items"]
    assert listed[0]["run_id"] == run["run_id"] and listed[0]["seconds"] == run["seconds"]
    assert shop.get(f"/executions/{run['run_id']}")["run_id"] == run["run_id"]


@pytest.mark.row("M-003-209")
def test_a_run_keeps_its_version_while_the_pipeline_is_edited(shop: Running):
    started = shop.post("/pipelines/shop/execute")
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit = {"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantity > 100"}
    shop.post("/pipelines/shop/draft/edits", {"revision": revision, "edits": [edit]})
    run = shop.ended(started["run_id"])
    assert {node["id"]: node["rows_out"] for node in run["nodes"]}["many"] == 2
    assert "quantity > 100" not in shop.get(f"/pipelines/shop/versions/{run['version']}")["text"]


@pytest.mark.row("M-001-24", "M-003-200", "M-003-144", "M-003-206", "M-003-119", "M-001-23", "M-002-55", "M-003-377")
def test_everything_that_happens_to_a_run_is_told_and_told_again_from_any_place(shop: Running):
    with shop.api.stream("GET", "/events", params={"topics": "runs"}) as events:
        lines = events.iter_lines()
        started = shop.post("/pipelines/shop/execute", {"use_cache": False})
        heard: list[tuple[str, dict]] = []
        last = ""
        for line in lines:
            if line.startswith("id:"):
                last = line[3:].strip()
            if line.startswith("data:"):
                event = json.loads(line[5:])
                heard.append((last, event))
                if event["type"] == "run.finished":
                    break
    types = [event["type"] for _, event in heard]
    assert types[0] == "run.started" and types[-1] == "run.finished" and "run.task" in types and "run.log" in types
    assert all(event["data"]["run_id"] == started["run_id"] for _, event in heard)
    with shop.api.stream("GET", "/events", params={"topics": "runs"}, headers={"Last-Event-ID": heard[0][0]}) as events:
        again = []
        for line in events.iter_lines():
            if line.startswith("data:"):
                again.append(json.loads(line[5:])["type"])
                if again[-1] == "run.finished":
                    break
    assert again == types[1:]


def test_the_log_is_filtered_by_level_node_and_text(shop: Running):
    run = shop.run("shop", use_cache=False)
    log = shop.get(f"/runs/{run['run_id']}/logs")
    assert log["total"] == len(log["items"]) and log["items"][0]["n"] == 1
    assert {line["node"] for line in shop.get(f"/runs/{run['run_id']}/logs", node="many")["items"]} == {"many"}
    assert shop.get(f"/runs/{run['run_id']}/logs", search="no such words")["items"] == []
    assert shop.get(f"/runs/{run['run_id']}/logs", level="error")["items"] == []
    assert [line["n"] for line in shop.get(f"/runs/{run['run_id']}/logs", after=1, limit=1)["items"]] == [2]
    for limit in (0, -1):
        few = shop.get(f"/runs/{run['run_id']}/logs", limit=limit)
        assert [line["n"] for line in few["items"]] == [1] and few["next"] == "1"


def test_running_a_version_is_running_one_of_this_pipeline(shop: Running):
    version = shop.run("shop")["version"]
    other = shop.post("/pipelines", {"title": "Another"})["name"]
    answer = shop.api.post(f"/pipelines/{other}/execute", json={"version": version})
    assert answer.status_code == 404 and answer.json()["code"] == "RNL-VERSION-001"
    assert shop.get(f"/pipelines/{other}/runs")["items"] == []
    assert shop.run("shop", version=version)["version"] == version
    shop.api.delete(f"/pipelines/{other}")


def test_a_failed_run_says_the_cause_with_the_value_and_that_nothing_was_written(shop: Running):
    shop.post("/pipelines/import", {"text": FAILING})
    run = shop.run("failing")
    assert run["status"] == "failed" and run["error"]["where"]["node"] == "numbers"
    assert "north" in run["error"]["what"] and run["outputs"] == []
    assert "never" not in [item["name"] for item in shop.get("/datasets")["items"]]
    again = shop.ended(shop.post(f"/runs/{run['run_id']}/again", {"from_failed": True})["run_id"])
    assert again["version"] == run["version"] and again["status"] == "failed"
    shop.api.delete("/pipelines/failing")


@pytest.mark.row("M-003-230")
def test_a_run_is_cancelled(shop: Running):
    shop.post("/pipelines/import", {"text": SLOW})
    started = shop.post("/pipelines/slow/execute", {"use_cache": False})
    until(lambda: shop.get(f"/runs/{started['run_id']}")["tasks"])
    assert shop.post(f"/runs/{started['run_id']}/cancel")["cancelled"] is True
    assert shop.ended(started["run_id"])["status"] == "cancelled"
    shop.api.delete("/pipelines/slow")


def test_a_pipeline_that_cannot_run_is_refused_with_every_finding(shop: Running):
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit = {"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantty > 5"}
    shop.post("/pipelines/shop/draft/edits", {"revision": revision, "edits": [edit]})
    answer = shop.api.post("/pipelines/shop/execute", json={})
    assert answer.status_code == 422
    first = next(found for found in answer.json()["findings"] if found["severity"] == "error")
    assert first["where"]["node"] == "many" and "quantity" in first["hint"] and first["fix"]["edits"]


@pytest.mark.row("M-003-228", "M-003-278", "M-003-141", "M-003-236")
def test_trying_a_pipeline_writes_nothing_and_estimates_the_whole(shop: Running):
    found = shop.post("/pipelines/shop/test-pipeline", {"sample": 2})
    assert found["passed"] and {node["id"]: node["rows_out"] for node in found["nodes"]}["orders"] == 2
    assert found["estimate"]["writes"] == [{"node": "saved", "kind": "sink.dataset", "target": "revenue"}]
    assert found["estimate"]["seconds"] > 0 and isinstance(found["issues"], list)
    before = len(shop.get("/pipelines/shop/runs")["items"])
    dry = shop.run("shop", dry_run=True, use_cache=False)
    assert dry["status"] == "success" and dry["outputs"] == []
    assert len(shop.get("/pipelines/shop/runs")["items"]) == before + 1


@pytest.mark.row("M-003-235")
def test_trying_one_node_says_what_came_and_what_went_where(shop: Running):
    found = shop.post("/pipelines/shop/test-node", {"node": "many"})
    assert found["passed"] and found["inputs"][0]["rows"] == 4 and found["kept"] == 2
    assert {part["port"]: part["rows"] for part in found["left_out"]}["rest"] == 2


def test_the_data_of_a_past_run_are_those_of_its_version(shop: Running):
    run = shop.run("shop")
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit = {"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantity > 100"}
    shop.post("/pipelines/shop/draft/edits", {"revision": revision, "edits": [edit]})
    assert shop.post("/pipelines/shop/preview", {"node": "many"})["total_rows"] == 0
    assert shop.post(f"/runs/{run['run_id']}/preview", {"node": "many"})["total_rows"] == 2
    assert SHOP.count("quantity > 5") == 1


def test_a_dashboard_reads_what_the_newest_good_run_stored(shop: Running):
    run = shop.run("shop")
    found = shop.get("/dashboards/shop")
    assert (found["basis"], found["run_id"]) == ("run", run["run_id"])
    assert found["charts"][0]["spec"]["title"] == "Which region brings the most?"
    assert sorted(row[0] for row in found["charts"][0]["rows"]) == ["north", "south"]


ENDLESS = """\
runnel: 1
name: endless
nodes:
  left:
    kind: source.generate
    config: {rows: 300000, columns: {a: sequence}}
  right:
    kind: source.generate
    config: {rows: 300000, columns: {b: sequence}}
  pairs:
    kind: table.join
    from: {left: left, right: right}
    config: {how: cross, on: []}
  ranked:
    kind: table.sort
    from: pairs
    config: {by: [-a, b]}
"""


def test_a_question_that_nobody_waits_for_is_stopped(shop: Running):
    shop.post("/pipelines/import", {"text": ENDLESS})
    with pytest.raises(httpx.ReadTimeout):
        shop.api.post("/pipelines/endless/preview", json={"node": "ranked"}, timeout=2)
    until(lambda: _busy(shop) < 0.2, 20)
    assert shop.post("/pipelines/shop/preview", {"node": "many"})["total_rows"] == 2
    shop.api.delete("/pipelines/endless")


def _busy(server: Running) -> float:
    """Return how many seconds of processor time the server's processes used within half a second."""
    processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    before = sum(_used(process) for process in processes)
    time.sleep(0.5)
    return sum(_used(process) for process in processes) - before


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system
