"""What is edited of a pipeline at one moment, what a change made of it, and what can stand against a change."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runnel.app.pipeline_files import PipelineFile, digest_of, document_of, name_in
from runnel.errors import AuthoringError
from runnel.model.hashing import version_hash

HASH_CHARACTERS = 16


class NoSuchPipelineError(AuthoringError):
    """There is no pipeline of that name."""

    http_status = 404


class NameTakenError(AuthoringError):
    """There is a pipeline, or a file, of that name already."""

    http_status = 409

    def __init__(self, what: str) -> None:
        super().__init__("RNL-PIPELINE-003", what, "Choose another name.")


class OtherNameError(AuthoringError):
    """A text states another name than the pipeline has that it is to be the text of."""

    def __init__(self, name: str, other: str) -> None:
        hint = f"Write `name: {name}`. For a pipeline called {other}, clone {name} under that name, then delete {name}."
        super().__init__("RNL-PIPELINE-005", f"the text names the pipeline {other}, but it is {name}", hint)


class StaleRevisionError(AuthoringError):
    """The draft changed since the caller saw it; `state` is what it is now."""

    http_status = 412

    def __init__(self, state: State) -> None:
        super().__init__("RNL-DRAFT-001", f"{state.name} was changed meanwhile (revision {state.revision})",
                         "Load it again, then make the change.")  # fmt: skip
        self.state = state
        self.besides = {"draft": state.to_json()}
        self.headers = {"ETag": state.etag}


class DraftConflictError(AuthoringError):
    """The file changed outside while there is a draft; `state` holds both."""

    http_status = 409

    def __init__(self, state: State) -> None:
        super().__init__("RNL-DRAFT-002", f"the file of {state.name} was changed outside while it was edited here",
                         "Keep yours, take theirs, or keep both as a copy.")  # fmt: skip
        self.state = state
        self.besides = {"draft": state.to_json()}


class OpenDraftError(AuthoringError):
    """A change of the file does not fit the draft that somebody has open."""

    http_status = 409

    def __init__(self, state: State, why: str) -> None:
        super().__init__("RNL-DRAFT-005", f"{state.name} has changes that are not saved, and {why}",
                         "Save or discard the draft first.")  # fmt: skip
        self.state = state
        self.besides = {"draft": state.to_json()}


@dataclass(frozen=True)
class State:
    """What is edited: the draft's text, or the file's where there is no draft; `theirs` is the file of a conflict.

    `base` is the digest of the file that the draft began from.
    """

    name: str
    path: Path
    text: str
    revision: int
    edited: bool
    file: PipelineFile | None
    theirs: PipelineFile | None = None
    actor: str | None = None
    base: str | None = None

    @property
    def etag(self) -> str:
        """What `If-Match` compares."""
        return f'"{self.revision}-{digest_of(self.text)[:HASH_CHARACTERS]}"'

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that names this state: its own, and the file's as long as nobody edits something else."""
        return (self.etag,) if self.edited or self.file is None else (self.etag, self.file.etag)

    def names(self) -> set[str]:
        """Return the names that the text may state: the pipeline's, and what the file states where that differs."""
        stated = {name_in(self.file.document, self.file.path)} if self.file is not None else set[str]()
        return {self.name, *stated}

    def facts(self) -> dict[str, Any]:
        """Return what the audit log keeps of a state: enough to tell it from others, nothing of its text."""
        return {"revision": self.revision, "digest": digest_of(self.text)[:HASH_CHARACTERS], "saved": not self.edited}

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


@dataclass(frozen=True)
class Change:
    """What a change found and what it left; `version` is the id of the version that it made, if it wrote the file."""

    before: State
    after: State
    version: str | None = None

    def facts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the audit log keeps of a change: the state before and the state after."""
        made = {"version": self.version} if self.version is not None else {}
        return self.before.facts(), {**self.after.facts(), **made}


def unified(old: str, new: str) -> str:
    """Return the lines that differ."""
    made = difflib.unified_diff(old.splitlines(), new.splitlines(), "file", "draft", lineterm="")
    return "\n".join(made)
