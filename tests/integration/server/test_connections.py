"""Connections over the API: made, seen without secrets, changed by one of two, tried, and not deleted while in use."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest

import running as programs
from building import fresh_folder
from naming import FLOW, plugin
from running import Running, running, until

SECRET = "canary-geheim-49x"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server that may connect to this machine, with a kind that names a connection."""
    with fresh_folder() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setitem(programs.ENVIRONMENT, "PYTHONPATH", str(plugin(folder / ".plugin")))
        (folder / "runnel.toml").write_text('egress_allow = ["127.0.0.1"]\n', "utf-8")
        with running(folder) as made:
            yield made


@pytest.fixture(autouse=True)
def _clean(server: Running) -> Iterator[None]:
    yield
    server.api.delete("/pipelines/flow/draft")
    (server.root / "flow.runnel.yaml").unlink(missing_ok=True)
    for item in server.get("/connections")["items"]:
        server.api.delete(f"/connections/{item['name']}")


def shop(server: Running, name: str = "shop", **change) -> dict:
    config = {"host": "127.0.0.1", "port": 1, "database": "shop", "user": "reader", "password": SECRET, **change}
    return server.post("/connections", {"name": name, "type": "postgres", "config": config})


@pytest.mark.row("M-002-50")
def test_a_connection_is_made_listed_and_deleted_and_its_secret_never_comes_back(server: Running) -> None:
    made = shop(server)
    assert made["config"] == {"host": "127.0.0.1", "port": 1, "database": "shop", "user": "reader"}
    assert made["secret_fields"] == ["password"] and made["place"] == "reader@127.0.0.1:1/shop"
    assert made["id"] and made["created_at"].endswith("Z") and made["type"] == "postgres"
    listed = server.get("/connections")
    assert [item["name"] for item in listed["items"]] == ["shop"] and listed["next"] is None
    assert server.get("/connections", type="kafka")["items"] == []
    assert SECRET not in json.dumps([made, listed, server.get("/connections/shop")])
    assert server.api.delete("/connections/shop").status_code == 204
    assert server.api.get("/connections/shop").status_code == 404


def test_every_kind_is_told_with_the_schema_of_its_options(server: Running) -> None:
    found = {item["name"]: item for item in server.get("/connectors")["items"]}
    assert {"kafka", "postgres", "mqtt", "http", "schema_registry"} <= set(found)
    schema = found["postgres"]["options"]
    assert schema["additionalProperties"] is False and schema["properties"]["password"]["writeOnly"] is True
    assert found["kafka"]["secret_fields"] == ["client_key", "password"]


def test_options_that_do_not_fit_are_findings_on_their_fields_without_what_was_sent(server: Running) -> None:
    body = {"name": "x", "type": "postgres", "config": {"host": "/tmp", "passfile": SECRET, "password": [SECRET], "database": "d"}}
    answer = server.api.post("/connections", json=body)
    assert answer.status_code == 422 and SECRET not in answer.text
    fields = {found["where"]["field"]: found["code"] for found in answer.json()["findings"]}
    assert fields == {"host": "RNL-CONN-004", "user": "RNL-CONN-004", "password": "RNL-CONN-004", "passfile": "RNL-CONN-003"}
    for wrong in ({"name": "a b"}, {"name": "x" * 65}, {"type": "oracle"}, {"name": ""}):
        assert server.api.post("/connections", json={**body, "config": {}, **wrong}).status_code == 422
    assert server.api.post("/connections", json={**body, "more": 1}).status_code == 422
    shop(server)
    assert server.api.post("/connections", json={**body, "name": "shop", "config": {"host": "a", "database": "d", "user": "u"}}
                           ).status_code == 409  # fmt: skip


def test_a_change_without_the_secret_keeps_it_and_null_takes_an_option_away(server: Running) -> None:
    shop(server, application_name="etl")
    made = server.api.patch("/connections/shop", json={"config": {"database": "other", "application_name": None}}).json()
    assert made["config"]["database"] == "other" and "application_name" not in made["config"]
    assert made["secret_fields"] == ["password"]
    made = server.api.patch("/connections/shop", json={"config": {"password": None}}).json()
    assert made["secret_fields"] == []
    made = server.api.patch("/connections/shop", json={"name": "store", "config": {"password": "new-word-1"}}).json()
    assert made["name"] == "store" and made["secret_fields"] == ["password"]


