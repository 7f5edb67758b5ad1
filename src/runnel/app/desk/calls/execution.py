"""Running pipelines: a run goes on in a thread of its own, and everything that happens to it is told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.pipelines import Document
from runnel.app.runs import RunOptions, RunReport, run
from runnel.errors import EngineError, RunnelError


@answers("execute")
def execute(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Start a run and return its id as soon as its row is durable; raises what forbids it to start."""
    document = context.document(payload)
    options = RunOptions(
        params=payload.get("params") or {}, to=payload.get("to"), dry_run=bool(payload.get("dry_run")),
        sample=payload.get("sample"), use_cache=payload.get("use_cache", True), actor=payload.get("actor"),
    )  # fmt: skip
    started = _Starting(context)
    thread = threading.Thread(target=_run, args=(context, document, options, started), name="run")
    thread.start()
    return {"run_id": started.wait(thread)}


class _Starting:
    """Waits for a run's first durable row, and passes on what the run tells."""

    def __init__(self, context: DeskContext) -> None:
        self.context = context
        self.run_id: str | None = None
        self.pipeline = ""
        self.error: RunnelError | None = None
        self._known = threading.Event()

    def hear(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take what a run tells: `started`, `task`, `log`, `progress`."""
        if kind == "started":
            self.run_id, self.pipeline = str(data["run_id"]), str(data["pipeline"])
            self.context.running[self.run_id] = threading.current_thread()
        self.tell(kind, data)
        if kind == "started":
            self._known.set()

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """Send an event of this run."""
        self.context.tell("runs", f"run.{kind}", {**data, "run_id": self.run_id, "pipeline": self.pipeline})

    def failed(self, error: RunnelError) -> None:
        """Take what forbade the run to start."""
        self.error = error
        self._known.set()

    def wait(self, thread: threading.Thread) -> str:
        """Return the run's id; raises what forbade it to start."""
        while not self._known.wait(0.5):
            if not thread.is_alive():
                raise EngineError("RNL-RUN-010", "the run ended before it was written down", "See the server's log.")
        if self.run_id is None:
            assert self.error is not None
            raise self.error
        return self.run_id


def _run(context: DeskContext, document: Document, options: RunOptions, started: _Starting) -> None:
    try:
        with context.compiling:
            context.project.workers.start()
        report = run(context.project, document, options, started.hear)
        _finished(context, report, started)
    except RunnelError as error:
        if started.run_id is None:
            started.failed(error)
        else:
            started.tell("finished", {"status": "failed", "error": error.to_json()})
    finally:
        if started.run_id is not None:
            context.running.pop(started.run_id, None)


def _finished(context: DeskContext, report: RunReport, started: _Starting) -> None:
    made = report.to_json()
    told = {key: made[key] for key in ("status", "cause", "seconds", "nodes", "edges", "dead_letters", "outputs", "error")}
    started.tell("finished", told)
    for written in report.result.outputs:
        if written.get("dataset"):
            context.tell("datasets", "dataset.changed", {"name": written["dataset"], "version": written.get("version")})
        elif written.get("path"):
            context.tell("files", "file.changed", {"path": str(written["path"])})


@answers("cancel")
def cancel(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a run to stop; says whether it was still running."""
    return {"cancelled": context.project.store.runs.request_cancel(str(payload["run_id"]))}
