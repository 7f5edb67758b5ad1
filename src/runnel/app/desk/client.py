"""The server's side of the desk: starts its process, sends calls, hears events, and starts it anew when it dies."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from runnel.app.desk.frames import LENGTHS, encode
from runnel.errors import (
    AuthoringError,
    CheckError,
    ConnectorError,
    EngineError,
    InternalError,
    LimitError,
    NodeCodeError,
    RunnelError,
)

Hear = Callable[[dict[str, Any]], None]
KINDS: Mapping[str, type[RunnelError]] = {
    kind.category: kind
    for kind in (AuthoringError, CheckError, ConnectorError, EngineError, InternalError, LimitError, NodeCodeError)
}


class DeskError(AuthoringError):
    """A pipeline that cannot be compiled, with all its findings as JSON values."""

    def __init__(self, code: str, what: str, hint: str, where: Mapping[str, Any], findings: list[Any]) -> None:
        super().__init__(code, what, hint, where)
        self.findings = findings


class DeskClient:
    """One desk process; calls may overlap, and each answer goes to its caller."""

    def __init__(self, root: Path, flags: Mapping[str, Any], log: Path | None = None) -> None:
        self.root = root
        self.flags = dict(flags)
        self.log = log
        self._ready = asyncio.Event()
        self.pid: int | None = None
        self._heard: list[Hear] = []
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._last = 0
        self._writer: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._closing = False

    def subscribe(self, hear: Hear) -> None:
        """Call a function with every event of the desk."""
        self._heard.append(hear)

    @property
    def ready(self) -> bool:
        """Whether it is warm and answers."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Wait until it is warm."""
        await self._ready.wait()

    async def start(self) -> None:
        """Start the process; it is `ready` a little later."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        wanted = orjson.dumps({"root": str(self.root), "flags": self.flags}).decode()
        errors = await asyncio.to_thread(self._error_stream)
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "runnel.app.desk.process", str(theirs.fileno()), wanted,
                pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL, stderr=errors, start_new_session=True,
            )  # fmt: skip
        finally:
            theirs.close()
            if errors is not None:
                os.close(errors)
        self.pid = self._process.pid
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=1 << 22)
        self._reading = asyncio.create_task(self._read(reader))

    async def call(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """Return the JSON text that answers a call; raises its RunnelError.

        Raises ConnectorError (retryable) when the desk died before it answered, AuthoringError for what JSON cannot hold.
        """
        if self._writer is None:
            raise _gone(name)
        try:
            asked = orjson.dumps(payload)
        except TypeError as error:
            what = "the question holds a value that cannot be asked about, such as a whole number beyond 64 bits"
            raise AuthoringError("RNL-DESK-003", what, "Give it as text, in quotes.") from error
        self._last += 1
        id = self._last
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[id] = waiting
        try:
            self._writer.write(encode({"id": id, "name": name}, asked))
            await self._writer.drain()
            return await waiting
        except asyncio.CancelledError:
            if self._writer is not None and id in self._waiting:  # the future is cancelled with the task that waits for it
                self._writer.write(encode({"leave": id}))
            raise
        except OSError as error:
            raise _gone(name) from error
        finally:
            self._waiting.pop(id, None)

    async def ask(self, name: str, payload: Mapping[str, Any]) -> Any:
        """Return the answer of a call as JSON values."""
        return orjson.loads(await self.call(name, payload))

    async def close(self, patience_seconds: float = 30) -> None:
        """End the process; runs under way have some time to end, then they are stopped."""
        self._closing = True
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), patience_seconds)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head_bytes, body_bytes = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
                head = orjson.loads(await reader.readexactly(head_bytes))
                self._take(head, await reader.readexactly(body_bytes))
        except (asyncio.IncompleteReadError, OSError):
            await self._died()

    def _take(self, head: Mapping[str, Any], body: bytes) -> None:
        if head.get("event"):
            event = orjson.loads(body)
            if event["type"] == "desk.ready":
                self._ready.set()
            for hear in self._heard:
                hear(event)
            return
        waiting = self._waiting.pop(head["id"], None)
        if waiting is None or waiting.done():
            return
        if head["ok"]:
            waiting.set_result(body)
        else:
            waiting.set_exception(_rebuilt(orjson.loads(body)))

    async def _died(self) -> None:
        self._ready.clear()
        self._writer = None
        for waiting in list(self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(_gone("a call"))
        self._waiting.clear()
        if self._closing:
            return
        for hear in self._heard:
            hear({"topic": "desk", "type": "desk.restarted", "data": {}})
        await asyncio.sleep(0.2)
        if not self._closing:
            await self.start()

    def _error_stream(self) -> int | None:
        if self.log is None:
            return None
        self.log.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _gone(name: str) -> ConnectorError:
    what = f"the process that compiles and runs went away while it answered {name}"
    return ConnectorError("RNL-DESK-002", what, "It is being started anew; try again in a moment.", retryable=True)


def _rebuilt(data: Mapping[str, Any]) -> RunnelError:
    """Return the error that a call raised on the desk."""
    if data.get("findings"):
        return DeskError(data["code"], data["what"], data["hint"], data["where"], data["findings"])
    kind = KINDS.get(data["category"], EngineError)
    made = kind(data["code"], data["what"], data["hint"], data["where"])
    if isinstance(made, ConnectorError):
        made.retryable = bool(data.get("retryable"))
    return made
