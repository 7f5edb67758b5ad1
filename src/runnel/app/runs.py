"""Runs: a pipeline version is executed once, everything about it is written down, and its effects appear together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.confining import check_path
from runnel.app.gates import inspect
from runnel.app.pipelines import Document, runnable, text_of
from runnel.app.remembering import GOOD, KEY, kept_sources
from runnel.app.run_charts import keep_charts
from runnel.app.run_events import TellingJournal
from runnel.app.run_listing import node_status
from runnel.app.settings import byte_size
from runnel.app.workers import existing
from runnel.compiler.compile import Compiled
from runnel.errors import RunnelError
from runnel.plan.shapes import Effect, Plan
from runnel.runtime.batch import BatchOptions, BatchResult, BatchRun
from runnel.runtime.cache import Kept
from runnel.runtime.journal import Journal
from runnel.runtime.ledger import Ledger
from runnel.sdk.source import Sink, SinkContext, Written

if TYPE_CHECKING:
    from runnel.app.project import Project

Progress = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class RunOptions:
    """What a person asked of a run; `remember` says whether later runs are compared with its sources."""

    params: Mapping[str, Any] = field(default_factory=dict)
    to: str | None = None
    dry_run: bool = False
    sample: int | None = None
    use_cache: bool = True
    replays: str | None = None
    """The claim on the dead letters that this run replays."""
    remember: bool = True
    actor: str | None = None
    """Who asked for the run."""


@dataclass
class RunReport:
    """Everything that `runnel run --json` says, and where the results lie."""

    run_id: str
    plan: Plan
    compiled: Compiled
    result: BatchResult
    version: str = ""

    @property
    def status(self) -> str:
        """success, warning, failed or cancelled."""
        return self.result.status

    @property
    def ledger(self) -> Ledger:
        """The ledger of the run."""
        assert self.result.ledger is not None
        return self.result.ledger

    def kept(self, segment: str) -> Kept | None:
        """Return the kept result of a segment."""
        return self.result.results.get(segment)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of INTERFACE section 2."""
        ledger = self.ledger
        tasks = {node: task for task in reversed(self.result.tasks) for node in task.nodes}
        nodes: list[dict[str, Any]] = []
        for item in self.plan.nodes:
            entry = ledger.entry(item.id)
            task = tasks.get(item.id)
            culprit = task.error.where.get("node") if task and task.error else None
            status = node_status(task.status, task.nodes, culprit, item.id) if task else "pending"
            nodes.append({
                "id": item.id, "kind": item.kind, "status": status,
                "seconds": round(task.seconds, 6) if task else 0.0, "rows_in": entry.rows_in,
                "rows_out": entry.rows_out, "engine": item.engine, "cached": bool(task and task.cached),
            })  # fmt: skip
        error = self.result.error
        return {
            "run_id": self.run_id, "pipeline": self.plan.pipeline, "version": self.version or self.plan.version,
            "status": self.result.status, "cause": self.result.cause, "seconds": round(self.result.seconds, 6),
            "nodes": nodes,
            "edges": [{**edge.to_json(), "rows": rows} for edge, rows in ledger.edges],
            "ledger": ledger.to_json(), "dead_letters": dict(self.result.letters), "outputs": self.result.outputs,
            "findings": [finding.to_json() for finding in (*self.compiled.findings, *self.result.findings)],
            "error": error.to_json() if error else None,
        }  # fmt: skip


