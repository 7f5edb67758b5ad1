"""Drafts: what is being edited, changed by document commands, saved as a file and a version, and never overwritten."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from runnel.app.draft_states import Change, State, unified
from runnel.server.answers import answer
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.routing import Routes
from runnel.server.workspace import EditBody, edits_of, in_thread, matching, workspace_of

routes = Routes("drafts")


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
async def get_draft(request: Request, name: str) -> Response:
    """Return the draft of a pipeline, or its file where there is none."""
    drafting = workspace_of(state_of(request)).drafting
    return await in_thread(lambda: draft_answer(drafting.state(name)))


@routes.post("/pipelines/{name}/draft/edits", "pipelines.edit")
async def edit_draft(request: Request, name: str, body: EditsBody) -> Response:
    """Apply a command to the draft's text; 412 with the current draft when somebody was faster."""
    drafting = workspace_of(state_of(request)).drafting
    edits = edits_of([item.model_dump() for item in body.edits])
    who, check = principal(request).name, matching(request)
    change = await in_thread(drafting.edit, name, body.revision, edits, who, body.client, check)
    told(request, change, body.client)
    made = change.after
    short = {
        "revision": made.revision,
        "etag": made.etag,
        "saved": not made.edited,
        "conflict": made.theirs is not None,
    }
    return answer(short, etag=made.etag)


@routes.put("/pipelines/{name}/draft", "pipelines.edit")
async def put_draft(request: Request, name: str, body: TextBody) -> Response:
    """Set the draft's whole text."""
    drafting = workspace_of(state_of(request)).drafting
    who, check = principal(request).name, matching(request)
    change = await in_thread(drafting.replace_text, name, body.revision, body.text, who, body.client, check)
    told(request, change, body.client)
    return await in_thread(draft_answer, change.after)


@routes.delete("/pipelines/{name}/draft", "pipelines.edit")
async def discard_draft(request: Request, name: str) -> Response:
    """Go back to the file."""
    drafting = workspace_of(state_of(request)).drafting
    change = await in_thread(drafting.discard, name, principal(request).name, matching(request))
    told(request, change)
    return await in_thread(draft_answer, change.after)


@routes.post("/pipelines/{name}/draft/save", "pipelines.edit")
async def save_draft(request: Request, name: str, body: SaveBody) -> Response:
    """Write the file in one step and make a version; 409 with both texts when the file was changed outside."""
    drafting = workspace_of(state_of(request)).drafting
    change = await in_thread(drafting.save, name, principal(request).name, body.revision, matching(request))
    told_saved(request, change)
    made = change.after
    short = {
        "version": change.version, "etag": made.etag, "revision": made.revision, "path": str(made.path), "saved": True,
    }  # fmt: skip
    return answer(short, etag=made.etag)


@routes.post("/pipelines/{name}/draft/resolve", "pipelines.edit")
async def resolve_conflict(request: Request, name: str, body: ResolveBody) -> Response:
    """Settle a conflict between the draft and a file that was changed outside."""
    drafting = workspace_of(state_of(request)).drafting
    change = await in_thread(drafting.resolve, name, body.choice, principal(request).name, matching(request))
    told(request, change, choice=body.choice)
    return await in_thread(draft_answer, change.after)


@routes.get("/pipelines/{name}/draft/difference", "pipelines.view")
async def draft_difference(request: Request, name: str) -> dict[str, Any]:
    """Return the lines in which the draft differs from the file."""
    state = await in_thread(workspace_of(state_of(request)).drafting.state, name)
    return {"text": unified(state.file.text if state.file is not None else "", state.text)}


def draft_answer(made: State, status: int = 200, **besides: Any) -> Response:
    """Return a draft as an answer; reads its text, so that it is called from threads."""
    return answer({**made.to_json(), **besides}, status, etag=made.etag)


def told(request: Request, change: Change, client: str | None = None, **besides: Any) -> None:
    """Put a change of a draft into the audit log, and tell whoever has the pipeline open."""
    made = change.after
    before, after = change.facts()
    audit(request).change(before, {**after, **besides})
    data = {"name": made.name, "revision": made.revision, "client": client, "actor": principal(request).name,
            "saved": not made.edited}  # fmt: skip
    state_of(request).events.publish(f"pipeline:{made.name}", "draft.changed", data)


def told_saved(request: Request, change: Change) -> None:
    """The same for a change that wrote the file; those are told too who have the list of pipelines open."""
    told(request, change)
    data = {"name": change.after.name, "version": change.version}
    state_of(request).events.publish("pipelines", "pipeline.changed", data)


async def saved_version(request: Request, name: str, revision: int | None) -> str:
    """Save a draft, and return the version that it made."""
    saving = workspace_of(state_of(request)).drafting.save
    change = await in_thread(saving, name, principal(request).name, revision, matching(request))
    told(request, change)
    return str(change.version)
