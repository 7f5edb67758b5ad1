"""Rows of streams traced back: the source records that made them, read again and computed once more."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request
from pydantic import Field

from runnel.server.bodies import Body
from runnel.server.guarding import require
from runnel.server.problems import HttpError
from runnel.server.routes.runs import ask
from runnel.server.routing import Routes

routes = Routes("streams")


class TraceBody(Body):
    """Whose records are wanted: rows of a `dataset`, or of a `sink` in the epochs from `epoch` to `to`.

    They are picked by `where`, an expression over the columns, or by `row`, the values of one as JSON (column → value).
    """

    dataset: str | None = Field(None, max_length=200)
    sink: str | None = Field(None, max_length=300)
    where: str | None = Field(None, min_length=1, max_length=10_000)
    row: dict[str, Any] | None = Field(None, min_length=1, max_length=5_000)
    epoch: int | None = Field(None, ge=1, le=2**62)
    to: int | None = Field(None, ge=1, le=2**62)
    limit: int = Field(10, ge=1, le=100)
    numbers: Literal["string"] | None = None

    def payload(self, name: str) -> dict[str, Any]:
        """Return what asks the desk; raises HttpError unless one target and one way to pick are given."""
        if (self.dataset is None) == (self.sink is None):
            what = "whose records are wanted is not clear"
            raise HttpError(422, what, "Give `dataset`, or `sink` with `epoch`.", code="RNL-STREAM-064")
        if (self.where is None) == (self.row is None):
            hint = "Give either `where` (an expression over its columns) or `row` (its values)."
            raise HttpError(422, "which rows are meant is not clear", hint, code="RNL-STREAM-064")
        return {"name": name, **self.model_dump()}


@routes.query("/streams/{name}/traces", "streams.view")
async def trace_rows(request: Request, name: str, body: TraceBody) -> dict[str, Any]:
    """Return rows with the records that made them: source, partition, position and value; it takes seconds.

    `reproduced` says whether the records alone give the row, `gone` which sources keep theirs no more. Rows of a dataset
    take the permission to see datasets too. With `numbers=string` wide whole numbers are text, for readers that would round them.
    """
    if body.dataset is not None:
        require(request, "datasets.view")
    found: dict[str, Any] = await ask(request, "stream_trace", body.payload(name))
    return found
