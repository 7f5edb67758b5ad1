"""The streams that this process runs: each in a thread that starts its process, and starts it again when it dies."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import Document, runnable
from runnel.app.streams.accounting import document_of
from runnel.app.streams.changing import KEEP, Choice, keep_savepoint, prepared
from runnel.app.streams.removing import remove
from runnel.app.streams.running import StreamRunOptions, run_stream
from runnel.app.streams.telling import WISHES, found, rows_of
from runnel.errors import LimitError, RunnelError
from runnel.store.ownership import is_dead, myself
from runnel.store.streams import SUSPENDED

if TYPE_CHECKING:
    from runnel.app.project import Project

Tell = Callable[[str, str, Mapping[str, Any]], None]
RESTARTS_KEPT = 20
GOING_ON = ("running", SUSPENDED)
"""What is wanted of a stream after a verb; `close` lets every open window leave, and ends the incarnation."""


class StreamSupervisor:
    """Starts and ends the streams of one project; `tell` hears what happens to them."""

    def __init__(self, project: Project, tell: Tell) -> None:
        self.project = project
        self.tell = tell
        self.store = rows_of(project)
        self.charts: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.restarts: dict[str, deque[Mapping[str, Any]]] = {}
        self.blocked: dict[str, Mapping[str, Any]] = {}
        """What streams wait for, by name: their rows may lie where nothing can be written just now."""
        self._threads: dict[str, threading.Thread] = {}
        self._cancels: dict[str, threading.Event] = {}
        self._going: set[str] = set()
        """Streams that are being deleted."""
        self._lock = threading.Lock()

    def start(
        self, document: Document, params: Mapping[str, Any], actor: str | None = None, again: bool = False,
        choice: Choice = KEEP,
    ) -> dict[str, Any]:  # fmt: skip
        """Start a stream, or let one go on (`again`); raises InvalidPipelineError, or LimitError when it runs already."""
        compiled = runnable(self.project, document, params)
        name = compiled.pipeline.name
        with self._lock:
            known = self._threads.get(name)
            if known is not None and known.is_alive():
                raise LimitError("RNL-STREAM-030", f"the stream {name} runs already", "Stop or drain it first.")
            if name in self._going:
                raise LimitError("RNL-STREAM-030", f"the stream {name} is being deleted", "Start it when that is done.")
            cancel = self._cancels[name] = threading.Event()
            options = StreamRunOptions(dict(params), again=again, suspends=True, choice=choice)
            thread = threading.Thread(target=self._run, args=(name, document, options, cancel), name=f"stream {name}")
            thread.daemon = True
            self._threads[name] = thread
            thread.start()
        return {"name": name, "status": "starting"}

    def _run(self, name: str, document: Document, options: StreamRunOptions, cancel: threading.Event) -> None:
        self.tell(f"stream:{name}", "stream.started", {"name": name})
        try:
            report = run_stream(self.project, document, options, lambda kind, data: self._heard(name, kind, data), cancel)
            ended = {"name": name, "status": "failed" if report.error else report.how,
                     "error": report.error.to_json() if report.error else None}  # fmt: skip
        except RunnelError as error:
            ended = {"name": name, "status": "failed", "error": error.to_json()}
        self.blocked.pop(name, None)
        self.tell(f"stream:{name}", "stream.ended", ended)
        self.tell("streams", "stream.ended", ended)

    def _heard(self, name: str, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "chart":
            self.charts[(name, str(data["node"]))] = data
        elif kind == "restarted":
            self.restarts.setdefault(name, deque(maxlen=RESTARTS_KEPT)).append({**data, "at": time.time()})
        elif kind == "blocked":
            data = self.blocked[name] = {**data, "at": time.time()}
        elif kind == "unblocked":
            self.blocked.pop(name, None)
        elif kind == "status" and name in self.blocked:
            data = {**data, "blocked": self.blocked[name]}
        self.tell(f"stream:{name}", f"stream.{kind}", {"name": name, **data})

    def wish(self, name: str, verb: str) -> dict[str, Any]:
        """Ask a stream to stop, drain, pause or resume; raises AuthoringError for a stream that there is not."""
        found(self.store, name)
        self.store.wish(name, WISHES[verb])
        return {"name": name, "wanted": WISHES[verb]}

    def runs(self, name: str) -> bool:
        """Tell whether a stream runs, here or in another process."""
        thread, record = self._threads.get(name), self.store.get(name)
        if thread is not None and thread.is_alive():
            return True
        owner = record["owner"] if record is not None else None
        return owner is not None and owner != myself() and not is_dead(owner)

    def change(self, document: Document, name: str, choice: Choice, actor: str | None = None) -> dict[str, Any]:
        """Let a stream go on with another version, with a savepoint of how it stood before.

        Raises InvalidPipelineError, and AuthoringError where somebody has to choose; the stream goes on then as it was.
        """
        record = found(self.store, name)
        params = record["params"] or {}
        outlook = prepared(self.project, record, document, params, choice)
        if choice.state == "close":
            if not self.runs(name):
                self.start(document_of(self.project, record), params, actor, again=True)
            self.halt(name, verb="close")
        else:
            self.halt(name, verb="drain" if outlook.misfits.waiting and not choice.discard else "stop")
            keep_savepoint(self.store, name)
        return {**self.start(document, params, actor, choice=choice), **outlook.to_json()}

    def halt(self, name: str, patience_seconds: float = 60.0, verb: str = "stop") -> None:
        """Stop a stream after its epoch and wait until it has; raises LimitError for one that goes on."""
        end = time.monotonic() + patience_seconds
        if self.runs(name):
            self.wish(name, verb)
        while self.runs(name):
            if time.monotonic() > end:
                what = f"the stream {name} did not stop within {patience_seconds:.0f} s"
                raise LimitError("RNL-STREAM-056", what, "Look at its log, and try again.")
            time.sleep(0.05)

    def delete(self, name: str, discard: bool, keep_outside: bool) -> dict[str, Any]:
        """Delete a stream that does not run (see `removing.remove`)."""
        with self._lock:
            if name in self._going or self.runs(name):
                raise LimitError("RNL-STREAM-044", f"the stream {name} runs, or is being deleted", "Stop it first.")
            self._going.add(name)
        try:
            made = remove(self.project, self.store, name, discard, keep_outside)
        finally:
            self._going.discard(name)
        for kept in (self._threads, self._cancels, self.restarts, self.blocked):
            kept.pop(name, None)
        self.charts = {key: chart for key, chart in self.charts.items() if key[0] != name}
        for topic in (f"stream:{name}", "streams"):
            self.tell(topic, "stream.deleted", {"name": name})
        return made

    def resume_all(self) -> None:
        """Start the streams again that were wanted running when their process went away."""
        for record in self.store.list():
            if record["wanted"] not in ("running", "paused") or record["status"] not in GOING_ON:
                continue
            try:
                self.start(document_of(self.project, record), record["params"] or {}, again=True)
            except RunnelError as error:
                data = {"name": record["name"], "status": "failed", "error": error.to_json()}
                self.tell(f"stream:{record['name']}", "stream.ended", data)

    def close(self, patience_seconds: float = 25.0) -> None:
        """End all streams in order, so that they go on where they are when the server is up again."""
        with self._lock:
            threads = {name: thread for name, thread in self._threads.items() if thread.is_alive()}
        for name in threads:
            self._cancels[name].set()
        for thread in threads.values():
            thread.join(patience_seconds / max(1, len(threads)))
        self.store.close()
