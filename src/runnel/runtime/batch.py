"""The batch runtime: runs the segments of a plan in order, stages effects, commits them together, settles the ledger."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from runnel.errors import CheckError, LimitError, RunnelError
from runnel.model.findings import Finding
from runnel.plan.shapes import Effect, Plan, Segment
from runnel.runtime.cache import DATA, LETTERS, META, Kept, ResultCache
from runnel.runtime.journal import Journal
from runnel.runtime.ledger import Counted, Ledger, settle
from runnel.runtime.letters import DEFAULT_BUDGET_BYTES


class Worker(Protocol):
    """Runs one task in a locked-down process and returns its JSON result; raises the task's RunnelError."""

    def call(self, task: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the task `execute` or `stage`."""
        ...


@dataclass(frozen=True)
class BatchOptions:
    """How a run is to be done; paths are absolute folders that the worker may write."""

    staging: str
    use_cache: bool = True
    dry_run: bool = False
    sample: int | None = None
    letter_budget_bytes: int = DEFAULT_BUDGET_BYTES
    progress: bool = False


@dataclass
class TaskResult:
    """How one segment or effect ended."""

    id: str
    nodes: tuple[str, ...]
    status: str = "pending"
    seconds: float = 0.0
    cached: bool = False
    error: RunnelError | None = None


@dataclass
class BatchResult:
    """How a run ended: status, ledger, results by segment, what was written, and the error if there was one."""

    status: str = "running"
    cause: str | None = None
    seconds: float = 0.0
    ledger: Ledger | None = None
    tasks: list[TaskResult] = field(default_factory=list)
    results: dict[str, Kept] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    letters: dict[str, int] = field(default_factory=dict)
    letter_files: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    error: RunnelError | None = None


Commit = Callable[[Effect, Mapping[str, Any], str], Mapping[str, Any]]
"""(effect, what was staged, its staging folder) → what was written; atomic and idempotent for the same run."""


Inspect = Callable[[Plan, Mapping[str, Kept]], None]
"""Looks at the kept results before anything is committed; raises to forbid it."""


class BatchRun:
    """One run of a plan. `run` never raises for what happens in a worker; the result says it."""

    def __init__(
        self,
        plan: Plan,
        worker: Worker,
        cache: ResultCache,
        journal: Journal,
        commit: Commit,
        options: BatchOptions,
        inspect: Inspect | None = None,
    ) -> None:
        self.plan = plan
        self.worker = worker
        self.cache = cache
        self.journal = journal
        self.commit = commit
        self.options = options
        self.inspect = inspect
        self.result = BatchResult()
        self.counts: dict[tuple[str, str], int] = {}
        self.written: dict[str, int] = {}
        self.staged: list[tuple[Effect, Mapping[str, Any], str]] = []

    def run(self) -> BatchResult:
        """Run every segment, then commit every effect, then settle the ledger."""
        begun = time.monotonic()
        result = self.result
        try:
            for segment in self.plan.segments:
                self._run_segment(segment)
            if self.inspect is not None:
                self.inspect(self.plan, self.result.results)
            self._commit_all()
            self._settle()
        except RunnelError as error:
            self._failed(error)
        result.seconds = time.monotonic() - begun
        if result.status == "running":
            warned = result.letters or any(finding.severity == "warning" for finding in result.findings)
            result.status = "warning" if warned else "success"
        return result

    def _failed(self, error: RunnelError) -> None:
        self.result.status = "failed"
        self.result.error = error
        self.result.cause = "check" if isinstance(error, CheckError) else error.where.get("exit_cause")
        if self.result.cause == "cancelled":
            self.result.status, self.result.cause = "cancelled", None
            self.result.error = RunnelError(error.code, "the run was cancelled", "", dict(error.where))
            self.journal.log("warning", None, "the run was cancelled")
        else:
            self.journal.log("error", error.where.get("node"), f"{error.code}: {error.what}")
        self._settle_so_far()

    def _settle(self) -> None:
        ledger = settle(self.plan, self._counted())
        self.result.ledger = ledger
        if ledger.findings:
            self.result.findings.extend(ledger.findings)
            first = ledger.findings[0]
            raise RunnelError(first.code, first.what, first.hint, {"node": first.where.node})

    def _settle_so_far(self) -> None:
        if self.result.ledger is None:
            self.result.ledger = settle(self.plan, self._counted())

    def _counted(self) -> Counted:
        return Counted(self.counts, self.result.letters, self.written, frozenset(self._stopped()))

    def _stopped(self) -> set[str]:
        """Return the nodes that were not read to their end, because a limit behind them had its rows."""
        found: set[str] = set()
        for node in self.plan.nodes:
            out = self.counts.get((node.id, "output"))
            if node.stops_after is None or out is None or out < node.stops_after:
                continue
            for id in node.segments:
                segment = self.plan.segment(id)
                found |= _above(self.plan, node.id) & {cte.node for cte in segment.ctes}
        return found

    def _run_segment(self, segment: Segment) -> None:
        nodes = tuple(dict.fromkeys(cte.node for cte in segment.ctes))
        task = TaskResult(segment.id, nodes)
        self.result.tasks.append(task)
        effects = [effect for effect in self.plan.effects if effect.segment == segment.id]
        sinks = [effect for effect in effects if not effect.kind.startswith("chart.")]
        kept = self.cache.find(segment.key) if self.options.use_cache and not self.options.sample else None
        if kept is not None:
            self._reuse(segment, task, kept)
        else:
            direct = sinks[0] if self._direct(segment, effects) else None
            self._execute(segment, task, direct)
            sinks = [] if direct else sinks
        if not self.options.dry_run:
            for effect in sinks:
                self._stage(effect, segment)
        self._check_share()

    def _direct(self, segment: Segment, effects: list[Effect]) -> bool:
        """Tell whether the segment can be written by its one sink without keeping the result."""
        fed = any(feed.segment == segment.id for other in self.plan.segments for feed in other.feeds)
        return len(effects) == 1 and not effects[0].kind.startswith("chart.") and not fed and not self.options.dry_run

    def _reuse(self, segment: Segment, task: TaskResult, kept: Kept) -> None:
        task.status, task.cached = "success", True
        self.result.results[segment.id] = kept
        self._take(segment, kept.meta)
        if kept.letters is not None:
            self.result.letter_files.append(kept.letters)
        self.journal.task_finished(segment.id, "success", 0.0, {"cached": True, **_detail(kept.meta)})
        self._check_count()

    def _execute(self, segment: Segment, task: TaskResult, direct: Effect | None) -> None:
        folder = Path(self.options.staging) / f"segment-{len(self.result.tasks)}"
        folder.mkdir(parents=True)
        if direct is not None:
            task.nodes = (*task.nodes, direct.node)
        self.journal.task_started(segment.id, task.nodes)
        task.status = "running"
        begun = time.monotonic()
        payload = self._payload(segment, folder, direct)
        try:
            meta = dict(self.worker.call("execute", payload))
        except RunnelError as error:
            task.status = "cancelled" if error.where.get("exit_cause") == "cancelled" else "failed"
            task.seconds, task.error = time.monotonic() - begun, error
            self._letters_of(folder)
            self.journal.task_finished(segment.id, task.status, task.seconds, {"error": error.to_json()})
            raise
        task.status, task.seconds = "success", time.monotonic() - begun
        self._take(segment, meta)
        self._letters_of(folder)
        if direct is not None:
            self.staged.append((direct, meta["written"], str(folder / "sink")))
        else:
            self._keep(segment, folder, meta)
        self.journal.task_finished(segment.id, "success", task.seconds, _detail(meta))

    def _payload(self, segment: Segment, folder: Path, direct: Effect | None) -> dict[str, Any]:
        import dataclasses

        maximum = self.plan.settings.get("dead_letters", {}).get("max_count")
        so_far = sum(self.result.letters.values())
        payload: dict[str, Any] = {
            "segment": dataclasses.asdict(segment), "folder": self.plan.folder,
            "feeds": {feed.segment: self._feed(feed.segment) for feed in segment.feeds},
            "target": str(folder / DATA), "letters": str(folder / LETTERS), "sink": None,
            "letter_budget_bytes": self.options.letter_budget_bytes,
            "max_letters": None if maximum is None else max(0, maximum - so_far), "sample": self.options.sample,
            "progress": self.options.progress,
        }  # fmt: skip
        if direct is not None:
            (folder / "sink").mkdir()
            payload["sink"] = {**dataclasses.asdict(direct), "staging": str(folder / "sink")}
        return payload

    def _feed(self, segment: str) -> dict[str, Any]:
        kept = self.result.results[segment]
        return {"files": [kept.data], "types": dict(kept.types)}

    def _take(self, segment: Segment, meta: Mapping[str, Any]) -> None:
        for node, port, rows in meta["counts"]:
            self.counts[(node, port)] = rows
        for node, refused in meta["letters"].items():
            self.result.letters[node] = self.result.letters.get(node, 0) + refused

    def _letters_of(self, folder: Path) -> None:
        if (folder / LETTERS).exists():
            self.result.letter_files.append(str(folder / LETTERS))

    def _keep(self, segment: Segment, folder: Path, meta: dict[str, Any]) -> None:
        meta["types"] = dict(segment.columns)
        letters = str(folder / LETTERS)
        if self.options.sample:
            (folder / META).write_text(json.dumps(meta, ensure_ascii=False), "utf-8")
            self.result.results[segment.id] = Kept(str(folder / DATA), segment.columns, meta)
            return
        kept = self.cache.keep(segment.key, folder, meta)
        self.result.results[segment.id] = kept
        if letters in self.result.letter_files:
            place = self.result.letter_files.index(letters)
            self.result.letter_files[place : place + 1] = [kept.letters] if kept.letters else []

    def _stage(self, effect: Effect, segment: Segment) -> None:
        import dataclasses

        folder = Path(self.options.staging) / f"sink-{effect.node.replace('/', '-')}-{len(self.staged)}"
        folder.mkdir(parents=True)
        begun = time.monotonic()
        self.journal.task_started(effect.node, (effect.node,))
        payload = {
            "effect": {**dataclasses.asdict(effect), "staging": str(folder)}, "folder": self.plan.folder,
            "feed": self._feed(segment.id),
        }  # fmt: skip
        task = TaskResult(effect.node, (effect.node,), "running")
        self.result.tasks.append(task)
        try:
            written = self.worker.call("stage", payload)
        except RunnelError as error:
            task.status = "failed"
            self.journal.task_finished(effect.node, "failed", time.monotonic() - begun, {"error": error.to_json()})
            raise error.at(node=effect.node) from error
        task.status, task.seconds = "success", time.monotonic() - begun
        self.journal.task_finished(effect.node, "success", task.seconds, {"rows": written["rows"]})
        self.staged.append((effect, written, str(folder)))

    def _commit_all(self) -> None:
        if self.options.dry_run:
            return
        for effect, staged, folder in self.staged:
            written = self.commit(effect, staged, folder)
            self.written[effect.node] = int(written["rows"])
            self.result.outputs.append({"node": effect.node, **written})
            shutil.rmtree(folder, ignore_errors=True)

    def _check_count(self) -> None:
        """Stop the run when kept results bring more dead letters than are allowed."""
        most = self.plan.settings.get("dead_letters", {}).get("max_count")
        refused = sum(self.result.letters.values())
        if most is not None and refused > most:
            what = f"{refused} records were refused, and {most} are allowed"
            where = {"node": next(reversed(self.result.letters))}
            raise LimitError("RNL-LIMIT-020", what, "See the dead letters of the run for the reasons.", where)

    def _check_share(self) -> None:
        """Stop the run when too large a share of what the sources read was refused."""
        share = self.plan.settings.get("dead_letters", {}).get("max_share")
        refused = sum(self.result.letters.values())
        if share is None or not refused:
            return
        sources = [node for node in self.plan.nodes if node.ledger == "source"]
        read = sum(self.counts.get((node.id, port), 0) for node in sources for port in node.outputs)
        read += sum(self.result.letters.get(node.id, 0) for node in sources)
        if read and refused / read > share:
            what = f"{refused} of {read} records were refused ({refused / read:.1%})"
            hint = f"`settings: {{dead_letters: {{max_share: {share}}}}}` stops the run here."
            raise LimitError("RNL-LIMIT-021", what, hint)


def _detail(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {key: meta[key] for key in ("rows", "counts", "letters") if key in meta}


def _above(plan: Plan, node: str) -> set[str]:
    found: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        for edge in plan.edges:
            if edge.target == current and edge.source not in found:
                found.add(edge.source)
                stack.append(edge.source)
    return found
