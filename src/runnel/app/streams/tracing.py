"""From a row of a stream back to the records that made it: which epochs wrote it, what they read, and what of that led to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.connections import policy_of
from runnel.app.pipelines import Document, InvalidPipelineError, runnable
from runnel.app.streams.accounting import document_of
from runnel.app.streams.bounded import held_in
from runnel.app.streams.grants import outside_of, reaches_network, readable, writable
from runnel.app.streams.telling import found
from runnel.app.streams.tracked import tracked
from runnel.app.workers import WARM_STREAMS
from runnel.compiler.compile import Compiled
from runnel.errors import AuthoringError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.held import tables_to_json
from runnel.sandbox import Grant, Limits, Zygote
from runnel.store.tracing import Written, epochs_of_files

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore

FIND = "runnel.app.streams.tracing_worker:find"
TRACE = "runnel.app.streams.tracing_worker:trace"
STARTS = ("window_start", "session_start")
THREADS = 256
BESIDE = "-trace"
"""Behind the name under which a source knows its reader: the stream's own reader goes on undisturbed."""


@dataclass(frozen=True)
class Wanted:
    """Whose records are asked for: rows of a dataset, or of a sink in some epochs, that an expression picks."""

    where: str
    dataset: str | None = None
    sink: str | None = None
    first: int | None = None
    last: int | None = None
    limit: int = 10


@dataclass(frozen=True)
class Range:
    """What is read again: where each partition begins and ends, with the clocks there, and the time of the last epoch."""

    incarnation: str
    first: int
    last: int
    starts: Mapping[str, Mapping[str, Any]]
    ends: Mapping[str, Mapping[str, Any]]
    clocks: Mapping[str, Any]
    time: int
    counted: Mapping[str, int]
    """By source: how many rows, refused ones too, it gave in these epochs."""


def trace(project: Project, store: StreamStore, name: str, wanted: Wanted) -> dict[str, Any]:
    """Return rows with the records that made them, each with its source, partition, position and bytes or columns.

    The records are read again from the sources and go through the version that the stream runs: `reproduced` says whether
    those that are named, alone, give the row. What the sources keep no more is named in `gone`. Raises AuthoringError.
    """
    record = found(store, name)
    compiled = runnable(project, document_of(project, record), record["params"] or {})
    return _Trace(project, store, record, compiled, wanted).run()


