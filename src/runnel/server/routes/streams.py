"""Streams: started from the canvas or the list, stopped, drained, paused, resumed; their status, epochs and ledger."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request

from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.routes.drafts import saved_version
from runnel.server.routes.runs import ask
from runnel.server.routing import Routes
from runnel.server.state import ServerState
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("streams")


class StartBody(Body):
    """How a stream is started; `version` names one, else the draft is saved and started."""

    params: dict[str, Any] | None = None
    version: str | None = None
    revision: int | None = None


@routes.get("/streams", "streams.view")
async def list_streams(request: Request) -> dict[str, Any]:
    """Return every stream with its status, rate, lag and watermark."""
    found = await ask(request, "stream_list", {})
    items = await in_thread(_with_files, state_of(request), found)
    return {"items": items, "next": None, "total": len(items)}


def _with_files(state: ServerState, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the title of each pipeline, and whether its file is other than the version that runs (None without a file)."""
    files = workspace_of(state).files.all()
    made: list[dict[str, Any]] = []
    for item in items:
        file = files.get(item["name"])
        is_newer = None if file is None else file.text != state.store.versions.get(item["version"], item["name"])
        made.append({**item, "title": file.title if file else item["name"], "file_is_newer": is_newer})
    return made


@routes.get("/streams/{name}", "streams.view")
async def get_stream(request: Request, name: str) -> dict[str, Any]:
    """Return one stream: status, positions, outboxes, guarantees, checkpoints."""
    found: dict[str, Any] = await ask(request, "stream_show", {"name": name})
    return (await in_thread(_with_files, state_of(request), [found]))[0]


@routes.get("/streams/{name}/ledger", "streams.view")
async def stream_ledger(request: Request, name: str, begin: int = 0, end: int | None = None) -> dict[str, Any]:
    """Return the ledger of the epochs after `begin` up to `end`, at kept boundaries."""
    found: dict[str, Any] = await ask(request, "stream_ledger", {"name": name, "from": begin, "to": end})
    return found


@routes.post("/streams/{name}/start", "streams.execute", status_code=202)
async def start_stream(request: Request, name: str, body: StartBody) -> dict[str, Any]:
    """Save the draft, make a version of it, and start the stream; 422 with the findings when it cannot run."""
    given = body.model_dump(exclude_none=True, exclude={"revision"})
    if body.version is None:
        given["version"] = await saved_version(request, name, body.revision)
    payload = await in_thread(workspace_of(state_of(request)).payload, name, given)
    found = await ask(request, "stream_start", {**payload, "actor": principal(request).name})
    audit(request).change(None, {"stream": name, "version": given["version"]})
    return {**found, "version": given["version"]}


async def _wish(request: Request, name: str, verb: Literal["stop", "drain", "pause", "resume"]) -> dict[str, Any]:
    found: dict[str, Any] = await ask(request, "stream_wish", {"name": name, "verb": verb})
    audit(request).change(None, found)
    return found


@routes.post("/streams/{name}/stop", "streams.execute", status_code=202)
async def stop_stream(request: Request, name: str) -> dict[str, Any]:
    """Let a stream stop after its epoch; windows stay open, and a start goes on there."""
    return await _wish(request, name, "stop")


@routes.post("/streams/{name}/drain", "streams.execute", status_code=202)
async def drain_stream(request: Request, name: str) -> dict[str, Any]:
    """Let a stream stop after everything that it has read is delivered."""
    return await _wish(request, name, "drain")


@routes.post("/streams/{name}/pause", "streams.execute", status_code=202)
async def pause_stream(request: Request, name: str) -> dict[str, Any]:
    """Let a stream read nothing more until it is resumed."""
    return await _wish(request, name, "pause")


@routes.post("/streams/{name}/resume", "streams.execute", status_code=202)
async def resume_stream(request: Request, name: str) -> dict[str, Any]:
    """Let a paused stream read on."""
    return await _wish(request, name, "resume")
