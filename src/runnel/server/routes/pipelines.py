"""Pipelines: the files of the project as a list, made, read, written, cloned, exchanged as YAML and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request
from pydantic import ConfigDict, Field
from starlette.responses import PlainTextResponse, Response

from runnel.app.creating import Origin, create
from runnel.app.draft_states import NoSuchPipelineError
from runnel.app.examples import is_example
from runnel.app.examples import remove as remove_example
from runnel.app.pipeline_files import document_of
from runnel.app.pipeline_listing import card, listed, open_documents, used_by
from runnel.model.findings import Edit
from runnel.model.hashing import version_hash
from runnel.model.saving import mapping_to_yaml
from runnel.server.answers import answer, paged
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.problems import HttpError
from runnel.server.routes.drafts import draft_answer, told, told_saved
from runnel.server.routes.runs import ask
from runnel.server.routing import Routes
from runnel.server.state import ServerState
from runnel.server.workspace import in_thread, matching, workspace_of

routes = Routes("pipelines")
MOST_LOGGED = 300
SORTS = {
    "title": lambda item: item["title"].lower(), "name": lambda item: item["name"], "nodes": lambda item: item["nodes"],
    "edited_at": lambda item: item["edited_at"] or "", "status": None,
    "last_run": lambda item: (item["last_run"] or {}).get("started_at") or "",
}  # fmt: skip


class FromBody(Body):
    """Where a new pipeline starts: a template, another pipeline, a file of the project, an example, or pasted rows."""

    template: str | None = None
    example: str | None = None
    pipeline: str | None = None
    file: str | None = None
    rows: list[dict[str, Any]] | None = Field(None, max_length=10_000)
    sql: str | None = Field(None, max_length=100_000)


class CreateBody(Body):
    """A new pipeline; the name is made from the title, or from what it starts with, where it is not given."""

    name: str | None = Field(None, max_length=200)
    title: str | None = Field(None, max_length=300)
    description: str | None = Field(None, max_length=4_000)
    document: str | None = Field(None, max_length=8_000_000)
    start: FromBody | None = Field(None, alias="from")

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=8_000_000)


class CloneBody(Body):
    """The name of the copy."""

    name: str | None = Field(None, max_length=200)


class ImportBody(Body):
    """The YAML text of a pipeline."""

    text: str = Field(max_length=8_000_000)
    name: str | None = Field(None, max_length=200)

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=8_000_000)


class WriteBody(Body):
    """The whole document, as YAML text or as JSON values."""

    text: str | None = Field(None, max_length=8_000_000)
    document: dict[str, Any] | None = None

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=8_000_000)


class ChangeBody(Body):
    """What is changed of a pipeline's heading."""

    title: str | None = Field(None, max_length=300)
    description: str | None = Field(None, max_length=4_000)
    active: bool | None = None


@routes.get("/pipelines", "pipelines.view")
async def list_pipelines(
    request: Request, search: str = "", status: str = "", sort: str = "-edited_at", cursor: str | None = None,
    limit: int = 100,
) -> Response:  # fmt: skip
    """Return the pipelines with their last runs, searched, filtered by status, and sorted.

    `status` is of the stream of a pipeline where it has one, else of its last run, or `never`; several with commas between.
    """
    state = state_of(request)
    items = await in_thread(listed, workspace_of(state).files, state.store)
    text = search.lower()
    items = [item for item in items if text in f"{item['name']} {item['title']} {item['description']}".lower()]
    by = sort.removeprefix("-")
    if by not in SORTS:
        raise HttpError(422, f"pipelines cannot be sorted by `{sort}`", f"Sort by {', '.join(SORTS)}.")
    streams = await _stream_states(request) if status or by == "status" else {}

    def standing(item: Mapping[str, Any]) -> str:
        return streams.get(item["name"]) or (item["last_run"] or {}).get("status") or "never"

    if status:
        wanted = set(status.split(","))
        items = [item for item in items if standing(item) in wanted]
    items.sort(key=SORTS[by] or standing, reverse=sort.startswith("-"))
    return paged(items, cursor, limit)


