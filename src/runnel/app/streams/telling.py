"""What is told of a stream: its status as the command line and the API show it, from its row and what its process said last."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runnel.errors import AuthoringError
from runnel.sdk.delivery import StreamSink
from runnel.store.ownership import is_dead, myself
from runnel.store.streams import SUSPENDED, StreamStore

if TYPE_CHECKING:
    from runnel.app.project import Project

STALE_SECONDS = 5.0
WISHES = {"stop": "stopped", "drain": "drained", "close": "closed", "pause": "paused", "resume": "running"}
"""What a person may ask of a stream: the verb, and the state that is wanted then."""


def rows_of(project: Project) -> StreamStore:
    """Return the rows of the project's streams."""
    url = project.setting("database_url") or f"sqlite:///{project.home / 'runnel.db'}"
    return StreamStore.open(url, project.home)


def found(store: StreamStore, name: str) -> dict[str, Any]:
    """Return a stream's record; raises AuthoringError with the names that there are."""
    import difflib

    record = store.get(name)
    if record is None:
        names = [item["name"] for item in store.list()]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"Streams: {', '.join(names) or 'none was started yet'}."
        raise AuthoringError("RNL-STREAM-040", f"no stream `{name}` was started", hint, {"stream": name})
    return record


def status(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status of a stream (INTERFACE section 4), with what else pages show."""
    told: Mapping[str, Any] = record["told"] or {}
    row: Mapping[str, Any] = record.get("row") or {}
    lives = _lives(record, told)
    rates = told.get("rates", {}) if lives else {}
    sources = told.get("sources", {})
    place = row["deltas"][-1]["place"] if row.get("deltas") else {}
    watermark = told.get("watermark")
    state = _status(record, lives)
    halted = state == "blocked"
    return {
        "name": record["name"], "status": state, "wanted": record["wanted"],
        "incarnation": record["incarnation"], "epoch": record["epoch"],
        "epoch_seconds": round(time.time() - place["time"] / 1e6, 3) if place.get("time") else None,
        "events_per_second": round(sum(rates.get(f"{node}.output", 0.0) for node in sources), 3),
        "positions": told.get("positions", {}), "lag": told.get("lag", {}),
        "watermark": _moment(watermark), "watermark_lag_seconds": None if watermark is None else _lag(watermark),
        "state_bytes": told.get("state_bytes", 0), "state": told.get("state", {}), "outbox": told.get("outbox", {}),
        "outbox_limit": told.get("outbox_limit"), "ledger": told.get("ledger", {}), "rates": rates,
        "ports": told.get("ports", {}),
        "dead_letters": told.get("letters", {}), "sources": sources, "watermarks": told.get("watermarks", {}),
        "pauses": _pauses(record, told, lives), "held_by": told.get("held_by", {}),
        "busy": told.get("busy", {}) if lives else {}, "spent": told.get("spent", {}), "together": told.get("together", {}),
        "paused_because": None if state == "running" else told.get("paused_because"), "changes": told.get("changes", []),
        "joins": told.get("joins", {"versions": {}, "trouble": ""}),
        "version": record["version"], "error": None if halted else record["error"],
        "blocked": record["error"] if halted else None, "at": told.get("at"),
        "started_at": str(record["created_at"]), "updated_at": str(record["updated_at"]),
    }  # fmt: skip


def guarantees(project: Project, nodes: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Return what each sink of a pipeline promises: node → exactly_once, at_least_once or best_effort."""
    made: dict[str, str] = {}
    for id, (kind, config) in nodes.items():
        node = project.catalog.get(kind)
        if node is not None and issubclass(node, StreamSink):
            made[id] = node.promise(node.Config.model_validate(config))
    return made


def _lives(record: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    owner = record["owner"]
    if owner is None or (owner != myself() and is_dead(owner)):
        return False
    return time.time() - float(told.get("at", 0)) < STALE_SECONDS


def _status(record: Mapping[str, Any], lives: bool) -> str:
    """Return running, starting, paused, blocked, stopped, drained, finished, failed or lost."""
    status = str(record["status"])
    if status == SUSPENDED:
        return "stopped"
    if status != "running":
        return status
    owner = record["owner"]
    if owner is None or (owner != myself() and is_dead(owner)):
        return "lost"
    if record["error"]:
        return "blocked"
    if not lives:
        return "starting"
    return "paused" if record["wanted"] == "paused" else "running"


def _pauses(record: Mapping[str, Any], told: Mapping[str, Any], lives: bool) -> list[dict[str, Any]]:
    """Return what is paused: the sink or source, since when and by whom, and whether the stream's process obeys already."""
    made: list[dict[str, Any]] = []
    for item in record["pauses"]:
        held = told.get("outbox" if item["end"] == "sink" else "sources", {}).get(item["node"], {}).get("held")
        made.append({**item, "at": item["at"].isoformat(), "in_effect": lives and bool(held)})
    return made


def _moment(micros: int | None) -> str | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC).isoformat().replace("+00:00", "Z")


def _lag(micros: int) -> float:
    return round(max(0.0, time.time() - micros / 1e6), 3)
