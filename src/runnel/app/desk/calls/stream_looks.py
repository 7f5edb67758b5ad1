"""Looks into streams: rows of a port and charts while they run, logs, kept boundaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.streams import looking
from runnel.app.streams.telling import found


@answers("stream_tap")
def tap(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Let a stream send the rows of a port for a while."""
    ref, seconds = f"{payload['node']}.{payload['port']}", float(payload["seconds"])
    return looking.ask_for_rows(context.project, context.streams.store, payload["name"], ref, seconds)


@answers("stream_chart")
def chart(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Let a stream send a chart for a while; returns what it sent last, or no rows."""
    name, node = payload["name"], payload["node"]
    until = looking.ask_for_chart(context.streams.store, name, node)
    last = context.streams.charts.get((name, node), {"node": node, "spec": None, "columns": [], "rows": []})
    return {"until": until, **last}


@answers("stream_log")
def log(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return the last lines of a stream's log, and how often its process was started again."""
    name = payload["name"]
    lines = looking.log_of(context.streams.store, name)
    return {"lines": lines, "restarts": list(context.streams.restarts.get(name, ()))}


@answers("stream_boundaries")
def boundaries(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return the kept boundaries of a stream."""
    record = found(context.streams.store, payload["name"])
    return looking.boundaries(context.streams.store, record["name"], int(payload["limit"]))
