"""Tests of connections: in a locked-down worker that may use the network and one empty folder, told step by step."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from runnel.app.connections import checked, connector_of, merged, policy_of
from runnel.errors import LimitError, RunnelError
from runnel.sdk.connector import STEPS

if TYPE_CHECKING:
    from runnel.app.project import Project

TOTAL_SECONDS = 15.0
Hear = Callable[[Mapping[str, Any]], object]
"""Is told each step as it ends."""


def try_options(
    project: Project, type: str, values: Mapping[str, Any], hear: Hear | None = None, stored: str | None = None
) -> dict[str, Any]:
    """Try options that are not saved; with `stored`, secrets that are not given are those of that connection."""
    connector = connector_of(project, type)
    whole = dict(values)
    if stored is not None:
        found = project.store.connections.get(stored)
        whole = merged(project, found, connector, values)
    return _tried(project, type, checked(connector, whole).model_dump(mode="json"), hear)


def try_stored(project: Project, name: str, hear: Hear | None = None) -> dict[str, Any]:
    """Try a stored connection and keep the result beside it."""
    stored = project.store.connections.get(name)
    connector = connector_of(project, stored.type)
    whole = {**stored.config, **project.store.connections.reveal(name)}
    outcome = _tried(project, stored.type, checked(connector, whole).model_dump(mode="json"), hear)
    project.store.connections.tested(stored, project.clock(), outcome)
    return outcome


def _tried(project: Project, type: str, options: Mapping[str, Any], hear: Hear | None) -> dict[str, Any]:
    """Return `ok`, the steps that were taken, and how long they took; no step that failed is followed by another."""
    begun = time.monotonic()
    steps: list[dict[str, Any]] = []

    def heard(event: Any) -> None:
        if event.kind == "step":
            steps.append(dict(event.data))
            if hear is not None:
                hear(steps[-1])

    payload = {"type": type, "options": options, "policy": policy_of(project).to_json()}
    folder = tempfile.mkdtemp(dir=project.scratch)
    try:
        with project.workers.open([], [folder], timeout_seconds=TOTAL_SECONDS, network=True) as worker:
            worker.on_event = heard
            worker.call("try_connection", payload)
    except RunnelError as error:
        failed = _ended(error, steps, time.monotonic() - begun)
        steps.append(failed)
        if hear is not None:
            hear(failed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = round(time.monotonic() - begun, 3)
    return {"ok": len(steps) == len(STEPS) and all(step["ok"] for step in steps), "steps": steps, "seconds": seconds}


def _ended(error: RunnelError, steps: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Return the step in which the worker ended; its words could repeat a secret, and are left out."""
    name = STEPS[min(len(steps), len(STEPS) - 1)]
    slow = isinstance(error, LimitError)
    what = f"the test took longer than {TOTAL_SECONDS:g} s" if slow else "the test ended before this step did"
    hint = (
        "Check the host and port, and the firewall between." if slow else "Try again; `runnel doctor` looks at workers."
    )
    return {"name": name, "ok": False, "what": what, "hint": hint, "code": error.code, "seconds": seconds}
