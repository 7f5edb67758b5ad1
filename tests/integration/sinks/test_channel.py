"""Channels: the newest rows for whoever listens, over server-sent events and WebSockets of a real server, at a pace that is set."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from websockets.sync.client import ClientConnection, connect

from building import fresh_folder
from integration.receiving.sources import eventually
from runnel import channels
from runnel.channels import SNAPSHOT, UPDATE, ChannelTail, ChannelWriter
from runnel.connectors.channel.sink import ChannelSink
from runnel.errors import ConnectorError
from runnel.sdk.delivery import DeliveryContext, EpochRows
from running import Running, running, until


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        yield made


def text(id: int, v: Any = 0, **more: Any) -> bytes:
    return json.dumps({"id": id, "v": v, **more}).encode()


def ids(rows: list[bytes]) -> list[int]:
    return [json.loads(row)["id"] for row in rows]


def test_who_comes_later_gets_what_stands_and_then_what_comes(folder):
    writer = ChannelWriter(folder / "a", ["id"], 3)
    tail = ChannelTail(folder / "a")
    assert [message.rows for message in tail.take()] == [[]]
    writer.publish([text(1, 1), text(2, 1)])
    writer.publish([text(1, 2), text(3), text(4)])
    assert [ids(message.rows) for message in tail.take()] == [[1, 2], [1, 3, 4]] and not tail.take()
    late = ChannelTail(folder / "a")
    found = late.take()
    assert [message.kind for message in found] == [SNAPSHOT] and ids(found[0].rows) == [1, 3, 4] and found[0].sequence == 2
    writer.publish([text(3, _op="delete")], 7)
    assert [(message.kind, message.head) for message in late.take()] == [(UPDATE, {"skipped": 7})]
    assert ids(ChannelTail(folder / "a").take()[0].rows) == [1, 4]


def test_a_new_writer_goes_on_where_the_last_one_was_killed_and_two_at_once_cannot_be(folder):
    writer = ChannelWriter(folder / "a", [], 10)
    writer.publish([b'{"id":1,"price":12345678901234567890.10}'])
    with pytest.raises(ConnectorError, match="another stream publishes"):
        ChannelWriter(folder / "a", [], 10)
    tail = ChannelTail(folder / "a")
    tail.take()
    writer.close()
    (last,) = (folder / "a").glob("*.rows")
    with last.open("ab") as file:
        file.write(b'2\tU\t{"skipped":0,"ro')  # its last write was cut
    again = ChannelWriter(folder / "a", [], 10)
    again.publish([text(2)])
    found = tail.take()
    assert [(message.kind, message.sequence, ids(message.rows)) for message in found] == [(UPDATE, 2, [2])]
    assert ChannelTail(folder / "a").take()[0].rows[0] == b'{"id":1,"price":12345678901234567890.10}'


def test_a_reader_who_missed_whole_files_gets_what_stands(folder, monkeypatch):
    monkeypatch.setattr(channels, "LARGEST_FILE", 2000)
    writer = ChannelWriter(folder / "a", ["id"], 5)
    slow, quick = ChannelTail(folder / "a"), ChannelTail(folder / "a")
    slow.take(), quick.take()
    seen: list[int] = []
    for number in range(1000):
        writer.publish([text(number)])
        seen += [id for message in quick.take() if message.kind == UPDATE for id in ids(message.rows)]
    assert seen == list(range(1000)) and len(list((folder / "a").glob("*.rows"))) <= 2
    found = slow.take()
    assert found[-1].kind == SNAPSHOT and ids(found[-1].rows) == [995, 996, 997, 998, 999] and not slow.take()


def epoch(number: int, *given: tuple[int, str]) -> EpochRows:
    return EpochRows(number, pa.table({"id": pa.array([row[0] for row in given], pa.int64()), "Name": [row[1] for row in given]}))


def test_epochs_that_wait_together_are_one_update_with_the_newest_row_of_each_key(folder):
    sink = ChannelSink(ChannelSink.Config(name="a", key=["name"], update_rows=2, updates_per_second=0.1), {}, "out")
    made = sink.delivery(DeliveryContext(
        app="i-out", token=1, pipeline="p", node="out", folder=".", home=str(folder), types={"id": "BIGINT", "Name": "VARCHAR"},
    ))  # fmt: skip
    assert made.open().epoch == 0 and sink.most_per_second == 0.1
    tail = ChannelTail(folder / "channels" / "a")
    tail.take()
    assert made.deliver([epoch(1, (1, "a"), (2, "b"), (3, "c")), epoch(2, (4, "b"), (5, "a"))]).epoch == 2
    made.deliver([epoch(1, (9, "z")), epoch(2, (9, "z"))])
    found = tail.take()
    assert [ids(message.rows) for message in found] == [[4, 5]] and found[0].head == {"skipped": 1}
    made.close()


PIPELINE = """\
runnel: 1
name: live
nodes:
  ticks:
    kind: source.simulate
    config: {rate_per_second: 300, columns: {id: sequence, user: "choice(a,b,c)"}}
  out: {kind: sink.channel, from: ticks, config: {name: newest, key: [user], updates_per_second: 4}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with fresh_folder() as root:
        (root / "live.runnel.yaml").write_text(PIPELINE, "utf-8")
        with running(root) as made:
            made.post("/streams/live/start")
            until(lambda: made.get("/channels")["items"] == [{"name": "newest"}])
            until(lambda: made.get("/channels/newest/rows")["rows"])
            yield made


@contextlib.contextmanager
def socket_of(server: Running) -> Iterator[ClientConnection]:
    headers = {"Authorization": server.api.headers["authorization"]}
    with connect(server.url.replace("http", "ws") + "/api/v1/live", additional_headers=headers, proxy=None) as made:
        assert json.loads(made.recv(10)) == {"type": "welcome"}
        yield made


@pytest.mark.row("M-003-187", "M-000-38")
def test_a_socket_that_takes_the_topic_gets_updates_no_faster_than_is_set(server):
    with socket_of(server) as socket:
        socket.send(json.dumps({"type": "subscribe", "topics": ["channel:newest"]}))
        assert json.loads(socket.recv(10)) == {"type": "subscribed", "topics": ["channel:newest"]}
        events = [json.loads(socket.recv(30))["event"]]
        began = time.monotonic()
        events += [json.loads(socket.recv(30))["event"] for _ in range(12)]
        assert time.monotonic() - began > 12 / 4 / 2  # twelve take three seconds; a late first one may be followed by a burst
    assert {event["topic"] for event in events} == {"channel:newest"} and {event["type"] for event in events} == {"channel.rows"}
    numbers = [event["data"]["sequence"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(len(event["data"]["rows"]) == len({row["user"] for row in event["data"]["rows"]}) for event in events)
    newest = [max(row["id"] for row in event["data"]["rows"]) for event in events]
    assert newest == sorted(newest)


def frames(server: Running, count: int) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    with httpx.stream("GET", f"{server.url}/api/v1/channels/newest", headers=server.api.headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((kind, json.loads(line.removeprefix("data: "))))
                if len(found) == count:
                    return found
    raise AssertionError(found)


def test_server_sent_events_begin_with_what_stands(server):
    found = frames(server, 4)
    assert [kind for kind, _ in found] == ["snapshot", "rows", "rows", "rows"]
    assert {row["user"] for row in found[0][1]["rows"]} == {"a", "b", "c"} and found[0][1]["keys"] == ["user"]
    assert [data["sequence"] for _, data in found] == list(range(found[0][1]["sequence"], found[0][1]["sequence"] + 4))


def test_a_channel_that_is_not_there_and_a_caller_who_may_not_are_told_so(server):
    assert server.api.get("/channels/nothing").status_code == 404
    assert server.api.get("/channels/..%2f..%2fstreams/rows").status_code == 404
    made = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "tokens", "create", "--name", "narrow", "--scope", "datasets.view", "--scope", "profile.own", "--json"],
        cwd=server.root, capture_output=True, check=True,
    )  # fmt: skip
    narrow = {"authorization": f"Bearer {json.loads(made.stdout)['token']}"}
    for path in ("channels", "channels/newest", "channels/newest/rows"):
        assert httpx.get(f"{server.url}/api/v1/{path}", headers=narrow).status_code == 403
    headers = {"Authorization": narrow["authorization"]}
    with connect(server.url.replace("http", "ws") + "/api/v1/live", additional_headers=headers, proxy=None) as socket:
        socket.recv(10)
        socket.send(json.dumps({"type": "subscribe", "topics": ["channel:newest"]}))
        assert json.loads(socket.recv(10)) == {"type": "subscribed", "topics": []}
        assert json.loads(socket.recv(10))["code"] == "RNL-ACCESS-403"


def test_readers_hear_on_when_the_streams_process_is_killed_and_the_promise_is_shown(server):
    from faults.stream_lives import kill_when_it_appears

    assert server.get("/streams/live")["guarantee"] == {"out": "best_effort"}
    seen: list[int] = []
    stop = threading.Event()

    def hear() -> None:
        with socket_of(server) as socket:
            socket.send(json.dumps({"type": "subscribe", "topics": ["channel:newest"]}))
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    said = json.loads(socket.recv(0.2))
                    if said["type"] == "event":
                        seen.append(said["event"]["data"]["sequence"])

    thread = threading.Thread(target=hear)
    thread.start()
    eventually(lambda: len(seen) > 3)
    kill_when_it_appears(server.process.pid)
    before = len(seen)
    eventually(lambda: len(seen) > before + 6)
    stop.set()
    thread.join()
    assert seen == list(range(seen[0], seen[0] + len(seen)))
