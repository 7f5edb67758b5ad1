"""Editing pipelines: a draft takes every change at once, saving writes the file, and nobody's change is lost.

Every change holds its pipeline from the first look to the last write, so that it is made on the state that was checked.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from runnel.app.draft_states import (
    Change,
    DraftConflictError,
    NameTakenError,
    NoSuchPipelineError,
    OpenDraftError,
    OtherNameError,
    StaleRevisionError,
    State,
)
from runnel.app.pipeline_files import MOST_BYTES, SUFFIX, PipelineFile, PipelineFiles, document_of, name_in
from runnel.app.writing import atomic_write, exclusive_write
from runnel.errors import AuthoringError, LimitError
from runnel.model.document import Pipeline
from runnel.model.editing import apply_edits, edit_mapping
from runnel.model.findings import Edit
from runnel.model.hashing import semantic_hash
from runnel.model.loading import load_text
from runnel.store.drafts import Draft

if TYPE_CHECKING:
    from runnel.store import Store

MANY_EDITS = 25
MOST_NAMES = 100
MOST_LOOKS = 5
Check = Callable[[State], None]
"""Raises when a change was not made for this state."""


class Drafting:
    """Every change to the pipelines of a project; safe to use from several threads."""

    def __init__(self, files: PipelineFiles, store: Store) -> None:
        self.files = files
        self.store = store
        self._locks: WeakValueDictionary[str, threading.RLock] = WeakValueDictionary()
        self._lock = threading.Lock()

    def state(self, name: str) -> State:
        """Return what is edited; raises NoSuchPipelineError."""
        for _ in range(MOST_LOOKS):
            draft = self.store.drafts.get(name)
            file = self.files.get(name)
            if not _lags(draft, file) and self.store.drafts.get(name) == draft:
                return self._state_of(name, file, draft)
        with self._held(name):
            return self._current(name)

    def create(self, name: str, text: str, actor: str, path: Path | None = None) -> State:
        """Make a new pipeline and its file; raises NameTakenError, and never writes over a file."""
        target = path or self.files.path_for(name)
        _check_size(text)
        with self._held(name):
            draft = self.store.drafts.get(name)
            if self.files.get(name) is not None or (draft is not None and draft.text is not None):
                raise NameTakenError(f"there is a pipeline `{name}` already")
            try:
                exclusive_write(target, text)
            except FileExistsError:
                raise NameTakenError(f"there is a file {target.name} already") from None
            self.store.drafts.delete(name)
            self.keep_version(name, text, actor)
            return self._current(name)

    def under_free_name(self, wanted: str, create: Callable[[str], State]) -> State:
        """Make a pipeline under the first name that is free, also while others take names."""
        tried: set[str] = set()
        while True:
            name = self.files.free_name(wanted, tried)
            try:
                return create(name)
            except NameTakenError:
                if len(tried) == MOST_NAMES:
                    raise
                tried.add(name)

    def edit(self, name: str, revision: int, edits: Sequence[Edit], actor: str, client: str | None,
             check: Check | None = None) -> Change:  # fmt: skip
        """Apply edits to the draft's text; raises StaleRevisionError when the revision is not the current one."""
        with self._held(name):
            before = self._checked(name, revision, check)
            text = apply_edits(before.text, gathered(before.text, edits))
            if any(edit.path[:1] in ((), ("name",)) for edit in edits):
                _check_name(before, text)
            return self._put(before, text, actor, client)

    def replace_text(self, name: str, revision: int | None, text: str, actor: str, client: str | None,
                     check: Check | None = None) -> Change:  # fmt: skip
        """Set the draft's whole text, readable or not; without a revision whatever it is."""
        with self._held(name):
            before = self._checked(name, revision, check)
            _check_name(before, text)
            return self._put(before, text, actor, client)

    def discard(self, name: str, actor: str, check: Check | None = None) -> Change:
        """Go back to the file."""
        with self._held(name):
            before = self._checked(name, None, check)
            if before.edited and before.file is None:
                what = f"{name} has no file to go back to"
                raise AuthoringError("RNL-DRAFT-003", what, "Delete the pipeline instead.")
            if before.edited:
                self._clear(before, actor)
            return Change(before, self._current(name))

    def save(self, name: str, actor: str, revision: int | None = None, check: Check | None = None) -> Change:
        """Write the draft to the file in one step and keep a version."""
        with self._held(name):
            before = self._checked(name, revision, check)
            if before.edited:
                return self._written(before, before.text, actor)
            return Change(before, before, self.keep_version(name, before.text, actor))

    def write(self, name: str, text: str, actor: str, check: Check | None = None) -> Change:
        """Write a text to the file in one step, in place of the draft too, and keep a version."""
        with self._held(name):
            return self._written(self._checked(name, None, check), text, actor)

    def change_file(self, name: str, edits: Sequence[Edit], actor: str, check: Check | None = None) -> Change:
        """Apply edits to the file alone and keep a version; a draft stays one, with the same edits applied to it."""
        with self._held(name):
            before = self._checked(name, None, check)
            if before.theirs is not None:
                raise DraftConflictError(before)
            if before.file is None:
                raise OpenDraftError(before, "its file is gone")
            text = apply_edits(before.file.text, edits)
            _check_name(before, text)
            kept = _rebased(before, before.file, edits) if before.edited else text
            if text != before.file.text:
                atomic_write(before.path, text)
            version = self.keep_version(name, text, actor)
            after = self.files.get(name)
            base = after.digest if after is not None else None
            row = _row(before, None if kept == text else kept, before.actor or actor, None)
            self._write(replace(row, base_digest=base), before)
            return Change(before, self._current(name), version)

    def resolve(self, name: str, choice: str, actor: str, check: Check | None = None) -> Change:
        """Settle a conflict: `mine` keeps the draft over the file, `theirs` the file, `copy` both."""
        with self._held(name):
            before = self._checked(name, None, check)
            if before.theirs is None:
                return Change(before, before)
            if choice == "mine":
                row = replace(_row(before, before.text, actor, None), base_digest=before.theirs.digest)
                self._write(row, before)
                return Change(before, self._current(name))
            if choice == "copy":
                self.under_free_name(f"{name}_copy", lambda free: self._copied(before, free, actor))
            elif choice != "theirs":
                raise AuthoringError("RNL-DRAFT-004", f"`{choice}` settles no conflict", "Choose mine, theirs or copy.")
            self._clear(before, actor)
            return Change(before, self._current(name))

    def delete(self, name: str, actor: str, check: Check | None = None) -> State:
        """Remove the file and the draft; versions and runs stay, and what is removed is kept as versions."""
        with self._held(name):
            before = self._checked(name, None, check)
            for text in [before.text] if before.file is None else dict.fromkeys((before.file.text, before.text)):
                self.keep_version(name, text, actor)
            if before.file is not None:
                before.file.path.unlink(missing_ok=True)
            self.store.drafts.delete(name)
            return before

    def keep_version(self, name: str, text: str, actor: str) -> str:
        """Keep a text as a version of a pipeline; returns its id."""
        pipeline, _ = load_text(text)
        found = pipeline or Pipeline(name=name)
        return self.store.versions.put(name, text, semantic_hash(found), found, actor)

    @contextmanager
    def _held(self, name: str) -> Iterator[None]:
        """Hold a pipeline against every other change."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.RLock())
        with lock:
            yield

    def _current(self, name: str) -> State:
        """Return what is edited while the pipeline is held; a file that was changed outside raises the revision."""
        draft, file = self.store.drafts.get(name), self.files.get(name)
        if draft is not None and file is not None and _lags(draft, file):
            moved = replace(
                draft, base_digest=file.digest, revision=draft.revision + 1, client=None, path=str(file.path)
            )
            if self.store.drafts.put(moved, draft.revision):
                draft = moved
        return self._state_of(name, file, draft)

    def _state_of(self, name: str, file: PipelineFile | None, draft: Draft | None) -> State:
        if draft is not None and draft.text is not None:
            found = file or self._at(Path(draft.path))
            changed = (found.digest if found is not None else None) != draft.base_digest
            theirs = found if changed and found is not None and found.text != draft.text else None
            path = file.path if file is not None else Path(draft.path)
            return State(name, path, draft.text, draft.revision, True, file, theirs, draft.actor, draft.base_digest)
        if file is None:
            raise self._unknown(name)
        return State(name, file.path, file.text, draft.revision if draft is not None else 0, False, file)

    def _at(self, path: Path) -> PipelineFile | None:
        """Return the pipeline at a path, whatever name it states now."""
        return next((file for file in self.files.all().values() if file.path == path), None)

    def _checked(self, name: str, revision: int | None, check: Check | None) -> State:
        state = self._current(name)
        if check is not None:
            check(state)
        if revision is not None and revision != state.revision:
            raise StaleRevisionError(state)
        return state

    def _put(self, before: State, text: str, actor: str, client: str | None) -> Change:
        _check_size(text)
        self._write(_row(before, text, actor, client), before)
        return Change(before, self._current(before.name))

    def _write(self, draft: Draft, before: State) -> None:
        if not self.store.drafts.put(draft, before.revision):
            raise StaleRevisionError(self._current(before.name))

    def _written(self, before: State, text: str, actor: str) -> Change:
        if before.theirs is not None:
            raise DraftConflictError(before)
        _check_size(text)
        _check_name(before, text, unreadable_too=True)
        atomic_write(before.path, text)
        version = self.keep_version(before.name, text, actor)
        self._clear(before, actor)
        return Change(before, self._current(before.name), version)

    def _clear(self, before: State, actor: str) -> None:
        file = self.files.get(before.name)
        row = _row(before, None, actor, None)
        self._write(replace(row, base_digest=file.digest if file is not None else None), before)

    def _copied(self, state: State, name: str, actor: str) -> State:
        text = apply_edits(state.text, [Edit("set", ("name",), name)]) if document_of(state.text) else state.text
        return self.create(name, text, actor, state.path.with_name(name + SUFFIX))

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


def _lags(draft: Draft | None, file: PipelineFile | None) -> bool:
    """Whether a file changed outside while nobody edited it, so that its row is one revision behind."""
    return draft is not None and draft.text is None and file is not None and draft.base_digest != file.digest


def _row(before: State, text: str | None, actor: str, client: str | None) -> Draft:
    """Return the row of the draft after a change; a text that is the file's is none."""
    file = before.file
    same = file is not None and before.theirs is None and text == file.text
    base = before.base if before.edited and not same else file.digest if file is not None else None
    return Draft(before.name, str(before.path), None if same else text, base, before.revision + 1, actor, client,
                 datetime.now(UTC))  # fmt: skip


def _rebased(before: State, file: PipelineFile, edits: Sequence[Edit]) -> str:
    """Return the draft's text with the edits that its file gets; raises OpenDraftError where both change one thing."""
    mine, stored = document_of(before.text), file.document or {}
    if mine is None:
        raise OpenDraftError(before, "they cannot be read")
    for key in [str(edit.path[0]) for edit in edits]:
        if mine.get(key) != stored.get(key):
            raise OpenDraftError(before, f"they set another {key}")
    return apply_edits(before.text, edits)


def _check_size(text: str) -> None:
    size = len(text.encode("utf-8"))
    if size > MOST_BYTES:
        what = f"the text has {size} bytes; the file of a pipeline may have {MOST_BYTES}"
        raise LimitError("RNL-PIPELINE-006", what, "Put data into files of their own.")


def _check_name(before: State, text: str, *, unreadable_too: bool = False) -> None:
    """Raise OtherNameError for a text under which the file would be another pipeline."""
    document = document_of(text)
    named = name_in(document, before.path)
    if (document is not None or unreadable_too) and named not in before.names():
        raise OtherNameError(before.name, named)
