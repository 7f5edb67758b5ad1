"""Looks into a running stream on a real server: ports within a segment, windows, charts, refused records, boundaries."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from building import fresh_folder
from running import Running, running, until

FLOW = """\
runnel: 1
name: looked
nodes:
  events:
    kind: source.simulate
    config: {columns: {id: sequence, word: "choice(1,2,x)", site: "choice(a,b)"}, rate_per_second: 400,
             watermark_delay_seconds: 0.2}
  small:
    kind: table.filter
    from: events
    config: {where: "id % 2 = 0"}
  typed:
    kind: table.cast
    from: small
    config: {columns: {word: BIGINT}}
  counted:
    kind: stream.window
    from: typed
    config: {size_seconds: 1, group_by: [site], values: {n: count(*), total: sum(word)}}
  saved:
    kind: sink.dataset
    from: counted
    config: {name: looked, mode: append}
  chart:
    kind: chart.bar
    from: counted
    config: {x: site, y: n}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server whose stream runs and has closed a window."""
    with fresh_folder() as folder:
        (folder / "looked.runnel.yaml").write_text(FLOW, "utf-8")
        with running(folder) as made:
            made.post("/streams/looked/start")
            until(lambda: made.api.get("/streams/looked").json().get("ports", {}).get("counted.output", 0) > 2, 60)
            yield made


class Live:
    """A socket that hears the stream."""

    def __init__(self, server: Running) -> None:
        headers = {"Authorization": server.api.headers["authorization"]}
        self.socket = connect(server.url.replace("http", "ws") + "/api/v1/live", additional_headers=headers, proxy=None,
                              legacy=True)  # fmt: skip
        assert json.loads(self.socket.recv(10))["type"] == "welcome"
        self.socket.send(json.dumps({"type": "subscribe", "topics": ["stream:looked"]}))

    def next(self, type: str, seconds: float = 20, **wanted: Any) -> dict[str, Any]:
        """Return the data of the next event of a type."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            event = json.loads(self.socket.recv(end - time.monotonic())).get("event", {})
            if event.get("type") == type and wanted.items() <= event["data"].items():
                return event["data"]
        raise AssertionError(f"no {type} came")


@pytest.fixture
def live(server: Running) -> Iterator[Live]:
    made = Live(server)
    yield made
    made.socket.close()


def test_ports_within_a_segment_at_its_end_and_of_windows_are_tapped(server: Running, live: Live) -> None:
    for node, columns in (
        ("events", {"id", "word", "site"}), ("small", {"word", "site"}), ("typed", {"word", "site"}),
        ("counted", {"site", "n", "total"}),
    ):  # fmt: skip
        server.post("/streams/looked/tap", {"node": node, "port": "output", "seconds": 20})
        found = live.next("stream.rows", node=node)
        names = [column["name"] for column in found["columns"]]
        assert columns <= set(names) and "_watermark" not in names and 0 < len(found["rows"]) <= 200
        assert all(len(row) == len(names) for row in found["rows"])
    found = live.next("stream.rows", node="events")
    place = [column["name"] for column in found["columns"]].index("id")
    ids = [row[place] for row in found["rows"]]
    assert ids == sorted(ids)


def test_nothing_is_sent_when_nobody_asks(server: Running, live: Live) -> None:
    folder = next((server.root / ".runnel" / "streams" / "looked").iterdir())
    (folder / "asked.json").unlink(missing_ok=True)
    for _ in range(3):
        live.next("stream.status")
    seen = {json.loads(live.socket.recv(5)).get("event", {}).get("type") for _ in range(6)}
    assert seen <= {"stream.status"}


def test_a_chart_is_reduced_from_what_reached_it_and_kept_for_who_asks_next(server: Running, live: Live) -> None:
    server.get("/streams/looked/charts/chart")
    found = live.next("stream.chart", node="chart")
    assert found["spec"]["kind"] == "bar" and found["columns"] == ["site", "n"]
    assert {row[0] for row in found["rows"]} == {"a", "b"}
    kept = until(lambda: (asked := server.get("/streams/looked/charts/chart"))["rows"] and asked)
    assert sum(row[1] for row in kept["rows"]) >= sum(row[1] for row in found["rows"])


def test_refused_records_boundaries_and_guarantees_are_told(server: Running) -> None:
    found = until(lambda: (asked := server.get("/streams/looked/letters", node="typed"))["items"] and asked)
    assert set(found["counts"]) == {"typed"}
    assert {item["node"] for item in found["items"]} == {"typed"} and '"x"' in found["items"][0]["raw"]
    kept = server.get("/streams/looked/boundaries")["items"]
    assert [item["epoch"] for item in kept] == sorted((item["epoch"] for item in kept), reverse=True)
    part = server.get("/streams/looked/ledger", begin=kept[-1]["epoch"], end=kept[0]["epoch"])
    assert part["balanced"]
    row = server.get("/streams")["items"][0]
    assert row["guarantee"] == {"saved": "exactly_once"} and row["file_is_newer"] is False
    assert server.get("/streams/looked/log")["restarts"] == []


def test_a_port_and_a_stream_that_there_are_not_are_named(server: Running) -> None:
    wrong = server.api.post("/streams/looked/tap", json={"node": "nobody"})
    assert wrong.status_code == 422 and "small.output" in wrong.json()["hint"]
    assert server.api.get("/streams/nothing").status_code == 404
    assert server.api.post("/streams/looked/tap", json={"node": "small", "seconds": 10**9}).status_code == 422
