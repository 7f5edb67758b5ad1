"""Datasets: what pipelines published, with columns, versions, lineage, rows by window, and downloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import orjson
from fastapi import Request
from starlette.responses import Response

from runnel.app.pipeline_listing import readers_of_dataset
from runnel.model.saving import mapping_to_yaml
from runnel.server.answers import Raw, cursor_of, paged, read_cursor
from runnel.server.bodies import Body
from runnel.server.guarding import state_of
from runnel.server.problems import HttpError
from runnel.server.routes.previews import PreviewBody, passing_file
from runnel.server.routing import Routes
from runnel.server.workspace import in_thread, workspace_of

routes = Routes("datasets")
MOST_VERSIONS = 200
"""So many versions stand in the answer of a dataset; all of them are asked for page by page."""
Format = Literal["json", "csv", "parquet", "arrow", "ndjson", "xlsx"]


class RowsBody(PreviewBody):
    """Which rows of a dataset; `node` is not used."""

    node: str = "data"
    number: int | None = None


class ProfileBody(Body):
    """Which version and columns are profiled."""

    number: int | None = None
    columns: list[str] | None = None


@routes.get("/datasets", "datasets.view")
async def list_datasets(request: Request, search: str = "", cursor: str | None = None, limit: int = 100) -> Response:
    """Return every dataset with its newest version."""
    state = state_of(request)
    found = orjson.loads(await state.desk.call("datasets", {}))["items"]
    items = [item for item in found if search.lower() in item["name"].lower()]
    for item in items:
        item.update(await in_thread(readers_of_dataset, workspace_of(state).files, item["name"]))
    return paged(items, cursor, limit)


@routes.get("/datasets/{name}", "datasets.view")
async def get_dataset(request: Request, name: str) -> dict[str, Any]:
    """Return a dataset's columns and newest versions, and which pipelines write and read it."""
    state = state_of(request)
    found = orjson.loads(await state.desk.call("dataset", {"name": name, "most": MOST_VERSIONS}))
    return {**found, **await in_thread(readers_of_dataset, workspace_of(state).files, name)}


@routes.get("/datasets/{name}/versions", "datasets.view")
async def dataset_versions(request: Request, name: str, cursor: str | None = None, limit: int = 50) -> Response:
    """Return the versions of a dataset, newest first."""
    found = orjson.loads(await state_of(request).desk.call("dataset", {"name": name}))
    return paged(found["versions"], cursor, limit)


@routes.get("/datasets/{name}/lineage", "datasets.view")
async def dataset_lineage(request: Request, name: str, column: str) -> dict[str, Any]:
    """Return from which columns of which sources a column of a dataset was made."""
    state = state_of(request)
    workspace = workspace_of(state)
    made: list[dict[str, Any]] = []
    for writer in (await in_thread(readers_of_dataset, workspace.files, name))["written_by"]:
        file = await in_thread(workspace.files.get, writer["name"])
        nodes = dict((file.document or {}).get("nodes") or {}) if file is not None else {}
        for id, node in nodes.items():
            if node.get("kind") == "sink.dataset" and (node.get("config") or {}).get("name") == name:
                source = str(node.get("from", "")).split(".")[0]
                payload = await in_thread(workspace.payload, writer["name"], {"node": source, "column": column})
                found = orjson.loads(await state.desk.call("lineage", payload))
                made.append({"pipeline": writer["name"], "node": id, **found})
    return {"column": column, "paths": made}


@routes.query("/datasets/{name}/rows", "datasets.view")
async def dataset_rows(request: Request, name: str, body: RowsBody) -> Raw:
    """Return a window of the rows of a dataset."""
    given = body.model_dump(exclude_none=True, exclude={"version", "document", "edits", "node", "port", "number"})
    return Raw(await state_of(request).desk.call("preview", {**_reading(request, name, body.number), **given}))


@routes.query("/datasets/{name}/profile", "datasets.view")
async def dataset_profile(request: Request, name: str, body: ProfileBody) -> Raw:
    """Return nulls, distinct values, frequent values and a histogram of every column."""
    given = {"columns": body.columns} if body.columns else {}
    return Raw(await state_of(request).desk.call("profile", {**_reading(request, name, body.number), **given}))


@routes.get("/datasets/{name}/data", "datasets.export")
async def dataset_data(  # noqa: PLR0913 - one parameter per part of the question
    request: Request, name: str, format: Format = "json", columns: str | None = None, sort: str | None = None,
    filter: str | None = None, limit: int | None = None, cursor: str | None = None, version: int | None = None,
    raw: bool = False, numbers: Literal["string"] | None = None,
) -> Response:  # fmt: skip
    """Return the rows of a dataset: JSON by page with a cursor, other formats whole.

    With `numbers=string` JSON has decimals and wide whole numbers as text, for readers that would round them.
    """
    payload = {**_reading(request, name, version), "where": filter, "columns": columns.split(",") if columns else None}
    if sort:
        payload["sort"] = [{"column": part.removeprefix("-"), "descending": part.startswith("-")} for part in sort.split(",")]
    if format != "json":
        asked = {**payload, "format": format, "raw": raw, "limit": limit or 0}
        made = orjson.loads(await state_of(request).desk.call("export", asked))
        return passing_file(Path(made["path"]), f"{name}.{format}")
    if limit is not None and not 1 <= limit <= 2_000:
        raise HttpError(422, f"a page has 1 to 2,000 rows, not {limit}", "Use the cursor for more, or another format.")
    offset = int(read_cursor(cursor).get("at", 0)) if cursor else 0
    asked = {**payload, "offset": offset, "limit": limit or 1_000, "numbers": numbers}
    found = await state_of(request).desk.call("preview", asked)
    return Raw(await in_thread(_objects, found, offset))


def _objects(found: bytes, offset: int) -> bytes:
    """Return a window as objects with the cursor of the next page; numbers stay as they are written."""
    import json

    read = json.loads(found, parse_float=orjson.Fragment, parse_int=_whole)
    names = [column["name"] for column in read["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in read["rows"]]
    end = offset + len(rows)
    more = end < read["matching_rows"] and rows
    made = {"items": rows, "next": cursor_of(at=end) if more else None, "total": read["matching_rows"]}
    return orjson.dumps(made)


def _whole(text: str) -> Any:
    return int(text) if len(text) < 19 else orjson.Fragment(text)


def _reading(request: Request, name: str, version: int | None) -> dict[str, Any]:
    """Return what asks the desk about the rows of a dataset."""
    config = {"name": name} | ({"version": version} if version is not None else {})
    document = {"runnel": 1, "name": "look", "nodes": {"data": {"kind": "source.dataset", "config": config}}}
    return {"text": mapping_to_yaml(document), "folder": str(state_of(request).root), "node": "data"}


