"""Data files of the project: listed, looked into, downloaded, used where they lie, and deleted."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from runnel.app.creating import file_document
from runnel.app.pipeline_listing import open_documents, readers_of_file
from runnel.app.project_files import DataFile
from runnel.model.saving import mapping_to_yaml
from runnel.server.answers import Raw, answer, paged
from runnel.server.bodies import Body
from runnel.server.files import user_file
from runnel.server.guarding import audit, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.state import ServerState
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("files")
PREVIEW_ROWS = 100
TEXT_BYTES = 64 * 1024
IMAGE_BYTES = 8 * 1024 * 1024
TABLES = frozenset({"CSV", "TSV", "JSON", "NDJSON", "Parquet", "Excel", "XML", "Avro", "gzip", "Zip", "Zstandard"})
IMAGES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
SORTS = ("name", "bytes", "type", "modified_at")


class UseBody(Body):
    """The path of a file below a granted folder."""

    path: str = Field(min_length=1, max_length=4_000)


class SniffBody(Body):
    """A file by its id or path, and options that replace what the look at it finds."""

    id: str | None = None
    path: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


@routes.get("/files", "files.view")
async def list_files(
    request: Request, search: str = "", status: str = "", type: str = "", sort: str = "-modified_at",
    cursor: str | None = None, limit: int = 100,
) -> Response:  # fmt: skip
    """Return the data files and the uploads that are under way, searched by name, status or type."""
    state = state_of(request)
    files = workspace_of(state).data
    items = [file.to_json() for file in await in_thread(files.all)]
    for upload in await in_thread(state.store.uploads.list):
        if upload.status != "completed":
            items.append({
                "id": upload.id, "name": upload.name, "path": None, "bytes": upload.bytes, "source": "upload",
                "type": "File", "media_type": None, "error": upload.error, "modified_at": upload.updated_at.isoformat(),
                "status": "failed" if upload.status == "failed" else "processing",
            })  # fmt: skip
    text = search.lower()
    items = [item for item in items if text in f"{item['name']} {item['status']} {item['path'] or ''}".lower()]
    items = [item for item in items if (not status or item["status"] in status.split(",")) and (not type or item["type"] == type)]
    key = sort.removeprefix("-")
    if key not in SORTS:
        raise HttpError(422, f"files cannot be sorted by `{sort}`", f"Sort by {', '.join(SORTS)}.")
    items.sort(key=lambda item: item[key] if item[key] is not None else "", reverse=sort.startswith("-"))
    return paged(items, cursor, limit)


def _readers(state: ServerState, path: Path) -> list[dict[str, str]]:
    return readers_of_file(workspace_of(state).files, path, open_documents(state.store))


@routes.get("/files/{id}", "files.view")
async def get_file(request: Request, id: str) -> dict[str, Any]:
    """Return what is known of a file, and which pipelines read it."""
    workspace = workspace_of(state_of(request))
    found = await in_thread(workspace.data.get, id)
    return {**found.to_json(), "used_by": await in_thread(_readers, state_of(request), found.path)}


@routes.get("/files/{id}/content", "files.download")
async def download_file(request: Request, id: str) -> Response:
    """Return the bytes of a file, to be saved."""
    found = await in_thread(workspace_of(state_of(request)).data.get, id)
    return user_file(found.path, found.path.name)


@routes.get("/files/{id}/preview", "files.view")
async def preview_file(request: Request, id: str) -> Response:
    """Return the first rows of a table, the beginning of a text, or a picture as data."""
    state = state_of(request)
    found = await in_thread(workspace_of(state).data.get, id)
    kind = found.to_json()["type"]
    if kind in TABLES:
        return await _table(request, found)
    if kind == "Image":
        return await in_thread(_picture, found)
    return await in_thread(_text, found)


@routes.delete("/files/{id}", "files.delete")
async def delete_file(request: Request, id: str, force: bool = False) -> Response:
    """Delete a file; refused while pipelines read it, unless forced."""
    state = state_of(request)
    workspace = workspace_of(state)
    found = await in_thread(workspace.data.get, id)
    readers = await in_thread(_readers, state, found.path)
    if readers and not force:
        names = ", ".join(reader["title"] for reader in readers)
        raise HttpError(409, f"{found.path.name} is read by {names}", "Change those first, or delete it all the same.")
    await in_thread(workspace.data.delete, found)
    audit(request).change({"path": found.relative, "bytes": found.bytes}, None)
    state.events.publish("files", "file.changed", {"path": found.relative, "deleted": True})
    return answer({"deleted": found.relative})


@routes.query("/files/use", "files.view")
async def use_file(request: Request, body: UseBody) -> dict[str, Any]:
    """Return a file where it lies, below the project or a granted folder, without copying it."""
    return (await in_thread(workspace_of(state_of(request)).data.at, body.path)).to_json()


@routes.query("/files/sniff", "files.view")
async def sniff_file(request: Request, body: SniffBody) -> Raw:
    """Say what a file is: format, options, columns, and what was decided about it."""
    state = state_of(request)
    files = workspace_of(state).data
    found = await in_thread(files.get, body.id) if body.id else await in_thread(files.at, body.path or "")
    return Raw(await state.desk.call("sniff", {"path": str(found.path), "options": body.options}))


async def _table(request: Request, file: DataFile) -> Response:
    state = state_of(request)
    document = {"runnel": 1, **file_document(str(file.path))}
    node = next(iter(document["nodes"]))
    text = mapping_to_yaml(document)
    asked = {"text": text, "folder": str(state.root), "node": node, "limit": PREVIEW_ROWS, "numbers": "string"}
    rows = await state.desk.call("preview", asked)
    return Raw(b'{"kind":"table","table":' + rows + b"}")


def _text(file: DataFile) -> Response:
    head = _head(file.path, TEXT_BYTES)
    if b"\0" in head:
        return answer({"kind": "none", "why": "The file holds bytes that are no text."})
    return answer({"kind": "text", "text": head.decode("utf-8", "replace"), "complete": file.bytes <= TEXT_BYTES})


def _picture(file: DataFile) -> Response:
    head = _head(file.path, IMAGE_BYTES)
    kind = next((kind for mark, kind in IMAGES.items() if head.startswith(mark)), None)
    if kind is None or file.bytes > IMAGE_BYTES:
        return answer({"kind": "none", "why": "The picture is too large, or of a kind that is not shown."})
    return Raw(orjson.dumps({"kind": "image", "data": f"data:{kind};base64,{base64.b64encode(head).decode()}"}))


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)
