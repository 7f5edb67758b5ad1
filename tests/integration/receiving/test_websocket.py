"""A WebSocket of a real server in another process: messages in order, gaps counted, whatever the server does."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.services import certificates
from tools.services.instances import free_ports

from integration.receiving.sources import Lived
from runnel.connectors.websocket.source import WebSocketSource
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.egress import EgressPolicy

SERVER = Path(__file__).with_name("websocket_server.py")


class Server:
    def __init__(self, port: int, tls: dict[str, str] | None) -> None:
        self.port, self.tls = port, tls
        self.start()

    def start(self) -> None:
        files = [self.tls["server.pem"], self.tls["server.key"]] if self.tls else ["", ""]
        command = [sys.executable, str(SERVER), str(self.port), *files]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def now(self, mode: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(mode + "\n")
        self.process.stdin.flush()
        while not self.line().startswith("now"):
            pass

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close() if pipe else None

    @property
    def url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/feed"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(free_ports(1)[0], None)
    yield made
    made.stop()


def lived(server: Server, home: Path, connections: dict[str, Any] | None = None, **config: Any) -> Lived:
    return Lived(WebSocketSource, {"url": server.url, "columns": {"n": "BIGINT"}, **config}, home, connections or {})


def numbers(life: Lived) -> list[int]:
    return [row["n"] for row in life.rows]


def test_messages_come_in_order_and_are_read_again_from_the_log(server, tmp_path):
    with lived(server, tmp_path) as life:
        life.open().rows_until(100)
        found, positions = numbers(life), life.positions
        assert found == list(range(found[0], found[0] + len(found)))
    server.now("silent")
    with lived(server, tmp_path) as life:
        life.open().to_end()
        assert numbers(life)[: len(found)] == found, "from the start of the log"
        whole = numbers(life)
    with lived(server, tmp_path) as life:
        life.open(positions).to_end()
        assert found + numbers(life) == whole, "from a position"
        assert life.reader.told()["gaps"] == 2, "the times between the lives are gaps"


@pytest.mark.parametrize("ending", ["drop", "close", "garbage", "silent", "killed"])
def test_a_connection_that_ends_is_opened_again_and_the_gap_is_counted_with_its_times(server, tmp_path, ending):
    with lived(server, tmp_path, silence_seconds=1.0) as life:
        life.open().rows_until(20)
        if ending == "killed":
            server.stop()
        else:
            server.now(ending)
        life.until(lambda: bool(life.trouble))
        if ending == "killed":
            server.start()
        else:
            server.now("count")
        before = len(life.rows)
        life.rows_until(before + 20, 40)
        told = life.reader.told()
        assert told["gaps"] >= 1 and told["last_gaps"][-1]["from"] < told["last_gaps"][-1]["to"]
        assert not life.reasons
        assert ending == "killed" or numbers(life) == sorted(set(numbers(life)))


def test_columns_are_found_and_headers_and_the_first_message_are_sent(server, tmp_path):
    with lived(server, tmp_path, columns={}) as life:
        assert life.probe.columns == {"n": "BIGINT"}
    server.now("echo")
    connection = {"base_url": f"http://127.0.0.1:{server.port}", "auth": "bearer", "secret": "topsecret"}
    config = {"url": "live?x=1", "connection": "api", "subscribe": ['{"n":7}']}
    with lived(server, tmp_path, {"api": connection}, **config) as life:
        life.open().rows_until(1)
        assert numbers(life) == [7]
        assert server.line() == "HEADERS Bearer topsecret /live?x=1"


def test_secrets_go_to_the_address_of_their_connection_only(server, tmp_path):
    connection = {"base_url": "http://127.0.0.1:1", "auth": "bearer", "secret": "topsecret"}
    with pytest.raises(AuthoringError) as caught:
        lived(server, tmp_path, {"api": connection}, connection="api")
    assert caught.value.code == "RNL-WEBSOCKET-005"


def test_tls_is_verified_and_a_guarded_address_is_refused(tmp_path, server):
    files = certificates.make(tmp_path / "tls")
    secure = Server(free_ports(1)[0], files)
    try:
        authority = Path(files["ca.pem"]).read_text("utf-8")
        options = {"base_url": f"https://127.0.0.1:{secure.port}", "ca_certificate": authority}
        with lived(secure, tmp_path, {"api": options}, connection="api", url="feed") as life:
            life.open().rows_until(50)
        with lived(secure, tmp_path / "b") as life, pytest.raises(ConnectorError) as caught:
            life.open().until(lambda: False, 20)
        assert caught.value.code == "RNL-EGRESS-011"
    finally:
        secure.stop()
    source = WebSocketSource(WebSocketSource.Config(url=server.url), {}, "feed")
    with lived(server, tmp_path / "c") as life:
        import dataclasses

        with pytest.raises(AuthoringError) as refused:
            source.sample(dataclasses.replace(life.context, egress=EgressPolicy(True)))
        assert refused.value.code == "RNL-EGRESS-002"
