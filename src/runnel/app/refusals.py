"""What a source refused of its data, known before any run: the decoding that previews keep has refused the same records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runnel.app.letters import shown_raw
from runnel.app.previews import decoded
from runnel.sdk.source import Source

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled
    from runnel.runtime.cache import Kept

MOST_RECORDS = 100
MOST_LINES = 100_000
"""So many refused records are looked through for their reasons."""


@dataclass(frozen=True)
class Refusals:
    """How many records a source refused, why, and the first of them."""

    count: int
    reasons: Mapping[str, int]
    records: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the part of an answer about what a node left out."""
        reasons = [{"reason": reason, "count": count} for reason, count in self.reasons.items()]
        return {"port": "refused", "rows": self.count, "reasons": reasons, "records": list(self.records)}


def refused(project: Project, compiled: Compiled, node: str) -> Refusals | None:
    """Return what a source refused; None for other nodes, and for sources that are not decoded before a run."""
    kept = _kept(project, compiled, node)
    if kept is None:
        return None
    count = _count(kept, node)
    return _read(kept.letters, node, count) if count and kept.letters else Refusals(count, {}, ())


def refused_count(project: Project, compiled: Compiled, node: str) -> int | None:
    """Return how many records a source refused, without looking at them; None as for `refused`."""
    kept = _kept(project, compiled, node)
    return None if kept is None else _count(kept, node)


def _kept(project: Project, compiled: Compiled, node: str) -> Kept | None:
    known = compiled.graph.nodes.get(node)
    if known is None or not issubclass(known.node, Source) or node not in compiled.typed:
        return None
    port = next(iter(compiled.typed[node].schemas), None)
    return decoded(project, compiled.plan([(node, port)], whole=True)) if port is not None else None


def _count(kept: Kept, node: str) -> int:
    return int(kept.meta.get("letters", {}).get(node, 0))


def _read(path: str, node: str, count: int) -> Refusals:
    reasons: Counter[str] = Counter()
    records: list[Mapping[str, Any]] = []
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        for number, line in enumerate(file):
            if number >= MOST_LINES:
                break
            letter = json.loads(line)
            if letter["node"] != node:
                continue
            reasons[letter["reason"]] += 1
            if len(records) < MOST_RECORDS:
                records.append({"reason": letter["reason"], "raw": shown_raw(letter), "position": letter["position"]})
    return Refusals(count, dict(reasons.most_common(50)), tuple(records))
