"""A WebSocket server for tests, in a process of its own: `python websocket_server.py PORT CERTIFICATE KEY`.

It sends numbered messages, and does to each connection what the next line of its standard input says.
"""

from __future__ import annotations

import ssl
import sys
import threading
import time

from websockets.sync.server import ServerConnection, serve

numbers = iter(range(10**9))
lock = threading.Lock()
mode = {"now": "count"}


def handle(connection: ServerConnection) -> None:
    assert connection.request is not None
    if mode["now"] == "echo":
        print("HEADERS", connection.request.headers.get("Authorization"), connection.request.path, flush=True)
        connection.send(connection.recv())
    while True:
        now = mode["now"]
        if now == "drop":
            connection.socket.close()
            return
        if now == "close":
            connection.close(1001, "going away")
            return
        if now == "garbage":
            connection.socket.sendall(b"\xff\xff\xff garbage, no frame \x00\x01")
            time.sleep(0.2)
            return
        if now == "count":
            with lock:
                connection.send(f'{{"n":{next(numbers)}}}')
        time.sleep(0.005)


def main() -> None:
    port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    with serve(handle, "127.0.0.1", port, ssl=context) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("ready", flush=True)
        for line in sys.stdin:
            mode["now"] = line.strip()
            print("now", mode["now"], flush=True)


main()
