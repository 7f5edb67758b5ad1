"""Watching the project's folder: a pipeline file that somebody changes outside is told within two seconds."""

from __future__ import annotations

import asyncio

from runnel.server.state import ServerState
from runnel.server.workspace import in_thread, workspace_of

SECONDS = 1.0


async def watch(state: ServerState) -> None:
    """Look every second until the server drains; tells `pipeline.changed` for each file that is new, other or gone."""
    files = workspace_of(state).files
    known = {name: file.digest for name, file in (await in_thread(files.all)).items()}
    while not state.draining:
        await asyncio.sleep(SECONDS)
        now = {name: file.digest for name, file in (await in_thread(files.all)).items()}
        for name in now.keys() | known.keys():
            if now.get(name) != known.get(name):
                data = {"name": name, "deleted": name not in now, "outside": True}
                state.events.publish("pipelines", "pipeline.changed", data)
                state.events.publish(f"pipeline:{name}", "pipeline.changed", data)
        known = now
