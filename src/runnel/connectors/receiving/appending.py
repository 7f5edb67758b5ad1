"""Appending to a log in order and with back-pressure: what it does not take now is offered again before anything later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from runnel.errors import ConnectorError, LimitError
from runnel.sdk.log import LogWriter

LINES, BYTES = 1, 4
"""How a body is cut into records: one a line, or all of it is one."""
AGAIN_SECONDS = 0.2
MOST_WAITING = 16 * 1024 * 1024


@dataclass(frozen=True)
class Piece:
    """What is appended at once; `token` is what the receiver is told when it is durable."""

    token: Any
    body: bytes
    count: int = 1
    framing: int = BYTES
    headers: Mapping[str, Any] | None = None


class Appending:
    """The order of one receiver's records. One thread uses it.

    `full` says that the receiver shall take nothing more: the log has reached its budget, or the disk is behind.
    With `one_by_one` a piece is appended only when those before it are durable: then whatever the disk refuses, no later
    piece is kept without it.
    """

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self.one_by_one = False
        self._held: deque[Piece] = deque()
        self._waiting: deque[tuple[Piece, Future[Any]]] = deque()
        self._bytes = 0
        self._again = 0.0
        self.refused = ""

    @property
    def full(self) -> bool:
        """Whether nothing more is to be offered now."""
        if self.one_by_one and not self.refused:
            return self._bytes > MOST_WAITING
        return bool(self._held) or self._bytes > MOST_WAITING

    @property
    def empty(self) -> bool:
        """Whether everything that was offered is durable."""
        return not self._held and not self._waiting

    def offer(self, piece: Piece) -> None:
        """Append a piece, or hold it until the log takes it."""
        self._held.append(piece)
        self._bytes += len(piece.body)
        if len(self._held) == 1:
            self._push()

    def settled(self) -> list[tuple[Any, Any]]:
        """Return (token, receipt) of what has become durable, in order; offers again what is held.

        Raises ConnectorError when the disk did not take something: nothing after it counts as durable.
        """
        found: list[tuple[Any, Any]] = []
        while self._waiting and self._waiting[0][1].done():
            piece, future = self._waiting.popleft()
            self._bytes -= len(piece.body)
            error = future.exception()
            if error is not None:
                self.forget()
                raise error
            found.append((piece.token, future.result()))
        if self._held and time.monotonic() >= self._again:
            self._push()
        return found

    def forget(self) -> None:
        """Drop what is not durable yet, since it will be sent anew; waits for what is under way."""
        self._held.clear()
        for _, future in self._waiting:
            future.exception(60)
        self._waiting.clear()
        self._bytes = 0

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until what is under way is durable, or has failed; `settled` tells which."""
        if self._waiting:
            self._waiting[-1][1].exception(seconds)

    def _push(self) -> None:
        while self._held and not (self.one_by_one and self._waiting):
            piece = self._held[0]
            future = self._writer.append(piece.body, piece.count, piece.framing, piece.headers)
            error = future.exception() if future.done() else None
            if isinstance(error, LimitError) or (isinstance(error, ConnectorError) and error.retryable):
                self._again, self.refused = time.monotonic() + AGAIN_SECONDS, error.what
                return
            self.refused = ""
            self._held.popleft()
            self._waiting.append((piece, future))
