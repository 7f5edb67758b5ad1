"""Going back with a stream: savepoints, positions out and in, a rewind with what becomes of each target, a restart."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from runnel.server.answers import answer, nothing
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.routes.drafts import saved_version
from runnel.server.routes.runs import ask
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("streams")


class SavepointBody(Body):
    """What a savepoint is called; one of the same name is replaced."""

    label: str = Field(min_length=1, max_length=200, pattern=r"^[\w][\w .:-]*$")


class TargetBody(Body):
    """What becomes of the target of a sink; `place` names a new one."""

    choice: Literal["append", "replace", "new"]
    place: str | None = Field(None, max_length=1_000)


class OutlookBody(Body):
    """Where a stream would go back to: `start`, a savepoint, the number of a kept epoch, or positions."""

    to: str = Field("start", max_length=200)
    positions: dict[str, Any] | None = None


class RewindBody(OutlookBody):
    """Where a stream goes back to, and what becomes of its targets; with `start` it runs at once."""

    sinks: dict[str, TargetBody] = Field(default_factory=dict, max_length=200)
    start: bool = False


class RestartBody(Body):
    """Which version is started; without it the one that ran last."""

    version: str | None = Field(None, max_length=64)


class ChangeBody(Body):
    """The version that a stream is to go on with; without it the draft."""

    version: str | None = Field(None, max_length=64)
    edits: list[dict[str, Any]] | None = None


class ChangeToBody(Body):
    """The version that a stream goes on with (else the draft is saved), and what becomes of what the one before left.

    `state`: `keep` refuses states that do not fit, `close` lets every open window leave under the version before, `forget`
    begins anew what does not fit. `discard` lets rows go that wait for a sink which the pipeline no longer has.
    """

    version: str | None = Field(None, max_length=64)
    revision: int | None = None
    state: Literal["keep", "close", "forget"] = "keep"
    discard: bool = False


@routes.query("/streams/{name}/change-outlook", "streams.view")
async def change_outlook(request: Request, name: str, body: ChangeBody) -> dict[str, Any]:
    """Return what another version means for a stream: states kept, changed and gone, rows that wait, sources begun and left."""
    payload = await in_thread(workspace_of(state_of(request)).payload, name, body.model_dump(exclude_none=True))
    found: dict[str, Any] = await ask(request, "stream_change_outlook", {**payload, "name": name})
    return found


@routes.post("/streams/{name}/change", "streams.execute", status_code=202)
async def change_stream(request: Request, name: str, body: ChangeToBody) -> dict[str, Any]:
    """Let a stream go on with another version at the same positions; a savepoint keeps how it stood before."""
    before = await ask(request, "stream_show", {"name": name})
    version = body.version or await saved_version(request, name, body.revision)
    payload = await in_thread(workspace_of(state_of(request)).payload, name, {"version": version})
    asked = {**payload, "name": name, "state": body.state, "discard": body.discard, "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_change", asked)
    chosen = {"state": body.state, "discard": body.discard}
    audit(request).change({"stream": name, "version": before["version"]}, {"stream": name, "version": version, **chosen})
    return {**found, "version": version}


@routes.get("/streams/{name}/savepoints", "streams.view")
async def list_savepoints(request: Request, name: str) -> dict[str, Any]:
    """Return the savepoints of a stream, the newest first, with positions and size."""
    found = await ask(request, "stream_savepoints", {"name": name})
    return {"items": found, "next": None, "total": len(found)}


@routes.post("/streams/{name}/savepoints", "streams.execute", status_code=201)
async def make_savepoint(request: Request, name: str, body: SavepointBody) -> dict[str, Any]:
    """Keep a stream as it stands, to go back to; it goes on meanwhile."""
    found: dict[str, Any] = await ask(request, "stream_savepoint", {"name": name, "label": body.label})
    audit(request).change(None, found)
    return found


@routes.delete("/streams/{name}/savepoints/{label}", "streams.execute")
async def delete_savepoint(request: Request, name: str, label: str) -> Response:
    """Let a savepoint go."""
    found = await ask(request, "stream_savepoint_forget", {"name": name, "label": label})
    audit(request).change(found, None)
    return nothing()


@routes.get("/streams/{name}/positions", "streams.view")
async def export_positions(request: Request, name: str, at: str | None = None) -> Response:
    """Return where each source is read next, now, at a savepoint or at a kept epoch, as a rewind takes it."""
    found = await ask(request, "stream_positions", {"name": name, "at": at})
    named = f'attachment; filename="{name}-positions.json"'
    return answer(found, headers={"Content-Disposition": named})


@routes.query("/streams/{name}/outlook", "streams.view")
async def rewind_outlook(request: Request, name: str, body: OutlookBody) -> dict[str, Any]:
    """Return what a rewind would do: per source how much is read again, per sink what can become of how many rows."""
    found: dict[str, Any] = await ask(request, "stream_outlook", {"name": name, **body.model_dump()})
    return found


@routes.post("/streams/{name}/rewind", "streams.execute")
async def rewind_stream(request: Request, name: str, body: RewindBody) -> dict[str, Any]:
    """Let a stream begin anew from a point; one that runs is stopped first. Epoch numbers go on."""
    before = await ask(request, "stream_show", {"name": name})
    payload = await in_thread(workspace_of(state_of(request)).payload, name, {"version": before["version"]})
    asked = {**payload, "name": name, **body.model_dump(), "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_rewind", asked)
    was = {key: before[key] for key in ("incarnation", "epoch", "positions")}
    audit(request).change({"stream": name, **was}, found)
    return found


@routes.get("/streams/{name}/deletion", "streams.view")
async def deletion_outlook(request: Request, name: str) -> dict[str, Any]:
    """Return what deleting a stream would take away, and what nobody could get back."""
    found: dict[str, Any] = await ask(request, "stream_goes", {"name": name})
    return found


@routes.delete("/streams/{name}", "streams.execute")
async def delete_stream(request: Request, name: str, discard: bool = False, keep_outside: bool = False) -> dict[str, Any]:
    """Delete a stream that does not run: state, history, logs, slots and sessions; what it wrote and its pipeline stay.

    `discard` lets go what would be lost, `keep_outside` leaves alone what it holds in other systems.
    """
    asked = {"name": name, "discard": discard, "keep_outside": keep_outside}
    found: dict[str, Any] = await ask(request, "stream_delete", asked)
    audit(request).change(found, None)
    return found


@routes.post("/streams/{name}/restart", "streams.execute", status_code=202)
async def restart_stream(request: Request, name: str, body: RestartBody) -> dict[str, Any]:
    """Stop a stream and start it again at the same positions, with another version where one is named."""
    before = await ask(request, "stream_show", {"name": name})
    version = body.version or before["version"]
    payload = await in_thread(workspace_of(state_of(request)).payload, name, {"version": version})
    asked = {**payload, "name": name, "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_restart", asked)
    audit(request).change({"stream": name, "version": before["version"]}, {"stream": name, "version": version})
    return {**found, "version": version}
