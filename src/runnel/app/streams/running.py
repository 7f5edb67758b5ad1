"""One stream from its start to its end: taken by lease, run in a process of its own, started again when that process dies."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from runnel.app.connections import policy_of
from runnel.app.pipelines import Document, runnable, text_of
from runnel.app.settings import byte_size
from runnel.app.streams.beside import LanesBeside
from runnel.app.streams.changing import KEEP, Choice, look, switch_of
from runnel.app.streams.drift import Drift
from runnel.app.streams.grants import followed, outside_of, reaches_network, readable, writable
from runnel.app.streams.outgrown import outgrown
from runnel.app.streams.outlasting import Blocked, Outlasting, trouble_of, trouble_of_disk
from runnel.app.streams.pausing import ends_of
from runnel.app.streams.renewing import Renewing
from runnel.app.streams.rewinding import is_delivered, renewed
from runnel.app.streams.tapping import chart_queries, payload_of
from runnel.app.streams.targets import with_targets
from runnel.app.streams.telling import rows_of
from runnel.compiler.compile import Compiled
from runnel.errors import EngineError, LimitError, RunnelError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.held import tables_to_json
from runnel.sandbox import Event, Grant, Limits
from runnel.store.streams import Lease, StreamStore

if TYPE_CHECKING:
    from runnel.app.project import Project

TASK = "runnel.app.streams.worker:run"
Progress = Callable[[str, Mapping[str, Any]], None]
DEATHS_WITHOUT_PROGRESS = 20
CAREFUL = {0: None, 1: None, 2: 2000, 3: 50, 4: 1}
"""By deaths without progress: how many records are tried at once, until the one that ends the process stands alone."""
EASED = {2000: 100, 50: 60, 1: 100}
"""By records tried at once: after so many epochs, one for each try, what ended the process lies behind."""
SURE, SURE_IF_KILLED = 2, 4
CATCH_UP_SECONDS = 60.0
"""So often versions that a stream wrote are noted, so that there are never many to read from a log at once."""
THREADS = 256
"""Clients of brokers and the engine have threads of their own, per source and sink."""
ARENAS = 2
"""By default they would have up to eight arenas a core, whose free memory grows for hours."""


@dataclass(frozen=True)
class StreamRunOptions:
    """What a person asked of a stream."""

    params: Mapping[str, Any] = field(default_factory=dict)
    until_caught_up: bool = False
    epoch_seconds: float = 0.5
    most_records: int | None = None
    deltas_per_base: int = 24
    again: bool = False
    """Whether nobody asked for it just now: it ran when its process, or the server, went away."""
    suspends: bool = False
    """Whether a cancel lets it stop until its server is up again; else it drains and has ended."""
    choice: Choice = KEEP
    """What becomes of what another version left."""
    outbox_bytes: int | None = None
    """So much may wait for one sink before nothing more is read; left open: 1 GiB."""
    die_at: int | None = None
    """For tests: the durable step at which the stream's first process dies."""
    faults: Mapping[str, Any] = field(default_factory=dict)
    """For tests: what else goes wrong in it, see `runtime.stream.failpoints`."""


@dataclass
class StreamReport:
    """How a stream ended: how, its last status, its ledger, and how often its process had to be started."""

    name: str
    how: str
    status: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    starts: int = 0
    error: RunnelError | None = None


