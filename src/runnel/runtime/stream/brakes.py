"""What makes a stream pause by itself: too many refused records, or records that look otherwise than before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.errors import CheckError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.sources import Seen

MOST_KEPT = 20
"""So many changes are told, the newest ones."""


@dataclass
class Brakes:
    """Watches what a stream refuses and how its records look; `state` is what a checkpoint keeps of that.

    `known` are, by source, the names that records had, and whether all of them had it. `forgiven` are the refused records
    and the records in all at which a person let the stream go on.
    """

    plan: StreamPlan
    known: dict[str, dict[str, bool]] = field(default_factory=dict[str, dict[str, bool]])
    forgiven: tuple[int, int] = (0, 0)
    changes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        letters: Mapping[str, Any] = self.plan.plan.settings.get("dead_letters") or {}
        self.max_count: int | None = letters.get("max_count")
        self.max_share: float | None = letters.get("max_share")
        self.policies = {scan.node: str(scan.config.get("schema_change", "evolve")) for scan in self.plan.scans}
        self.read = {scan.node: {*scan.columns} for scan in self.plan.scans}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"forgiven": list(self.forgiven), "known": self.known, "changes": self.changes}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what a checkpoint kept."""
        letters, records = data.get("forgiven", (0, 0))
        self.forgiven = (int(letters), int(records))
        self.known = {node: dict(names) for node, names in data.get("known", {}).items()}
        self.changes = list(data.get("changes", ()))

    def forgive(self, letters: int, records: int) -> None:
        """Let the stream go on: only what is refused from here on counts."""
        self.forgiven = (letters, records)

    def of_letters(self, letters: int, records: int) -> CheckError | None:
        """Return why a stream must pause for what it refused."""
        refused, seen = letters - self.forgiven[0], max(records - self.forgiven[1], 1)
        most = self.max_count
        if most is not None and refused > most:
            what = f"{refused} record{'s were' if refused > 1 else ' was'} refused, and the pipeline bears {most}"
        elif self.max_share is not None and refused > self.max_share * seen:
            what = f"{refused} of {seen} records were refused, and the pipeline bears a share of {self.max_share:g}"
        else:
            return None
        hint = "Look at the dead letters, mend what is wrong, and resume; replay them afterwards."
        return CheckError("RNL-STREAM-061", what, hint, {"field": "settings.dead_letters"})

    def of_shapes(self, seen: Mapping[str, Seen], now: float) -> CheckError | None:
        """Note how records look; returns why a stream must pause for that, where a source asks for it."""
        found: list[dict[str, Any]] = []
        for node, look in seen.items():
            found += [{"source": node, "at": now, **change} for change in self._compared(node, look)]
        self.changes = [*self.changes, *found][-MOST_KEPT:]
        grave = [change for change in found if self.policies.get(str(change["source"])) == "pause"]
        if not grave:
            return None
        first = grave[0]
        more = f" (and {len(grave) - 1} more)" if len(grave) > 1 else ""
        what = f"the records of {first['source']} changed: {first['what']}{more}"
        hint = "Look at the source's columns, change the pipeline or leave it, and resume."
        return CheckError("RNL-STREAM-062", what, hint, {"node": first["source"], "column": first.get("column")})

    def _compared(self, node: str, look: Seen) -> list[dict[str, Any]]:
        """Return what is new, what is gone, and what no longer fits."""
        known = self.known.get(node)
        found: list[dict[str, Any]] = []
        if look.records and known is None:
            self.known[node] = {name: name in look.every for name in look.some}
        elif look.records and known is not None:
            found += [{"column": name, "kind": "new", "what": f"a new field `{name}`"} for name in sorted(look.some - {*known})]
            gone = sorted(name for name, always in known.items() if always and name not in look.some)
            found += [
                {"column": name, "kind": "gone", "what": f"the field `{name}` is gone", "read": name in self.read[node]}
                for name in gone
            ]
            names = {*known, *look.some}
            self.known[node] = {name: known.get(name, False) and name in look.every for name in names}
        return [*found, *({"kind": "misfit", "what": reason} for reason in look.misfits)]