def run(
    project: Project,
    document: Document,
    options: RunOptions,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> RunReport:
    """Compile and run a document; raises InvalidPipelineError before anything is started, never afterwards."""
    project.workers.start()
    compiled = runnable(project, document, options.params)
    return run_compiled(project, document, compiled, options, progress, cancel)


def run_compiled(
    project: Project,
    document: Document,
    compiled: Compiled,
    options: RunOptions,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> RunReport:
    """Run a compiled document; the run's row is durable before the first task starts."""
    targets = None
    if options.to is not None:
        from runnel.app.pipelines import port_of

        targets = [port_of(compiled, options.to)]
    plan = compiled.plan(targets)
    version = project.store.versions.put(plan.pipeline, text_of(document), plan.version, compiled.pipeline)
    started = project.store.runs.start(
        plan.pipeline, version, {key: str(value) for key, value in compiled.params.items()}, options.replays,
        options.actor,
    )  # fmt: skip
    stop = CancelRequest(project, started.id, cancel)
    if progress is not None:
        progress("started", {**started.to_json(), "nodes": [node.id for node in plan.nodes]})
    try:
        result = _execute(project, plan, started.id, options, progress, stop)
    except KeyboardInterrupt:
        project.store.runs.finish(started.id, "cancelled", "signal", {}, None, [])
        raise
    report = RunReport(started.id, plan, compiled, result, version)
    _keep_letters(project, started.id, plan, result)
    _clear(project.home / "runs" / started.id / "staging")
    if result.status in GOOD and not options.dry_run and not options.sample and targets is None:
        keep_charts(project, report)
    kept = report.to_json()
    if options.remember and not options.replays and not options.dry_run and result.status in GOOD:
        kept[KEY] = kept_sources(compiled, plan, started.id, str(started.to_json()["started_at"]))
    project.store.runs.finish(
        started.id, result.status, result.cause, kept,
        result.error.to_json() if result.error else None, [entry.to_json() for entry in report.ledger.entries],
    )  # fmt: skip
    return report


class CancelRequest:
    """Tells a worker's caller to stop: the caller's own event, or `runnel runs cancel` in another process."""

    def __init__(self, project: Project, run_id: str, event: threading.Event | None) -> None:
        self.project = project
        self.run_id = run_id
        self.event = event
        self._looked = time.monotonic()
        self._asked = False

    def is_set(self) -> bool:
        """Whether somebody asked; the store is looked at four times a second."""
        if self._asked or (self.event is not None and self.event.is_set()):
            return True
        if time.monotonic() - self._looked >= 0.25:
            self._looked = time.monotonic()
            self._asked = self.project.store.runs.cancel_requested(self.run_id)
        return self._asked


def _execute(
    project: Project,
    plan: Plan,
    run_id: str,
    options: RunOptions,
    progress: Progress | None,
    cancel: CancelRequest,
) -> BatchResult:
    folder = project.home / "runs" / run_id
    staging = folder / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    written = project.store.runs.journal(run_id)
    journal: Journal = written if progress is None else TellingJournal(written, progress)
    reads = existing([path for segment in plan.segments for scan in segment.scans for path in scan.reads])
    project.cache.root.mkdir(parents=True, exist_ok=True)
    memory = plan.settings.get("memory")
    heard = progress is not None
    batch = BatchOptions(str(staging), options.use_cache, options.dry_run, options.sample, progress=heard)
    commit = _committer(project, plan, run_id)
    try:
        with project.workers.open(
            [*reads, str(project.cache.root)], [str(staging)], log=str(folder / "worker.log"),
            memory_bytes=byte_size(memory) if memory else None, timeout_seconds=plan.settings.get("timeout_seconds"),
        ) as worker:  # fmt: skip
            worker.cancel = cancel
            if progress is not None:
                worker.on_event = lambda event: progress(event.kind, event.data)
            return BatchRun(plan, worker, project.cache, journal, commit, batch, inspect).run()
    except RunnelError as error:
        failed = BatchResult(status="failed", error=error)
        from runnel.runtime.ledger import Counted, settle

        failed.ledger = settle(plan, Counted({}, {}, {}))
        return failed


def _clear(staging: Path) -> None:
    """Remove what was staged; results of a sampled run stay with the run."""
    import shutil

    for folder in staging.iterdir() if staging.exists() else ():
        if not (folder / "data.parquet").exists() or not (folder / "meta.json").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _committer(project: Project, plan: Plan, run_id: str) -> Callable[[Effect, Mapping[str, Any], str], dict[str, Any]]:
    def commit(effect: Effect, staged: Mapping[str, Any], folder: str) -> dict[str, Any]:
        context = SinkContext(plan.folder, run_id, project.store.datasets, plan.pipeline)
        node = project.catalog.get(effect.kind)
        assert node is not None and issubclass(node, Sink)
        sink = node(node.Config.model_validate(effect.config), {}, effect.node)
        began = time.monotonic()
        if project.confined and staged.get("path") is not None and "path" in effect.config:
            check_path(project, str(effect.config["path"]), plan.folder, writes=True)
        written = sink.commit(Written(**staged), folder, context)
        made: dict[str, Any] = {"rows": written.rows, "version": written.version, **dict(written.detail)}
        if written.path is not None:
            made["path"] = written.path
        if written.dataset is not None:
            made["dataset"] = written.dataset
        made["seconds"] = round(time.monotonic() - began, 6)
        return made

    return commit


def _keep_letters(project: Project, run_id: str, plan: Plan, result: BatchResult) -> None:
    """Move the refused records of a run into the dead-letter store; a run whose records cannot be kept has failed."""
    if not result.letters:
        return
    try:
        project.store.letters.add(run_id, plan.pipeline, result.letters, result.letter_files)
    except RunnelError as error:
        result.status, result.cause, result.error = "failed", None, result.error or error
