"""The desk's process: reads calls from a socket, answers each in a thread of its own, and sends events."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from runnel.app.desk.context import DeskContext
from runnel.app.desk.frames import encode, receive
from runnel.app.desk.registry import Call, calls
from runnel.app.patience import Patience, waiting
from runnel.app.project import Project
from runnel.errors import InternalError, LimitError, RunnelError

THREADS = 12
LASTING = frozenset({"execute", "export", "stream_trace", "tests"})
"""Calls that may take as long as they take."""
OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


class Desk:
    """Answers what comes over one connection until it ends; then waits for the runs that are under way."""

    def __init__(self, connection: socket.socket, context: DeskContext, known: Mapping[str, Call]) -> None:
        self.seconds = float(context.project.setting("preview_seconds"))
        self.connection = connection
        self.context = context
        self.calls = known
        self._sending = threading.Lock()
        self._asked: dict[int, Patience] = {}
        self._pool = ThreadPoolExecutor(THREADS, "call")

    def serve(self) -> None:
        """Answer until the connection ends."""
        while (frame := receive(self.connection)) is not None:
            head, body = frame
            if "leave" in head:
                self._leave(head["leave"])
                continue
            self._asked[head["id"]] = Patience(None if head["name"] in LASTING else self.seconds)
            self._pool.submit(self._answer, head, body)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send an event; nobody is there to hear it once the server has gone."""
        self._send({"event": True}, orjson.dumps(event, option=OPTIONS, default=str))

    def _leave(self, id: int) -> None:
        """Stop what is done for a call that nobody waits for."""
        patience = self._asked.get(id)
        if patience is not None:
            patience.leave()

    def _answer(self, head: Mapping[str, Any], body: bytes) -> None:
        begun = time.monotonic()
        patience = self._asked[head["id"]]
        try:
            if patience.is_set():
                raise LimitError("RNL-LIMIT-031", "nobody waits for this answer any longer")
            with waiting(patience):
                found = self.calls[head["name"]](self.context, orjson.loads(body))
            made = found if isinstance(found, bytes) else orjson.dumps(found, option=OPTIONS, default=str)
            self._send({"id": head["id"], "ok": True, "seconds": time.monotonic() - begun}, made)
        except RunnelError as error:
            self._send({"id": head["id"], "ok": False}, orjson.dumps(_error(error), option=OPTIONS, default=str))
        except Exception as error:  # noqa: BLE001 - the boundary of the process: the caller is told, the desk lives on
            self._send({"id": head["id"], "ok": False}, orjson.dumps(_error(_fault(head["name"], error))))
        finally:
            self._asked.pop(head["id"], None)

    def _send(self, head: Mapping[str, Any], body: bytes) -> None:
        with self._sending:
            try:
                self.connection.sendall(encode(head, body))
            except OSError:
                return


def _error(error: RunnelError) -> dict[str, Any]:
    findings = [finding.to_json() for finding in getattr(error, "findings", ())]
    return {**error.to_json(), "findings": findings, "retryable": bool(getattr(error, "retryable", False))}


def _fault(name: str, error: Exception) -> InternalError:
    """Say what broke on the desk's own error stream, with its traceback, and to the caller without."""
    import traceback

    traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"answering {name}: {type(error).__name__} at {os.path.basename(place.filename)}:{place.lineno}"
    return InternalError("RNL-INTERNAL-001", what, "This is a fault of Runnel; the server's log has the details.")


def main() -> None:
    """Serve the connection whose descriptor is the first argument; the second is the project as JSON."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    wanted = orjson.loads(sys.argv[2])
    project = Project(wanted["root"], flags=wanted["flags"], confined=True)
    context = DeskContext(project, lambda event: desk.tell(event))
    desk = Desk(connection, context, calls())
    project.workers.start()
    threading.Thread(target=_warm, args=(context, desk), daemon=True).start()
    try:
        desk.serve()
        for thread in list(context.running.values()):
            thread.join()
    finally:
        context.close()
        project.close()
        os._exit(0)


def _warm(context: DeskContext, desk: Desk) -> None:
    """Make what the first question would wait for, then say that the desk is ready."""
    from runnel.app.recovering import recover

    recover(context.project)
    _ = context.project.compiler
    _ = context.project.store.versions
    with context.project.workers.open([], []) as worker:
        worker.call("describe", {"sql": "SELECT 1 AS one", "tables": {}})
    desk.tell({"topic": "desk", "type": "desk.ready", "data": {}})
    context.streams.resume_all()


if __name__ == "__main__":
    main()
