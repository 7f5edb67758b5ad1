"""What a source or a node refuses is told before any run, with the records as they stand in the file."""

from __future__ import annotations

import json

import pytest

from running import Running

RAGGED = "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n"


@pytest.fixture(scope="module")
def ragged(server: Running) -> str:
    """A pipeline over a CSV file with two wrong lines, and a cast that refuses a row."""
    (server.root / "ragged.csv").write_text(RAGGED, "utf-8")
    (server.root / "goods.csv").write_text("product\n1\nproduct-18\n", "utf-8")
    nodes = {
        "file": {"kind": "source.file", "config": {"path": "ragged.csv"}},
        "goods": {"kind": "source.file", "config": {"path": "goods.csv"}},
        "typed": {"kind": "table.cast", "from": "goods", "config": {"columns": {"product": "BIGINT"}, "on_error": "reject"}},
        "sorted": {"kind": "table.sort", "from": "typed", "config": {"by": ["product"]}},
    }
    return server.post("/pipelines", {"name": "ragged", "document": json.dumps({"runnel": 1, "nodes": nodes})})["name"]


def test_lines_that_a_file_reader_refuses_stand_in_what_was_left_out(server: Running, ragged: str):
    assert server.post(f"/pipelines/{ragged}/preview", {"node": "file"})["total_rows"] == 2
    left = server.post(f"/pipelines/{ragged}/left-out", {"node": "file"})
    part = next(part for part in left["parts"] if part["port"] == "refused")
    assert left["kept"] == 2 and part["rows"] == 2
    assert [record["raw"] for record in part["records"]] == ["4,5", "6,7,8,9"]
    assert all(record["reason"] for record in part["records"]) and sum(one["count"] for one in part["reasons"]) == 2


def test_refused_records_and_rejected_rows_are_counted_like_in_a_run(server: Running, ragged: str):
    counts = server.post(f"/pipelines/{ragged}/counts", {})
    assert counts["refused"] == {"file": 2, "goods": 0} and counts["ports"]["typed.rejected"]["rows"] == 1
    run = server.run(ragged)
    assert run["dead_letters"] == {"file": 2, "typed": 1}


def test_a_file_without_anything_is_a_finding_and_no_fault(server: Running, ragged: str):
    (server.root / "empty.csv").write_text("", "utf-8")
    document = {"runnel": 1, "name": "x", "nodes": {"file": {"kind": "source.file", "config": {"path": "empty.csv"}}}}
    found = server.post(f"/pipelines/{ragged}/analysis", {"document": document})["findings"]
    assert [(one["code"], one["severity"]) for one in found if one["severity"] == "error"] == [("RNL-SOURCE-002", "error")]
    for question in ("preview", "suggest", "left-out"):
        answer = server.api.post(f"/pipelines/{ragged}/{question}", json={"node": "file", "document": document})
        assert answer.status_code == 422 and "empty" in answer.json()["what"]
    assert server.post(f"/pipelines/{ragged}/counts", {"document": document})["ports"] == {}


def test_the_sql_of_a_sound_node_is_shown_while_a_later_one_is_broken(server: Running, ragged: str):
    document = server.get(f"/pipelines/{ragged}/draft")["document"]
    document["nodes"]["bad"] = {"kind": "table.filter", "from": "sorted", "config": {"where": "nothing > 1"}}
    assert "product" in server.post(f"/pipelines/{ragged}/sql", {"node": "sorted", "document": document})["sql"]
    assert server.api.post(f"/pipelines/{ragged}/sql", json={"node": "bad", "document": document}).status_code == 422
