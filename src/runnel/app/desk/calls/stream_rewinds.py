"""Going back at the desk: savepoints, positions, rewinds with what becomes of targets, restarts with another version, states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.streams import looking
from runnel.app.streams.accounting import plan_of
from runnel.app.streams.holding import Question
from runnel.app.streams.removing import what_goes
from runnel.app.streams.rewinding import checked_positions, positions_at, rewind, row_at
from runnel.app.streams.targets import outlook, settings_of
from runnel.app.streams.telling import found
from runnel.errors import AuthoringError
from runnel.runtime.stream.checkpoints import Row
from runnel.store.moments import aware
from runnel.store.moments import text as moment


@answers("stream_savepoints")
def savepoints(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return the savepoints of a stream, the newest first."""
    store, name = context.streams.store, payload["name"]
    found(store, name)
    return [_savepoint(item) for item in store.savepoints(name)]


def _savepoint(item: Mapping[str, Any]) -> dict[str, Any]:
    row = Row.from_json(item["row"])
    positions = {
        node: {part: at.get("next") for part, at in parts.items()} for node, parts in row.place.positions.items()
    }
    size = sum(kept.file.bytes for kept in (*row.bases, *row.deltas) if kept.file)
    return {"label": item["label"], "incarnation": item["incarnation"], "epoch": item["epoch"], "positions": positions,
            "bytes": size, "created_at": moment(aware(item["created_at"]))}  # fmt: skip


@answers("stream_savepoint")
def savepoint(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Keep a stream as it stands."""
    store, name, label = context.streams.store, payload["name"], payload["label"]
    found(store, name)
    if label.isdigit() or label == "start":
        what = f"a savepoint cannot be called `{label}`"
        raise AuthoringError("RNL-STREAM-054", what, "A number means an epoch, and `start` the beginning.")
    epoch = store.savepoint(name, label)
    if epoch is None:
        raise AuthoringError("RNL-STREAM-043", f"the stream {name} has no epoch yet", "Wait for its first one.")
    return {"name": name, "label": label, "epoch": epoch}


@answers("stream_savepoint_forget")
def forget_savepoint(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Let a savepoint go."""
    store, name, label = context.streams.store, payload["name"], payload["label"]
    found(store, name)
    labels = [item["label"] for item in store.savepoints(name)]
    if not store.forget_savepoint(name, label):
        hint = f"Savepoints: {', '.join(labels) or 'none'}."
        raise AuthoringError("RNL-STREAM-055", f"the stream {name} has no savepoint `{label}`", hint, {"stream": name})
    return {"name": name, "label": label}


@answers("stream_positions")
def positions(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return positions as a rewind takes them."""
    return positions_at(context.streams.store, payload["name"], payload.get("at"))


@answers("stream_outlook")
def look_ahead(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return what a rewind would do."""
    store, name = context.streams.store, payload["name"]
    record = found(store, name)
    plan = plan_of(context.project, record)
    given = payload.get("positions")
    wanted = None if given is None else checked_positions(given, [scan.node for scan in plan.scans])
    then = row_at(store, record, payload["to"], wanted)
    return {
        "name": name,
        "to": payload["to"],
        "runs": context.streams.runs(name),
        **outlook(context.project, plan, record, then),
    }


@answers("stream_rewind")
def go_back(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Let a stream begin anew; one that runs is stopped first, and started again where that is asked."""
    store, name = context.streams.store, payload["name"]
    record = found(store, name)
    plan = plan_of(context.project, record)
    given = payload.get("positions")
    wanted = None if given is None else checked_positions(given, [scan.node for scan in plan.scans])
    row_at(store, record, payload["to"], wanted)
    targets = settings_of(context.project, plan, payload.get("sinks") or {})
    context.streams.halt(name)
    made = rewind(store, name, payload["to"], wanted, targets)
    if payload.get("start"):
        context.streams.start(context.document(payload), record["params"] or {}, payload.get("actor"))
    return {
        **made,
        "started": bool(payload.get("start")),
        "targets": {node: one["now"] for node, one in targets.items()},
    }


@answers("stream_goes")
def goes(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return what deleting a stream would take away."""
    return what_goes(context.project, context.streams.store, payload["name"]).to_json()


@answers("stream_delete")
def delete(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Delete a stream that does not run."""
    return context.streams.delete(payload["name"], bool(payload["discard"]), bool(payload["keep_outside"]))


@answers("stream_restart")
def restart(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Stop a stream and start a version at the same positions."""
    name = payload["name"]
    record = found(context.streams.store, name)
    document = context.document(payload)
    context.streams.halt(name)
    return context.streams.start(document, record["params"] or {}, payload.get("actor"))


@answers("stream_state")
def state(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return rows that a node holds, or that wait for it."""
    asked = Question(payload["node"], payload["part"], payload.get("search") or "", int(payload["limit"]))
    return looking.ask_what_is_held(context.project, context.streams.store, payload["name"], asked)


@answers("stream_waiting")
def waiting(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return rows that wait for a sink, or for the watermark at a node."""
    store, name, node, limit = context.streams.store, payload["name"], payload["node"], int(payload["limit"])
    record = found(store, name)
    if node in {effect.node for effect in plan_of(context.project, record).plan.effects}:
        return looking.waiting_rows(store, name, node, limit)
    return looking.ask_what_is_held(context.project, store, name, Question(node, "waiting", "", limit))
