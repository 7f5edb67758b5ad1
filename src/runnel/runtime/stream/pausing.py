"""Which wires of a stream are paused: into sinks, whose outboxes keep what comes, and out of sources, which are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun
    from runnel.sdk.streaming import Records


@dataclass(frozen=True)
class Paused:
    """The sinks that are given nothing, and the sources of which nothing is taken, until somebody resumes them."""

    sinks: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


def obey(run: StreamRun) -> None:
    """See which wires are paused now; sinks end the delivery that runs, sources are held with the next batch."""
    run.paused = run.checkpoints.paused()
    for node, sink in run.sinks.items():
        sink.hold(node in run.paused.sinks)


def open_sinks(run: StreamRun) -> None:
    """Ask every target what it holds; one behind a paused wire when that is resumed, as it may be away meanwhile."""
    run.paused = run.checkpoints.paused()
    for node, sink in run.sinks.items():
        kept = run.row.outboxes.get(node, ())
        first = kept[0].epoch if kept else run.row.epoch + 1
        delivered = run.row.delivered.get(node, 0)
        if node in run.paused.sinks:
            sink.hold(True)
            sink.open_later(delivered, lambda: run.row.epoch, first)
            continue
        found = sink.open(delivered, run.row.epoch, first)
        if found.epoch > delivered:
            sink.refused.extend(found.refused)


def left_of(run: StreamRun) -> list[tuple[str, Records]]:
    """Return what was read again and belongs to no epoch yet, but for what sources that are held have of it."""
    ready = [(node, records) for node, records in run.left if node not in run.paused.sources]
    run.left = [(node, records) for node, records in run.left if node in run.paused.sources]
    return ready


def waiting_for_sources(run: StreamRun) -> Mapping[str, list[str]]:
    """Return the nodes whose watermark stands still because a source above them is held: node → those sources."""
    if not run.paused.sources:
        return {}
    found = {step.node: sorted(run.paused.sources.intersection(step.sources)) for step in run.plan.steps}
    return {node: sources for node, sources in found.items() if sources}
