"""What the editor shows before a large file was looked into as a whole, and how it counts a large canvas."""

from __future__ import annotations

import json
import time

import pytest

from running import Running

LINES = 60_000


def reader(server: Running, name: str, config: dict, **nodes: dict) -> str:
    """Make a pipeline with a reader `file`; returns its name."""
    document = {"runnel": 1, "nodes": {"file": {"kind": "source.file", "config": config}, **nodes}}
    return server.post("/pipelines", {"name": name, "document": json.dumps(document)})["name"]


@pytest.mark.row("M-003-110")
def test_the_first_rows_of_a_large_file_come_from_its_first_megabyte(server: Running):
    # In the second megabyte a number becomes a text: only a look at the whole file tells.
    lines = [f"{number};{number},5;a text that makes the file long" for number in range(LINES)]
    lines[-1] = "last;1,5;a text"
    (server.root / "large.csv").write_text("id;amount;note\n" + "\n".join(lines) + "\n", "utf-8")
    assert (server.root / "large.csv").stat().st_size > 2_000_000
    name = reader(server, "large", {"path": "large.csv"})
    first = server.post(f"/pipelines/{name}/glance", {"node": "file"})
    assert [(column["name"], column["type"]) for column in first["columns"]] == [
        ("id", "BIGINT"), ("amount", "DOUBLE"), ("note", "VARCHAR"),
    ]  # fmt: skip
    assert len(first["rows"]) == 20 and first["rows"][7][:2] == [7, 7.5] and first["basis"] == "first"
    whole = server.post(f"/pipelines/{name}/preview", {"node": "file", "limit": 1})
    assert whole["columns"][0]["type"] == "VARCHAR" and whole["total_rows"] == LINES


@pytest.mark.parametrize(
    "name, config",
    [
        ("small", {"path": "small.csv"}),
        ("packed", {"path": "packed.parquet"}),
        ("missing", {"path": "nowhere.csv"}),
        ("pattern", {"path": "data/*.csv"}),
    ],
)
def test_where_a_look_at_the_whole_is_quick_or_impossible_no_first_rows_come(server: Running, name: str, config: dict):
    (server.root / "small.csv").write_text("id\n1\n", "utf-8")
    (server.root / "packed.parquet").write_bytes(b"PAR1" + b"\0" * 2_000_000)
    made = reader(server, f"look_{name}", config)
    assert server.post(f"/pipelines/{made}/glance", {"node": "file"})["columns"] == []


def test_first_rows_are_refused_outside_of_the_project(server: Running):
    made = reader(server, "outside", {"path": "/etc/services"})
    answer = server.api.post(f"/pipelines/{made}/glance", json={"node": "file"})
    assert answer.status_code == 422 and answer.json()["code"] == "RNL-PATH-001"


def many(chains: int, length: int) -> dict:
    """Return chains of nodes: each keeps what is above its number, so that every port has other rows."""
    nodes: dict = {}
    for chain in range(chains):
        above = f"c{chain}"
        nodes[above] = {"kind": "source.rows", "config": {"rows": [{"n": n} for n in range(length + chain)]}}
        for step in range(length):
            id = f"c{chain}_{step}"
            nodes[id] = {"kind": "table.filter", "from": above, "config": {"where": f"n >= {step}"}}
            above = id
    return nodes


def test_the_ports_of_a_large_canvas_are_counted_in_one_pass_and_known_by_content_after(server: Running):
    nodes = many(8, 12)
    document = {"runnel": 1, "nodes": nodes}
    name = server.post("/pipelines", {"name": "wide", "document": json.dumps(document)})["name"]
    found = server.post(f"/pipelines/{name}/counts")["ports"]
    rows = {port: one["rows"] for port, one in found.items()}
    assert all(count == 0 for port, count in rows.items() if port.endswith(".rejected"))
    assert {port: count for port, count in rows.items() if port.endswith(".output")} == {
        f"{id}.output": 12 + int(id[1:].split("_")[0]) - (int(id.split("_")[1]) if "_" in id else 0) for id in nodes
    }
    begun = time.monotonic()
    again = server.post(f"/pipelines/{name}/counts")["ports"]
    assert again == found and time.monotonic() - begun < 5
    document["nodes"]["c3_5"]["config"]["where"] = "n >= 10"
    changed = server.post(f"/pipelines/{name}/counts", {"document": document})["ports"]
    differ = {port for port in found if changed[port] != found[port]}
    assert differ == {f"c3_{step}.{port}" for step in range(5, 12) for port in ("output", "rejected")}
    assert changed["c3_6.output"]["rows"] == 5


def test_a_node_that_fails_leaves_the_other_counts(server: Running):
    nodes = many(3, 6)
    nodes["broken"] = {"kind": "table.derive", "from": "c0_5", "config": {"columns": {"x": "error('no')"}}}
    name = server.post("/pipelines", {"name": "failing", "document": json.dumps({"runnel": 1, "nodes": nodes})})["name"]
    found = server.post(f"/pipelines/{name}/counts")["ports"]
    assert found["c2_5.output"]["rows"] == 3 and found["c1_0.output"]["rows"] == 7