@pytest.mark.parametrize("change", [{"host": "evil.example"}, {"port": 2}, {"tls": "disable"}])
def test_a_kept_secret_is_not_sent_to_another_place(server: Running, change: dict) -> None:
    shop(server)
    answer = server.api.patch("/connections/shop", json={"config": change})
    assert answer.status_code == 422 and answer.json()["code"] == "RNL-CONN-007"
    assert answer.json()["findings"][0]["where"]["field"] == "password"
    tried = server.api.post("/connections/test", json={"name": "shop", "type": "postgres", "config": change})
    assert tried.status_code == 422 and tried.json()["code"] == "RNL-CONN-007"
    assert server.api.patch("/connections/shop", json={"config": {**change, "password": "new-word-1"}}).status_code == 200


def test_of_two_writers_the_second_is_told(server: Running) -> None:
    shop(server)
    tag = server.api.get("/connections/shop").headers["etag"]
    first = server.api.patch("/connections/shop", json={"config": {"database": "a"}}, headers={"if-match": tag})
    assert first.status_code == 200
    second = server.api.patch("/connections/shop", json={"config": {"database": "b"}}, headers={"if-match": tag})
    assert second.status_code == 412 and second.headers["etag"] == first.headers["etag"]
    assert server.api.delete("/connections/shop", headers={"if-match": tag}).status_code == 412
    assert server.api.delete("/connections/shop", headers={"if-match": first.headers["etag"]}).status_code == 204


def test_what_a_pipeline_or_an_open_draft_uses_is_not_deleted_and_not_renamed(server: Running) -> None:
    shop(server)
    (server.root / "flow.runnel.yaml").write_text(FLOW, "utf-8")
    use = {"pipeline": "flow", "title": "Orders to the shop", "node": "shadow"}
    assert server.get("/connections/shop")["used_by"] == [use]
    answer = server.api.delete("/connections/shop")
    assert answer.status_code == 409 and answer.json()["code"] == "RNL-CONN-008" and "flow (shadow)" in answer.json()["what"]
    assert server.api.patch("/connections/shop", json={"name": "other"}).status_code == 409
    draft = server.get("/pipelines/flow/draft")
    edit = {"op": "set", "path": ["nodes", "shadow", "config", "connection"], "value": "spare"}
    server.post("/pipelines/flow/draft/edits", {"revision": draft["revision"], "edits": [edit]})
    assert server.get("/connections/shop")["used_by"] == [use], "the file still names it"
    shop(server, "spare")
    assert server.get("/connections/spare")["used_by"] == [use], "the draft names it"


def test_a_name_that_is_not_there_or_of_another_kind_is_a_finding_on_the_field(server: Running) -> None:
    (server.root / "flow.runnel.yaml").write_text(FLOW, "utf-8")

    def found() -> list[dict]:
        answer = server.post("/pipelines/flow/validate", {})
        return [item for item in answer["findings"] if item["code"] == "RNL-CONN-001"]

    (missing,) = found()
    assert missing["where"]["node"] == "shadow" and missing["where"]["field"] == "connection"
    shop(server, "shopp")
    (near,) = found()
    assert "Did you mean `shopp`?" in near["hint"] and near["fix"]["edits"][0]["value"] == "shopp"
    server.post("/connections", {"name": "shop", "type": "kafka", "config": {"bootstrap_servers": ["127.0.0.1:9092"]}})
    (other,) = found()
    assert "one to kafka, and postgres is needed" in other["what"]
    (server.root / "flow.runnel.yaml").write_text(FLOW.replace("connection: shop", "connection: shopp"), "utf-8")
    assert found() == []


