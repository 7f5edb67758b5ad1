"""What pages show of a stream besides its status: taps, charts, refused records, its log, kept boundaries, its guarantees."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import read_text
from runnel.app.streams.accounting import plan_of
from runnel.app.streams.holding import ANSWERS, Question
from runnel.app.streams.leaving import LATE, LEFT_OUT, LeftOut
from runnel.app.streams.letters import Which, letters_of, listed, shown
from runnel.app.streams.tapping import ask_for, exact
from runnel.app.streams.telling import found, guarantees
from runnel.errors import AuthoringError, LimitError
from runnel.runtime.stream.checkpoints import Row
from runnel.runtime.stream.files import CorruptFileError, StreamFile
from runnel.store.ownership import is_dead

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore

LOG_BYTES = 64 * 1024
CHART_SECONDS = 20.0
LONGEST_TEXT = 2_000
ASKED_AGAIN_SECONDS, FORGOTTEN_SECONDS = 1.0, 60.0


def ask_for_rows(project: Project, store: StreamStore, name: str, ref: str, seconds: float) -> dict[str, Any]:
    """Let a stream send the rows of a port (`node.port`) for a while; raises AuthoringError for one that it does not have."""
    record = found(store, name)
    known = record["told"] or {}
    node, _, port = ref.rpartition(".")
    if port == LEFT_OUT:
        return _ask_for_left_out(project, store, record, node, seconds)
    if ref not in known.get("ports", {}):
        ports = [f"{node.id}.{port}" for node in plan_of(project, record).plan.nodes for port in node.outputs]
        if ref not in ports:
            hint = f"Ports: {', '.join(ports)}."
            raise AuthoringError("RNL-STREAM-057", f"the stream {name} has no port `{ref}`", hint, {"port": ref})
    return {"name": name, "port": port, "until": ask_for(_folder(store, record), "ports", ref, seconds)}


def _ask_for_left_out(
    project: Project, store: StreamStore, record: Mapping[str, Any], node: str, seconds: float
) -> dict[str, Any]:
    """Ask for the rows that a node leaves out: those too late at one with windows, those that its rule refuses at another.

    The answer says as which port they come.
    """
    plan = plan_of(project, record)
    is_late = plan.step(node) is not None
    if not is_late and not LeftOut(plan).knows(node):
        what = f"what {node} leaves out cannot be shown"
        raise AuthoringError("RNL-STREAM-053", what, "It can where a rule lets rows pass, and for rows that are too late.")
    port = LATE if is_late else LEFT_OUT
    return {"name": record["name"], "port": port, "until": ask_for(_folder(store, record), "ports", f"{node}.{port}", seconds)}


def ask_for_chart(store: StreamStore, name: str, node: str) -> float:
    """Let a stream send a chart for a while; returns until when."""
    return ask_for(_folder(store, found(store, name)), "charts", node, CHART_SECONDS)


def letters(store: StreamStore, name: str, which: Which, offset: int, limit: int) -> dict[str, Any]:
    """Return refused records, the newest first, how many are open by node, and whether there are more."""
    counts = {entry["node"]: entry["open"] for entry in listed(store, name)}
    changed = store.acts.edits(name)
    found = list(islice(letters_of(store, name, which=which, newest=True), offset, offset + limit + 1))
    items = [
        {**letter, "raw": shown(base64.b64decode(letter["raw"]))[:LONGEST_TEXT],
         "edited": (letter["incarnation"], letter["epoch"], letter["number"]) in changed}
        for letter in found[:limit]
    ]  # fmt: skip
    for item in items:
        item.pop("row", None)
    return {"counts": counts, "items": items, "more": len(found) > limit}


def exported(store: StreamStore, name: str, which: Which, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return letters whole, the oldest first: with their bytes (base64), as text, and the bytes of an edit."""
    changed = store.acts.edits(name)
    made: list[dict[str, Any]] = []
    for letter in islice(letters_of(store, name, which=which), offset, offset + limit):
        edited = changed.get((letter["incarnation"], letter["epoch"], letter["number"]))
        more = {} if edited is None else {"edited": base64.b64encode(edited).decode()}
        made.append({"stream": name, **letter, "text": shown(base64.b64decode(letter["raw"])), **more})
    return made


