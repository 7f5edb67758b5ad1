"""Nodes that hold others: the editor sees them as one node, with the ports, rows and counts of what they hold."""

from __future__ import annotations

import json

import pytest

from running import Running

INNER = """\
runnel: 1
name: paid
params: {least: {type: integer, default: 0}}
inputs: {orders: {columns: {price: BIGINT}}}
outputs: {large: kept, small: kept.rest}
nodes:
  kept: {kind: table.filter, from: orders, config: {where: "price >= ${params.least}"}}
"""
RULES = [
    {"type": "field_addition", "field_name": "discount", "value": 0.15},
    {"type": "field_validation", "field_name": "price", "validation_type": "range", "parameters": {"min": 21}},
]


@pytest.fixture(scope="module")
def shelled(server: Running) -> str:
    """A pipeline of a sub-pipeline and of rules, under the name `shelled`."""
    (server.root / "inner.runnel.yaml").write_text(INNER, "utf-8")
    nodes = {
        "orders": {"kind": "source.rows", "config": {"rows": [{"price": price} for price in (5, 10, 20, 30, 40)]}},
        "split": {"kind": "pipeline.run", "from": {"orders": "orders"}, "config": {"file": "inner.runnel.yaml", "params": {"least": 20}}},
        "ruled": {"kind": "table.rules", "from": "split.large", "config": {"transformations": RULES}},
        "sorted": {"kind": "table.sort", "from": "ruled", "config": {"by": ["price"]}},
    }  # fmt: skip
    return server.post("/pipelines", {"name": "shelled", "document": json.dumps({"runnel": 1, "nodes": nodes})})["name"]


def test_a_node_that_holds_others_has_ports_columns_and_a_key(server: Running, shelled: str):
    known = server.post(f"/pipelines/{shelled}/analysis", {})
    split = known["nodes"]["split"]
    assert [port["name"] for port in split["inputs"]] == ["orders"]
    assert [port["name"] for port in split["outputs"]] == ["large", "small"]
    assert split["schemas"]["large"][0]["name"] == "price" and split["kind"] == "pipeline.run" and split["key"]
    ruled = known["nodes"]["ruled"]
    assert [port["name"] for port in ruled["outputs"]] == ["output", "rejected"] and ruled["key"] != split["key"]
    assert not [found for found in known["findings"] if found["severity"] == "error"]


def test_its_rows_profile_counts_and_what_it_left_out_are_those_of_what_it_holds(server: Running, shelled: str):
    rows = server.post(f"/pipelines/{shelled}/preview", {"node": "split", "port": "small"})["rows"]
    assert [row[0] for row in rows] == [5, 10]
    assert server.post(f"/pipelines/{shelled}/profile", {"node": "split"})["rows"] == 3
    assert server.post(f"/pipelines/{shelled}/suggest", {"node": "split"})["items"]
    counts = server.post(f"/pipelines/{shelled}/counts", {})["ports"]
    key = server.post(f"/pipelines/{shelled}/analysis", {})["nodes"]["split"]["key"]
    assert counts["split.large"] == {"key": key, "rows": 3} and counts["ruled.output"]["rows"] == 2
    left = server.post(f"/pipelines/{shelled}/left-out", {"node": "ruled"})
    assert left["kept"] == 2 and [(part["port"], part["rows"]) for part in left["parts"]] == [("rejected", 1)]
    assert left["parts"][0]["reasons"][0]["count"] == 1
    assert server.post(f"/pipelines/{shelled}/left-out", {"node": "split"})["parts"][0]["rows"] == 2


def test_a_wrong_setting_inside_a_list_of_rules_is_named_as_the_document_has_it_and_its_fix_removes_it(
    server: Running, shelled: str
):
    rules = [{**RULES[0], "colour": "red"}]
    nodes = {
        "orders": {"kind": "source.rows", "config": {"rows": [{"price": 1}]}},
        "ruled": {"kind": "table.rules", "from": "orders", "config": {"transformations": rules}},
        "later": {"kind": "table.sort", "from": "orders", "after": ["ruled"], "config": {"by": ["price"]}},
    }
    found = server.post(f"/pipelines/{shelled}/validate", {"document": {"runnel": 1, "name": "wrong", "nodes": nodes}})["findings"]
    wrong = next(one for one in found if one["severity"] == "error")
    assert wrong["where"]["field"] == "transformations.0.colour"
    assert wrong["fix"]["edits"][0]["path"] == ["nodes", "ruled", "config", "transformations", 0, "colour"]
    # A node with a wrong setting exists: what waits for it and what it reads are not blamed for it.
    assert not [one for one in found if one["code"] == "RNL-GRAPH-012" or (one["code"], one["where"]["node"]) == ("RNL-GRAPH-011", "orders")]  # fmt: skip


def test_it_is_tested_compared_completed_and_traced_like_any_node(server: Running, shelled: str):
    tested = server.post(f"/pipelines/{shelled}/test-node", {"node": "split"})
    assert tested["passed"] and tested["inputs"][0]["rows"] == 5 and tested["kept"] == 3
    before = {"file": "inner.runnel.yaml", "params": {"least": 30}}
    delta = server.post(f"/pipelines/{shelled}/delta", {"node": "split", "before": before})
    assert (delta["before"]["rows"], delta["after"]["rows"], delta["rows_in"]) == (2, 3, 5)
    unfinished = server.post(f"/pipelines/{shelled}/delta", {"node": "split", "before": {}})
    assert unfinished["before"] is None and unfinished["after"] == delta["after"]
    asked = {"node": "ruled", "field": "transformations", "expression": "pri", "position": 3}
    assert "price" in [item["label"] for item in server.post(f"/pipelines/{shelled}/complete", asked)["items"]]
    found = server.post(f"/pipelines/{shelled}/lineage", {"node": "split", "column": "price"})
    assert found["sources"] == [{"node": "orders", "column": "price"}]


def test_what_is_wrong_inside_is_said_and_not_a_fault(server: Running, shelled: str):
    edits = [{"op": "set", "path": ["nodes", "orders", "config", "rows"], "value": [{"cost": 1}]}]
    document = server.get(f"/pipelines/{shelled}/draft")["document"]
    document["nodes"]["orders"]["config"]["rows"] = edits[0]["value"]
    for question in ("preview", "left-out", "profile"):
        answer = server.api.post(f"/pipelines/{shelled}/{question}", json={"node": "split", "document": document})
        assert answer.status_code == 422 and "price" in answer.json()["what"], answer.text
