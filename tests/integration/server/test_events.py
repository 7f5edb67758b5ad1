"""Live events over a real server: resumed by id, authorised by topic, cut when the session ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from runnel.server import streaming
from runnel.server.state import utc_now
from serving import Served, served

EVENTS = "/api/v1/events"


@contextlib.contextmanager
def listening(server: Served) -> Iterator[str]:
    """The server behind a real socket; its clock runs."""
    server.state.access.sessions.clock = server.state.access.tokens.clock = utc_now
    server.state.access.proving.clock = time.monotonic
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            server.app, http="httptools", ws="none", lifespan="off", log_config=None,
            proxy_headers=False,
        )  # fmt: skip
        running = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listener])))
        thread.start()
        try:
            until(lambda: running.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.state.events.close()
            running.should_exit = True
            thread.join(20)


def until(true, seconds: float = 10) -> None:
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


class Stream:
    """One open stream, read line by line."""

    def __init__(self, url: str, headers: dict[str, str], target: str = EVENTS, last: str | None = None) -> None:
        self.client = httpx.Client(base_url=url, timeout=15)
        given = {**headers, **({"Last-Event-ID": last} if last else {})}
        self.response = self.client.send(self.client.build_request("GET", target, headers=given), stream=True)
        self.lines = self.response.iter_lines() if self.response.status_code == 200 else iter(())
        self.last: str | None = None

    def next(self) -> dict:
        """Return the next event."""
        for line in self.lines:
            if line.startswith("id: "):
                self.last = line[4:]
            if line.startswith("data: "):
                return json.loads(line[6:])
        raise EOFError

    def close(self) -> None:
        self.response.close()
        self.client.close()


def opened(server: Served, *given, **more) -> Stream:
    """Open a stream and wait until the hub knows it."""
    before = server.state.events.listeners
    stream = Stream(*given, **more)
    until(lambda: server.state.events.listeners > before)
    return stream


@pytest.mark.row("M-003-144", met_by="server/streaming.py")
def test_events_arrive_and_a_broken_stream_goes_on_where_it_was(server: Served) -> None:
    with listening(server) as url:
        headers = server.token(server.people["ada"])
        stream = opened(server, url, headers)
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        server.state.events.publish("run:1", "run.started", {"run_id": "1"})
        assert stream.next() == {"topic": "run:1", "type": "run.started", "data": {"run_id": "1"}}
        stream.close()
        for number in range(3):
            server.state.events.publish("run:1", "run.progress", {"n": number})
        again = Stream(url, headers, last=stream.last)
        assert [again.next()["data"]["n"] for _ in range(3)] == [0, 1, 2]
        again.close()


def test_a_stream_that_missed_too_much_is_told_to_read_anew(server: Served) -> None:
    with listening(server) as url:
        stream = Stream(url, server.token(server.people["ada"]), last="deadbeef-7")
        assert stream.next()["type"] == "reset"
        server.state.events.publish("run:1", "run.started", {})
        assert stream.next()["type"] == "run.started"
        stream.close()


def test_each_hears_what_they_may(server: Served) -> None:
    with listening(server) as url:
        viewer = opened(server, url, server.token(server.person("vic", "viewer")))
        for topic in ("users", "audit", "unheard-of", "session:someone", "pipeline:orders"):
            server.state.events.publish(topic, "x.y", {"topic": topic})
        assert viewer.next()["topic"] == "pipeline:orders"
        viewer.close()
        until(lambda: not server.state.events.listeners)
        narrow = server.token(server.people["ada"], ["files.view", "profile.own"])
        files = opened(server, url, narrow)
        server.state.events.publish("pipeline:orders", "x.y", {})
        server.state.events.publish("file:1", "file.changed", {})
        assert files.next()["topic"] == "file:1"
        files.close()


@pytest.mark.parametrize(
    ("topics", "status"),
    [("users", 403), ("audit,runs", 403), ("session:other", 403), ("nonsense", 403), ("runs", 200)],
)
def test_asking_for_a_topic_that_one_may_not_hear_is_refused(server: Served, topics: str, status: int) -> None:
    with listening(server) as url:
        stream = Stream(url, server.token(server.person("vic", "viewer")), f"{EVENTS}?topics={topics}")
        assert stream.response.status_code == status
        stream.close()


def test_named_topics_leave_the_others_out(server: Served) -> None:
    with listening(server) as url:
        stream = opened(server, url, server.token(server.people["ada"]), f"{EVENTS}?topics=run:7")
        for topic in ("run:70", "run:8", "pipeline:x", "run:7"):
            server.state.events.publish(topic, "x.y", {})
        assert stream.next()["topic"] == "run:7"
        stream.close()


def test_a_stream_needs_a_session_and_takes_no_token_in_its_address(server: Served) -> None:
    with listening(server) as url:
        good = server.token(server.people["ada"])["authorization"].split()[1]
        assert Stream(url, {}).response.status_code == 401
        assert Stream(url, {}, f"{EVENTS}?token={good}").response.status_code == 401


def ended_within(stream: Stream, seconds: float) -> list[str]:
    start, types = time.monotonic(), []
    with contextlib.suppress(EOFError):
        while True:
            types.append(stream.next()["type"])
    assert time.monotonic() - start < seconds
    return types


def test_a_stream_ends_within_five_seconds_when_its_session_token_user_or_role_ends(server: Served) -> None:
    vic = server.person("vic", "viewer")
    access = server.state.access
    token, row = access.tokens.create(vic, "t", None, None)
    bearer = {"authorization": f"Bearer {token}"}
    with listening(server) as url:
        cookie = {name: value for name, value in server.cookie(vic).items() if name == "cookie"}
        session = access.sessions.open_of(vic.id)[0]
        stream = opened(server, url, cookie)
        access.sessions.end(session.id, "test")
        assert ended_within(stream, 5) == ["session.ended"]
        stream = opened(server, url, bearer)
        access.tokens.revoke(row.id, None)
        assert ended_within(stream, 5) == ["session.ended"]
        stream = opened(server, url, server.token(vic))
        server.state.store.users.change(vic.id, role="editor")
        assert ended_within(stream, 5) == ["session.ended"]


def test_a_heartbeat_keeps_a_silent_stream_open(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(streaming, "CHECK_SECONDS", 0.1)
    with listening(server) as url:
        stream = opened(server, url, server.token(server.people["ada"]))
        assert any(line == ": beat" for line in stream.lines)
        stream.close()


def test_the_streams_of_one_caller_are_limited(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_STREAMS", 2)
    with listening(server) as url:
        headers = server.token(server.people["ada"])
        streams = [opened(server, url, headers) for _ in range(2)]
        refused = Stream(url, headers)
        assert refused.response.status_code == 429 and refused.response.headers["retry-after"]
        for stream in (*streams, refused):
            stream.close()
        until(lambda: server.state.events.listeners == 0)
        opened(server, url, headers).close()


def test_the_streams_end_when_the_server_drains(server: Served) -> None:
    with listening(server) as url:
        stream = opened(server, url, server.token(server.people["ada"]))
        server.state.draining = True
        server.state.events.close()
        assert ended_within(stream, 5) == []
        assert Stream(url, server.token(server.people["ada"])).response.status_code == 503


def told(server: Served, work) -> list[tuple[str, str]]:
    """What is published while something is done, as topic and type."""
    first = server.state.events.publish("start", "start", {})
    work()
    return [
        (event.topic, event.type) for event in server.state.events._ring if event.number > first and event.topic != "session"
    ]


def test_changes_of_users_settings_and_shares_are_told_and_so_is_the_log(server: Served) -> None:
    admin = server.token(server.people["ada"])

    def change(method: str, path: str, body: dict, status: int) -> None:
        assert server.call(method, f"/api/v1{path}", headers=admin, json=body).status == status

    new = {"username": "eve", "password": "correct horse battery", "role": "viewer"}
    users = told(server, lambda: change("POST", "/users", new, 201))
    assert users == [("users", "user.changed"), ("audit", "audit.changed")]
    settings = told(server, lambda: change("PATCH", "/settings", {"registration": "open"}, 200))
    assert settings == [("settings", "settings.changed"), ("audit", "audit.changed")]
    assert told(server, lambda: change("POST", "/users", {**new, "password": "x"}, 422)) == []
    assert told(server, lambda: server.call("GET", "/api/v1/users", headers=admin)) == []


def test_every_topic_that_one_may_listen_to_is_published_somewhere() -> None:
    import re
    from pathlib import Path

    import runnel
    from runnel.server.telling import TOPICS as TOLD

    root = Path(runnel.__file__).parent
    text = "".join(path.read_text("utf-8") for part in ("server", "app") for path in (root / part).rglob("*.py"))
    named = set(re.findall(r'(?:publish|tell)\(\s*f?"([a-z]+)[:"]', text)) | set(re.findall(r'"topic": "([a-z]+)"', text))
    named |= {topic for topic, _ in TOLD.values()}
    kinds = {topic.removesuffix("s") for topic in named}
    silent = [topic for topic in streaming.TOPICS if topic.removesuffix("s") not in kinds]
    assert not silent and {"share", "user", "setting", "audit", "desk"} <= kinds


def test_whoever_sees_pipelines_hears_that_the_desk_was_started_anew(server: Served) -> None:
    with listening(server) as url:
        viewer = opened(server, url, server.token(server.person("vic", "viewer")))
        server.state.events.receive({"topic": "desk", "type": "desk.restarted", "data": {}})
        assert viewer.next()["type"] == "desk.restarted"
        viewer.close()


def run_event(server: Served, run_id: str, type: str, **data) -> None:
    server.state.events.receive({"topic": "runs", "type": type, "data": {"run_id": run_id, **data}})


def test_the_events_of_one_run_come_from_its_start_to_its_end_and_no_others(server: Served) -> None:
    store = server.state.store.runs
    mine, other = (store.start(name, "v", {}).id for name in ("mine", "other"))
    run_event(server, mine, "run.started")
    run_event(server, other, "run.started")
    with listening(server) as url:
        stream = opened(server, url, server.token(server.people["ada"]), f"/api/v1/runs/{mine}/events")
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.next()["data"]["run_id"] == mine
        run_event(server, other, "run.task", task="x")
        run_event(server, mine, "run.task", task="y")
        assert stream.next()["data"]["task"] == "y"
        last = stream.last
        stream.close()
        run_event(server, mine, "run.finished", status="success")
        run_event(server, mine, "run.task", task="never")
        again = Stream(url, server.token(server.people["ada"]), f"/api/v1/runs/{mine}/events", last)
        assert again.next()["type"] == "run.finished"
        with pytest.raises(EOFError):
            again.next()
        again.close()
        both = opened(server, url, server.token(server.people["ada"]), EVENTS + f"?topics=run:{other}")
        run_event(server, mine, "run.task", task="z")
        run_event(server, other, "run.finished")
        assert both.next()["data"]["run_id"] == other
        both.close()


def test_a_run_that_ended_before_the_server_began_says_so_and_one_that_is_none_is_404(server: Served) -> None:
    run = server.state.store.runs.start("old", "v", {})
    server.state.store.runs.finish(run.id, "failed", None, {}, None, [])
    ada = server.token(server.people["ada"])
    answer = server.call("GET", f"/api/v1/runs/{run.id}/events", headers=ada)
    assert answer.status == 200 and answer.header("content-type").startswith("text/event-stream")
    event = json.loads(answer.body.split(b"data: ")[1])
    assert event == {"topic": "runs", "type": "run.finished", "data": {"run_id": run.id, "pipeline": "old", "status": "failed"}}
    assert server.call("GET", "/api/v1/runs/nothing/events", headers=ada).status == 404
    narrow = server.token(server.people["ada"], ["files.view"])
    assert server.call("GET", f"/api/v1/runs/{run.id}/events", headers=narrow).status == 403
