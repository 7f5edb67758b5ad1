"""Live events over a WebSocket on a real server: topics by message, bounded queues, and who may open it at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from runnel.server import live, live_entering
from runnel.server.live import LONGEST_MESSAGE, LiveQueue
from runnel.server.state import utc_now
from serving import Served, served


@contextlib.contextmanager
def listening(server: Served) -> Iterator[str]:
    """The server behind a real socket; its clock runs. Gives the address of the live events."""
    server.state.access.sessions.clock = server.state.access.tokens.clock = utc_now
    server.state.access.proving.clock = time.monotonic
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            server.app, http="httptools", ws="wsproto", ws_max_size=LONGEST_MESSAGE,
            lifespan="off", log_config=None, proxy_headers=False,
        )  # fmt: skip
        running = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listener])))
        thread.start()
        try:
            until(lambda: running.started)
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}/api/v1/live"
        finally:
            server.state.events.close()
            running.should_exit = True
            thread.join(20)


def until(true: Any, seconds: float = 10) -> None:
    """Wait until something is true; fails when it never is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        made.person("ada", "admin")
        yield made


@contextlib.contextmanager
def opened(url: str, headers: dict[str, str] | None = None) -> Iterator[ClientConnection]:
    """A socket that is open; raises InvalidStatus when it is refused."""
    made = connect(url, additional_headers=headers or {}, proxy=None, open_timeout=10, legacy=True)
    try:
        yield made
    finally:
        made.close()


def heard(socket: ClientConnection, seconds: float = 10) -> dict[str, Any]:
    """Return the next message."""
    return json.loads(socket.recv(timeout=seconds))


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def taken(socket: ClientConnection, *topics: str) -> dict[str, Any]:
    """Take topics; returns the answer."""
    assert heard(socket) == {"type": "welcome"}
    say(socket, type="subscribe", topics=list(topics))
    return heard(socket)


def closed_with(socket: ClientConnection, seconds: float = 10) -> int:
    """Read until the socket closes; returns the code."""
    end = time.monotonic() + seconds
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            socket.recv(timeout=max(0.1, end - time.monotonic()))
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


@pytest.mark.row("M-000-37", "M-000-49", "M-003-29", "M-003-92", "M-003-109", "M-003-120")
def test_events_of_the_topics_that_were_taken_arrive_and_others_do_not(server: Served) -> None:
    with listening(server) as url, opened(url, server.token(server.people["ada"])) as socket:
        assert taken(socket, "stream:s", "runs") == {"type": "subscribed", "topics": ["stream:s", "runs"]}
        publish = server.state.events.publish
        publish("stream:other", "stream.started", {"name": "other"})
        publish("stream:s", "stream.started", {"name": "s"})
        assert heard(socket) == {
            "type": "event", "event": {"topic": "stream:s", "type": "stream.started", "data": {"name": "s"}},
        }  # fmt: skip
        say(socket, type="unsubscribe", topics=["stream:s"])
        assert heard(socket)["type"] == "unsubscribed"
        publish("stream:s", "stream.ended", {})
        publish("runs", "run.started", {})
        assert heard(socket)["event"]["type"] == "run.started"


def test_a_topic_hears_what_is_below_it_and_a_ping_is_answered(server: Served) -> None:
    with listening(server) as url, opened(url, server.token(server.people["ada"])) as socket:
        taken(socket, "stream")
        say(socket, type="ping")
        assert heard(socket) == {"type": "pong"}
        server.state.events.publish("streams", "stream.ended", {})
        server.state.events.publish("stream:a", "stream.status", {"epoch": 1})
        assert heard(socket)["event"]["data"] == {"epoch": 1}
        say(socket, type="shout")
        assert heard(socket)["code"] == "RNL-LIVE-001"


def test_each_topic_asks_for_its_own_permission(server: Served) -> None:
    with listening(server) as url, opened(url, server.token(server.person("vic", "viewer"))) as socket:
        answer = taken(socket, "streams", "users", "audit", "nonsense", "session:someone")
        assert answer["topics"] == ["streams"]
        refused = [heard(socket) for _ in range(4)]
        assert [one["topic"] for one in refused] == ["users", "audit", "nonsense", "session:someone"]
        assert {one["code"] for one in refused} == {"RNL-ACCESS-403"}
        server.state.events.publish("users", "user.changed", {})
        server.state.events.publish("streams", "stream.ended", {})
        assert heard(socket)["event"]["topic"] == "streams"


def test_the_topics_of_one_socket_are_limited(server: Served) -> None:
    with listening(server) as url, opened(url, server.token(server.people["ada"])) as socket:
        names = [f"stream:{number}" for number in range(live.MOST_TOPICS + 1)]
        assert taken(socket, *names)["topics"] == names[:-1]
        assert heard(socket)["code"] == "RNL-HTTP-429"


