"""The audit trail: who did what to which object, what it was before and after, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from runnel.app.access.principals import Principal
from runnel.store.audit import AuditStore, Entry
from runnel.store.moments import text
from runnel.telemetry.redaction import redacted

NOBODY = {"kind": "nobody", "id": "", "name": "nobody", "role": ""}


class Trail:
    """Writes the audit log."""

    def __init__(self, store: AuditStore, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.clock = clock

    def begin(
        self, who: Principal | None, action: str, kind: str, id: str, *, request_id: str, address: str | None
    ) -> None:
        """Note that a change begins."""
        actor = NOBODY if who is None else who.to_actor()
        at = text(self.clock()) or ""
        self.store.begin(Entry(at, actor, actor["name"], action, kind, id[:300], "begun", 0, request_id, address))

    def write(
        self, who: Principal | None, action: str, kind: str, id: str, *, before: Any = None, after: Any = None,
        status: int = 200, request_id: str = "", address: str | None = None,
    ) -> int:  # fmt: skip
        """Write one entry; returns its number."""
        actor = NOBODY if who is None else who.to_actor()
        outcome = "done" if status < 400 else "denied" if status in (401, 403, 404, 429) else "failed"
        entry = Entry(
            text(self.clock()) or "", actor, actor["name"], action, kind, id[:300], outcome, status, request_id, address,
            redacted(before), redacted(after),
        )  # fmt: skip
        return self.store.add(entry)
