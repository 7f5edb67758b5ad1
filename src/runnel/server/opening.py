"""What `runnel up` makes before it tells its link: pipelines of files that were named, and the examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runnel.errors import AuthoringError
from runnel.server.state import ServerState


def open_files(state: ServerState, files: Sequence[Path]) -> str | None:
    """Return the page of the last named pipeline; raises AuthoringError for a file that is not there."""
    page: str | None = None
    for file in files:
        if not file.is_file():
            raise AuthoringError("RNL-FILE-001", f"there is no file {file}", "Name a pipeline of this folder.")
        if not file.name.endswith(".runnel.yaml"):
            raise AuthoringError("RNL-FILE-001", f"{file} is no pipeline", "Drop data files onto the editor.")
        page = f"/pipelines/{file.name.removesuffix('.runnel.yaml')}"
    return page


def open_examples(state: ServerState) -> str | None:
    """Put the examples into the project."""
    raise AuthoringError("RNL-SERVER-004", "there are no examples in this installation", "Leave --examples out.")
