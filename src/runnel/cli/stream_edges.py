"""Wires of streams on the command line: paused and resumed, which the audit log has, and shown with their status."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from runnel.cli.output import Output
from runnel.cli.session import project_of

OBEYS_SECONDS = 60.0


def wish_for_edge(output: Output, name: str, edge: str, verb: Literal["pause", "resume"], json: bool) -> None:
    """Pause a wire, or let it go on; of a stream that runs, wait until its process obeys."""
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.services import Access
    from runnel.app.streams import pausing
    from runnel.app.streams.telling import found, rows_of, status

    with project_of(None) as project:
        store = rows_of(project)
        made = pausing.wish_for_edge(project, store, name, edge, verb, CONSOLE.name)
        after = {"stream": name, "edges": made["edges"], "paused": verb == "pause"}
        Access.open(project.store, project.environ, project.clock).trail.write(
            CONSOLE, f"streams.{verb}_edge", "stream", name, after=after
        )
        deadline = time.monotonic() + OBEYS_SECONDS
        while not _obeys(now := status(found(store, name)), made) and time.monotonic() < deadline:
            time.sleep(0.1)
        store.close()
    made |= {"pauses": now["pauses"], "status": now["status"]}
    words = "paused" if verb == "pause" else "goes on"
    output.result(made) if json else output.text(f"{name}: {', '.join(made['edges'])}: {words}")


def _obeys(now: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    """Tell whether a stream does what was asked for; one that does not run will."""
    if now["status"] not in ("running", "paused"):
        return True
    node, is_sink = made["node"], made["end"] == "sink"
    held = (now["outbox"] if is_sink else now["sources"]).get(node, {}).get("held", False)
    return held == (made["verb"] == "pause")


def show_pauses(output: Output, streams: Sequence[Mapping[str, Any]]) -> None:
    """Say which wires are paused, what waits there, and what a blocked stream waits for."""
    for stream in streams:
        if stream["blocked"]:
            output.warn(f"{stream['name']}: {stream['blocked']['what']}. {stream['blocked'].get('hint', '')}")
        for pause in stream["pauses"]:
            node = pause["node"]
            box = stream["outbox"].get(node, {})
            if pause["end"] == "sink":
                output.note(f"{stream['name']}: the wire into {node} is paused; {box.get('bytes', 0):,} bytes wait")
            else:
                lag = stream["lag"].get(node, 0)
                output.note(f"{stream['name']}: the wire out of {node} is paused; about {lag:,} records wait there")
