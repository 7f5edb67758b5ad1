"""Transformations over HTTP: made, listed with what uses them, tried on pasted rows, switched off, removed."""

from __future__ import annotations

import pytest

from running import Running

DEAR = """\
runnel: 1
name: dear
title: Dear orders
inputs: {orders: {columns: {id: BIGINT, price: "DECIMAL(10,2)"}}}
nodes:
  kept:
    kind: table.filter
    from: orders
    config: {where: "price > 5"}
outputs: {output: kept}
"""
HOLDER = """\
runnel: 1
name: holder
nodes:
  rows:
    kind: source.rows
    config: {rows: [{id: 1, price: 9}], columns: {id: BIGINT, price: "DECIMAL(10,2)"}}
  dear:
    kind: pipeline.run
    from: {orders: rows}
    config: {file: dear.runnel.yaml}
"""


@pytest.mark.row("M-003-139", "M-003-485", "M-003-389", met_by="server/routes/transformations.py")
def test_a_transformation_is_listed_with_its_type_ports_state_and_users(server: Running):
    server.post("/pipelines/import", {"text": DEAR})
    server.post("/pipelines/import", {"text": HOLDER})
    found = {item["name"]: item for item in server.get("/transformations")["items"]}
    assert set(found) == {"dear"}
    dear = found["dear"]
    assert (dear["type"], dear["inputs"], dear["outputs"], dear["active"]) == ("filter", ["orders"], ["output"], True)
    assert [use["name"] for use in dear["used_by"]] == ["holder"]
    assert server.api.delete("/pipelines/dear").status_code == 409
    server.api.patch("/pipelines/dear", json={"active": False})
    assert server.get("/transformations")["items"][0]["active"] is False
    server.api.delete("/pipelines/holder")
    server.api.delete("/pipelines/dear")
    assert server.get("/transformations")["items"] == []


@pytest.mark.row("M-003-390", "M-003-391", met_by="app/desk/calls/transforming.py")
def test_pasted_rows_go_through_a_transformation_with_errors_and_warnings(server: Running):
    server.post("/pipelines/import", {"text": DEAR})
    tried = server.post("/transformations/dear/test", {"inputs": [{"id": 1, "price": 9.5}, {"id": 2, "price": 1}]})
    assert tried["passed"] and tried["outputs"]["output"]["rows"] == [[1, 9.5]]
    named = server.post("/transformations/dear/test", {"inputs": {"orders": [{"id": 3, "price": 6}]}})
    assert named["outputs"]["output"]["total_rows"] == 1
    wrong = server.api.post("/transformations/dear/test", json={"inputs": [{"id": "x", "price": 1}]})
    assert wrong.status_code == 422 or not wrong.json()["passed"] or wrong.json()["refused"]
    revision = server.get("/pipelines/dear/draft")["revision"]
    edit = {"op": "set", "path": ["nodes", "kept", "config", "where"], "value": "prise > 5"}
    server.post("/pipelines/dear/draft/edits", {"revision": revision, "edits": [edit]})
    broken = server.post("/transformations/dear/test", {"inputs": [{"id": 1, "price": 9.5}]})
    assert not broken["passed"] and "price" in broken["findings"][0]["hint"]
    server.api.delete("/pipelines/dear")


def test_a_transformation_standing_alone_has_the_rows_of_its_first_test(server: Running):
    tested = DEAR + "tests:\n- name: cheap ones go\n  given: {orders: [{id: 1, price: 9}, {id: 2, price: 1}]}\n  expect: {kept: [{id: 1, price: 9}]}\n"
    server.post("/pipelines/import", {"text": tested})
    assert server.post("/pipelines/dear/preview", {"node": "kept"})["rows"] == [[1, 9.0]]
    assert server.post("/pipelines/dear/test")["tests"] == [{"name": "cheap ones go", "passed": True, "difference": None}]
    assert not [found for found in server.post("/pipelines/dear/validate")["findings"] if found["severity"] == "error"]
    server.api.delete("/pipelines/dear")


def test_a_use_in_an_open_draft_counts(server: Running):
    inner = DEAR.replace("name: dear", "name: counted")
    server.post("/pipelines/import", {"text": inner})
    server.post("/pipelines", {"name": "drafted", "from": {"rows": [{"id": 1, "price": 9}]}})
    assert server.get("/pipelines/counted/uses")["used_by"] == []
    value = {"kind": "pipeline.run", "from": {"orders": "pasted"}, "config": {"file": "counted.runnel.yaml"}}
    edit = {"op": "set", "path": ["nodes", "step"], "value": value}
    server.post("/pipelines/drafted/draft/edits", {"revision": 0, "edits": [edit]})
    assert [use["name"] for use in server.get("/pipelines/counted/uses")["used_by"]] == ["drafted"]
    listed = {item["name"]: item for item in server.get("/transformations")["items"]}
    assert [use["name"] for use in listed["counted"]["used_by"]] == ["drafted"]
    assert server.api.delete("/pipelines/counted").status_code == 409
