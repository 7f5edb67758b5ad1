"""An HTTP server for tests that takes rows: it keeps what it was sent, may honour keys, and answers what it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Sent:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def rows(self) -> list[Any]:
        if self.headers["content-type"] == "application/x-ndjson":
            return [json.loads(line) for line in self.body.splitlines()]
        found = json.loads(self.body)
        return found if isinstance(found, list) else [found]

    def is_signed_by(self, secret: str) -> bool:
        """Check the signature as Standard Webhooks describes it."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return any(one == f"v1,{wanted}" for one in self.headers["webhook-signature"].split(" "))


Answer = tuple[int, dict[str, str], bytes]
DROPPED: Answer = (0, {}, b"")
"""The request is taken, and the connection closed without an answer."""


@dataclass
class HttpReceiver:
    """`answer` is asked for each request; what it accepts is kept, once per key."""

    answer: Callable[[Sent], Answer] = lambda sent: (200, {}, b"")
    sent: list[Sent] = field(default_factory=list)
    taken: dict[str, list[Any]] = field(default_factory=dict)
    connections: int = 0

    def __post_init__(self) -> None:
        receiver, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    made = Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                    receiver.sent.append(made)
                    status, headers, told = receiver.answer(made)
                    if status in (0, 200):
                        receiver.taken.setdefault(made.headers["idempotency-key"], made.rows)
                if not status:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(told))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told)

            do_PUT = do_POST  # noqa: N815 - the name that the library calls

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def counted(self, column: str) -> Counter[Any]:
        """How often each value of a column was taken, each key once."""
        return Counter(row[column] for rows in self.taken.values() for row in rows)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
