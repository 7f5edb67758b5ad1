"""Records sent to a real server: durable when acknowledged, whatever then happens to it, with the stream stopped."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from building import fresh_folder
from integration.store.logs import everything
from running import ENVIRONMENT, RUNNEL, Running, running, start, until

PIPELINE = """\
runnel: 1
name: orders
nodes:
  events: {kind: source.ingest}
"""
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture
def root():
    with fresh_folder() as folder:
        (folder / "orders.runnel.yaml").write_text(PIPELINE)
        yield folder


def sender(server: Running, *scopes: str) -> httpx.Client:
    """A client with a token for the source alone."""
    arguments = [part for scope in scopes or ("ingest:orders/events",) for part in ("--scope", scope)]
    made = subprocess.run([RUNNEL, "tokens", "create", "--name", "sender", *arguments, "--json"], cwd=server.root,
                          env=ENVIRONMENT, capture_output=True, check=True)  # fmt: skip
    headers = {"authorization": f"Bearer {json.loads(made.stdout)['token']}"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=30, limits=httpx.Limits(max_connections=600))


def log_of(root: Path) -> list[bytes]:
    return list(everything(root / ".runnel" / "logs" / "orders.events").values())


@pytest.mark.row("M-004-63")
def test_every_format_is_taken_while_no_stream_runs(root):
    with running(root) as server, sender(server) as client:
        bodies = [
            (b'{"n":1}\n{"n":2}\n', "application/x-ndjson", 2), (b'[{"n":3},{"n":4.0}]', "application/json", 2),
            (b'{"n":\n5}', "application/json", 1), (b"n,t\n6,\"a\nb\"\n", "text/csv", 1), (b"7\n\n8", "text/plain", 2),
        ]  # fmt: skip
        places = []
        for body, kind, count in bodies:
            answer = client.post("/ingest/orders/events", content=body, headers={"content-type": kind})
            assert answer.status_code == 200 and answer.json()["accepted"] == count
            places.append(int(answer.json()["position"].split("-")[1]))
        assert places == [0, 2, 4, 5, 6]
        assert log_of(root) == [b'{"n":1}', b'{"n":2}', b'{"n":3}', b'{"n":4.0}', b'{"n":\n5}', b'6,"a\nb"', b"7", b"8"]
        metrics = server.api.get(server.url + "/metrics").text
        assert "runnel_ingest_records_total 8.0" in metrics


def test_what_was_acknowledged_is_there_after_the_server_is_killed(root):
    acknowledged: dict[int, tuple[int, int]] = {}
    for round_ in range(3):
        server = start(root)
        client = sender(server)
        stopping = threading.Event()

        def work(worker: int, base: int = round_ * 1_000_000, client: httpx.Client = client, stopping=stopping) -> None:
            number = base + worker * 10_000
            while not stopping.is_set():
                number += 1
                body = b"".join(b"%d.%d\n" % (number, part) for part in range(3))
                try:
                    answer = client.post("/ingest/orders/events", content=body, headers=NDJSON)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged[number] = (int(answer.json()["position"].split("-")[1]), answer.json()["accepted"])

        before = len(acknowledged)
        with ThreadPoolExecutor(8) as pool:
            for worker in range(8):
                pool.submit(work, worker)
            until(lambda before=before: len(acknowledged) > before + 100)
            server.kill()
            stopping.set()
        client.close()
        server.api.close()
    with running(root):
        pass
    found = log_of(root)
    assert len(found) == len(set(found))
    for number, (place, count) in acknowledged.items():
        assert found[place : place + count] == [b"%d.%d" % (number, part) for part in range(3)]


def test_a_repeat_is_known_after_a_restart(root):
    headers = {**NDJSON, "idempotency-key": "order-7"}
    with running(root) as server, sender(server) as client:
        first = client.post("/ingest/orders/events", content=b"1\n2", headers=headers)
        token = client.headers["authorization"]
        server.kill()
    with running(root) as server, httpx.Client(base_url=server.url, headers={"authorization": token}) as client:
        again = client.post("/ingest/orders/events", content=b"1\n2", headers=headers)
        assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    assert log_of(root) == [b"1", b"2"]


def test_the_same_request_at_the_same_time_is_taken_once(root):
    with running(root) as server, sender(server) as client, ThreadPoolExecutor(20) as pool:

        def once(_):
            return client.post("/ingest/orders/events", content=b"1\n2", headers={**NDJSON, "idempotency-key": "k"})

        answers = list(pool.map(once, range(40)))
        assert {answer.text for answer in answers} == {'{"accepted":2,"position":"1-0"}'}
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
        assert log_of(root) == [b"1", b"2"]


def test_bodies_of_sixteen_megabytes_are_taken_whole_and_in_chunks(root):
    line = b"x" * 1023 + b"\n"
    with running(root) as server, sender(server) as client:
        whole = client.post("/ingest/orders/events", content=line * 16384, headers=NDJSON)
        assert whole.json()["accepted"] == 16384
        chunked = client.post("/ingest/orders/events", content=(line * 100 for _ in range(100)), headers=NDJSON)
        assert chunked.json() == {"accepted": 10_000, "position": "1-16384"}
        packed = gzip.compress(line * 16384, 1)
        answer = client.post("/ingest/orders/events", content=packed, headers={**NDJSON, "content-encoding": "gzip"})
        assert answer.json()["accepted"] == 16384
        above = client.post("/ingest/orders/events", content=line * 16384 + b"x", headers=NDJSON)
        assert above.status_code == 413
    assert len(log_of(root)) == 2 * 16384 + 10_000


def test_a_source_appears_and_goes_with_its_file(root):
    with running(root) as server, sender(server, "ingest") as client:

        def status():
            return client.post("/ingest/later/events", content=b"1", headers=NDJSON).status_code

        assert status() == 404
        (root / "later.runnel.yaml").write_text(PIPELINE.replace("orders", "later"))
        until(lambda: status() == 200, 5)
        (root / "later.runnel.yaml").unlink()
        until(lambda: status() == 404, 5)


def test_requests_under_way_are_acknowledged_when_the_server_is_told_to_end(root):
    with running(root) as server, sender(server) as client, ThreadPoolExecutor(32) as pool:
        answers = [
            pool.submit(client.post, "/ingest/orders/events", content=b"%d" % n, headers=NDJSON) for n in range(32)
        ]
        until(lambda: sum(answer.done() for answer in answers) > 3)
        server.process.send_signal(signal.SIGTERM)
        done = [answer.result() for answer in answers if answer.exception() is None]
        assert server.process.wait(40) == 0
        taken = sum(answer.json()["accepted"] for answer in done if answer.status_code == 200)
        assert all(answer.status_code in (200, 503) for answer in done)
    assert taken <= len(log_of(root)) <= 32


def test_a_body_that_breaks_off_leaves_nothing(root):
    with running(root) as server, sender(server) as client:
        host, port = server.url.removeprefix("http://").split(":")
        head = f"POST /ingest/orders/events HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['authorization']}\r\n"
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall((head + "Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n1\n2\n").encode())
            time.sleep(0.05)  # the server is to see the beginning before the end comes
        assert client.post("/ingest/orders/events", content=b"3", headers=NDJSON).json() == {
            "accepted": 1,
            "position": "1-0",
        }
    assert log_of(root) == [b"3"]


def test_the_server_loads_no_arrow_and_no_engine_for_it(root):
    with running(root) as server, sender(server) as client:
        assert client.post("/ingest/orders/events", content=b"1", headers=NDJSON).status_code == 200
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert not [name for name in ("duckdb", "pyarrow", "libarrow", "deltalake") if name in maps]


def test_a_full_disk_is_a_503_that_passes():
    import contextlib

    from faults.test_log import small_disk

    with small_disk(24) as root:
        (root / "orders.runnel.yaml").write_text(PIPELINE)
        with running(root) as server, sender(server) as client:
            ballast = root / "ballast"

            def send():
                return client.post("/ingest/orders/events", content=os.urandom(100_000).hex(), headers=NDJSON)

            assert send().status_code == 200
            with contextlib.suppress(OSError):
                ballast.write_bytes(b"x" * 23_000_000)
            refused = until(lambda: answer if (answer := send()).status_code != 200 else None)
            assert refused.status_code == 503 and refused.headers["retry-after"] == "2"
            assert "No space left on device" in refused.json()["what"]
            ballast.unlink()
            assert until(lambda: send().status_code == 200, 10)


def answers_of(server: Running, pieces: list[bytes], count: int) -> list[tuple[int, dict]]:
    """Send pieces over one connection, and return the status and JSON of so many answers."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            raw.sendall(piece)
        text, found = raw.makefile("rb"), []
        for _ in range(count):
            status = int(text.readline().split()[1])
            length = 0
            while (line := text.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            found.append((status, json.loads(text.read(length))))
        return found


def request_of(client: httpx.Client, body: bytes, *lines: str) -> bytes:
    head = ["POST /ingest/orders/events HTTP/1.1", "Host: x", f"Authorization: {client.headers['authorization']}",
            "Content-Type: application/x-ndjson", f"Content-Length: {len(body)}", *lines]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_many_requests_in_one_packet_are_answered_in_their_order(root):
    with running(root) as server, sender(server) as client:
        client.post("/ingest/orders/events", content=b"first", headers=NDJSON)  # from now on its token is known
        requests = [request_of(client, b"%d\n" % number) for number in range(100)]
        found = answers_of(server, [b"".join(requests)], 100)
        assert found == [(200, {"accepted": 1, "position": f"1-{number + 1}"}) for number in range(100)]
    assert log_of(root) == [b"first", *(b"%d" % number for number in range(100))]


def test_a_request_may_come_in_any_two_pieces(root):
    with running(root) as server, sender(server) as client:
        client.post("/ingest/orders/events", content=b"first", headers=NDJSON)
        for body in (b"x" * 40, b"y" * 100_000):
            text = request_of(client, body)
            head = len(text) - len(body)
            for cut in {1, head // 2, head - 2, head - 1, head, head + 1, len(text) - 1}:
                pieces = [text[:cut], text[cut:]]
                assert [status for status, _ in answers_of(server, pieces, 1)] == [200], cut
    assert len(log_of(root)) == 1 + 2 * 7


def test_a_known_sender_is_refused_like_any_other(root):
    with running(root) as server, sender(server) as client:
        client.post("/ingest/orders/events", content=b"first", headers=NDJSON)
        closing = request_of(client, b"1", "Connection: close")
        cases = [
            (closing, 200), (request_of(client, b"1", "Content-Encoding: br"), 415), (request_of(client, b"1", "X: y"), 200),
            (request_of(client, b"1", "Authorization: Bearer x"), 400), (request_of(client, b"1").replace(b"x-ndjson", b"xml"), 415),
            (request_of(client, b"1").replace(b"orders/events", b"orders/others"), 403), (request_of(client, b""), 200),
            (request_of(client, b"1").replace(b"POST", b"PUT"), 405),
        ]  # fmt: skip
        for text, status in cases:
            assert [found for found, _ in answers_of(server, [text], 1)] == [status], text[:300]
        tokens = [token for token in server.get("/tokens")["items"] if token["name"] == "sender"]
        assert server.api.delete(f"/tokens/{tokens[0]['id']}").status_code == 204
        assert [found for found, _ in answers_of(server, [request_of(client, b"1")], 1)] == [401]