async def _stream_states(request: Request) -> dict[str, str]:
    """Return the states of streams by name, for who may see them."""
    if not principal(request).may("streams.view"):
        return {}
    return {item["name"]: item["status"] for item in await ask(request, "stream_list", {})}


@routes.post("/pipelines", "pipelines.create", status_code=201)
async def create_pipeline(request: Request, body: CreateBody) -> Response:
    """Make a pipeline; answers its draft."""
    start = body.start.model_dump(exclude_none=True) if body.start is not None else {}
    return await _created(request, Origin(body.name, body.title, body.description, body.document, start))


@routes.post("/pipelines/import", "pipelines.create", status_code=201)
async def import_pipeline(request: Request, body: ImportBody) -> Response:
    """Make a pipeline from YAML text; nothing in it is run."""
    return await _created(request, Origin(body.name, None, None, body.text, {}))


async def _created(request: Request, origin: Origin) -> Response:
    state = state_of(request)
    made = await in_thread(create, workspace_of(state).drafting, state.root, origin, principal(request).name)
    facts = {"name": made.name, "path": str(made.path.relative_to(state.root)), "version": version_hash(made.text)}
    audit(request).object(made.name).change(None, facts)
    state.events.publish("pipelines", "pipeline.changed", {"name": made.name})
    return await in_thread(draft_answer, made, 201)


@routes.get("/pipelines/{name}", "pipelines.view")
async def get_pipeline(request: Request, name: str) -> Response:
    """Return a pipeline's file: its card with its document, or its text when `text/yaml` is wanted."""
    state = state_of(request)
    workspace = workspace_of(state)
    file = await in_thread(workspace.files.get, name)
    if file is None:
        raise NoSuchPipelineError("RNL-PIPELINE-001", f"there is no pipeline `{name}`", "See the list of pipelines.")
    tag = file.etag
    if "text/yaml" in request.headers.get("accept", ""):
        return PlainTextResponse(file.text, media_type="text/yaml", headers={"ETag": tag})
    recent = await in_thread(state.store.runs.recent, 14)
    made = card(file, state.root, recent.get(name, []), name in await in_thread(state.store.drafts.open))
    return await in_thread(lambda: answer({**made, "document": file.document, "text": file.text}, etag=tag))


@routes.put("/pipelines/{name}", "pipelines.edit")
async def put_pipeline(request: Request, name: str, body: WriteBody) -> Response:
    """Write a pipeline's file and make a version; `If-Match` names the state that is replaced.

    The tag of the file names it only as long as nobody edits the pipeline; then it takes the tag of the draft.
    """
    drafting = workspace_of(state_of(request)).drafting
    if (body.text is None) == (body.document is None):
        raise HttpError(422, "a write has either `text` or `document`", "Send one of them.")
    document, who, check = body.document or {}, principal(request).name, matching(request, required=True)
    text = body.text if body.text is not None else await in_thread(mapping_to_yaml, document)
    change = await in_thread(drafting.write, name, text, who, check)
    told_saved(request, change)
    return await in_thread(lambda: draft_answer(change.after, version=change.version))


@routes.patch("/pipelines/{name}", "pipelines.edit")
async def change_pipeline(request: Request, name: str, body: ChangeBody) -> Response:
    """Change title, description or whether the pipeline is active, in the file; a draft keeps its other changes."""
    drafting = workspace_of(state_of(request)).drafting
    given = body.model_dump(exclude_none=True)
    edits = [Edit("set", (key,), value) for key, value in given.items()]
    change = await in_thread(drafting.change_file, name, edits, principal(request).name, matching(request))
    told_saved(request, change)
    old = change.before.file.document if change.before.file is not None else None
    (before, after), entry = change.facts(), audit(request)
    entry.change({**before, **_heading(old or {}, given)}, {**after, **_heading(given, given)})
    return await in_thread(draft_answer, change.after)


