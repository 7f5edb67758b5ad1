"""Connections that ask for nothing, or without end: ended by the server, while others are answered. Over raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from building import fresh_folder
from runnel.server.protocol import Limits, bounded
from running import running
from serving import Served, served

HEAD = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n"


@contextlib.contextmanager
def listening(server: Served, limits: Limits) -> Iterator[tuple[str, int]]:
    """The server behind a real socket, with limits of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            server.app, http=bounded(limits), ws="none", lifespan="off", log_config=None, timeout_keep_alive=20
        )
        up = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(up.serve(sockets=[listener])))
        thread.start()
        try:
            end = time.monotonic() + 10
            while not up.started:
                assert time.monotonic() < end
                time.sleep(0.01)
            yield listener.getsockname()
        finally:
            up.should_exit = True
            thread.join(20)


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        yield made


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=20)


def said(connection: socket.socket) -> bytes:
    """Everything that the server says until it closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def answered(connection: socket.socket, request: bytes) -> bytes:
    """The status line of the answer to a request on a connection that stays open."""
    connection.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(65536)
        assert part, f"closed after {got!r}"
        got += part
    return got.split(b"\r\n")[0]


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def pumped(address: tuple[str, int], begin: bytes, piece: bytes, most: int) -> tuple[int, bytes]:
    """Send a beginning and then pieces until the server ends it; returns how much was sent, and what it said."""
    with connect(address) as connection:
        connection.sendall(begin)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < most:
                connection.sendall(piece)
                sent += len(piece)
        got = b""
        with contextlib.suppress(ConnectionError):
            got = said(connection)
        return sent, got


ENDLESS = {
    "many headers": (HEAD, b"x-a: " + b"b" * 1000 + b"\r\n"),
    "one header": (HEAD + b"x-a: ", b"b" * 1000),
    "an address": (b"GET /", b"a" * 1000),
    "empty lines": (b"", b"\r\n" * 500),
    "trailers": (HEAD.replace(b"GET", b"POST") + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ", b"b" * 1000),
    "the size of a chunk": (HEAD.replace(b"GET", b"POST") + b"transfer-encoding: chunked\r\n\r\n1;x=", b"b" * 1000),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_headers_without_end_are_refused_early(server: Served, kind: str) -> None:
    begin, piece = ENDLESS[kind]
    with listening(server, Limits()) as address:
        sent, got = pumped(address, begin, piece, 50_000_000)
        assert sent < 20_000_000
        if kind in ("many headers", "one header", "an address"):
            assert got.startswith(b"HTTP/1.1 431 ") and b"connection: close" in got
        with connect(address) as other:
            assert b" 200 " in answered(other, HEAD + b"\r\n")


def test_large_headers_that_come_at_once_are_refused_and_those_below_the_limit_are_not(server: Served) -> None:
    with listening(server, Limits()) as address:
        with connect(address) as connection:
            connection.sendall(HEAD + b"x-a: " + b"b" * 66_000 + b"\r\n\r\n")
            assert said(connection).startswith(b"HTTP/1.1 431 ")
        with connect(address) as connection:
            for _ in range(3):
                assert b" 200 " in answered(connection, HEAD + b"x-a: " + b"b" * 60_000 + b"\r\n\r\n")


@pytest.mark.parametrize("half", [b"", b"GET /heal", HEAD, b"\r\n"])
def test_half_a_request_is_closed_in_time_and_so_is_silence(server: Served, half: bytes) -> None:
    with listening(server, Limits(header_seconds=1)) as address, connect(address) as connection:
        begun = time.monotonic()
        connection.sendall(half)
        said(connection)
        assert 0.9 < time.monotonic() - begun < 5


def test_a_request_that_drips_is_closed_in_time(server: Served) -> None:
    with listening(server, Limits(header_seconds=1)) as address, connect(address) as connection:
        begun = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - begun < 15:
                connection.sendall(b"G" if time.monotonic() == begun else b"E")
                threading.Event().wait(0.1)
        assert time.monotonic() - begun < 6


def test_the_second_half_request_of_a_connection_is_closed_in_time_too(server: Served) -> None:
    with listening(server, Limits(header_seconds=1)) as address, connect(address) as connection:
        assert b" 200 " in answered(connection, HEAD + b"\r\n")
        begun = time.monotonic()
        connection.sendall(b"GET /heal")
        said(connection)
        assert 0.5 < time.monotonic() - begun < 5


def test_a_body_may_take_longer_than_the_headers(server: Served) -> None:
    server.person("ada", "admin")
    login = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"
    with listening(server, Limits(header_seconds=0.3)) as address, connect(address) as connection:
        connection.sendall(login + b"{")
        threading.Event().wait(1)
        assert b" 401 " in answered(connection, b"}")


def test_waiting_connections_of_one_address_are_few_and_a_new_one_is_still_answered(server: Served) -> None:
    with listening(server, Limits(waiting_of_address=20)) as address, contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(address)) for _ in range(60)]
        for connection in held:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"GET /heal")
        with connect(address) as other:
            for _ in range(3):
                assert b" 200 " in answered(other, HEAD + b"\r\n")
        open_ = [connection for connection in held if not is_closed(connection)]
        assert len(open_) <= 20 and open_ == held[-len(open_) :]


def test_connections_whose_requests_are_answered_do_not_count_as_waiting(server: Served) -> None:
    stream = server.token(server.person("ada", "admin"))["authorization"].encode()
    limits = Limits(waiting_of_address=3)
    server.state.access.proving.clock = time.monotonic
    with listening(server, limits) as address, contextlib.ExitStack() as stack:
        asked = b"GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: " + stream + b"\r\n\r\n"
        for _ in range(8):
            assert b" 200 " in answered(stack.enter_context(connect(address)), asked)
        assert not any(len(waiting) > 3 for waiting in limits.waiting.values())
        server.state.events.close()
    assert limits.waiting == {}


def test_the_server_that_is_started_has_these_limits() -> None:
    with fresh_folder() as folder, running(folder) as server:
        address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        sent, got = pumped(address, HEAD, b"x-a: " + b"b" * 1000 + b"\r\n", 50_000_000)
        assert sent < 20_000_000 and got.startswith(b"HTTP/1.1 431 ")
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(connect(address)) for _ in range(600)]
            with connect(address) as other:
                assert b" 200 " in answered(other, HEAD + b"\r\n")
            assert sum(map(is_closed, held)) >= 600 - 512
