"""A stream under another version of its pipeline: what it takes over of the one before, and where its ledger begins anew."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runnel.errors import AuthoringError, InternalError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.checkpoints import Kept, Place, Row
from runnel.runtime.stream.files import StreamFile, write_file
from runnel.runtime.stream.standing import waiting_of

if TYPE_CHECKING:
    from runnel.runtime.stream.recovery import Restored
    from runnel.runtime.stream.run import StreamRun


@dataclass(frozen=True)
class Switch:
    """What becomes of what another version left.

    `names` gives for a source or a node with state its name then, `forget` the nodes then whose state goes, `discard` the
    sinks then whose rows that wait go.
    """

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    forget: frozenset[str] = frozenset()
    discard: frozenset[str] = frozenset()

    def called(self, node: str) -> str | None:
        """Return under which name a node's state lies in files, or None where it begins empty."""
        name = self.names.get(node, node)
        return None if name in self.forget else name

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"names": dict(self.names), "forget": sorted(self.forget), "discard": sorted(self.discard)}

    @staticmethod
    def from_json(data: Mapping[str, Any] | None) -> Switch:
        """Read the JSON form."""
        given = data or {}
        return Switch(
            dict(given.get("names", {})), frozenset(given.get("forget", ())), frozenset(given.get("discard", ()))
        )


@dataclass(frozen=True)
class Misfits:
    """What of a row does not fit a plan: states that mean something else, states and waiting rows without a node."""

    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict[str, int])


def is_switch(row: Row, plan: StreamPlan) -> bool:
    """Tell whether the row was made under another version."""
    return bool(row.plan) and row.plan != plan.plan.version


def misfits(row: Row, plan: StreamPlan, switch: Switch) -> Misfits:
    """Return what has no place in a plan, as far as a switch does not say what becomes of it."""
    codes = {node: marks.get("code") for node, marks in row.place.marks.items() if node not in switch.forget}
    steps = {switch.names.get(step.node, step.node): step.code for step in plan.steps}
    sinks = {effect.node for effect in plan.plan.effects} | switch.discard
    waiting = {
        sink: sum(parcel.rows for parcel in parcels if parcel.epoch > row.delivered.get(sink, 0))
        for sink, parcels in row.outboxes.items() if sink not in sinks
    }  # fmt: skip
    return Misfits(
        tuple(sorted(node for node, code in codes.items() if node in steps and code not in (None, steps[node]))),
        tuple(sorted(node for node in codes if node not in steps)),
        {sink: rows for sink, rows in waiting.items() if rows},
    )


def refuse_misfits(row: Row, plan: StreamPlan, switch: Switch) -> None:
    """Raise AuthoringError where a state, or rows that wait, would vanish without anybody having said so."""
    found = misfits(row, plan, switch)
    hint = "Put it back, or say what becomes of it: runnel stream change NAME --state close|forget"
    if found.changed:
        node = found.changed[0]
        what = f"the state of {node} was made under other settings, and does not fit those of now"
        raise AuthoringError("RNL-STREAM-014", what, hint, {"node": node})
    if found.gone:
        what = f"the stream has a state of `{found.gone[0]}`, which is no node with a state any more"
        raise AuthoringError("RNL-STREAM-014", what, hint, {"node": found.gone[0]})
    for sink, rows in found.waiting.items():
        what = f"{rows} rows wait for `{sink}`, which the pipeline no longer has"
        hint = "Put it back until they are delivered, or let them go: runnel stream change NAME --discard"
        raise AuthoringError("RNL-STREAM-015", what, hint, {"node": sink})


def renamed(row: Row, switch: Switch) -> Row:
    """Return a row in whose places nodes have their names of now; what was left behind is not in it."""
    now = {then: name for name, then in switch.names.items()}
    return replace(
        row,
        bases=tuple(replace(kept, place=_place(kept.place, now, switch)) for kept in row.bases),
        deltas=tuple(replace(kept, place=_place(kept.place, now, switch)) for kept in row.deltas),
        outboxes={sink: parcels for sink, parcels in row.outboxes.items() if sink not in switch.discard},
    )


def _place(place: Place, now: Mapping[str, str], switch: Switch) -> Place:
    def named(of: Mapping[str, Any]) -> dict[str, Any]:
        return {now.get(node, node): value for node, value in of.items()}

    marks = {node: value for node, value in place.marks.items() if node not in switch.forget}
    watermarks = {node: value for node, value in place.watermarks.items() if node not in switch.forget}
    return replace(
        place, positions=named(place.positions), clocks=named(place.clocks), watermarks=named(watermarks), marks=named(marks)
    )


def take_over(run: StreamRun, restored: Restored) -> None:
    """Begin the ledger anew, with what waits as carried over, and let one base stand for all that was before.

    It becomes true with the next row. Raises InternalError where epochs would have to be computed again: only the version
    that made them can.
    """
    if restored.epoch < run.row.epoch:
        what = f"files of the epochs after {restored.epoch} are damaged, and another version made them"
        raise InternalError("RNL-STREAM-011", what, "Start the version before once more; it computes them again.")
    run.counters.branch(run.row.epoch, waiting_of(run, {}))
    run.held.restore({})
    run.brakes.forgive(0, 0)
    sections = [section for step in run.steps.values() for section in step.snapshot()]
    file = write_file(run.options.folder, f"{run.row.epoch:012d}-base-{run.row.token}", sections)
    StreamFile(run.options.folder, file).verify()
    place = replace(
        restored.place, marks={node: step.marks() for node, step in run.steps.items()}, counters=run.counters.to_json(),
        held={},
    )
    run.row = replace(run.row, bases=(Kept(run.row.epoch, file, place),), deltas=())
    run.begin()
    run.epoch.changed = True
