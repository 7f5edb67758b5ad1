"""From a row of a stream back to the records that made it: which epochs wrote it, what they read, and what of that led to it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.connections import policy_of
from runnel.app.patience import current
from runnel.app.streams.accounting import plan_of
from runnel.app.streams.grants import outside_of, reaches_network, readable, writable
from runnel.app.streams.recorded import Recorded, recorded, version_at
from runnel.app.streams.telling import found
from runnel.app.workers import WARM_STREAMS
from runnel.errors import AuthoringError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.held import tables_to_json
from runnel.sandbox import Grant, Limits, Zygote
from runnel.store.tracing import Origins, Written, origins_of_files

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.sandbox import Child
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

    The records are read again from the sources and go through the version that the stream ran in the epochs of the row, with
    the tables that it joined with then: `reproduced` says whether those that are named, alone, give the row. What is kept no
    more is named in `gone`. Raises AuthoringError.
    """
    return _Trace(project, store, found(store, name), wanted).run()


class _Trace:
    """One question, answered in processes of its own: one finds the rows, one for each version that made some reads again."""

    def __init__(self, project: Project, store: StreamStore, record: Mapping[str, Any], wanted: Wanted) -> None:
        self.project = project
        self.store = store
        self.record = record
        self.wanted = wanted
        self.plan = plan_of(project, record)
        self.sink = self._sink()
        self._check(self.plan, self.sink)

    def run(self) -> dict[str, Any]:
        """Find the rows, the ranges, and the records."""
        self.project.workers.start()
        zygote = Zygote((*WARM_STREAMS, FIND.partition(":")[0]))
        zygote.start(wait=False)
        scratch = tempfile.mkdtemp(dir=self.project.scratch)
        limits = Limits(memory_bytes=self.project.memory_bytes, processes=THREADS, open_files=4096)
        log = str(Path(scratch) / "trace.log")
        try:
            with zygote.open(self._finding(scratch), limits, log) as child:
                given = {
                    "plan": self.plan.to_json(), "held": {}, "folder": scratch, "scratch": scratch, "limit": self.wanted.limit,
                }  # fmt: skip
                targets = self._targets(lambda asked: child.call(FIND, {**given, **asked}, cancel=current()))
            made: list[Mapping[str, Any]] = []
            for end, rows in self._grouped(targets):
                then = self._then(rows[0]["written"], end, scratch)
                with zygote.open(self._grant(then.plan, scratch), limits, log) as child:
                    made += self._read(child, then, end, rows, scratch)
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

    def _check(self, plan: StreamPlan, sink: str) -> None:
        """Raise AuthoringError for what cannot be computed again, or not be found."""
        asking = next((step.node for step in plan.steps if step.asks is not None), None)
        if asking is not None:
            what = f"{asking} asked another system, which may answer otherwise now"
            raise AuthoringError("RNL-STREAM-065", what, "Rows of such a stream are not traced.", {"node": asking})
        config: Mapping[str, Any] = next((effect.config for effect in plan.plan.effects if effect.node == sink), {})
        if self.wanted.dataset is not None and config.get("key") and config.get("mode") != "append":
            what = f"{self.wanted.dataset} is kept by key: its rows are of several epochs"
            hint = f"Trace what was given to it: --sink {sink} --epoch N --to M."
            raise AuthoringError("RNL-STREAM-066", what, hint, {"node": sink})

    def _then(self, written: Written, end: Mapping[str, Any], scratch: str) -> Recorded:
        """Return the stream as it was at a boundary; raises AuthoringError where it had no such sink."""
        kept_in = self.store.folder(self.record["name"], written.incarnation)
        then = recorded(self.project, self.record, end["place"], kept_in, Path(scratch))
        self._check(then.plan, written.node)
        if all(effect.node != written.node for effect in then.plan.plan.effects):
            what = f"the stream had no sink `{written.node}` in epoch {end['epoch']}, under version {then.version[:12]}"
            raise AuthoringError("RNL-STREAM-047", what, "Ask for epochs under a version that has it.", {"node": written.node})
        return then

    def _read(
        self, child: Child, then: Recorded, end: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], scratch: str
    ) -> list[Mapping[str, Any]]:
        """Let a process read the records of rows again, and return the rows with theirs."""
        payload = {
            "plan": then.plan.to_json(), "traced": None if then.traced is None else then.traced.to_json(),
            "sink": rows[0]["written"].node, "home": str(self.project.home), "folder": scratch, "scratch": scratch,
            "held": tables_to_json(then.held),
            "datasets": {}, "outside": outside_of(self.project, then.plan), "egress": policy_of(self.project).to_json(),
            "careful": True, "poison": [], "most_records": None, "limit": self.wanted.limit, "beside": BESIDE,
            "where": self.wanted.where, "range": dict(vars(self._range(then.plan, end, rows))),
            "targets": [
                {"row": row["row"], "incarnation": row["written"].incarnation,
                 "epochs": [row["written"].first, row["written"].last]} for row in rows
            ],
        }  # fmt: skip
        made = child.call(TRACE, payload, cancel=current())["rows"]
        return [{**row, "version": then.version, "gone": [*then.gone, *row["gone"]]} for row in made]

    def _finding(self, scratch: str) -> Grant:
        place = [] if self.wanted.dataset is None else [str(self.project.store.datasets.place(self.wanted.dataset))]
        return Grant(tuple(place), (scratch,))

    def _grant(self, plan: StreamPlan, scratch: str) -> Grant:
        """Return what reading again may touch: it writes nothing but its scratch and the logs' marks."""
        network = reaches_network(self.project, plan)
        return Grant(tuple(readable(plan)), (scratch, *writable(self.project, plan)), network=network)

    def _targets(self, ask: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows whose records are wanted, with the epochs that wrote them; of a sink only its epochs."""
        last = self.wanted.last or int(self.record["epoch"])
        if self.wanted.dataset is None:
            return [{"row": None, "written": own} for own in self._by_version(self.wanted.first or 1, last)]
        datasets = self.project.store.datasets
        files, columns, _ = datasets.files(self.wanted.dataset)
        place = datasets.place(self.wanted.dataset)
        origins = origins_of_files(place)

        def find(among: Sequence[str]) -> list[tuple[str, Any]]:
            made = ask({"files": list(among), "columns": dict(columns), "where": self.wanted.where})["rows"]
            return [(str(Path(item["file"]).relative_to(place)), item["row"]) for item in made]

        made = _apart(find(files), origins, place, find)
        if not made:
            what = f"no row of {self.wanted.dataset} is picked by `{self.wanted.where}`"
            raise AuthoringError("RNL-STREAM-061", what, "Give another expression over its columns.")
        unknown = Written(self.record["incarnation"], self.sink, 1, last)
        return [{"row": row, "written": origins.written.get(name, unknown)} for name, row in made]

    def _by_version(self, first: int, last: int) -> list[Written]:
        """Return epochs, cut where the stream began anew or another version took over, which begins the ledger anew."""
        name = self.record["name"]
        end = self._end(None, last)
        incarnation = str(end["incarnation"])
        since = max(int(end["place"]["counters"].get("since", 0)), self.store.first_epoch(name, incarnation) - 1)
        if not first <= since < last or self.store.boundary(name, None, since) is None:
            return [Written(incarnation, self.sink, first, last)]
        return [*self._by_version(first, since), Written(incarnation, self.sink, since + 1, last)]

    def _grouped(
        self, targets: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]:
        """Yield what is to be read together, the rows of one version of one incarnation, with the boundary where it ends."""
        groups: dict[tuple[str, ...], list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
        for target in targets:
            written = target["written"]
            end = self._end(written.incarnation, written.last)
            joined = json.dumps(end["place"].get("held", {}), sort_keys=True)
            key = (written.incarnation, written.node, version_at(self.record, end["place"]), joined)
            groups.setdefault(key, []).append((end, target))
        for ended in groups.values():
            yield max((end for end, _ in ended), key=lambda end: end["epoch"]), [target for _, target in ended]

    def _end(self, incarnation: str | None, epoch: int) -> dict[str, Any]:
        name = self.record["name"]
        end = self.store.boundary(name, incarnation, epoch)
        if end is None:
            what = f"the positions of epoch {epoch} of {name} are not kept any more"
            raise AuthoringError("RNL-STREAM-062", what, "They are kept for each epoch of the last day, and then fewer.")
        return end

    def _range(self, plan: StreamPlan, end: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Range:
        """Return the places to read between: for rows of nodes with state from where their time began, else from the start."""
        name, incarnation = self.record["name"], rows[0]["written"].incarnation
        first, last = min(row["written"].first for row in rows), max(row["written"].last for row in rows)
        since = _earliest(rows) if plan.steps else None
        begin = None if plan.steps and since is None else first - 1
        clocks: dict[str, Any] = {}
        before: Mapping[str, Any] = {}
        starts: dict[str, dict[str, Any]] = {}
        if begin is not None:
            if since is not None:
                begin = self._before(incarnation, first - 1, since)
            boundary = self.store.boundary(name, incarnation, begin) if begin else None
            if boundary is not None:
                starts, clocks = boundary["place"]["positions"], boundary["place"]["clocks"]
                if version_at(self.record, boundary["place"]) == version_at(self.record, end["place"]):
                    before = boundary["place"]["counters"]
        place = end["place"]
        counted = {
            scan.node: _given(place["counters"], scan.node, scan.port) - _given(before, scan.node, scan.port)
            for scan in plan.scans
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


def _apart(
    made: list[tuple[str, Any]], origins: Origins, place: Path, find: Callable[[Sequence[str]], list[tuple[str, Any]]]
) -> list[tuple[str, Any]]:
    """Return rows with the files that they were first written in, as long as the parts of joined files are still there."""
    joined = {name for name, _ in made if name in origins.parts}
    parts = [place / part for part in origins.apart(joined)]
    if not joined or not all(part.exists() for part in parts):
        return made
    return [item for item in made if item[0] not in joined] + find([str(part) for part in parts])


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
