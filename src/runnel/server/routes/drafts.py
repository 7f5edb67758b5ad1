"""Drafts: what is being edited, changed by document commands, saved as a file and a version, and never overwritten."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request
from pydantic import ConfigDict, Field

from runnel.app.drafting import State, unified
from runnel.server.bodies import Body
from runnel.server.guarding import principal, state_of
from runnel.server.routing import Routes
from runnel.server.workspace import edits_of, in_thread, workspace_of

routes = Routes("drafts")


class EditBody(Body):
    """One change of a document, as `runnel.model.findings.Edit`."""

    op: Literal["set", "delete", "rename"]
    path: list[str | int]
    value: Any = None


class EditsBody(Body):
    """A command: its edits, its name for the history, the revision that it was made on, and which window made it."""

    revision: int
    client: str | None = Field(None, max_length=64)
    label: str | None = Field(None, max_length=200)
    edits: list[EditBody] = Field(max_length=20_000)


class TextBody(Body):
    """The whole text of a draft."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=8_000_000)

    text: str = Field(max_length=8_000_000)
    revision: int
    client: str | None = Field(None, max_length=64)


class SaveBody(Body):
    """Which revision is saved; without one, the current."""

    revision: int | None = None


class ResolveBody(Body):
    """How a conflict is settled."""

    choice: Literal["mine", "theirs", "copy"]


@routes.get("/pipelines/{name}/draft", "pipelines.view")
async def get_draft(request: Request, name: str) -> dict[str, Any]:
    """Return the draft of a pipeline, or its file where there is none."""
    return (await in_thread(workspace_of(state_of(request)).drafting.state, name)).to_json()


@routes.post("/pipelines/{name}/draft/edits", "pipelines.edit")
async def edit_draft(request: Request, name: str, body: EditsBody) -> dict[str, Any]:
    """Apply a command to the draft's text; 412 with the current draft when somebody was faster."""
    drafting = workspace_of(state_of(request)).drafting
    edits = edits_of([item.model_dump() for item in body.edits])
    made = await in_thread(drafting.edit, name, body.revision, edits, principal(request).name, body.client)
    _tell(request, made, body.client)
    return {"revision": made.revision, "etag": made.etag, "saved": not made.edited, "conflict": made.theirs is not None}


@routes.put("/pipelines/{name}/draft", "pipelines.edit")
async def put_draft(request: Request, name: str, body: TextBody) -> dict[str, Any]:
    """Set the draft's whole text."""
    drafting = workspace_of(state_of(request)).drafting
    made = await in_thread(drafting.replace_text, name, body.revision, body.text, principal(request).name, body.client)
    _tell(request, made, body.client)
    return made.to_json()


@routes.delete("/pipelines/{name}/draft", "pipelines.edit")
async def discard_draft(request: Request, name: str) -> dict[str, Any]:
    """Go back to the file."""
    made = await in_thread(workspace_of(state_of(request)).drafting.discard, name, principal(request).name)
    _tell(request, made, None)
    return made.to_json()


@routes.post("/pipelines/{name}/draft/save", "pipelines.edit")
async def save_draft(request: Request, name: str, body: SaveBody) -> dict[str, Any]:
    """Write the file in one step and make a version; 409 with both texts when the file was changed outside."""
    drafting = workspace_of(state_of(request)).drafting
    made, version = await in_thread(drafting.save, name, principal(request).name, body.revision)
    _tell(request, made, None)
    state_of(request).events.publish("pipelines", "pipeline.changed", {"name": name, "version": version})
    return {"version": version, "etag": made.etag, "revision": made.revision, "path": str(made.path), "saved": True}


@routes.post("/pipelines/{name}/draft/resolve", "pipelines.edit")
async def resolve_conflict(request: Request, name: str, body: ResolveBody) -> dict[str, Any]:
    """Settle a conflict between the draft and a file that was changed outside."""
    drafting = workspace_of(state_of(request)).drafting
    made = await in_thread(drafting.resolve, name, body.choice, principal(request).name)
    _tell(request, made, None)
    return made.to_json()


@routes.get("/pipelines/{name}/draft/difference", "pipelines.view")
async def draft_difference(request: Request, name: str) -> dict[str, Any]:
    """Return the lines in which the draft differs from the file."""
    state = await in_thread(workspace_of(state_of(request)).drafting.state, name)
    return {"text": unified(state.file.text if state.file is not None else "", state.text)}


def _tell(request: Request, made: State, client: str | None) -> None:
    data = {"name": made.name, "revision": made.revision, "client": client, "actor": principal(request).name,
            "saved": not made.edited}  # fmt: skip
    state_of(request).events.publish(f"pipeline:{made.name}", "draft.changed", data)
