"""What `g5_ingest` is measured against: a bare ASGI application that reads a body, counts its lines, and keeps nothing."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


async def application(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = b'{"accepted":%d}' % body.count(b"\n")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    # asyncio turns Nagle off only for sockets that name their protocol; without it each answer waits 40 ms for an ACK
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(application, http="httptools", ws="none", loop="asyncio", lifespan="off", proxy_headers=False,
                            server_header=False, access_log=False, log_config=None)  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])
