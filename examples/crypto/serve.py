"""Serves the recorded trades as an exchange does: over a WebSocket, one message a trade. `python serve.py [PORT] [TRADES_A_SECOND]`"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from websockets.sync.server import ServerConnection, serve

TRADES = (Path(__file__).resolve().parent / "data" / "trades.ndjson").read_text("utf-8").splitlines()
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
PAUSE = 1 / float(sys.argv[2]) if len(sys.argv) > 2 else 0.5


def send(connection: ServerConnection) -> None:
    """Send every trade to one who has subscribed, and then nothing more."""
    connection.recv()
    for trade in TRADES:
        connection.send(trade)
        time.sleep(PAUSE)
    connection.recv()


with serve(send, "127.0.0.1", PORT) as server:
    print(f"ws://127.0.0.1:{server.socket.getsockname()[1]}", flush=True)
    server.serve_forever()
