"""What a right to look gives: the pipelines that are there, not whatever a caller writes down; and no hidden file."""

from __future__ import annotations

import json

import httpx
import pytest

from running import Running

QUESTIONS = ("analysis", "preview", "profile", "counts", "left-out", "schema", "sql", "export")


@pytest.fixture(scope="module")
def looker(server: Running) -> httpx.Client:
    """A caller whose token may look at pipelines and do nothing else."""
    (server.root / "sales.csv").write_text("id\n1\n2\n", "utf-8")
    (server.root / "salaries.csv").write_text("who,salary\nAda,90000\n", "utf-8")
    (server.root / ".env").write_text("DB_PASSWORD=hunter2\n", "utf-8")
    document = {"runnel": 1, "nodes": {"sales": {"kind": "source.file", "config": {"path": "sales.csv"}}}}
    server.post("/pipelines", {"name": "looked_at", "document": json.dumps(document)})
    token = server.post("/tokens", {"name": "looker", "scopes": ["pipelines.view"]})["token"]
    return httpx.Client(base_url=server.api.base_url, headers={"authorization": f"Bearer {token}"}, timeout=30)


def reading(path: str) -> dict:
    return {"runnel": 1, "name": "other", "nodes": {"sales": {"kind": "source.file", "config": {"path": path}}}}


def test_who_may_only_look_sees_the_rows_of_a_pipeline_that_is_there(looker: httpx.Client):
    answer = looker.post("/pipelines/looked_at/preview", json={"node": "sales"})
    assert answer.status_code == 200 and answer.json()["rows"] == [[1], [2]]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_document_that_was_not_saved_takes_the_right_to_edit(looker: httpx.Client, question: str):
    answer = looker.post(f"/pipelines/looked_at/{question}", json={"node": "sales", "document": reading("salaries.csv")})
    if answer.status_code == 422:  # this question has no node
        answer = looker.post(f"/pipelines/looked_at/{question}", json={"document": reading("salaries.csv")})
    assert answer.status_code == 403 and "salary" not in answer.text, answer.text
    edits = [{"op": "set", "path": ["nodes", "sales", "config", "path"], "value": "salaries.csv"}]
    assert looker.post(f"/pipelines/looked_at/{question}", json={"edits": edits}).status_code in (403, 422)


@pytest.mark.parametrize("path", [".env", "./.env", ".e*", "[.]env", "folder/../.env", ".hidden/data.csv"])
def test_no_pipeline_of_a_server_reads_a_hidden_file(server: Running, looker: httpx.Client, path: str):
    (server.root / ".hidden").mkdir(exist_ok=True)
    (server.root / ".hidden" / "data.csv").write_text("secret\nhunter2\n", "utf-8")
    asked = {"node": "sales", "document": reading(path)}
    answer = server.api.post("/pipelines/looked_at/preview", json=asked)
    assert answer.status_code in (404, 422) and "hunter2" not in answer.text, answer.text


def test_the_shares_of_a_pipeline_end_when_it_is_deleted(server: Running):
    nodes = {
        "rows": {"kind": "source.rows", "config": {"rows": [{"region": "north", "sales": 3}]}},
        "chart": {"kind": "chart.bar", "from": "rows", "config": {"x": "region", "y": "sales"}},
    }
    server.post("/pipelines", {"name": "shared", "document": json.dumps({"runnel": 1, "nodes": nodes})})
    assert server.run("shared")["status"] == "success"
    made = server.post("/shares", {"pipeline": "shared", "nodes": ["chart"]})
    assert httpx.get(f"{made['url']}/data").status_code == 200
    assert server.api.delete("/pipelines/shared").status_code == 200
    assert httpx.get(f"{made['url']}/data").status_code == 404
    server.post("/pipelines", {"name": "shared", "document": json.dumps({"runnel": 1, "nodes": nodes})})
    server.run("shared")
    assert httpx.get(f"{made['url']}/data").status_code == 404
