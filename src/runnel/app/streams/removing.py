"""Deleting a stream for good: its state, its history, its logs, and what it holds in other systems. What it wrote stays."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.connections import policy_of
from runnel.app.streams.accounting import plan_of
from runnel.app.streams.grants import reaches_network, readable, writable
from runnel.app.streams.letters import listed
from runnel.app.streams.outside import outside_of_node
from runnel.app.streams.telling import found
from runnel.app.workers import WARM_STREAMS
from runnel.errors import AuthoringError, ConnectorError, LimitError, RunnelError
from runnel.plan.streams import StreamPlan, StreamScan
from runnel.runtime.stream.checkpoints import Row
from runnel.sandbox import Grant, Limits, Zygote
from runnel.sdk.streaming import StreamSource
from runnel.store.ownership import is_dead
from runnel.store.removal import remove_whole
from runnel.store.streams import StreamLeaseLostError

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore

TASK = "runnel.app.streams.removing_worker:forget"
LOSES, RUNS, OUTSIDE = "RNL-STREAM-069", "RNL-STREAM-044", "RNL-STREAM-070"
THREADS = 64


@dataclass(frozen=True)
class Goes:
    """What goes with a stream.

    `letters` are its open dead letters and `waiting` the rows that no target has yet, by node; `unread` are records that stand
    in the source's own log alone, by source; `holds` says by source what it holds in another system. `trouble` is why the
    last two could not be found out.
    """

    name: str
    runs: bool
    letters: Mapping[str, int]
    waiting: Mapping[str, int]
    unread: Mapping[str, int]
    savepoints: Sequence[str]
    holds: Mapping[str, str]
    bytes: int
    trouble: str = ""

    @property
    def lost(self) -> list[str]:
        """What nobody could get back, in words."""
        made = [f"{count:,} dead letters of {node}" for node, count in self.letters.items()]
        made += [f"{count:,} rows that {node} does not have yet" for node, count in self.waiting.items()]
        return made + [f"{count:,} records of {node} that were not read" for node, count in self.unread.items()]

    def to_json(self) -> dict[str, Any]:
        """Return the form that is shown."""
        return asdict(self)


def what_goes(project: Project, store: StreamStore, name: str) -> Goes:
    """Return what deleting a stream would take away; raises AuthoringError for a stream that there is not."""
    record = found(store, name)
    sources, trouble = _sources(project, record)
    lag = (record["told"] or {}).get("lag", {})
    unread = {scan.node: lag.get(scan.node, 0) for scan, source in sources if source.own_log}
    row = Row.from_json(record["row"]) if record["row"] else Row("")
    waiting = {
        sink: sum(parcel.rows for parcel in parcels if parcel.epoch > row.delivered.get(sink, 0))
        for sink, parcels in row.outboxes.items()
    }
    folder = _folder(store, name)
    return Goes(
        name, _runs(record), _some({entry["node"]: entry["open"] for entry in listed(store, name)}), _some(waiting),
        _some(unread), [item["label"] for item in store.savepoints(name)],
        {scan.node: source.holds() for scan, source in sources if source.holds()},
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()), trouble,
    )  # fmt: skip


def remove(
    project: Project, store: StreamStore, name: str, discard: bool = False, keep_outside: bool = False
) -> dict[str, Any]:
    """Delete a stream that does not run; returns what went.

    `discard` lets go what would be lost (AuthoringError without it); `keep_outside` leaves alone what it holds in other
    systems, for where those are gone. Raises LimitError where it runs, ConnectorError where another system does not answer:
    nothing is deleted then.
    """
    goes, record = what_goes(project, store, name), found(store, name)
    if goes.runs:
        raise LimitError(RUNS, f"the stream {name} runs", f"Stop it first: runnel stream stop {name}")
    if goes.lost and not discard:
        hint = "Start it once more to have them handled, or delete it with --discard (`discard`)."
        raise AuthoringError(LOSES, f"deleting the stream {name} would lose {', '.join(goes.lost)}", hint, {"stream": name})
    lease = store.take(name, record["version"], record["path"], record["params"] or {}, again=True)
    try:
        if not keep_outside:
            _let_go_outside(project, record)
        store.remove(lease)
    except StreamLeaseLostError as error:
        raise LimitError(RUNS, f"the stream {name} was started meanwhile", f"Stop it first: runnel stream stop {name}") from error
    except RunnelError:
        store.release(lease, record["status"], record["error"])
        raise
    for path in (_folder(store, name), store.home / "streams" / f"{name}.log"):
        remove_whole(path)
    return {"deleted": name, **{key: value for key, value in goes.to_json().items() if key not in ("name", "runs", "trouble")},
            "kept_outside": dict(goes.holds) if keep_outside else {}}  # fmt: skip


def _let_go_outside(project: Project, record: Mapping[str, Any]) -> None:
    """Let every source let go of what it holds, in a process of its own; raises ConnectorError."""
    name = record["name"]
    hint = "Try again when it can be reached, or delete the stream and leave that as it is: --keep-outside (`keep_outside`)."
    try:
        plan = plan_of(project, record)
        held = [(scan, source) for scan, source in _nodes(project, plan) if type(source).forget is not StreamSource.forget]
        if not held:
            return
        outside = {scan.node: outside_of_node(project, type(source), source.config) for scan, source in held}
    except RunnelError as error:
        raise ConnectorError(OUTSIDE, f"what the stream {name} holds is not known: {error.what}", hint) from error
    scratch = tempfile.mkdtemp(dir=project.scratch)
    zygote = Zygote((*WARM_STREAMS, TASK.partition(":")[0]))
    try:
        zygote.start(wait=False)
        payload = {
            "plan": plan.to_json(), "home": str(project.home), "scratch": scratch, "datasets": {}, "outside": outside,
            "egress": policy_of(project).to_json(), "nodes": [scan.node for scan, _ in held],
        }  # fmt: skip
        grant = Grant(tuple(readable(plan)), (scratch, *writable(project, plan)), network=reaches_network(project, plan))
        limits = Limits(memory_bytes=project.memory_bytes, processes=THREADS, open_files=1024)
        with zygote.open(grant, limits, str(Path(scratch) / "forget.log")) as child:
            child.call(TASK, payload)
    except ConnectorError as error:
        raise ConnectorError(OUTSIDE, f"deleting the stream {name}: {error.what}", hint) from error
    finally:
        zygote.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _sources(project: Project, record: Mapping[str, Any]) -> tuple[list[tuple[StreamScan, StreamSource]], str]:
    """Return the sources of what the stream ran, or why they are not known."""
    try:
        return _nodes(project, plan_of(project, record)), ""
    except RunnelError as error:
        return [], error.what


def _nodes(project: Project, plan: StreamPlan) -> list[tuple[StreamScan, StreamSource]]:
    made: list[tuple[StreamScan, StreamSource]] = []
    for scan in plan.scans:
        node = project.catalog.get(scan.kind)
        if node is not None and issubclass(node, StreamSource):
            made.append((scan, node(node.Config.model_validate(scan.config), {}, scan.node)))
    return made


def _runs(record: Mapping[str, Any]) -> bool:
    return record["owner"] is not None and not is_dead(record["owner"])


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {node: count for node, count in counts.items() if count}


def _folder(store: StreamStore, name: str) -> Path:
    return store.home / "streams" / name
