"""Looking at data after any node: windows of rows, counts, profiles, charts, what was left out, and downloads."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import orjson
from fastapi import Request
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import Response

from runnel.server.answers import Raw
from runnel.server.bodies import Body
from runnel.server.files import user_file
from runnel.server.routes.analysis import About, AboutNode, asked
from runnel.server.routing import Routes

routes = Routes("previews")


class SortTerm(Body):
    """One column to sort by."""

    column: str
    descending: bool = False


class PreviewBody(AboutNode):
    """Which rows of a port: from `offset`, at most `limit`, sorted, where a condition holds, and where a text occurs."""

    offset: int = Field(0, ge=0)
    limit: int = Field(200, ge=0, le=2_000)
    sort: list[SortTerm] | None = None
    where: str | None = Field(None, max_length=20_000)
    search: str | None = Field(None, max_length=1_000)
    columns: list[str] | None = None
    numbers: Literal["string", "number"] = "number"


class ProfileBody(AboutNode):
    """Which columns of a port are profiled; all without names."""

    columns: list[str] | None = None


class CountsBody(About):
    """Whose ports are counted; all without names."""

    nodes: list[str] | None = None


class ExportBody(PreviewBody):
    """A format besides; `raw` leaves texts as they are that a spreadsheet would take for formulas."""

    limit: int = Field(0, ge=0)
    format: Literal["csv", "json", "ndjson", "parquet", "arrow", "xlsx"] = "csv"
    raw: bool = False


@routes.query("/pipelines/{name}/preview", "pipelines.view")
async def preview(request: Request, name: str, body: PreviewBody) -> Raw:
    """Return a window of the rows of a port, and how many there are."""
    return await asked(request, "preview", name, body)


@routes.query("/pipelines/{name}/glance", "pipelines.view")
async def glance(request: Request, name: str, body: AboutNode) -> Raw:
    """Return the first rows of a large file that a node reads, before the whole of it was looked into."""
    return await asked(request, "glance", name, body)


@routes.query("/pipelines/{name}/profile", "pipelines.view")
async def profile(request: Request, name: str, body: ProfileBody) -> Raw:
    """Return nulls, distinct values, extremes, frequent values and a histogram of every column, over all rows."""
    return await asked(request, "profile", name, body)


@routes.query("/pipelines/{name}/counts", "pipelines.view")
async def counts(request: Request, name: str, body: CountsBody) -> Raw:
    """Return how many rows every port has."""
    return await asked(request, "counts", name, body)


@routes.query("/pipelines/{name}/chart", "pipelines.view")
async def chart(request: Request, name: str, body: AboutNode) -> Raw:
    """Return the specification and data of a chart node."""
    return await asked(request, "chart", name, body)


@routes.query("/pipelines/{name}/left-out", "pipelines.view")
async def left_out(request: Request, name: str, body: AboutNode) -> Raw:
    """Return what a node did not pass on."""
    return await asked(request, "left_out", name, body)


@routes.query("/pipelines/{name}/export", "datasets.export")
async def export(request: Request, name: str, body: ExportBody) -> Response:
    """Return the rows of a port as a file."""
    made = orjson.loads((await asked(request, "export", name, body)).body)
    return passing_file(Path(made["path"]), f"{name}_{body.node}.{body.format}")


def passing_file(path: Path, name: str) -> Response:
    """Return a file that lives only as long as its download."""
    made = user_file(path, name)
    made.background = BackgroundTask(shutil.rmtree, path.parent, ignore_errors=True)
    return made
