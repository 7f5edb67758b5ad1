"""How long the nodes of one query take: the profile has a time for every operator, and labelled fences say whose it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.engines.duckdb.profile import label_seconds
from runnel.plan.shapes import Cte, Segment

_LABEL = re.compile(r"LIMIT\s+(\d{12,})\s+OFFSET\s+0\s*$")


@dataclass(frozen=True)
class TimedSegment:
    """The groups of nodes of a segment by the label of the fence on top of them; 0 is the group that has none.

    A node without a fence (one that keeps every row) is computed in the same operators as the node that reads it, and
    belongs to its group; the last node of a group is the one with the fence, or the segment's own.
    """

    groups: Mapping[int, tuple[str, ...]]

    @staticmethod
    def of(segment: Segment) -> TimedSegment:
        """Return the groups of a segment."""
        owners = {cte.name: _label(cte) for cte in segment.ctes}
        groups: dict[int, list[str]] = {}
        for place, cte in reversed(list(enumerate(segment.ctes))):
            label = owners[cte.name]
            if label is None:
                reader = next((later for later in segment.ctes[place + 1 :] if f'"{cte.name}"' in later.physical), None)
                label = owners[reader.name] if reader is not None else 0
                owners[cte.name] = label
            nodes = groups.setdefault(label or 0, [])
            if cte.node not in nodes:
                nodes.insert(0, cte.node)
        groups.setdefault(0, groups[owners[segment.ctes[-1].name] or 0])
        return TimedSegment({label: tuple(nodes) for label, nodes in groups.items()})

    def seconds(self, profile: Mapping[str, Any], taken: float) -> dict[tuple[str, ...], float]:
        """Return the time that a query took, divided among the groups as its operators took theirs."""
        found = {label: seconds for label, seconds in label_seconds(profile).items() if label in self.groups}
        whole = sum(found.values())
        if whole <= 0:
            return {self.groups[0]: taken}
        made: dict[tuple[str, ...], float] = {}
        for label, seconds in found.items():
            made[self.groups[label]] = made.get(self.groups[label], 0.0) + taken * seconds / whole
        return made


def _label(cte: Cte) -> int | None:
    """Return the label of the fence that ends a step's query."""
    found = _LABEL.search(cte.physical.strip())
    return int(found[1]) if found else None
