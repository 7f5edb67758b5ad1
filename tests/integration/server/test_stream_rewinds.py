"""Going back with a stream over HTTP, and rows behind its counts: savepoints, positions, rewinds with targets, states, late rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from building import fresh_folder
from running import Running, running, until

FLOW = """\
runnel: 1
name: back
nodes:
  ticks:
    kind: source.simulate
    config: {columns: {id: sequence, site: "choice(a,b,c)", v: "integer(1,100)"}, rate_per_second: 200,
             disorder_seconds: 6, watermark_delay_seconds: 0.2}
  high:
    kind: table.filter
    from: ticks
    config: {where: "v > 50"}
  counted:
    kind: stream.window
    from: high
    config: {size_seconds: 2, group_by: [site], values: {n: count(*)}}
  saved:
    kind: sink.dataset
    from: high
    config: {name: back, mode: append}
  file:
    kind: sink.file
    from: counted
    config: {path: out/counts.ndjson, mode: append}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server whose stream runs and has closed windows."""
    with fresh_folder() as folder:
        (folder / "back.runnel.yaml").write_text(FLOW, "utf-8")
        with running(folder) as made:
            made.post("/streams/back/start")
            until(lambda: made.api.get("/streams/back").json().get("ports", {}).get("counted.output", 0) > 2, 60)
            yield made


def _rows(server: Running, node: str, port: str, wanted: int = 1) -> dict[str, Any]:
    """Tap a port and return the first rows that come."""
    headers = {"Authorization": server.api.headers["authorization"]}
    url = server.url.replace("http", "ws") + "/api/v1/live"
    with connect(url, additional_headers=headers, proxy=None, legacy=True) as socket:
        assert json.loads(socket.recv(10))["type"] == "welcome"
        socket.send(json.dumps({"type": "subscribe", "topics": ["stream:back"]}))
        port = server.post("/streams/back/tap", {"node": node, "port": port, "seconds": 20})["port"]
        while True:
            event = json.loads(socket.recv(20)).get("event", {})
            data = event.get("data", {})
            if (
                event.get("type") == "stream.rows"
                and (data["node"], data["port"]) == (node, port)
                and len(data["rows"]) >= wanted
            ):
                return data


def _columns(found: dict[str, Any]) -> list[dict[str, Any]]:
    names = [column["name"] for column in found["columns"]]
    return [dict(zip(names, row, strict=True)) for row in found["rows"]]


def test_what_a_node_left_out_and_what_came_too_late_is_shown_row_by_row(server: Running) -> None:
    left = _columns(_rows(server, "high", "left out"))
    assert left and all(row["v"] <= 50 for row in left)
    late = _columns(_rows(server, "counted", "left out"))
    assert late and all(row["site"] in ("a", "b", "c") for row in late)


def test_the_rows_that_a_node_holds_are_found_by_a_text(server: Running) -> None:
    found = until(lambda: (asked := server.get("/streams/back/state/counted"))["total"] and asked)
    assert found["bytes"] > 0 and len(found["rows"]) <= found["total"]
    some = server.get("/streams/back/state/counted", search="b", limit=5)
    place = [column["name"] for column in some["columns"]].index("site") if some["columns"] else 0
    assert all(row[place] == "b" for row in some["rows"]) and some["matching"] <= some["looked_at"]
    none = server.get("/streams/back/state/counted", search="nobody has this")
    assert none["rows"] == [] and none["matching"] == 0 and server.get("/streams/back")["status"] == "running"
    wrong = server.api.get("/streams/back/state/high")
    assert wrong.status_code == 422 and wrong.json()["code"] == "RNL-STREAM-051" and "counted" in wrong.json()["hint"]


def test_rows_on_their_way_to_a_sink_are_told(server: Running) -> None:
    found = server.get("/streams/back/waiting/saved")
    assert found["node"] == "saved" and len(found["rows"]) <= found["total"]


def test_a_savepoint_is_kept_listed_let_go_and_cannot_be_called_a_number(server: Running) -> None:
    made = server.post("/streams/back/savepoints", {"label": "before the change"})
    assert made["epoch"] > 0
    listed = server.get("/streams/back/savepoints")["items"]
    assert listed[0]["label"] == "before the change" and listed[0]["positions"]["ticks"]["0"] > 0
    for label in ("12", "start"):
        assert server.api.post("/streams/back/savepoints", json={"label": label}).json()["code"] == "RNL-STREAM-054"
    assert server.api.delete("/streams/back/savepoints/before%20the%20change").status_code == 204
    assert server.api.delete("/streams/back/savepoints/before%20the%20change").status_code == 404
    actions = {entry["action"] for entry in server.get("/audit", limit=200)["items"]}
    assert {"streams.make_savepoint", "streams.delete_savepoint"} <= actions


def test_what_a_rewind_would_do_is_told_before_it_is_done(server: Running) -> None:
    found = server.post("/streams/back/outlook", {"to": "start"})
    sinks = {sink["node"]: sink for sink in found["sinks"]}
    assert found["runs"] and found["sources"]["ticks"]["again"] > 0 and set(sinks) == {"saved", "file"}
    assert set(sinks["saved"]["choices"]) == {"append", "replace", "new"} and sinks["saved"]["rows"] > 0
    assert sinks["saved"]["place"] == "back" and sinks["file"]["place"] == "out/counts.ndjson"
    wrong = server.api.post("/streams/back/outlook", json={"to": "nowhere"})
    assert wrong.status_code == 422 and wrong.json()["code"] == "RNL-STREAM-045"


def test_a_rewound_stream_reads_again_into_the_targets_that_were_chosen(server: Running) -> None:
    before = server.get("/streams/back")
    chosen = {"saved": {"choice": "replace"}, "file": {"choice": "new", "place": "out/again.ndjson"}}
    made = server.post("/streams/back/rewind", {"to": "start", "sinks": chosen, "start": True})
    assert made["started"] and made["incarnation"] != before["incarnation"] and made["epoch"] >= before["epoch"]
    until(lambda: (server.root / "out" / "again.ndjson").exists(), 60)
    until(lambda: server.get("/streams/back")["epoch"] > made["epoch"], 60)
    rows = until(lambda: server.get("/datasets/back/data", limit=1_000)["items"])
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    wrong = server.api.post("/streams/back/rewind", json={"sinks": {"saved": {"choice": "new", "place": "back"}}})
    assert wrong.status_code == 422 and wrong.json()["code"] == "RNL-STREAM-049"
    assert "streams.rewind_stream" in {entry["action"] for entry in server.get("/audit", limit=200)["items"]}


def test_positions_go_out_and_in(server: Running) -> None:
    answer = server.api.get("/streams/back/positions")
    assert "attachment" in answer.headers["content-disposition"]
    kept = answer.json()
    assert int(kept["positions"]["ticks"]["0"]["next"]) > 0
    for wrong in ({"nobody": {"0": 1}}, {"ticks": {"0": "soon"}}, {"ticks": 7}):
        refused = server.api.post("/streams/back/outlook", json={"positions": wrong})
        assert refused.status_code == 422 and refused.json()["code"] == "RNL-STREAM-050", refused.text
    made = server.post("/streams/back/rewind", {"positions": kept, "start": True})
    assert made["to"] == "positions"
    now = until(
        lambda: (row := server.get("/streams/back"))["status"] == "running" and row["positions"].get("ticks") and row,
        60,
    )
    assert now["incarnation"] == made["incarnation"]


def test_a_stream_is_restarted_with_the_version_that_is_named(server: Running) -> None:
    until(lambda: server.get("/streams/back")["epoch"] > 0, 60)
    before = server.get("/streams/back")
    made = server.post("/streams/back/restart")
    assert made["version"] == before["version"]
    after = until(lambda: (row := server.get("/streams/back"))["status"] == "running" and row, 60)
    assert after["incarnation"] == before["incarnation"]
    assert server.api.post("/streams/back/restart", json={"version": "nothing"}).status_code in (404, 422)


def test_a_stream_that_does_not_run_says_that_its_state_cannot_be_read(server: Running) -> None:
    server.post("/streams/back/stop")
    until(lambda: server.get("/streams/back")["status"] == "stopped", 60)
    found = server.api.get("/streams/back/state/counted")
    assert found.status_code == 409 and found.json()["code"] == "RNL-STREAM-052"


def test_a_stream_is_deleted_when_it_does_not_run_and_what_would_be_lost_is_named(server: Running) -> None:
    server.post("/streams/back/start")
    until(lambda: (row := server.get("/streams/back"))["status"] == "running" and row["epoch"] > 0, 60)
    assert server.get("/streams/back/deletion")["runs"]
    assert server.api.delete("/streams/back").json()["code"] == "RNL-STREAM-044"
    server.post("/streams/back/stop")
    until(lambda: server.get("/streams/back")["status"] == "stopped", 60)
    goes = server.get("/streams/back/deletion")
    assert not goes["runs"] and goes["bytes"] > 0 and goes["savepoints"] == []
    lost = any(goes[name] for name in ("letters", "waiting", "unread"))
    assert server.api.delete("/streams/back", params={"discard": lost}).json()["deleted"] == "back"
    for path in ("/streams/back", "/streams/back/deletion"):
        assert server.api.get(path).status_code == 404
    assert server.api.delete("/streams/back").status_code == 404
    assert server.get("/streams")["items"] == []
    assert server.get("/datasets/back/data", limit=1)["items"]
    entries = [one for one in server.get("/audit", limit=200)["items"] if one["action"] == "streams.delete_stream"]
    assert sorted(one["outcome"] for one in entries) == ["denied", "done", "failed"]
    server.post("/streams/back/start")
    begun = until(lambda: (row := server.api.get("/streams/back").json())["status"] == "running" and row["epoch"] > 0 and row, 60)
    assert begun["epoch"] < 20 and begun["ledger"]["balanced"]
