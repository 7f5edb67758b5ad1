"""Uploads in parts: begun, sent from any place on, finished under a name that the server chose, or dropped."""

from __future__ import annotations

import os
from typing import Any

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from runnel.app.project_files import CHUNK_BYTES
from runnel.server.answers import answer, nothing
from runnel.server.bodies import Body, limited
from runnel.server.guarding import audit, principal, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("uploads")


class BeginBody(Body):
    """The name of a file on the sender's computer, and its size in bytes."""

    name: str = Field(min_length=1, max_length=10_000)
    bytes: int = Field(ge=0)


@routes.post("/uploads", "files.upload", status_code=201)
async def begin_upload(request: Request, body: BeginBody) -> Response:
    """Begin an upload; 413 when the file is larger than allowed."""
    files = workspace_of(state_of(request)).data
    made = await in_thread(files.begin, body.name, body.bytes, principal(request).name)
    audit(request).object(made.id).change(None, {"name": made.name, "bytes": made.bytes})
    return answer({"id": made.id, "name": made.name, "bytes": made.bytes, "received": 0, "chunk_bytes": CHUNK_BYTES}, 201)


@routes.get("/uploads/{id}", "files.upload")
async def get_upload(request: Request, id: str) -> dict[str, Any]:
    """Say how many bytes are there, so that a broken upload goes on."""
    files = workspace_of(state_of(request)).data
    found = await in_thread(files.upload, id)
    received = await in_thread(files.received, id)
    return {"id": id, "name": found.name, "bytes": found.bytes, "received": received, "status": found.status}


@routes.put("/uploads/{id}", "files.upload", body="stream", accepts=("application/octet-stream",), most_bytes=4 * CHUNK_BYTES)
async def send_part(request: Request, id: str, offset: int = 0) -> dict[str, Any]:
    """Append bytes at `offset`, which is where the last part ended; answers how many are there now."""
    files = workspace_of(state_of(request)).data
    upload = await in_thread(files.upload, id)
    there = await in_thread(files.received, id)
    if upload.status != "receiving" or offset != there:
        what = f"{there:,} bytes are there, and this part begins at {offset:,}"
        raise HttpError(409, what, "Go on from where it ended.", where={"received": there})
    descriptor = await in_thread(os.open, files.part(id), os.O_WRONLY | os.O_APPEND)
    try:
        async for part in limited(request, min(4 * CHUNK_BYTES, upload.bytes - there)):
            await in_thread(os.write, descriptor, part)
            there += len(part)
    finally:
        os.close(descriptor)
    return {"id": id, "received": there, "bytes": upload.bytes}


@routes.post("/uploads/{id}/finish", "files.upload", status_code=201)
async def finish_upload(request: Request, id: str) -> Response:
    """Give a whole upload its place among the project's files."""
    state = state_of(request)
    made = await in_thread(workspace_of(state).data.finish, id)
    audit(request).change(None, {"path": made.relative})
    state.events.publish("files", "file.changed", {"path": made.relative})
    return answer(made.to_json(), 201)


@routes.delete("/uploads/{id}", "files.upload")
async def drop_upload(request: Request, id: str) -> Response:
    """Drop an upload that is not finished."""
    files = workspace_of(state_of(request)).data
    await in_thread(files.upload, id)
    await in_thread(files.drop, id)
    return nothing()