@pytest.mark.row("M-002-51")
def test_a_test_says_its_steps_is_kept_with_its_time_and_tells_them_as_they_come(server: Running) -> None:
    shop(server, port=1)
    heard: list[dict] = []
    ready = threading.Event()

    def listen() -> None:
        with server.api.stream("GET", "/events", params={"topics": "connections"}, timeout=30) as stream:
            for line in stream.iter_lines():
                ready.set()
                if line.startswith("data:"):
                    event = json.loads(line.removeprefix("data:"))
                    if event["type"] == "connection.step":
                        heard.append(event["data"])
                        if not event["data"]["ok"]:
                            return

    listener = threading.Thread(target=listen)
    listener.start()
    assert ready.wait(10)
    outcome = server.post("/connections/shop/test", {"watch": "watch-123456"})
    listener.join(20)
    assert [(step["name"], step["ok"]) for step in outcome["steps"]] == [("resolve", True), ("connect", False)]
    assert outcome["ok"] is False and outcome["steps"][1]["hint"] and outcome["seconds"] < 5
    assert [(step["watch"], step["name"]) for step in heard] == [("watch-123456", "resolve"), ("watch-123456", "connect")]
    shown = server.get("/connections/shop")
    assert shown["test"] == outcome and shown["tested_at"]
    assert SECRET not in json.dumps([outcome, heard, shown])


def test_options_are_tried_before_they_are_saved_and_with_the_kept_secret(server: Running) -> None:
    config = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u"}
    outcome = server.post("/connections/test", {"type": "postgres", "config": config})
    assert outcome["steps"][-1]["name"] == "connect" and server.get("/connections")["items"] == []
    shop(server)
    assert server.post("/connections/test", {"name": "shop", "type": "postgres", "config": {"database": "e"}})["steps"]
    assert server.get("/connections/shop")["test"] is None
    refused = server.api.post("/connections/test", json={"type": "postgres", "config": {**config, "host": "10.0.0.1"}}).json()
    assert refused["steps"][0]["code"] == "RNL-EGRESS-002" and len(refused["steps"]) == 1


def test_a_server_that_says_nothing_is_told_within_five_seconds_and_others_are_answered_meanwhile(server: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        shop(server, port=silent.getsockname()[1])
        outcome = server.post("/connections/shop/test")
        assert outcome["ok"] is False and outcome["seconds"] <= 5.5


def test_who_may_only_look_sees_connections_and_changes_nothing(server: Running) -> None:
    shop(server)
    scopes = ["connections.view", "connectors.view"]
    token = server.post("/tokens", {"name": "looker", "scopes": scopes})["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert server.api.get("/connections", headers=headers).status_code == 200
    assert server.api.get("/connectors", headers=headers).status_code == 200
    asked = [("POST", "/connections"), ("PATCH", "/connections/shop"), ("DELETE", "/connections/shop"),
             ("POST", "/connections/shop/test"), ("POST", "/connections/test")]  # fmt: skip
    for method, path in asked:
        assert server.api.request(method, path, json={}, headers=headers).status_code == 403, path


def test_each_change_is_in_the_audit_log_without_secrets(server: Running) -> None:
    shop(server)
    server.api.patch("/connections/shop", json={"config": {"database": "other", "password": SECRET + "2"}})
    server.post("/connections/shop/test")
    server.api.delete("/connections/shop")
    found = until(lambda: _entries(server), 10)
    actions = [entry["action"] for entry in found]
    assert actions == ["connections.create_connection", "connections.change_connection", "connections.test_connection",
                       "connections.delete_connection"]  # fmt: skip
    change = found[1]
    assert change["before"]["config"]["database"] == "shop" and change["after"]["config"]["database"] == "other"
    assert change["after"]["renewed"] == ["password"] and SECRET not in json.dumps(found)


def _entries(server: Running) -> list[dict] | None:
    items = server.get("/audit", limit=500)["items"]
    found = [entry for entry in items if entry["object_kind"] == "connection" and entry["object_id"] == "shop"]
    return list(reversed(found))[-4:] if len(found) >= 4 and found[0]["action"].endswith("delete_connection") else None