def test_a_slow_reader_gets_the_newest_of_what_passes_and_is_told_what_it_missed(server: Served) -> None:
    async def work() -> None:
        who = server.state.access.proving.by_bearer(server.token(server.people["ada"])["authorization"].split()[1])
        assert who is not None
        queue = LiveQueue(who, asyncio.get_running_loop())
        queue.topics.add("stream:s")
        server.state.events.join(queue)
        for number in range(5_000):
            server.state.events.publish("stream:s", "stream.status", {"epoch": number})
            server.state.events.publish("stream:s", "stream.rows", {"node": "n", "port": "output", "rows": [number]})
        await asyncio.sleep(0)
        told = [json.loads(text)["event"]["data"] for text in queue.take()]
        assert told == [{"epoch": 4999}, {"node": "n", "port": "output", "rows": [4999]}]
        for number in range(live.MOST_QUEUED + 1):
            server.state.events.publish("stream:s", "stream.restarted", {"n": number})
        await asyncio.sleep(0)
        assert json.loads(queue.take()[0])["type"] == "reset"
        assert len(server.state.events._ring) == live.MOST_QUEUED + 1
        server.state.events.leave(queue)

    server.loop.run_until_complete(work())


def test_what_passes_goes_to_who_named_a_topic_and_is_not_kept_for_who_comes_back(server: Served) -> None:
    async def work() -> None:
        hub = server.state.events
        everything, _, _ = hub.listen(lambda topic: True, None, passing=False)
        named, _, _ = hub.listen(lambda topic: topic == "stream:s", None)
        first = hub.id_of(hub.publish("stream:s", "stream.started", {}))
        hub.publish("stream:s", "stream.status", {"epoch": 1})
        hub.publish("stream:s", "stream.ended", {})
        await asyncio.sleep(0)
        assert [everything.queue.get_nowait().type for _ in range(everything.queue.qsize())] == [
            "stream.started", "stream.ended",
        ]  # fmt: skip
        assert named.queue.qsize() == 3
        _, missed, complete = hub.listen(lambda topic: True, first)
        assert complete and [event.type for event in missed] == ["stream.ended"]

    server.loop.run_until_complete(work())


def test_the_server_says_that_it_goes(server: Served) -> None:
    with listening(server) as url, opened(url, server.token(server.people["ada"])) as socket:
        taken(socket, "runs")
        server.state.events.close()
        assert closed_with(socket) == 1001


def test_a_first_message_may_carry_the_token(server: Served) -> None:
    token = server.token(server.people["ada"])["authorization"].split()[1]
    with listening(server) as url, opened(url) as socket:
        say(socket, type="hello", token=token)
        assert taken(socket, "users") == {"type": "subscribed", "topics": ["users"]}


def test_without_a_proof_in_time_the_socket_is_closed(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_entering, "PROOF_SECONDS", 0.2)
    with listening(server) as url:
        with opened(url) as socket:
            assert closed_with(socket) == 4401
        with opened(url) as socket:
            say(socket, type="hello", token="rnl_nothing")
            assert closed_with(socket) == 4401
        with opened(url) as socket:
            say(socket, type="subscribe", topics=["streams"])
            assert closed_with(socket) == 4401


@pytest.mark.parametrize("message", [b"\x00\x01", "no json", "[1]", "x" * (LONGEST_MESSAGE + 10)])
def test_what_is_no_message_closes_the_socket(server: Served, message: bytes | str) -> None:
    with listening(server) as url, opened(url, server.token(server.people["ada"])) as socket:
        assert heard(socket)["type"] == "welcome"
        socket.send(message)
        assert closed_with(socket) in (1008, 1009)


def test_who_sends_too_much_is_closed(server: Served) -> None:
    with listening(server) as url, opened(url, server.token(server.people["ada"])) as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(live.MOST_MESSAGES * 3):
                say(socket, type="ping")
        assert closed_with(socket) == 1008


def test_the_sockets_of_one_caller_are_limited(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    headers = server.token(server.people["ada"])
    with listening(server) as url, opened(url, headers) as first:
        assert heard(first)["type"] == "welcome"
        with opened(url, headers) as second:
            assert closed_with(second) == 1008


def test_an_unknown_address_and_a_refused_one_open_nothing(server: Served) -> None:
    with listening(server) as url:
        for other in (url + "/more", url.replace("/api/v1/live", "/api/v1/runs"), url.replace("/live", "//live")):
            with pytest.raises(InvalidStatus) as caught, opened(other, server.token(server.people["ada"])):
                pass
            assert caught.value.response.status_code in (403, 404)
