"""A line between the processes of one stream: messages with tables, over a pair of sockets that both inherited."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Message:
    """What was said, and the tables that came with it."""

    said: Mapping[str, Any]
    tables: Mapping[str, pa.Table]


class Channel:
    """One end of the line, which owns the descriptor. `receive` is for one thread; messages are never mixed."""

    def __init__(self, descriptor: int) -> None:
        self._connection = Connection(descriptor)
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._lock = threading.Lock()

    def send(self, said: Mapping[str, Any], tables: Mapping[str, pa.Table] | None = None) -> None:
        """Send a message; raises OSError when the other end is gone."""
        tables = tables or {}
        with self._lock:
            self._connection.send_bytes(json.dumps({"said": said, "tables": list(tables)}).encode())
            for table in tables.values():
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, table.schema) as writer:
                    writer.write_table(table)
                self._connection.send_bytes(sink.getvalue())

    def receive(self) -> Message:
        """Wait for the next message; raises EOFError or OSError when the other end is gone."""
        head = json.loads(self._connection.recv_bytes())
        tables: dict[str, pa.Table] = {}
        for name in head["tables"]:
            with pa.ipc.open_stream(pa.py_buffer(self._connection.recv_bytes())) as reader:
                tables[name] = reader.read_all()
        return Message(head["said"], tables)

    def close(self) -> None:
        """End the line at both ends: whoever waits in `receive` gets EOFError. For any thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
