"""A proxy that notes each address that a browser asks for, and passes on those of this machine alone."""

from __future__ import annotations

import http.client
import http.server
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def proxy() -> Iterator[tuple[int, list[str]]]:
    """A proxy that notes each address and passes on those of this machine."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do(self) -> None:
            seen.append(self.path)
            parts = urlsplit(self.path)
            if parts.hostname != "127.0.0.1":
                self.send_error(502)
                return
            onward = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=60)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            onward.request(
                self.command, parts.path + (f"?{parts.query}" if parts.query else ""), body, dict(self.headers)
            )
            answer = onward.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            try:
                while block := answer.read1(65536):
                    self.wfile.write(block)
                    self.wfile.flush()
            except OSError:
                return
            finally:
                onward.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815

        def do_CONNECT(self) -> None:
            seen.append("https://" + self.path)
            self.send_error(502)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    made = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made.server_port, seen
    finally:
        made.shutdown()
