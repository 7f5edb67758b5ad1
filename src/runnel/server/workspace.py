"""The pipelines of the server's project: files, drafts and versions, and what the desk is to be asked about one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from anyio import to_thread
from pydantic import Field
from starlette.requests import Request

from runnel.app.draft_states import State
from runnel.app.drafting import Drafting
from runnel.app.pipeline_files import PipelineFiles
from runnel.app.project_files import ProjectFiles
from runnel.model.editing import apply_edits
from runnel.model.findings import Edit
from runnel.model.saving import mapping_to_yaml
from runnel.server.answers import check_match
from runnel.server.bodies import Body
from runnel.server.problems import HttpError
from runnel.server.state import ServerState

T = TypeVar("T")


class EditBody(Body):
    """One change of a document, as `runnel.model.findings.Edit`."""

    op: Literal["set", "delete", "rename"]
    path: list[str | int] = Field(max_length=100)
    value: Any = None


class Workspace:
    """One project as the routes see it; its methods block and are called from threads."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.files = PipelineFiles(state.root)
        self.drafting = Drafting(self.files, state.store)
        granted = tuple(Path(folder).resolve() for folder in state.setting("roots"))
        self.data = ProjectFiles(state.root, state.home, state.store, granted, int(state.setting("upload_bytes")))

    def payload(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the desk needs to know of a pipeline: the draft's text, or that of a version, or what is given.

        `version` names a version, `document` a whole document, `edits` changes of the draft that are not made yet.
        """
        rest = {
            key: value
            for key, value in body.items()
            if key not in ("version", "document", "edits") and value is not None
        }
        if body.get("version"):
            file = self.files.get(name)
            folder = file.path.parent if file is not None else self.state.root
            return {**rest, "text": self.state.store.versions.get(str(body["version"]), name), "folder": str(folder)}
        state = self.drafting.state(name)
        text = state.text
        if body.get("document") is not None:
            text = mapping_to_yaml(body["document"])
        elif body.get("edits"):
            text = apply_edits(text, edits_of(body["edits"]))
        return {**rest, "text": text, "folder": str(state.path.parent), "path": str(state.path)}

    def text_of(self, name: str, which: str) -> str:
        """Return the text of a state: `draft`, `file`, the id of a version, or the text itself if it has several lines."""
        if "\n" in which:
            return which
        if which == "draft":
            return self.drafting.state(name).text
        if which == "file":
            file = self.files.get(name)
            return file.text if file is not None else ""
        return self.state.store.versions.get(which, name)

    def folder_of(self, name: str) -> Path:
        """Return the folder of a pipeline's file; the project's where it has none."""
        file = self.files.get(name)
        return file.path.parent if file is not None else self.state.root


def edits_of(items: Any) -> list[Edit]:
    """Return edits from their JSON form, that of `EditBody`."""
    return [Edit(item["op"], tuple(item["path"]), item.get("value")) for item in items]


def matching(request: Request, *, required: bool = False) -> Callable[[State], None]:
    """Return the check that a change is made on the state that `If-Match` names; it runs while the pipeline is held."""
    given = {part.strip() for part in request.headers.get("if-match", "").split(",")}

    def check(state: State) -> None:
        named = next((tag for tag in state.tags if tag in given), state.etag)
        check_match(request, named, required=required)

    return check


async def in_thread(work: Callable[..., T], *given: Any) -> T:
    """Do blocking work without holding up other requests."""
    return await to_thread.run_sync(work, *given)


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do work for a client as long as it waits; raises HttpError when it has gone, and the work is cancelled."""
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise HttpError(499, "the client has gone")
    finally:
        leaving.cancel()
        if not doing.done():
            doing.cancel()


async def _gone(request: Request) -> None:
    """Return when the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def workspace_of(state: ServerState) -> Workspace:
    """Return the workspace of a server; made at first use."""
    made = state.__dict__.get("workspace")
    if made is None:
        made = state.__dict__["workspace"] = Workspace(state)
    return made
