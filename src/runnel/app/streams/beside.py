"""The processes that share the reading of a stream, started beside the one that commits and ended with it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from runnel.errors import EngineError, RunnelError
from runnel.runtime.stream.lanes import ENDED
from runnel.sandbox import Cargo, Child, Event, Grant, Limits, Zygote
from runnel.sandbox.child import CancelSignal

LANE = "runnel.app.streams.lane:run"
END_SECONDS = 15.0


class LanesBeside:
    """Starts lanes, each on a pair of sockets with the committing process; with one lane that one reads by itself.

    Use as a context around `call`, which runs the committing process.
    """

    def __init__(
        self, zygote: Zygote, grant: Grant, limits: Limits, folder: Path, payload: Mapping[str, Any], lanes: int,
        heard: Callable[[Event], None],
    ) -> None:  # fmt: skip
        self._open = lambda number: zygote.open(grant, limits, str(folder / f"lane-{number}.log"))
        self._payload = payload
        self._heard = heard
        self._pairs = [socket.socketpair() for _ in range(lanes)] if lanes > 1 else []
        self._threads: list[threading.Thread] = []
        self._errors: list[RunnelError] = []

    def call(self, child: Child, task: str, payload: Mapping[str, Any], cancel: CancelSignal) -> Mapping[str, Any]:
        """Run the committing process, which is given its ends; an error that says that a lane ended says why."""
        cargo = Cargo(descriptors=tuple(near.fileno() for near, _ in self._pairs))
        try:
            return child.call(task, payload, self._of_committing, cancel, cargo=cargo)
        except EngineError as error:
            if error.code != ENDED:
                raise
            self._join()
            raise (self._errors[0] if self._errors else error) from error

    def _of_committing(self, event: Event) -> None:
        """Take an event of the committing process; once it has its ends, nobody else holds them open."""
        if event.kind == "connected":
            for near, _ in self._pairs:
                near.close()
        else:
            self._heard(event)

    def __enter__(self) -> LanesBeside:
        for number, (_, far) in enumerate(self._pairs):
            thread = threading.Thread(target=self._serve, args=(number, far), name=f"lane {number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for near, _ in self._pairs:
            near.close()
        self._join()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(END_SECONDS)

    def _serve(self, number: int, far: socket.socket) -> None:
        """Run one lane to its end."""

        def heard(event: Event) -> None:
            if event.kind == "connected":
                far.close()
            else:
                self._heard(event)

        payload = {**self._payload, "lane": number, "lanes": len(self._pairs)}
        try:
            with self._open(number) as child:
                child.call(LANE, payload, heard, cargo=Cargo(descriptors=(far.fileno(),)))
        except RunnelError as error:
            self._errors.append(error)
        finally:
            far.close()