def expressions_of(project: Project, record: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the expressions that refuse rows: by node those of its taps, by node and reason those of its rules."""
    made: dict[str, list[str]] = {}
    for segment in plan_of(project, record).plan.segments:
        for tap in segment.taps:
            made.setdefault(tap.node, []).extend(tap.expressions)
    pipeline = read_text(project.store.versions.get(record["version"]), str(project.root)).pipeline
    for node in pipeline.nodes.values() if pipeline is not None else ():
        rules = node.config.get("rules")
        for rule in rules if isinstance(rules, list | tuple) else ():
            if isinstance(rule, Mapping) and rule.get("check"):
                made.setdefault(node.id, []).append(str(rule["check"]))
                for name in ("message", "name"):
                    made.setdefault(f"{node.id}\x1f{rule.get(name)}", []).append(str(rule["check"]))
    return made


def waiting_rows(store: StreamStore, name: str, sink: str, limit: int) -> dict[str, Any]:
    """Return the rows that wait for a sink, the oldest first, as far as they fit."""
    record = found(store, name)
    stands = Row.from_json(record["row"]) if record["row"] else Row("")
    delivered = int(((record["told"] or {}).get("outbox", {}).get(sink) or {}).get("delivered", 0))
    parcels = [item for item in stands.outboxes.get(sink, ()) if item.epoch > max(delivered, stands.delivered.get(sink, 0))]
    columns: list[dict[str, str]] = []
    rows: list[list[Any]] = []
    for parcel in parcels:
        if len(rows) >= limit:
            break
        try:
            table = StreamFile(_folder(store, record), parcel.file).table(f"outbox/{sink}")
        except (OSError, CorruptFileError):
            continue  # it was delivered in this moment, and its file is gone
        if table is not None:
            head = table.slice(0, limit - len(rows))
            columns = [{"name": "epoch", "type": "BIGINT"}, *({"name": f.name, "type": str(f.type)} for f in head.schema)]
            rows += [[parcel.epoch, *(exact(value) for value in row.values())] for row in head.to_pylist()]
    return {"node": sink, "columns": columns, "rows": rows, "total": sum(parcel.rows for parcel in parcels)}


def ask_what_is_held(
    project: Project, store: StreamStore, name: str, asked: Question, patience_seconds: float = 12.0
) -> dict[str, Any]:
    """Return the rows that a node of a running stream holds; raises LimitError where the stream does not answer."""
    record = found(store, name)
    steps = [step.node for step in plan_of(project, record).steps]
    if asked.node not in steps:
        hint = f"Nodes that do: {', '.join(steps) or 'none'}."
        raise AuthoringError("RNL-STREAM-051", f"the node {asked.node} of the stream {name} holds no state", hint)
    if record["owner"] is None or is_dead(record["owner"]):
        hint = "State is read from its process: start the stream, and look again."
        raise LimitError("RNL-STREAM-052", f"the stream {name} does not run", hint)
    folder = _folder(store, record)
    place, began = folder / ANSWERS / f"{asked.id}.json", time.monotonic()
    again = began
    while time.monotonic() < began + patience_seconds:
        if time.monotonic() >= again:  # others may ask at the same moment, and write over it
            ask_for(folder, "state", asked.to_json(), patience_seconds)
            again = time.monotonic() + ASKED_AGAIN_SECONDS
        try:
            answer: dict[str, Any] = json.loads(place.read_text("utf-8"))
        except FileNotFoundError:
            time.sleep(0.05)
            continue
        _clear(place)
        return answer
    what = f"the stream {name} does not answer within {patience_seconds:.0f} s"
    raise LimitError("RNL-STREAM-052", what, "It is busy, or ends: look again in a moment.")


def _clear(place: Path) -> None:
    """Remove an answer that was read, and those that nobody came for."""
    place.unlink(missing_ok=True)
    for other in place.parent.glob("*.json"):
        with suppress(FileNotFoundError):
            if time.time() - other.stat().st_mtime > FORGOTTEN_SECONDS:
                other.unlink()


def log_of(store: StreamStore, name: str) -> list[str]:
    """Return the last lines that the process of a stream wrote."""
    path = _folder(store, found(store, name)) / "worker.log"
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-500:]
    except OSError:
        return []


def boundaries(store: StreamStore, name: str, limit: int) -> list[dict[str, Any]]:
    """Return the kept boundaries between which the ledger can be asked for, the newest first."""
    record = found(store, name)
    return store.boundaries(name, record["incarnation"], limit)


def promised(project: Project, record: Mapping[str, Any]) -> dict[str, str]:
    """Return what the sinks of a stream promise, read from its version; nothing where that cannot be read."""
    try:
        text = project.store.versions.get(record["version"])
    except AuthoringError:
        return {}
    return guarantees(project, _sinks(text, str(project.root)))


@lru_cache(128)
def _sinks(text: str, folder: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    pipeline = read_text(text, folder).pipeline
    nodes = pipeline.nodes.values() if pipeline is not None else ()
    return {node.id: (node.kind, node.config) for node in nodes if node.kind.startswith("sink.") and not node.muted}


def _folder(store: StreamStore, record: Mapping[str, Any]) -> Path:
    return store.folder(record["name"], record["incarnation"])