def run_stream(
    project: Project,
    document: Document,
    options: StreamRunOptions,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> StreamReport:
    """Run a stream in this process's care until it ends; raises InvalidPipelineError before anything is started."""
    project.workers.start(streams=True)
    compiled = runnable(project, document, options.params)
    plan = compiled.stream_plan()
    version = project.store.versions.put(plan.plan.pipeline, text_of(document), plan.plan.version, compiled.pipeline)
    store = rows_of(project)
    try:
        return _Supervised(project, store, plan, compiled, version, document, options, progress, cancel).run()
    finally:
        store.close()


class _Supervised:
    """Starts a stream's process again and again until it ends by itself, or dies too often."""

    def __init__(
        self, project: Project, store: StreamStore, plan: StreamPlan, compiled: Compiled, version: str, document: Document,
        options: StreamRunOptions, progress: Progress | None, cancel: threading.Event | None,
    ) -> None:  # fmt: skip
        self.project = project
        self.store = store
        self.plan = plan
        self.compiled = compiled
        self.version = version
        self.document = document
        self.options = options
        self.progress = progress
        self.report = StreamReport(plan.plan.pipeline, "failed")
        self.drift = Drift(lambda: compiled)
        self.renewing = Renewing(project, document, options.params, plan)
        self.wishing = _Wishing(store, self.report.name, cancel or threading.Event(), options.suspends)
        self.switch: Mapping[str, Any] = {}
        self.blocked: Blocked | None = None
        self.deaths = 0
        self.starts_without = 0
        self.reached = -1
        self.tried: list[Any] = []
        self.suspect: list[Any] = []
        self.suspected = 0
        self.poison: list[list[Any]] = []
        self.caught_up = time.monotonic()

    def run(self) -> StreamReport:
        """Run until the stream ended; an error that it ended with is in the report."""
        outlasting = Outlasting(self._waits, self.wishing.is_wanted)
        while True:
            try:
                report = self._life()
            except (OSError, RunnelError) as error:
                if not outlasting.waits(error):
                    raise
                continue
            if report is not None:
                return report

    def _life(self) -> StreamReport | None:
        """Start the stream's process once; returns the report where the stream ended, raises trouble that may pass."""
        lease = self._taken()
        asked = self._is_asked()
        self.report.starts += 1
        try:
            found = self._once(lease, asked)
        except RunnelError as error:
            return self._died(lease, error)
        if found["how"] == "eased":
            self.deaths = 0
            return None
        self.report.how = found["how"]
        self.report.status, self.report.ledger = found["status"], found["ledger"]
        self.report.letters = found["letters"]
        told = {**self.report.status, "ledger": self.report.ledger, "at": time.time()}
        self.store.release(lease, found["how"], None, told)
        self._catch_up()
        return self.report

    def _died(self, lease: Lease, error: RunnelError) -> StreamReport | None:
        """Take what the stream's process died of; returns the report where it is not to be started again."""
        passing = trouble_of(error) or trouble_of_disk(error, self.store.folder(lease.name, lease.incarnation))
        if passing is not None:
            raise passing
        if not isinstance(error, EngineError | LimitError):
            return self._ended(lease, error)
        grown = outgrown(error, self.report.status, self._memory()) if self.deaths > 1 else None
        if grown is not None:
            return self._ended(lease, grown)
        self._set_aside(error)
        if not self._may_start_again():
            return self._ended(lease, error)
        if self.progress is not None:
            self.progress("restarted", {"what": error.what, "cause": error.where.get("exit_cause", "engine")})
        return None

    def _taken(self) -> Lease:
        """Take the stream, at the row and with the targets that are meant now."""
        if self.blocked is not None:
            self.blocked.told = None  # what the process before told does not say that this one lives
        lease = self.store.take(self.report.name, self.version, self._path(), self._params(), again=not self._is_asked())
        known = self.store.load(lease)
        if known is not None and self._is_asked() and known.get("finished") and is_delivered(known):
            lease = self.store.begin(lease, renewed(known).to_json())
        self.wishing.tell()
        self.switch = self._switched(lease)
        self.store.pauses.follow(lease.name, self.switch.get("names", {}), ends_of(self.plan))
        self.plan = with_targets(self.plan, self.store.acts.chosen(lease.name, lease.incarnation))
        return lease

    def _switched(self, lease: Lease) -> Mapping[str, Any]:
        """Return what becomes of what another version left, as it was chosen now, or when this version was first started."""
        kept = self.store.acts.switched(lease.name, lease.incarnation)
        meaning = self.plan.plan.version
        if kept is not None and kept["to"] == meaning and self.options.choice == KEEP:
            return kept["switch"]
        record = self.store.get(lease.name)
        assert record is not None
        outlook = look(self.project, record, self.document, self.plan)
        if not outlook.switches:
            return {}
        try:
            switch = switch_of(record, outlook, self.plan, self.options.choice).to_json()
        except RunnelError as error:
            self.store.release(lease, "failed", error.to_json())
            raise
        self.store.acts.switch(lease.name, lease.incarnation, {"to": meaning, "switch": switch})
        return switch

    def _waits(self, error: RunnelError) -> None:
        """Note what the stream waits for; the place for that may be what is full."""
        epoch = self.report.status.get("epoch") if self.blocked is None else self.blocked.epoch
        self.blocked = Blocked(error, epoch)
        with suppress(RunnelError):
            self.store.halt(self.report.name, error.to_json())
        if self.progress is not None:
            self.progress("blocked", {"what": error.what, "hint": error.hint, "code": error.code})

    def _goes_on(self) -> None:
        """Note that what the stream waited for has passed."""
        self.blocked = None
        with suppress(RunnelError):
            self.store.halt(self.report.name, None)
        if self.progress is not None:
            self.progress("unblocked", {})

    def _careful(self) -> int | None:
        """Return how many records are tried at once after deaths without progress; None: as many as there are."""
        return CAREFUL.get(min(self.deaths, max(CAREFUL)))

    def _set_aside(self, error: RunnelError) -> None:
        """Note the one record that was tried when the process died: it becomes a dead letter, and the rest goes on.

        A process that was killed may have been killed by somebody: only a record that was tried each of several times is.
        """
        tried, self.tried = self.tried, []
        if self._careful() != 1 or not tried:
            return
        self.suspected = self.suspected + 1 if tried == self.suspect else 1
        self.suspect = tried
        if self.suspected >= (SURE_IF_KILLED if error.where.get("signal") == signal.SIGKILL else SURE):
            self.poison.append([*tried, f"it ends the stream's process: {error.what}"])
            self.deaths, self.suspected = 0, 0

    def _is_asked(self) -> bool:
        return self.report.starts == 0 and not self.options.again

    def _path(self) -> str:
        """Return where the pipeline lies, or would: what it names relative to itself is found from there."""
        return self.document.path or str(Path(self.document.folder) / f"{self.report.name}.runnel.yaml")

    def _params(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.compiled.params.items()}

    def _ended(self, lease: Lease, error: RunnelError) -> StreamReport:
        self.store.release(lease, "failed", error.to_json())
        self._catch_up()
        self.report.error = error
        return self.report

    def _may_start_again(self) -> bool:
        """Tell whether the process got on before it died; one that dies again and again at one place is not started."""
        known = self.store.get(self.report.name)
        epoch = int(known["epoch"]) if known else 0
        stands = epoch <= self.reached
        if self._careful() is not None:
            self.deaths += 1 if stands and self.deaths < max(CAREFUL) else 0
        else:
            self.deaths = self.deaths + 1 if stands else 1
        self.starts_without = self.starts_without + 1 if stands else 0
        self.reached = max(self.reached, epoch)
        return self.starts_without < DEATHS_WITHOUT_PROGRESS

    def _catch_up(self) -> None:
        """Let the datasets that the stream wrote be known with their versions."""
        places = {name: Path(place) for name, place in self._datasets().items()}
        if places:
            self.project.store.datasets.catch_up(places)

    def _memory(self) -> int:
        """Return the bytes that a process of the stream may take."""
        memory = self.plan.plan.settings.get("memory")
        return byte_size(memory) if memory else self.project.memory_bytes

    def _datasets(self) -> dict[str, str]:
        names = [effect.config["name"] for effect in self.plan.plan.effects if effect.kind == "sink.dataset"]
        names += followed(self.project, self.plan)
        return {name: str(self.project.store.datasets.place(name)) for name in names}

    def _once(self, lease: Lease, asked: bool) -> Mapping[str, Any]:
        """Run the stream's process once; raises what it ended with."""
        project, plan = self.project, self.plan
        careful = self._careful()
        folder = self.store.folder(lease.name, lease.incarnation)
        folder.mkdir(parents=True, exist_ok=True)
        datasets = self._datasets()
        for place in datasets.values():
            Path(place).parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.mkdtemp(dir=project.scratch)
        held = self.renewing.tables(folder)
        try:
            payload = {
                "plan": plan.to_json(), "lease": asdict(lease), "url": self.store.url, "home": str(project.home),
                "folder": str(folder), "scratch": scratch, "held": tables_to_json(held), "datasets": datasets,
                "egress": policy_of(project).to_json(),
                "until_caught_up": self.options.until_caught_up, "outside": outside_of(project, plan),
                "charts": payload_of(chart_queries(project, self.compiled)),
                "epoch_seconds": 0.0 if careful else self.options.epoch_seconds,
                "most_records": careful or self.options.most_records,
                "switch": self.switch, "version": self.version,
                "careful": careful is not None, "eased_after": EASED.get(careful or 0), "poison": self.poison, "asked": asked,
                "deltas_per_base": self.options.deltas_per_base,
                "outbox_bytes": self.options.outbox_bytes,
                "faults": {**self.options.faults, "die_at": self.options.die_at} if self.report.starts == 1 else {},
            }  # fmt: skip
            grant = Grant(
                read=tuple(readable(plan)),
                write=(scratch, *writable(project, plan), *{str(Path(place).parent) for place in datasets.values()}),
                network=reaches_network(project, plan),
            )
            limits = Limits(memory_bytes=self._memory(), processes=THREADS, open_files=4096, arenas=ARENAS)
            lanes = 1 if careful is not None else int(plan.plan.settings.get("lanes") or 1)
            zygote = project.workers.stream_zygote
            with (
                self.renewing.beside(folder),
                LanesBeside(zygote, grant, limits, folder, payload, lanes, self._heard) as beside,
                zygote.open(grant, limits, str(folder / "worker.log")) as child,
            ):
                return beside.call(child, TASK, payload, self.wishing)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _heard(self, event: Event) -> None:
        if event.kind == "trying":
            self.tried = event.data["at"]
            return
        data = event.data
        if event.kind == "status":
            data = {**data, "changes": self.drift.with_hits(data["changes"])} if data["changes"] else data
            self.report.status = event.data
            if self.blocked is not None and self.blocked.is_over(int(event.data["epoch"]), time.monotonic()):
                self._goes_on()
            if time.monotonic() - self.caught_up > CATCH_UP_SECONDS:
                self.caught_up = time.monotonic()
                with suppress(OSError, RunnelError, SQLAlchemyError):  # who looks at a dataset catches up with it, too
                    self._catch_up()
        if self.progress is not None:
            self.progress(event.kind, data)


class _Wishing:
    """Turns a request to stop into a wish that the stream fulfils in order; the process is never cut off for it."""

    def __init__(self, store: StreamStore, name: str, event: threading.Event, suspends: bool) -> None:
        self.store = store
        self.name = name
        self.event = event
        self.suspends = suspends
        self._told = False

    def is_wanted(self) -> bool:
        """Tell whether somebody asked for the stream to end."""
        return self.event.is_set()

    def is_set(self) -> bool:
        """Tell the stream once; the process itself is not cancelled."""
        if self.event.is_set() and not self._told:
            self.tell()
        return False

    def tell(self) -> None:
        """Say what is wanted of the stream where a request was made."""
        self._told = self.event.is_set()
        if self._told and self.suspends:
            self.store.suspend(self.name)
        elif self._told:
            self.store.wish(self.name, "drained")


__all__ = ["LimitError", "StreamReport", "StreamRunOptions", "run_stream"]
