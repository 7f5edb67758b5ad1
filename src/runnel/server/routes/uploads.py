"""Uploads in parts: begun, sent from any place on, finished under a name that the server chose, or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakValueDictionary

from fastapi import Request
from pydantic import Field
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from runnel.app.project_files import CHUNK_BYTES, ProjectFiles
from runnel.server.answers import answer, nothing
from runnel.server.bodies import Body, limited
from runnel.server.guarding import audit, principal, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("uploads")
MOST_OF_A_PART = 4 * CHUNK_BYTES
SILENT_SECONDS = 30
"""How long a part may send nothing; then its place is free for another try."""
_LOCKS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Who writes, finishes or drops an upload holds its lock."""


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
    found = await in_thread(files.upload, id, _owner(request))
    received = await in_thread(files.received, id)
    return {"id": id, "name": found.name, "bytes": found.bytes, "received": received, "status": found.status}


@routes.put("/uploads/{id}", "files.upload", body="stream", accepts=("application/octet-stream",), most_bytes=MOST_OF_A_PART)
async def send_part(request: Request, id: str, offset: int = 0) -> dict[str, Any]:
    """Append bytes at `offset`, which is where the last part ended; answers how many are there now.

    Of two parts at the same time one is refused (409, as one at a wrong place), and asks how many bytes are there.
    """
    files = workspace_of(state_of(request)).data
    upload = await in_thread(files.upload, id, _owner(request))
    lock = _lock(id)
    if lock.locked():
        there = await in_thread(files.received, id)
        raise await _elsewhere(request, "another part of this upload is being sent", there)
    async with lock:
        upload = await in_thread(files.upload, id)
        there = await in_thread(files.received, id)
        if upload.status != "receiving" or offset != there:
            what = f"{there:,} bytes are there, and this part begins at {offset:,}"
            raise await _elsewhere(request, what, there)
        received = await _written(request, files, id, there, upload.bytes)
    return {"id": id, "received": received, "bytes": upload.bytes}


@routes.post("/uploads/{id}/finish", "files.upload", status_code=201)
async def finish_upload(request: Request, id: str) -> Response:
    """Give a whole upload its place among the project's files."""
    state = state_of(request)
    files = workspace_of(state).data
    await in_thread(files.upload, id, _owner(request))
    async with _lock(id):
        made = await in_thread(files.finish, id)
    audit(request).change(None, {"path": made.relative})
    state.events.publish("files", "file.changed", {"path": made.relative})
    return answer(made.to_json(), 201)


@routes.delete("/uploads/{id}", "files.upload")
async def drop_upload(request: Request, id: str) -> Response:
    """Drop an upload that is not finished."""
    files = workspace_of(state_of(request)).data
    upload = await in_thread(files.upload, id, _owner(request))
    async with _lock(id):
        await in_thread(files.drop, id)
    audit(request).change({"name": upload.name, "bytes": upload.bytes, "status": upload.status}, None)
    return nothing()


def _lock(id: str) -> asyncio.Lock:
    return _LOCKS.setdefault(id, asyncio.Lock())


def _owner(request: Request) -> str | None:
    """Return the name that must have begun an upload; None for admins."""
    who = principal(request)
    return None if who.may("users.manage") else who.name


async def _written(request: Request, files: ProjectFiles, id: str, offset: int, size: int) -> int:
    """Write a body to its place and return how many bytes are there then; those of a broken body stay."""
    async for part in _arriving(request, min(MOST_OF_A_PART, size - offset)):
        await in_thread(files.write, id, offset, part)
        offset += len(part)
    return offset


async def _elsewhere(request: Request, what: str, there: int) -> HttpError:
    """Return the refusal of a part; its body is read to the end first, so that the client gets to read the answer."""
    async for _ in _arriving(request, MOST_OF_A_PART):
        pass
    return HttpError(409, what, "Go on from where it ended.", where={"received": there})


async def _arriving(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the parts of a body; raises HttpError when it is too large, breaks off, or nothing comes for a while."""
    parts = limited(request, most)
    try:
        while True:
            async with asyncio.timeout(SILENT_SECONDS):
                part = await anext(parts, None)
            if part is None:
                return
            yield part
    except TimeoutError as error:
        raise HttpError(408, f"nothing came for {SILENT_SECONDS} s", "Go on from where it ended.") from error
    except ClientDisconnect as error:
        raise HttpError(400, "the part broke off", "Go on from where it ended.") from error
