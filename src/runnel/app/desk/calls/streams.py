"""Streams: started, asked to stop or pause, and told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.streams.accounting import balance, compiled_of, plan_of
from runnel.app.streams.changing import ANYTHING, Choice, prepared
from runnel.app.streams.drift import Drift
from runnel.app.streams.looking import promised
from runnel.app.streams.pausing import edges_of, wish_for_edge
from runnel.app.streams.telling import found, guarantees, status


@answers("stream_start")
def start(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Start the stream of a document."""
    choice = Choice.of(payload)
    return context.streams.start(context.document(payload), payload.get("params") or {}, payload.get("actor"), choice=choice)


@answers("stream_change_outlook")
def change_outlook(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return what another version means for what a stream holds."""
    record = found(context.streams.store, payload["name"])
    outlook = prepared(context.project, record, context.document(payload), record["params"] or {}, ANYTHING)
    return {"name": payload["name"], "runs": context.streams.runs(payload["name"]), **outlook.to_json()}


@answers("stream_change")
def change(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Let a stream go on with another version."""
    return context.streams.change(context.document(payload), payload["name"], Choice.of(payload), payload.get("actor"))


@answers("stream_wish")
def wish(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Ask a stream to stop, drain, pause or resume."""
    return context.streams.wish(payload["name"], payload["verb"])


@answers("stream_edge")
def edge(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Pause a wire of a stream, or let it go on."""
    name, verb, actor = payload["name"], payload["verb"], payload.get("actor")
    made = wish_for_edge(context.project, context.streams.store, name, payload["edge"], verb, actor)
    context.tell(f"stream:{name}", "stream.edges", {"name": name})
    return made


@answers("stream_list")
def list_streams(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return every stream that was ever started."""
    records = [found(context.streams.store, item["name"]) for item in context.streams.store.list()]
    return [{**_status(context, record), "guarantee": promised(context.project, record)} for record in records]


def _status(context: DeskContext, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status of a stream; one that is blocked may not be able to say so in its row."""
    made, blocked = status(record), context.streams.blocked.get(record["name"])
    return made if blocked is None else {**made, "status": "blocked", "blocked": blocked, "error": None}


@answers("stream_show")
def show(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return one stream with what its sinks promise."""
    record = found(context.streams.store, payload["name"])
    plan = plan_of(context.project, record)
    sinks = {effect.node: (effect.kind, effect.config) for effect in plan.plan.effects}
    shown = _status(context, record)
    drift = Drift(lambda: compiled_of(context.project, record))
    return {
        **shown, "changes": drift.with_hits(shown["changes"]), "guarantee": guarantees(context.project, sinks),
        "plan_version": plan.plan.version,
        "nodes": [{"id": node.id, "kind": node.kind, "title": node.title} for node in plan.plan.nodes],
        "edges": edges_of(plan),
        "row": _places(record["row"]),
    }  # fmt: skip


def _places(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the kept checkpoints of a stream, without what they hold."""
    if row is None:
        return {"bases": [], "deltas": []}
    return {
        part: [{"epoch": item["epoch"], "at": item["place"]["time"], "bytes": (item["file"] or {}).get("bytes", 0)}
               for item in row[part]]
        for part in ("bases", "deltas")
    }  # fmt: skip


@answers("stream_ledger")
def ledger(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return the balance between two kept boundaries."""
    end = payload.get("to")
    return balance(context.project, context.streams.store, payload["name"], int(payload.get("from") or 0), end)
