"""The sending half of `g5_ingest`: many connections in one process, each with one request under way; prints one JSON line."""

from __future__ import annotations

import json
import select
import socket
import sys
import time

WARM_SECONDS = 1.0


class Client:
    """Sends bodies in turn over all connections until the time is over, then waits for the last answers."""

    def __init__(self, address: tuple[str, int], requests: list[bytes], connections: int) -> None:
        self.requests = requests
        self.acknowledged = [0] * len(requests)
        self.latencies: list[float] = []
        self.epoll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.began: dict[int, tuple[int, float]] = {}
        self.rest: dict[int, memoryview] = {}
        self.heard: dict[int, bytes] = {}
        self.turn = 0
        for _ in range(connections):
            made = socket.create_connection(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(False)
            self.sockets[made.fileno()] = made
            self.epoll.register(made.fileno(), select.EPOLLIN)

    def run(self, seconds: float) -> None:
        """Send for a second that does not count, then for the seconds that do."""
        warm = time.perf_counter() + WARM_SECONDS
        end = warm + seconds
        for number in self.sockets:
            self.send(number)
        under_way = len(self.sockets)
        while under_way:
            for number, event in self.epoll.poll(5):
                if event & select.EPOLLOUT and number in self.rest:
                    self.push(number, self.rest[number])
                if not event & select.EPOLLIN or not self.answered(number):
                    continue
                now = time.perf_counter()
                body, began = self.began[number]
                self.acknowledged[body] += 1
                if warm <= now < end:
                    self.latencies.append(now - began)
                if now < end:
                    self.send(number)
                else:
                    under_way -= 1

    def send(self, number: int) -> None:
        self.turn += 1
        body = self.turn % len(self.requests)
        self.began[number] = (body, time.perf_counter())
        self.push(number, memoryview(self.requests[body]))

    def push(self, number: int, text: memoryview) -> None:
        try:
            done = self.sockets[number].send(text)
        except BlockingIOError:
            done = 0
        if done < len(text):
            self.rest[number] = text[done:]
            self.epoll.modify(number, select.EPOLLIN | select.EPOLLOUT)
        elif number in self.rest:
            del self.rest[number]
            self.epoll.modify(number, select.EPOLLIN)

    def answered(self, number: int) -> bool:
        """Tell whether an answer is whole; anything but 200 ends the measurement."""
        answer = self.heard.pop(number, b"") + self.sockets[number].recv(65536)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the answer was {answer[:600]!r}")
        if answer[-1:] == b"}":
            return True
        self.heard[number] = answer
        return False


def main() -> None:
    """Arguments: host, port, path, token, connections, seconds; bodies as JSON on stdin."""
    host, port, path, token, connections, seconds = sys.argv[1:7]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/x-ndjson\r\nContent-Length: "
    )
    bodies = [body.encode() for body in json.load(sys.stdin)]
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    client = Client((host, int(port)), requests, int(connections))
    client.run(float(seconds))
    found = sorted(client.latencies)
    p50, p99 = (found[int(len(found) * share)] for share in (0.5, 0.99))
    print(
        json.dumps({"rate": len(found) / float(seconds), "p50": p50, "p99": p99, "acknowledged": client.acknowledged})
    )


if __name__ == "__main__":
    main()
