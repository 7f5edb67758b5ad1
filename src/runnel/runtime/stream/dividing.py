"""What of a stream's plan several processes can compute side by side: everything before state, and the way into it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runnel.plan.streams import Query, StatefulStep, StreamPlan
from runnel.runtime.stream.epochs import STEP
from runnel.sdk.stateful import CLOCK, STATE


@dataclass(frozen=True)
class Division:
    """The part of lanes: `segments` in their order, and `steps` whose rows they make fit for the state.

    `sent` names the tables that the rest of the plan reads: views of sources, and segments.
    """

    segments: tuple[str, ...]
    steps: tuple[str, ...]
    sent: frozenset[str]


def divide(plan: StreamPlan) -> Division:
    """Return what lanes compute: segments that read sources and each other alone, and rows on their way into a state."""
    segments = {segment.id: segment for segment in plan.plan.segments}
    mine: list[str] = []
    for id in plan.order:
        if id.startswith(STEP):
            continue
        feeds = [feed.segment for feed in segments[id].feeds]
        if all(name in mine or name in plan.bounded for name in feeds):
            mine.append(id)
    steps = [step for step in plan.steps if is_apart(step) and all(name in mine for name in step.inputs.values())]
    apart = {step.node for step in steps}
    sent = {effect.segment for effect in plan.plan.effects}
    sent |= {name for step in plan.steps if step.node not in apart for name in step.inputs.values()}
    for id in plan.order:
        if not id.startswith(STEP) and id not in mine:
            sent |= {feed.segment for feed in segments[id].feeds} | {scan.view for scan in segments[id].scans}
    views = {scan.view for scan in plan.scans}
    return Division(tuple(mine), tuple(step.node for step in steps), frozenset(sent & {*mine, *views}))


def is_apart(step: StatefulStep) -> bool:
    """Tell whether a step's rows can be made fit for its state without the state, the clock, or what came before them."""
    if step.layout != "buckets" or step.sequenced or _names(step.absorb, STATE, CLOCK):
        return False
    return all(
        is_of_batch(query) or (_names(query.sql, STATE) and not _names(query.sql, "batch:")) for query in step.emit
    )


def is_of_batch(query: Query) -> bool:
    """Tell whether a port's rows follow from the batch alone."""
    return _names(query.sql, "batch:") and not _names(query.sql, STATE, CLOCK)


def _names(sql: str, *names: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}", sql) for name in names)