def _heading(document: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return parts of a heading as the audit log keeps them, which is short."""
    values = {key: document.get(key) for key in keys}
    return {key: value[:MOST_LOGGED] if isinstance(value, str) else value for key, value in values.items()}


@routes.delete("/pipelines/{name}", "pipelines.delete")
async def delete_pipeline(request: Request, name: str, force: bool = False) -> Response:
    """Delete a pipeline's file; refused while others use it, unless forced. Versions and runs stay."""
    state = state_of(request)
    workspace = workspace_of(state)
    uses = await in_thread(_uses, state, name)
    if uses and not force:
        names = ", ".join(use["title"] for use in uses)
        raise HttpError(409, f"{name} is used by {names}", "Change those first, or delete it all the same.")
    before = await in_thread(workspace.drafting.delete, name, principal(request).name, matching(request))
    audit(request).change({**before.facts(), "path": str(before.path), "version": version_hash(before.text)}, None)
    if is_example(before.path, state.root):
        await in_thread(remove_example, before.path, state.root)
    await in_thread(state.access.sharing.end_of, name)
    state.events.publish("pipelines", "pipeline.changed", {"name": name, "deleted": True})
    return answer({"deleted": name, "text": before.text})


def _uses(state: ServerState, name: str) -> list[dict[str, Any]]:
    return used_by(workspace_of(state).files, name, open_documents(state.store))


@routes.get("/pipelines/{name}/uses", "pipelines.view")
async def pipeline_uses(request: Request, name: str) -> dict[str, Any]:
    """Return what would break if a pipeline were deleted."""
    return {"used_by": await in_thread(_uses, state_of(request), name)}


@routes.post("/pipelines/{name}/clone", "pipelines.create", status_code=201)
async def clone_pipeline(request: Request, name: str, body: CloneBody) -> Response:
    """Make a copy beside the pipeline, with the draft's changes."""
    state = state_of(request)
    origin = Origin(body.name, None, None, None, {"pipeline": name})
    made = await in_thread(create, workspace_of(state).drafting, state.root, origin, principal(request).name)
    audit(request).change(None, {"copy": made.name, "version": version_hash(made.text)})
    state.events.publish("pipelines", "pipeline.changed", {"name": made.name})
    return await in_thread(draft_answer, made, 201)


@routes.get("/pipelines/{name}/export", "pipelines.view")
async def export_pipeline(request: Request, name: str) -> Response:
    """Return the file's text to be saved."""
    made = await in_thread(workspace_of(state_of(request)).drafting.state, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.runnel.yaml"'}
    return PlainTextResponse(made.text, media_type="text/yaml", headers=headers)


@routes.get("/pipelines/{name}/versions", "pipelines.view")
async def list_versions(request: Request, name: str, cursor: str | None = None, limit: int = 50) -> Response:
    """Return the versions of a pipeline, newest first, with how often each ran."""
    store = state_of(request).store
    found = await in_thread(store.versions.list, name)
    counts = await in_thread(store.runs.by_version, name)
    items = [
        {"id": row["id"], "created_at": row["created_at"], "author": row["actor"], "meaning": row["semantic_hash"],
         "runs": counts.get(row["id"], 0)}
        for row in found
    ]  # fmt: skip
    return paged(items, cursor, limit)


@routes.get("/pipelines/{name}/versions/{version}", "pipelines.view")
async def get_version(request: Request, name: str, version: str) -> Response:
    """Return the text and document of a version."""
    versions = state_of(request).store.versions

    def made() -> Response:
        text = versions.get(version, name)
        return answer({"id": version, "pipeline": name, "text": text, "document": document_of(text)})

    return await in_thread(made)


@routes.post("/pipelines/{name}/versions/{version}/restore", "pipelines.edit")
async def restore_version(request: Request, name: str, version: str) -> Response:
    """Make the text of a version the draft; saving it makes a new version."""
    state = state_of(request)
    drafting, who = workspace_of(state).drafting, principal(request).name
    text = await in_thread(state.store.versions.get, version, name)
    change = await in_thread(drafting.replace_text, name, None, text, who, None, matching(request))
    told(request, change, restored=version)
    return await in_thread(draft_answer, change.after)
