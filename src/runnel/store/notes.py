"""What a commit of a Delta table says about itself in the table's own log: the run, the mode, the rows, the columns.

The log is the truth about a dataset; the rows of the metadata database are a copy of it that can be made again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from runnel.store.delta_log import actions, commits

NAME = "runnel"
STREAM_RUN = "runnel-stream-"
"""How the names of runs begin that are epochs of streams."""
_EPOCH = re.compile(re.escape(STREAM_RUN) + r".+@(\d+)")


@dataclass(frozen=True)
class Note:
    """The note of one version; `columns` are the exact names and DuckDB types of the table from then on."""

    version: int
    run_id: str | None
    mode: str
    rows: int
    columns: Mapping[str, str]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def epoch_of_run(run_id: str | None) -> int | None:
    """Return which epoch of a stream (the last one that a commit holds) a run is, None for a run of a pipeline."""
    found = _EPOCH.fullmatch(run_id or "")
    return int(found[1]) if found else None


def properties(note: Mapping[str, Any], application: str | None = None) -> Any:
    """Return the commit properties that carry a note, and the mark by which a second write of a run is known."""
    from deltalake import CommitProperties, Transaction

    marks = [Transaction(application, 1)] if application else None
    text = json.dumps(note, ensure_ascii=False)
    return CommitProperties(custom_metadata={NAME: text}, app_transactions=marks)


def noted(note: Mapping[str, Any]) -> dict[str, str]:
    """Return a note as the metadata of a commit."""
    return {NAME: json.dumps(note, ensure_ascii=False)}


def hook() -> Any:
    """Return what happens after a commit: checkpoints are made, the log is never cut (time travel goes by it)."""
    from deltalake import PostCommitHookProperties

    return PostCommitHookProperties(cleanup_expired_logs=False)


def notes(location: str, after: int = -1) -> Iterator[Note]:
    """Return the notes of the versions later than `after`, newest first; versions without a note are left out."""
    for version, entry in _entries(location, after):
        given = entry[NAME]
        at = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
        yield Note(version, given["run_id"], given["mode"], int(given["rows"]), given["columns"], at)


def dataset_of(location: str) -> str | None:
    """Return the name of the dataset that a table holds, None when its log does not say."""
    return next((entry[NAME]["dataset"] for _, entry in _entries(location) if "dataset" in entry[NAME]), None)


def newest_columns(location: str, version: int) -> Mapping[str, str] | None:
    """Return the exact columns of a table as they are at a version, None when its log does not say."""
    found = newest_note(location, version)
    return None if found is None else dict(found["columns"])


def newest_note(location: str, version: int) -> Mapping[str, Any] | None:
    """Return the note that holds at a version, None when the log has none."""
    return next((entry[NAME] for _, entry in _entries(location, until=version)), None)


def note_of_run(location: str, run_id: str) -> Mapping[str, Any] | None:
    """Return the note of what a run wrote, None when the log does not know it."""
    return next((entry[NAME] for _, entry in _entries(location) if entry[NAME]["run_id"] == run_id), None)


def version_of(location: str, run_id: str) -> int | None:
    """Return the version that a run wrote, None when the log does not know it."""
    return next((version for version, entry in _entries(location) if entry[NAME]["run_id"] == run_id), None)


def _entries(location: str, after: int = -1, until: int | None = None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Return the versions that have a note with what their commit says, newest first, from `until` down."""
    version = max(commits(location), default=-1) if until is None else until
    while version > after:
        try:
            told = [entry for _, entry in actions(location, version, "commitInfo") if NAME in entry]
        except FileNotFoundError:
            return
        for entry in told:
            yield version, {**entry, NAME: json.loads(entry[NAME])}
        version -= 1
