"""Gates: what a pipeline expects of its data is looked at after the last segment and before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

from runnel.compiler.typing import cte_name
from runnel.errors import CheckError
from runnel.plan.shapes import Plan
from runnel.runtime.cache import Kept

MOST_NAMED = 5


def inspect(plan: Plan, results: Mapping[str, Kept]) -> None:
    """Raise CheckError when a row of a gate's report says that the run fails."""
    broken: list[str] = []
    first: str | None = None
    for node in plan.nodes:
        for port in node.gates:
            kept = results.get(cte_name(node.id, port, node.outputs[0] if node.outputs else port))
            found = _failures(kept) if kept is not None else []
            broken += [f"{node.id}: {words}" for words in found]
            first = first or (node.id if found else None)
    if broken:
        more = f" and {len(broken) - MOST_NAMED} more" if len(broken) > MOST_NAMED else ""
        what = f"the data breaks {len(broken)} expectation(s): {'; '.join(broken[:MOST_NAMED])}{more}"
        raise CheckError("RNL-CHECK-001", what, "Nothing was written. Preview `results` of the node.", {"node": first})


def _failures(kept: Kept) -> list[str]:
    from runnel.app.tables import read_kept

    return [
        f"{row.get('name') or row.get('expectation')}, observed {row.get('observed')}"
        for row in read_kept(kept).to_pylist()
        if row.get("fails")
    ]