class _Trace:
    """One question, with a process of its own to answer it."""

    def __init__(
        self, project: Project, store: StreamStore, record: Mapping[str, Any], compiled: Compiled, wanted: Wanted
    ) -> None:
        self.project = project
        self.store = store
        self.record = record
        self.compiled = compiled
        self.plan = compiled.stream_plan()
        self.wanted = wanted
        self.sink = self._sink()
        self._check()

    def run(self) -> dict[str, Any]:
        """Find the rows, the ranges, and the records."""
        self.project.workers.start()
        zygote = Zygote((*WARM_STREAMS, FIND.partition(":")[0]))
        zygote.start(wait=False)
        scratch = tempfile.mkdtemp(dir=self.project.scratch)
        try:
            payload, grant = self._payload(scratch)
            memory = Limits(memory_bytes=self.project.memory_bytes, processes=THREADS, open_files=4096)
            log = Path(scratch) / "trace.log"
            with zygote.open(grant, memory, str(log)) as child:
                targets = self._targets(lambda given: child.call(FIND, {**payload, **given}))
                made = [row for range_, rows in self._ranged(targets) for row in child.call(
                    TRACE, {**payload, "targets": rows, "where": self.wanted.where, "range": _plain(range_)}
                )["rows"]]  # fmt: skip
        finally:
            zygote.close()
            shutil.rmtree(scratch, ignore_errors=True)
        return {"stream": self.record["name"], "sink": self.sink, "dataset": self.wanted.dataset, "rows": made}

    def _sink(self) -> str:
        effects = {effect.node: effect for effect in self.plan.plan.effects if not effect.kind.startswith("chart.")}
        if self.wanted.dataset is None:
            if self.wanted.sink in effects:
                return str(self.wanted.sink)
            what = f"the stream has no sink `{self.wanted.sink}`"
            raise AuthoringError("RNL-STREAM-047", what, f"Sinks: {', '.join(effects)}.")
        names = {str(effect.config["name"]): node for node, effect in effects.items() if effect.kind == "sink.dataset"}
        if self.wanted.dataset in names:
            return names[self.wanted.dataset]
        what = f"the stream {self.record['name']} writes no dataset `{self.wanted.dataset}`"
        raise AuthoringError("RNL-STREAM-060", what, f"Datasets: {', '.join(names) or 'none'}.")

    def _check(self) -> None:
        """Raise AuthoringError for what cannot be computed again, or not be found."""
        asking = next((step.node for step in self.plan.steps if step.asks is not None), None)
        if asking is not None:
            what = f"{asking} asked another system, which may answer otherwise now"
            raise AuthoringError("RNL-STREAM-065", what, "Rows of such a stream are not traced.", {"node": asking})
        config = next(effect.config for effect in self.plan.plan.effects if effect.node == self.sink)
        if self.wanted.dataset is not None and config.get("key") and config.get("mode") != "append":
            what = f"{self.wanted.dataset} is kept by key: its rows are of several epochs"
            hint = f"Trace what was given to it: --sink {self.sink} --epoch N --to M."
            raise AuthoringError("RNL-STREAM-066", what, hint, {"node": self.sink})

    def _payload(self, scratch: str) -> tuple[dict[str, Any], Grant]:
        """Return what the process is given, and what it may touch: it writes nothing but its scratch and the logs' marks."""
        project, plan = self.project, self.plan
        traced = self._tracked()
        held = held_in(Path(scratch), project, plan) | ({} if traced is None else held_in(Path(scratch), project, traced))
        place = [] if self.wanted.dataset is None else [str(project.store.datasets.place(self.wanted.dataset))]
        payload = {
            "plan": plan.to_json(), "traced": None if traced is None else traced.to_json(), "sink": self.sink,
            "home": str(project.home), "folder": scratch, "scratch": scratch, "held": tables_to_json(held), "datasets": {},
            "outside": outside_of(project, plan), "egress": policy_of(project).to_json(), "careful": True, "poison": [],
            "most_records": None, "limit": self.wanted.limit, "beside": BESIDE,
        }  # fmt: skip
        read = (*readable(plan), *place)
        return payload, Grant(read, (scratch, *writable(project, plan)), network=reaches_network(project, plan))

    def _tracked(self) -> StreamPlan | None:
        """Return the plan in which rows carry the places of their records; None where that cannot be drawn."""
        pipeline = tracked(self.compiled.pipeline, [scan.node for scan in self.plan.scans])
        document = Document(pipeline, (), self.compiled.folder)
        try:
            plan = runnable(self.project, document, self.record["params"] or {}).stream_plan()
        except InvalidPipelineError:
            return None
        return plan

    def _targets(self, ask: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows whose records are wanted, with the epochs that wrote them; of a sink only its epochs."""
        last = self.wanted.last or int(self.record["epoch"])
        if self.wanted.dataset is None:
            own = Written(self.record["incarnation"], self.sink, self.wanted.first or 1, last)
            return [{"row": None, "written": own}]
        datasets = self.project.store.datasets
        files, columns, _ = datasets.files(self.wanted.dataset)
        place = datasets.place(self.wanted.dataset)
        known = epochs_of_files(place)
        made = ask({"files": list(files), "columns": dict(columns), "where": self.wanted.where})["rows"]
        if not made:
            what = f"no row of {self.wanted.dataset} is picked by `{self.wanted.where}`"
            raise AuthoringError("RNL-STREAM-061", what, "Give another expression over its columns.")
        unknown = Written(self.record["incarnation"], self.sink, 1, last)
        names = [str(Path(item["file"]).relative_to(place)) for item in made]
        return [{"row": item["row"], "written": known.get(name, unknown)} for item, name in zip(made, names, strict=True)]

    def _ranged(self, targets: Sequence[Mapping[str, Any]]) -> list[tuple[Range, list[dict[str, Any]]]]:
        """Return what is to be read for the rows; those of one incarnation are read together."""
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for target in targets:
            groups.setdefault(target["written"].incarnation, []).append(target)
        made: list[tuple[Range, list[dict[str, Any]]]] = []
        for incarnation, rows in groups.items():
            first = min(row["written"].first for row in rows)
            last = max(row["written"].last for row in rows)
            given = [
                {**row, "written": None, "incarnation": incarnation, "epochs": [row["written"].first, row["written"].last]}
                for row in rows
            ]  # fmt: skip
            made.append((self._range(incarnation, first, last, _earliest(rows) if self.plan.steps else None), given))
        return made

    def _range(self, incarnation: str, first: int, last: int, since: int | None) -> Range:
        """Return the places to read between: for rows of nodes with state from where their time began, else from the start."""
        name = self.record["name"]
        end = self.store.boundary(name, incarnation, last)
        if end is None:
            what = f"the positions of epoch {last} of {name} are not kept any more"
            raise AuthoringError("RNL-STREAM-062", what, "They are kept for each epoch of the last day, and then fewer.")
        begin = None if self.plan.steps and since is None else first - 1
        clocks: dict[str, Any] = {}
        before: Mapping[str, Any] = {}
        starts: dict[str, dict[str, Any]] = {}
        if begin is not None:
            if since is not None:
                begin = self._before(incarnation, first - 1, since)
            boundary = self.store.boundary(name, incarnation, begin) if begin else None
            if boundary is not None:
                starts, clocks = boundary["place"]["positions"], boundary["place"]["clocks"]
                before = boundary["place"]["counters"]
        place = end["place"]
        counted = {
            scan.node: _given(place["counters"], scan.node, scan.port) - _given(before, scan.node, scan.port)
            for scan in self.plan.scans
        }
        return Range(incarnation, first, last, starts, place["positions"], clocks, int(place["time"]), counted)

    def _before(self, incarnation: str, last: int, since: int) -> int:
        """Return the last kept epoch after which no partition had come as far in event time as `since` (0: none)."""
        low, high = 0, last
        while low < high:
            middle = (low + high + 1) // 2
            boundary = self.store.boundary(self.record["name"], incarnation, middle)
            if boundary is None or all(_is_before(clock, since) for clock in boundary["place"]["clocks"].values()):
                low = middle
            else:
                high = middle - 1
        return low


def _is_before(clock: Mapping[str, Any], since: int) -> bool:
    return all(part["newest"] is None or part["newest"] < since for part in clock.get("partitions", {}).values())


def _given(counters: Mapping[str, Any], node: str, port: str) -> int:
    """Return how many rows a source had given, with those that were refused."""
    return int(counters.get("ports", {}).get(f"{node}\x1f{port}", 0)) + int(counters.get("letters", {}).get(node, 0))


def _earliest(targets: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the earliest time (microseconds) at which a window of the rows began; None where one of them has none."""
    found: list[int] = []
    for target in targets:
        row = target["row"] or {}
        text = next((row[name] for name in STARTS if row.get(name)), None)
        if text is None:
            return None
        moment = datetime.fromisoformat(str(text))
        found.append(round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000))
    return min(found, default=None)


def _plain(range_: Range) -> dict[str, Any]:
    return dict(vars(replace(range_)))
