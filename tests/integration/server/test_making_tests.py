"""Tests of a pipeline made from its own rows: they pass at once, and fail when the pipeline changes what it does."""

from __future__ import annotations

import json

import pytest

from running import Running


@pytest.fixture(scope="module")
def shop(server: Running) -> str:
    """A pipeline of two files, with types that a pipeline file writes as text."""
    lines = [f"{n},{n % 3},2024-05-0{n % 9 + 1},{n}.5" for n in range(500)]
    (server.root / "orders.csv").write_text("id,customer,day,price\n" + "\n".join(lines) + "\n", "utf-8")
    (server.root / "people.csv").write_text("customer,name\n0,Ada\n1,Bob\n2,Cyd\n", "utf-8")
    nodes = {
        "orders": {"kind": "source.file", "config": {"path": "orders.csv"}},
        "people": {"kind": "source.file", "config": {"path": "people.csv"}},
        "large": {"kind": "table.filter", "from": "orders", "config": {"where": "price > 100"}},
        "named": {"kind": "table.join", "from": {"left": "large", "right": "people"}, "config": {"on": ["customer"]}},
        "totals": {"kind": "table.aggregate", "from": "named", "config": {"group_by": ["name"], "values": {"sum": "sum(price)", "last": "max(day)"}}},
    }  # fmt: skip
    return server.post("/pipelines", {"name": "tested_shop", "document": json.dumps({"runnel": 1, "nodes": nodes})})["name"]


def test_a_test_is_made_of_the_first_rows_stands_in_the_file_and_passes(server: Running, shop: str):
    made = server.post(f"/pipelines/{shop}/make-test", {"node": "totals"})["test"]
    assert set(made["given"]) == {"orders", "people"} and len(made["given"]["orders"]) == 200, "20 rows give nothing here"
    assert next(sorted(row) for row in made["expect"]["totals"]) == ["last", "name", "sum"]
    draft = server.get(f"/pipelines/{shop}/draft")
    edit = {"op": "set", "path": ["tests"], "value": [made]}
    server.post(f"/pipelines/{shop}/draft/edits", {"revision": draft["revision"], "edits": [edit]})
    [result] = server.post(f"/pipelines/{shop}/test", {})["tests"]
    assert result == {"name": "totals of first rows", "passed": True, "difference": None}
    document = server.get(f"/pipelines/{shop}/draft")["document"]
    document["nodes"]["large"]["config"]["where"] = "price > 150"
    [result] = server.post(f"/pipelines/{shop}/test", {"document": document})["tests"]
    assert not result["passed"] and "totals" in result["difference"]
    assert server.post(f"/pipelines/{shop}/make-test", {"node": "totals"})["test"]["name"] == "totals of first rows 2"


def test_a_node_that_is_wrong_or_has_no_source_makes_no_test(server: Running, shop: str):
    document = server.get(f"/pipelines/{shop}/draft")["document"]
    document["nodes"]["odd"] = {"kind": "table.derive", "from": "orders", "config": {"columns": {"n": "nothing + 1"}}}
    answer = server.api.post(f"/pipelines/{shop}/make-test", json={"node": "odd", "document": document})
    assert answer.status_code == 422 and answer.json()["code"] == "RNL-EXPR-005", answer.text
    document["nodes"]["alone"] = {"kind": "table.limit", "config": {"rows": 5}}
    answer = server.api.post(f"/pipelines/{shop}/make-test", json={"node": "alone", "document": document})
    assert answer.status_code == 422 and answer.json()["code"] == "RNL-TEST-002", answer.text
    answer = server.api.post(f"/pipelines/{shop}/make-test", json={"node": "nowhere"})
    assert answer.status_code == 422 and answer.json()["code"] == "RNL-TEST-001"
