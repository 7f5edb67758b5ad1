"""Editing pipelines: a draft takes every change at once, saving writes the file, and an outside change is never lost."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.pipeline_files import SUFFIX, PipelineFile, PipelineFiles, digest_of, document_of
from runnel.app.writing import atomic_write
from runnel.errors import AuthoringError
from runnel.model.document import Pipeline
from runnel.model.editing import apply_edits, edit_mapping
from runnel.model.findings import Edit
from runnel.model.hashing import semantic_hash, version_hash
from runnel.model.loading import load_text
from runnel.store.drafts import Draft

if TYPE_CHECKING:
    from runnel.store import Store

MANY_EDITS = 25


class NoSuchPipelineError(AuthoringError):
    """There is no pipeline of that name."""

    http_status = 404


class StaleRevisionError(AuthoringError):
    """The draft changed since the caller saw it; `state` is what it is now."""

    http_status = 412

    def __init__(self, state: State) -> None:
        super().__init__("RNL-DRAFT-001", f"{state.name} was changed meanwhile (revision {state.revision})",
                         "Load it again, then make the change.")  # fmt: skip
        self.state = state
        self.besides = {"draft": state.to_json()}


class DraftConflictError(AuthoringError):
    """The file changed outside while there is a draft; `state` holds both."""

    http_status = 409

    def __init__(self, state: State) -> None:
        super().__init__("RNL-DRAFT-002", f"the file of {state.name} was changed outside while it was edited here",
                         "Keep yours, take theirs, or keep both as a copy.")  # fmt: skip
        self.state = state
        self.besides = {"draft": state.to_json()}


@dataclass(frozen=True)
class State:
    """What is edited: the draft's text, or the file's where there is no draft; `theirs` is the file of a conflict."""

    name: str
    path: Path
    text: str
    revision: int
    edited: bool
    file: PipelineFile | None
    theirs: PipelineFile | None = None
    actor: str | None = None

    @property
    def etag(self) -> str:
        """What `If-Match` compares."""
        return f'"{self.revision}-{digest_of(self.text)[:16]}"'

    def to_json(self) -> dict[str, Any]:
        """Return what an editor loads."""
        conflict = None
        if self.theirs is not None:
            conflict = {
                "text": self.theirs.text, "document": self.theirs.document,
                "changed_at": self.theirs.modified_at.isoformat(), "difference": unified(self.theirs.text, self.text),
            }  # fmt: skip
        return {
            "name": self.name, "path": str(self.path), "revision": self.revision, "etag": self.etag,
            "document": document_of(self.text), "text": self.text, "saved": not self.edited, "conflict": conflict,
            "version": version_hash(self.text), "actor": self.actor,
        }  # fmt: skip


def unified(old: str, new: str) -> str:
    """Return the lines that differ."""
    made = difflib.unified_diff(old.splitlines(), new.splitlines(), "file", "draft", lineterm="")
    return "\n".join(made)


class Drafting:
    """Every change to the pipelines of a project."""

    def __init__(self, files: PipelineFiles, store: Store) -> None:
        self.files = files
        self.store = store

    def state(self, name: str) -> State:
        """Return what is edited; raises NoSuchPipelineError."""
        file, draft = self.files.get(name), self.store.drafts.get(name)
        if draft is not None and draft.text is not None:
            changed = (file.digest if file is not None else None) != draft.base_digest
            theirs = file if changed and file is not None and file.text != draft.text else None
            return State(name, Path(draft.path), draft.text, draft.revision, True, file, theirs, draft.actor)
        if file is None:
            raise self._unknown(name)
        revision = draft.revision if draft is not None else 0
        if draft is not None and draft.base_digest != file.digest:
            moved = replace(draft, base_digest=file.digest, revision=revision + 1, client=None, path=str(file.path))
            if self.store.drafts.put(moved, revision):
                revision += 1
        return State(name, file.path, file.text, revision, False, file)

    def create(self, name: str, text: str, actor: str, path: Path | None = None) -> State:
        """Make a new pipeline as a draft and a file; raises AuthoringError when the name is taken."""
        if self.files.get(name) is not None:
            raise AuthoringError("RNL-PIPELINE-003", f"there is a pipeline `{name}` already", "Choose another name.")
        target = path or self.files.path_for(name)
        atomic_write(target, text)
        self.store.drafts.delete(name)
        self._keep_version(name, text, actor)
        return self.state(name)

    def edit(self, name: str, revision: int, edits: Sequence[Edit], actor: str, client: str | None) -> State:
        """Apply edits to the draft's text; raises StaleRevisionError when the revision is not the current one."""
        state = self.state(name)
        return self._put(state, revision, apply_edits(state.text, gathered(state.text, edits)), actor, client)

    def replace_text(self, name: str, revision: int, text: str, actor: str, client: str | None) -> State:
        """Set the draft's whole text, readable or not."""
        return self._put(self.state(name), revision, text, actor, client)

    def discard(self, name: str, actor: str) -> State:
        """Go back to the file."""
        state = self.state(name)
        if state.edited and state.file is None:
            raise AuthoringError("RNL-DRAFT-003", f"{name} has no file to go back to", "Delete the pipeline instead.")
        if state.edited:
            self._clear(state, actor)
        return self.state(name)

    def save(self, name: str, actor: str, revision: int | None = None) -> tuple[State, str]:
        """Write the file in one step and keep a version; returns the state and the version's id."""
        state = self.state(name)
        if revision is not None and revision != state.revision:
            raise StaleRevisionError(state)
        if state.theirs is not None:
            raise DraftConflictError(state)
        if state.edited:
            atomic_write(state.path, state.text)
            self._clear(state, actor)
        return self.state(name), self._keep_version(name, state.text, actor)

    def resolve(self, name: str, choice: str, actor: str) -> State:
        """Settle a conflict: `mine` keeps the draft over the file, `theirs` the file, `copy` both."""
        state = self.state(name)
        if state.theirs is None:
            return state
        if choice == "mine":
            kept = self._draft(state, state.text, actor, None)
            self._write(replace(kept, base_digest=state.theirs.digest), state)
            return self.state(name)
        if choice == "copy":
            copy = self.files.free_name(f"{name}_copy")
            text = apply_edits(state.text, [Edit("set", ("name",), copy)]) if document_of(state.text) else state.text
            self.create(copy, text, actor, state.path.with_name(copy + SUFFIX))
        elif choice != "theirs":
            raise AuthoringError("RNL-DRAFT-004", f"`{choice}` settles no conflict", "Choose mine, theirs or copy.")
        self._clear(state, actor)
        return self.state(name)

    def delete(self, name: str) -> State:
        """Remove the file and the draft; versions and runs stay."""
        state = self.state(name)
        if state.file is not None:
            state.file.path.unlink(missing_ok=True)
        self.store.drafts.delete(name)
        return state

    def _put(self, state: State, revision: int, text: str, actor: str, client: str | None) -> State:
        if revision != state.revision:
            raise StaleRevisionError(state)
        self._write(self._draft(state, text, actor, client), state)
        return self.state(state.name)

    def _draft(self, state: State, text: str, actor: str, client: str | None) -> Draft:
        known = self.store.drafts.get(state.name)
        base = known.base_digest if known is not None and known.text is not None else None
        if not state.edited:
            base = state.file.digest if state.file is not None else None
        same = state.file is not None and state.theirs is None and text == state.file.text
        return Draft(state.name, str(state.path), None if same else text, base, state.revision + 1, actor, client,
                     datetime.now(UTC))  # fmt: skip

    def _write(self, draft: Draft, state: State) -> None:
        known = self.store.drafts.get(state.name)
        if not self.store.drafts.put(draft, known.revision if known is not None else 0):
            raise StaleRevisionError(self.state(state.name))

    def _clear(self, state: State, actor: str) -> None:
        file = self.files.get(state.name)
        draft = self._draft(state, state.text, actor, None)
        self._write(replace(draft, text=None, base_digest=file.digest if file is not None else None), state)

    def _keep_version(self, name: str, text: str, actor: str) -> str:
        pipeline, _ = load_text(text)
        found = pipeline or Pipeline(name=name)
        return self.store.versions.put(name, text, semantic_hash(found), found, actor)

    def _unknown(self, name: str) -> NoSuchPipelineError:
        near = difflib.get_close_matches(name, list(self.files.all()), n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else "See the list of pipelines."
        return NoSuchPipelineError("RNL-PIPELINE-001", f"there is no pipeline `{name}`", hint)


def gathered(text: str, edits: Sequence[Edit]) -> Sequence[Edit]:
    """Return fewer edits with the same result where there are very many: the positions of nodes become one."""
    if len(edits) < MANY_EDITS or not all(edit.path[:1] == ("ui",) for edit in edits):
        return edits
    document = document_of(text)
    if document is None:
        return edits
    return [Edit("set", ("ui",), edit_mapping(document, edits).get("ui"))]
