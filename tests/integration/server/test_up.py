"""`runnel up` as a process of its own: its link, its end, its return after a kill, and what it says on other addresses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from building import fresh_folder

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery"
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("RUNNEL_")}


def runnel(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run one verb to its end."""
    command = [sys.executable, "-m", "runnel.cli.main", *arguments]
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, timeout=60, env=ENVIRON)


class Up:
    """A running `runnel up`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "runnel.cli.main", "up", "--no-open", "--json", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRON
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        said = json.loads(line)
        assert set(said) == {"url", "link"}
        self.url, self.link = said["url"], said["link"]
        self.port = urlsplit(self.url).port

    def client(self, **more) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20, **more)

    def browser(self) -> httpx.Client:
        """A browser that opened the printed link."""
        made = self.client()
        assert made.get(self.link).status_code == 303
        return made

    def ready(self) -> None:
        with self.client() as client:
            end = time.monotonic() + 60
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.05)

    def end(self, sig: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(sig)
        code = self.process.wait(45)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


@contextlib.contextmanager
def up(folder: Path, *arguments: str) -> Iterator[Up]:
    """A server that is ended whatever happens."""
    made = Up(folder, *arguments)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.end()


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        (made / ".runnel").mkdir()
        yield made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.row("M-003-53")
def test_the_printed_link_logs_in_and_sigterm_ends_the_server_well(folder: Path) -> None:
    with up(folder, "--port", "0") as server:
        assert server.link.startswith(f"{server.url}/?token=")
        with contextlib.closing(server.browser()) as browser:
            session = browser.get("/api/v1/auth/session").json()
            assert session["user"]["username"] == "local" and session["mode"] == "local"
            assert server.client().get("/api/v1/auth/session").status_code == 401
        server.ready()
        file = folder / ".runnel" / "server.json"
        assert file.stat().st_mode & 0o077 == 0
        assert server.end() == 0
        assert not file.exists()


def test_ctrl_c_ends_it_well_too(folder: Path) -> None:
    with up(folder, "--port", "0") as server:
        assert server.end(signal.SIGINT) == 0


def test_a_new_link_is_printed_while_the_server_runs_and_none_without_it(folder: Path) -> None:
    assert runnel(folder, "link").returncode != 0
    with up(folder, "--port", "0") as server:
        made = json.loads(runnel(folder, "link", "--json").stdout)
        assert made["link"] != server.link
        server.link = made["link"]
        with contextlib.closing(server.browser()) as browser:
            assert browser.get("/api/v1/auth/session").status_code == 200
    said = runnel(folder, "link")
    assert said.returncode != 0 and "runnel up" in said.stderr


def test_a_kill_loses_no_session_user_or_token(folder: Path) -> None:
    port = str(free_port())
    with up(folder, "--port", port) as server:
        old_link, browser = server.link, server.browser()
        csrf = browser.get("/api/v1/auth/session").json()["csrf"]
        token = browser.post("/api/v1/tokens", json={"name": "ci"}, headers={"X-CSRF-Token": csrf}).json()["token"]
        server.end(signal.SIGKILL)
    said = runnel(folder, "link")
    assert said.returncode != 0 and "has ended" in said.stderr
    with up(folder, "--port", port) as server:
        assert browser.get("/api/v1/auth/session").json()["user"]["username"] == "local"
        assert (
            server.client().get("/api/v1/auth/session", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        )
        with server.client() as stranger:
            stranger.get(old_link)
            assert stranger.get("/api/v1/auth/session").status_code == 401
        made = runnel(folder, "users", "create", "ada", given=PASSWORD + "\n")
        assert made.returncode == 0, made.stderr
        login = server.client().post("/api/v1/auth/login", json={"username": "ada", "password": PASSWORD}).json()
        server.end(signal.SIGKILL)
    with up(folder, "--port", port) as server:
        assert server.link == f"{server.url}/"
        assert browser.get("/api/v1/auth/session").status_code == 401
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        assert server.client().get("/api/v1/auth/session", headers=headers).json()["user"]["username"] == "ada"


def test_on_another_address_the_first_start_prints_a_setup_link(folder: Path) -> None:
    with up(folder, "--host", "0.0.0.0", "--port", "0") as server:
        assert "/setup?token=" in server.link
        token = server.link.partition("token=")[2]
        with server.client() as client:
            client.get(f"/?token={token}")
            assert client.get("/api/v1/auth/session").status_code == 401
            body = {"token": token, "username": "ada", "password": PASSWORD}
            origin = {"Origin": f"http://127.0.0.1:{server.port}", "Sec-Fetch-Site": "same-origin"}
            made = client.post("/api/v1/auth/setup", json=body, headers=origin)
            assert made.status_code == 201 and made.json()["mode"] == "users"
            assert client.get("/api/v1/auth/session").json()["user"]["role"] == "admin"
            assert client.post("/api/v1/auth/setup", json={**body, "username": "eve"}).status_code == 403
        assert json.loads(runnel(folder, "link", "--json").stdout)["mode"] == "users"
    with up(folder, "--host", "0.0.0.0", "--port", "0") as server:
        assert "token" not in server.link


def test_the_next_free_port_is_taken_unless_one_was_asked_for(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = runnel(folder, "up", "--no-open", "--json", "--port", str(port))
        assert said.returncode != 0 and "is taken" in said.stderr and not said.stdout
        from runnel.server.listening import listen

        with listen("127.0.0.1", port, search=True) as found:
            assert found.getsockname()[1] > port


def test_two_servers_do_not_run_on_one_state_folder(folder: Path) -> None:
    with up(folder, "--port", "0") as server:
        said = runnel(folder, "up", "--no-open", "--json", "--port", "0")
        assert said.returncode != 0 and "another server" in said.stderr
        with contextlib.closing(server.browser()) as browser:
            assert browser.get("/api/v1/auth/session").status_code == 200


def test_an_answer_under_way_is_finished_and_streams_end_when_it_is_told_to_end(folder: Path) -> None:
    made = runnel(folder, "users", "create", "ada", given=PASSWORD + "\n")
    assert made.returncode == 0
    with up(folder, "--port", "0") as server:
        login = {"username": "ada", "password": PASSWORD}
        token = server.client().post("/api/v1/auth/login", json=login).json()["access_token"]
        answers, begun = [], threading.Event()

        def slow() -> None:
            with socket.create_connection(("127.0.0.1", server.port or 0)) as raw:
                body = json.dumps(login).encode()
                head = f"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                raw.sendall(
                    f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:5]
                )
                begun.set()
                time.sleep(0.5)  # the request is half sent while the server is told to end
                raw.sendall(body[5:])
                answers.append(raw.recv(65536))

        with server.client() as client:
            request = client.build_request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
            stream = client.send(request, stream=True)
            thread = threading.Thread(target=slow)
            thread.start()
            begun.wait(10)
            time.sleep(0.1)  # until the server has read the head
            server.process.send_signal(signal.SIGTERM)
            assert b": on" in b"".join(stream.iter_raw())
            thread.join(20)
        assert answers and answers[0].startswith(b"HTTP/1.1 200")
        assert server.process.wait(40) == 0


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_the_server_process_holds_no_engine(folder: Path) -> None:
    with up(folder, "--port", "0") as server:
        server.ready()
        with contextlib.closing(server.browser()) as browser:
            browser.get("/api/v1/openapi.json")
            browser.get("/api/v1/pipelines")
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert not [name for name in ("duckdb", "pyarrow", "libarrow", "deltalake") if name in maps]


def raw(server: Up, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


def test_requests_that_no_client_sends_reach_nothing(folder: Path) -> None:
    with up(folder, "--port", "0") as server:
        token = server.link.partition("token=")[2].encode()
        host = f"Host: 127.0.0.1:{server.port}\r\nConnection: close\r\n".encode()
        refused = {
            "traversal": b"GET /../../../../etc/passwd HTTP/1.1\r\n" + host + b"\r\n",
            "packed traversal": b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + b"\r\n",
            "two slashes": b"GET //etc/passwd HTTP/1.1\r\n" + host + b"\r\n",
            "NUL": b"GET /\x00/api/v1/users HTTP/1.1\r\n" + host + b"\r\n",
            "another host": b"GET /?token=" + token + b" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            "two hosts": b"GET /?token=" + token + b" HTTP/1.1\r\nHost: evil.example\r\n" + host + b"\r\n",
            "no host": b"GET /?token=" + token + b" HTTP/1.0\r\n\r\n",
            "another address in the line": b"GET http://evil.example/api/v1/users HTTP/1.1\r\n" + host + b"\r\n",
            "length and chunks": b"POST /api/v1/auth/login HTTP/1.1\r\n" + host + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/users HTTP/1.1\r\n\r\n",
            "two lengths": b"POST /api/v1/auth/login HTTP/1.1\r\n" + host + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
            "a header that goes on": b"GET /api/v1/users HTTP/1.1\r\n" + host + b"X: a\r\n b\r\n\r\n",
            "no HTTP": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
            "a method of its own": b"BREW /api/v1/users HTTP/1.1\r\n" + host + b"\r\n",
        }  # fmt: skip
        for name, request in refused.items():
            answer = raw(server, request)
            status = answer.split(b" ", 2)[1:2]
            assert not answer or status in ([b"400"], [b"401"], [b"404"], [b"405"], [b"303"], [b"415"], [b"422"]), (
                name,
                answer[:200],
            )
            assert b"set-cookie" not in answer.lower() and b"root:" not in answer, name
        with contextlib.closing(server.browser()) as browser:
            assert browser.get("/api/v1/auth/session").status_code == 200


@pytest.mark.row("M-003-479", met_by="cli/verbs/tokens.py")
def test_users_and_tokens_are_made_at_the_console_with_the_server_up_and_down(folder: Path) -> None:
    down = json.loads(runnel(folder, "tokens", "create", "--name", "down", "--json").stdout)
    with up(folder, "--port", "0") as server:
        narrow = json.loads(
            runnel(
                folder, "tokens", "create", "--name", "up", "--scope", "files.view", "--scope", "profile.own", "--json"
            ).stdout
        )

        def permissions(token: str) -> list[str] | int:
            with server.client(headers={"Authorization": f"Bearer {token}"}) as client:
                answer = client.get("/api/v1/auth/session")
                return answer.json()["permissions"] if answer.status_code == 200 else answer.status_code

        assert "users.manage" in permissions(down["token"])  # type: ignore[operator]
        assert permissions(narrow["token"]) == ["files.view", "profile.own"]
        assert runnel(folder, "tokens", "revoke", down["id"]).returncode == 0
        end = time.monotonic() + 5
        while permissions(down["token"]) != 401:
            assert time.monotonic() < end
            time.sleep(0.1)
    listed = json.loads(runnel(folder, "tokens", "list", "--json").stdout)["tokens"]
    assert [item["id"] for item in listed] == [narrow["id"]]
    made = runnel(folder, "users", "create", "ada", given=PASSWORD + "\n")
    assert made.returncode == 0
    assert runnel(folder, "users", "create", "vic", "--role", "editor", given=PASSWORD + "\n").returncode == 0
    assert runnel(folder, "users", "role", "vic", "viewer").returncode == 0
    assert runnel(folder, "users", "disable", "ada").returncode != 0
    users = json.loads(runnel(folder, "users", "list", "--json").stdout)["users"]
    assert [(user["username"], user["role"]) for user in users] == [("ada", "admin"), ("vic", "viewer")]
    assert runnel(folder, "users", "password", "vic", given="short\n").returncode != 0
