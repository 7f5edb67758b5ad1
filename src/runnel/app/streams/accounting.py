"""The ledger of a stream between two kept boundaries: what was counted in between, and whether it adds up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import Document, read_text, runnable
from runnel.app.streams.telling import found
from runnel.errors import AuthoringError
from runnel.plan.streams import StreamPlan

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled
    from runnel.store.streams import StreamStore


def balance(project: Project, store: StreamStore, name: str, begin: int, end: int | None) -> dict[str, Any]:
    """Return the ledger of the epochs after `begin` up to `end`, at the kept boundaries nearest before them.

    A row that waits (for the watermark, for delivery) was in flight at one boundary and may not be at the other: what is in
    flight is the difference, so that every equation holds of the rows that came in between. Where another version took over
    the ledger begins anew: what lies before is proved under the version that ran then.
    """
    from runnel.runtime.stream.counting import Counters

    record = found(store, name)
    last = store.boundary(name, record["incarnation"], end if end is not None else int(record["epoch"]))
    if last is None:
        raise AuthoringError("RNL-STREAM-043", f"the stream {name} has no kept boundary yet", "Wait for its first epoch.")
    after = last["place"]["counters"]
    plan = plan_of(project, {**record, "version": after.get("version") or record["version"]})
    since = int(after.get("since", 0))
    first = store.boundary(name, record["incarnation"], begin) if begin > since else None
    before = first["place"]["counters"] if first else {"waiting": after.get("carried", {})}
    counters = Counters(plan)
    parts = ("ports", "letters", "offered", "entered", "left_out")
    counters.restore({part: _less(after.get(part, {}), before.get(part, {})) for part in parts})
    waiting = _less(after.get("waiting", {}), before.get("waiting", {}))
    ledger = counters.settle(waiting)
    return {
        "name": name, "incarnation": record["incarnation"], "from": int(first["epoch"]) if first else since,
        "to": int(last["epoch"]), **ledger.to_json(), "findings": [item.to_json() for item in ledger.findings],
    }  # fmt: skip


def plan_of(project: Project, record: Mapping[str, Any]) -> StreamPlan:
    """Return the plan of the version that a stream runs."""
    return compiled_of(project, record).stream_plan()


def compiled_of(project: Project, record: Mapping[str, Any]) -> Compiled:
    """Return the version that a stream runs, compiled with its parameters."""
    return runnable(project, document_of(project, record), record["params"] or {})


def document_of(project: Project, record: Mapping[str, Any]) -> Document:
    """Return the pipeline that a stream runs, as it was when the stream was started, whatever its file says now."""
    folder = os.path.dirname(record["path"]) if record["path"] else str(project.root)
    return read_text(project.store.versions.get(record["version"]), folder)


def _less(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {key: int(value) - int(before.get(key, 0)) for key, value in after.items()}
