"""Connections and their kinds; tests tell each step to those who listen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.app import connections as use
from runnel.app.connection_tests import Hear, try_options, try_stored
from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.catalog.describe import connector_entry


@answers("connectors")
def connectors(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every kind of connection with the schema of its options."""
    found = [connector_entry(connector) for connector in context.project.catalog.connectors.values()]
    return {"items": found, "next": None, "total": len(found)}


@answers("connections")
def connections(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every connection."""
    return {"items": use.listed(context.project)}


@answers("connection")
def connection(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return one connection."""
    return use.shown(context.project, str(payload["name"]))


@answers("connection_create")
def create(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Make a connection."""
    return use.create(context.project, payload["name"], payload["type"], payload["config"], payload.get("actor"))


@answers("connection_update")
def update(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Change a connection."""
    return use.update(
        context.project, payload["name"], payload["config"], payload.get("new_name"), payload.get("revision")
    )


@answers("connection_delete")
def delete(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Remove a connection; returns what it was."""
    return use.delete(context.project, payload["name"])


@answers("connection_test")
def test(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Try a stored connection, or options that are not saved."""
    hear = _hear(context, payload.get("watch"))
    if payload.get("type"):
        return try_options(context.project, payload["type"], payload["config"], hear, payload.get("name"))
    return try_stored(context.project, payload["name"], hear)


def _hear(context: DeskContext, watch: str | None) -> Hear | None:
    if not watch:
        return None
    return lambda step: context.tell("connections", "connection.step", {"watch": watch, **step})
