"""Connections to external systems and their kinds; secrets are written and never read, tests run in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from runnel.errors import RunnelError
from runnel.server.answers import Raw, answer, check_match, etag_of, nothing, paged, unchanged
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes

routes = Routes("connections")
CONFLICTS = frozenset({"RNL-CONN-005", "RNL-CONN-006", "RNL-CONN-008"})
"""Codes that say that the present state stands against a change: a taken name, a newer state, a use."""
WATCH = r"^[A-Za-z0-9_-]{8,64}$"


class NewConnection(Body):
    """A new connection; `config` holds the options of its kind, secrets with the others."""

    name: str = Field(min_length=1, max_length=200)
    type: str = Field(min_length=1, max_length=64)
    config: dict[str, Any] = Field(default_factory=dict)


class ConnectionChange(Body):
    """What changes: an option that is null is taken away, a secret that is not given is kept."""

    name: str | None = Field(None, min_length=1, max_length=200)
    config: dict[str, Any] = Field(default_factory=dict)


class Watch(Body):
    """Under which mark the steps of a test are told as events (`connection.step` of the topic `connections`)."""

    watch: str | None = Field(None, pattern=WATCH)


class Attempt(Watch):
    """Options to try that are not saved; with `name`, secrets that are not given are those of that connection."""

    type: str = Field(min_length=1, max_length=64)
    config: dict[str, Any] = Field(default_factory=dict)
    name: str | None = Field(None, min_length=1, max_length=200)


@routes.get("/connectors", "connectors.view")
async def list_connectors(request: Request) -> Response:
    """Return every kind of connection with the JSON Schema of its options."""
    found = await state_of(request).desk.call("connectors", {})
    tag = etag_of(found)
    return unchanged(request, tag) or Raw(found, headers={"ETag": tag, "Cache-Control": "private, no-cache"})


@routes.get("/connections", "connections.view")
async def list_connections(request: Request, type: str = "", cursor: str | None = None, limit: int = 100) -> Response:
    """List connections, all or of one kind, with where they lead, who uses them and how their last test went."""
    items = (await _asked(request, "connections", {}))["items"]
    return paged([item for item in items if not type or item["type"] == type], cursor, limit)


@routes.get("/connections/{name}", "connections.view")
async def get_connection(request: Request, name: str) -> Response:
    """Return a connection without its secrets; `secret_fields` names those that are kept."""
    found = await _asked(request, "connection", {"name": name})
    return answer(found, etag=_tag(found))


@routes.post("/connections", "connections.create", status_code=201)
async def create_connection(request: Request, body: NewConnection) -> Response:
    """Make a connection."""
    who = principal(request).name
    made = await _asked(request, "connection_create", {**body.model_dump(), "actor": who})
    audit(request).object(made["name"], "connection").change(None, _audited(made))
    return answer(made, 201, etag=_tag(made))


@routes.patch("/connections/{name}", "connections.edit")
async def change_connection(request: Request, name: str, body: ConnectionChange) -> Response:
    """Change options or the name; a change of where it leads needs its secrets anew."""
    before = await _asked(request, "connection", {"name": name})
    check_match(request, _tag(before))
    payload = {"name": name, "config": body.config, "new_name": body.name, "revision": before["revision"]}
    made = await _asked(request, "connection_update", payload)
    given = sorted(set(body.config) & set(before["secret_fields"]) | set(made["secret_fields"]) & set(body.config))
    audit(request).object(made["name"], "connection").change(_audited(before), {**_audited(made), "renewed": given})
    return answer(made, etag=_tag(made))


@routes.delete("/connections/{name}", "connections.delete")
async def delete_connection(request: Request, name: str) -> Response:
    """Remove a connection that nothing uses; 409 names what does."""
    if "if-match" in request.headers:
        check_match(request, _tag(await _asked(request, "connection", {"name": name})))
    before = await _asked(request, "connection_delete", {"name": name})
    audit(request).object(name, "connection").change(_audited(before), None)
    return nothing()


@routes.post("/connections/{name}/test", "connections.test")
async def test_connection(request: Request, name: str, body: Watch | None = None) -> Response:
    """Try a connection: its steps up to the first that does not work, with what to do about it."""
    found = await _asked(request, "connection_test", {"name": name, "watch": body.watch if body else None})
    audit(request).object(name, "connection").change(None, {"ok": found["ok"]})
    return answer(found)


@routes.post("/connections/test", "connections.test")
async def test_options(request: Request, body: Attempt) -> Response:
    """Try options before they are saved."""
    found = await _asked(request, "connection_test", body.model_dump())
    audit(request).object(body.name or body.type, "connection").change(None, {"type": body.type, "ok": found["ok"]})
    return answer(found)


async def _asked(request: Request, call: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return orjson.loads(await state_of(request).desk.call(call, payload))
    except RunnelError as error:
        if error.code in CONFLICTS:
            raise HttpError(409, error.what, error.hint, code=error.code, where=error.where) from error
        raise


def _tag(found: Mapping[str, Any]) -> str:
    return etag_of({"id": found["id"], "revision": found["revision"]})


def _audited(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in ("name", "type", "config", "secret_fields")}
