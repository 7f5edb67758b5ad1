"""The pipelines of the server's project: files, drafts and versions, and what the desk is to be asked about one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread

from runnel.app.drafting import Drafting
from runnel.app.pipeline_files import PipelineFiles
from runnel.app.project_files import ProjectFiles
from runnel.model.editing import apply_edits
from runnel.model.findings import Edit
from runnel.model.saving import mapping_to_yaml
from runnel.server.state import ServerState

T = TypeVar("T")


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
            return {**rest, "text": self.state.store.versions.get(str(body["version"])), "folder": str(folder)}
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
        return self.state.store.versions.get(which)

    def folder_of(self, name: str) -> Path:
        """Return the folder of a pipeline's file; the project's where it has none."""
        file = self.files.get(name)
        return file.path.parent if file is not None else self.state.root


def edits_of(items: Any) -> list[Edit]:
    """Return edits from their JSON form."""
    return [Edit(item["op"], tuple(item["path"]), item.get("value")) for item in items]


async def in_thread(work: Callable[..., T], *given: Any) -> T:
    """Do blocking work without holding up other requests."""
    return await to_thread.run_sync(work, *given)


def workspace_of(state: ServerState) -> Workspace:
    """Return the workspace of a server; made at first use."""
    made = state.__dict__.get("workspace")
    if made is None:
        made = state.__dict__["workspace"] = Workspace(state)
    return made
