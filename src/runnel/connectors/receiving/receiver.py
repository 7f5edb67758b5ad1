"""A thread that takes records from a connection into a log, and connects again when it was cut."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runnel.connectors.receiving.appending import Appending
from runnel.errors import ConnectorError, InternalError, RunnelError

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 30.0
STEADY_SECONDS = 10.0
"""A connection that held for so long begins anew with the shortest pause."""


class Receiver:
    """The base of receivers: authors write `receive`, which serves one connection until it ends or `stopping` is set.

    `trouble` says in words what is wrong at the moment; `error` ended the receiver for good; `settled` says that what was
    outside when it began has been taken; `at_end` that nothing more is there at this moment. `alarm` is raised once.
    """

    settled = False
    at_end = False

    def __init__(self, name: str, appending: Appending) -> None:
        self.name = name
        self.appending = appending
        self.trouble = ""
        self.error: RunnelError | None = None
        self.alarm: ConnectorError | None = None
        self.stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def receive(self) -> None:
        """Serve one connection; raises ConnectorError, a retryable one when it is to be tried again."""
        raise NotImplementedError

    def save(self) -> None:
        """Keep what the log alone does not tell; called before the log lets go of records, by another thread."""

    def told(self) -> Mapping[str, Any]:
        """Return what is told of the receiver besides its trouble: plain JSON values."""
        return {}

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"receive {self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, with what was taken made durable."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                self.receive()
            except RunnelError as error:
                if not getattr(error, "retryable", False):
                    self.error = error
                    return
                self.trouble = error.what
            except BaseException as error:  # noqa: BLE001 - the end of a thread must not pass unheard
                what = f"receiving for {self.name}: {type(error).__name__}: {error}"
                self.error = InternalError("RNL-RECEIVE-001", what, "The stream's log has the place.")
                return
            self.at_end = False
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            self.stopping.wait(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


class KeptState:
    """A small JSON file beside a log; each write replaces it whole, and is durable when it returns."""

    def __init__(self, home: str, log: str) -> None:
        self._path = Path(home) / "logs" / log / "receiver.json"

    def read(self) -> dict[str, Any]:
        """Return what is kept, or nothing."""
        try:
            return json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}

    def write(self, state: Mapping[str, Any]) -> None:
        """Keep a state."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_suffix(".part")
        with open(part, "w", encoding="utf-8") as file:
            json.dump(state, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
