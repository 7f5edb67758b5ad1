"""What `runnel up` makes before it tells its link: pipelines of files that were named, and the examples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from runnel.app.creating import Origin, create
from runnel.app.examples import examples, place
from runnel.app.pipeline_files import SUFFIX, document_of
from runnel.errors import AuthoringError, RunnelError
from runnel.model.checking import slug_of
from runnel.server.state import ServerState
from runnel.server.workspace import workspace_of

FINISHED = "unified_orders"
"""The example that stands finished after the first start."""
STARTED = "wind_farm"
"""The stream that runs after the first start."""


def open_files(state: ServerState, files: Sequence[Path]) -> str | None:
    """Return the page of the last named file; a data file becomes a pipeline that reads it, once.

    Raises AuthoringError for a file that is not there or lies outside of the project.
    """
    page: str | None = None
    for file in files:
        if not file.is_file():
            raise AuthoringError("RNL-FILE-001", f"there is no file {file}", "Name a file of this folder.")
        path = file.resolve()
        page = f"/pipelines/{_pipeline_at(state, path) if path.name.endswith(SUFFIX) else _reader_of(state, path)}"
    return page


def _pipeline_at(state: ServerState, path: Path) -> str:
    every = workspace_of(state).files.all()
    found = next((name for name, file in every.items() if file.path.resolve() == path), None)
    if found is None:
        raise AuthoringError("RNL-FILE-002", f"{path} lies outside of {state.root}", "Start Runnel in its folder.")
    return found


def _reader_of(state: ServerState, path: Path) -> str:
    """Return the pipeline that reads a file alone; it is made when there is none."""
    workspace = workspace_of(state)
    found = workspace.data.at(str(path))
    wanted = slug_of(path.name.split(".")[0].lower()) or "data"
    for name, file in workspace.files.all().items():
        if name == wanted and found.relative in str((document_of(file.text) or {}).get("nodes")):
            return name
    made = create(workspace.drafting, state.root, Origin(title=path.name, start={"file": found.relative}), "local")
    return made.name


def open_examples(state: ServerState) -> str | None:
    """Put the examples into the project, those that are not there and were not removed by somebody."""
    marker = state.home / "examples"
    known = set(marker.read_text("utf-8").split()) if marker.exists() else set()
    for name in examples():
        if name not in known:
            place(name, state.root)
    marker.write_text("\n".join(sorted(known | set(examples()))), "utf-8")
    return None


async def finish_examples(state: ServerState) -> None:
    """Run the placed examples that never ran, one after the other, so that they stand there with results; start one stream."""
    workspace = workspace_of(state)
    from runnel.server.workspace import in_thread

    recent = await in_thread(state.store.runs.recent, 1)
    every = await in_thread(workspace.files.all)
    streams = {item["name"] for item in orjson.loads(await state.desk.call("stream_list", {}))}
    known = examples()
    names = sorted(
        (name for name in known if name in every and name not in recent and not known[name].live),
        key=lambda name: name != FINISHED,
    )
    if STARTED in every and STARTED not in streams:
        names.insert(1, STARTED)
    for name in names:
        try:
            saved = await in_thread(workspace.drafting.save, name, "local")
            payload = await in_thread(workspace.payload, name, {"version": saved.version})
            await state.desk.call("stream_start" if known[name].live else "execute", {**payload, "actor": "local"})
        except RunnelError as error:  # the others are run all the same
            sys.stderr.write(f"the example {name}: {error}\n")
