"""The first rows of a large file of lines, from its first megabyte: what is shown before the whole was looked into."""

from __future__ import annotations

import os
from typing import Any

from runnel.connectors.files.formats import Workspace
from runnel.connectors.files.source import FileSource, Unheard
from runnel.sdk.source import Connection, Probe

HEAD_BYTES = 1024 * 1024


def head_of(path: str, workspace: Workspace) -> str | None:
    """Return a copy of the beginning of a file, cut after its last whole line.

    None where the first look at the whole is quick (smaller files) or the file is no text.
    """
    if os.path.getsize(path) <= HEAD_BYTES:
        return None
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if b"\0" in head or b"\n" not in head:
        return None
    copy = workspace.new(os.path.splitext(path)[1])
    with open(copy, "wb") as made:
        made.write(head[: head.rindex(b"\n") + 1])
    return copy


def first_look(connection: Connection, source: FileSource, copy: str) -> tuple[str, Probe]:
    """Return SQL over the copy of a file's beginning, and what a look at it found."""
    settings: dict[str, Any] = {**source.config.model_dump(), "path": copy, "filename": None}
    head = FileSource(FileSource.Config.model_validate(settings), {}, source.id)
    head.granted = [copy]
    probe = head.probe(connection, "")
    opened = head.open(connection, probe, probe.columns, Unheard())
    return f"SELECT * FROM {opened.sql}", probe
