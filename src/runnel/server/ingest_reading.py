"""Reading the body of a request within a size and a time, at the cost of one table for all of them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import Receive

from runnel.server.problems import HttpError

BODY_SECONDS = 60.0


class GoneError(Exception):
    """The client left before its body was whole."""


class Bodies:
    """Reads bodies; one timer ends all that take too long."""

    def __init__(self) -> None:
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._sweeping = False

    async def read(self, receive: Receive, most: int) -> bytes:
        """Read a body; raises HttpError (413, 408), or GoneError when the client left."""
        task = asyncio.current_task()
        assert task is not None
        self._reading[task] = time.monotonic() + BODY_SECONDS
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(BODY_SECONDS / 4, self._sweep)
        try:
            message = await receive()
            if message["type"] != "http.request":
                raise GoneError
            body: bytes = message.get("body", b"")
            if not message.get("more_body"):
                if len(body) > most:
                    raise too_large(most)
                return body
            parts, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                if message["type"] != "http.request":
                    raise GoneError
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    raise too_large(most)
            return b"".join(parts)
        except asyncio.CancelledError as error:
            if task in self._reading and self._reading[task] == 0.0:
                task.uncancel()
                raise HttpError(408, f"the body did not come within {BODY_SECONDS:.0f} s") from error
            raise
        finally:
            self._reading.pop(task, None)

    def _sweep(self) -> None:
        """End the reading of bodies that take too long."""
        now = time.monotonic()
        for task, until in list(self._reading.items()):
            if 0.0 < until < now:
                self._reading[task] = 0.0
                task.cancel()
        self._sweeping = bool(self._reading)
        if self._sweeping:
            asyncio.get_running_loop().call_later(BODY_SECONDS / 4, self._sweep)


def too_large(most: int) -> HttpError:
    """Return the refusal of a body above a limit."""
    return HttpError(413, f"the body is larger than {most} bytes", "Send less at once, or raise `max_request_bytes`.")
