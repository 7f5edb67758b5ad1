"""Changing a pipeline while its stream lives: what of its state another version keeps, and what a person has to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from runnel.app.pipelines import Document, runnable
from runnel.app.streams.accounting import document_of
from runnel.app.streams.rewinding import is_delivered, renewed
from runnel.app.streams.telling import found
from runnel.errors import AuthoringError, RunnelError
from runnel.model.difference import Difference
from runnel.model.difference import difference as differing
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.checkpoints import Row
from runnel.runtime.stream.switching import Misfits, Switch, is_switch, misfits, refuse_misfits

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore

States = Literal["keep", "close", "forget"]


@dataclass(frozen=True)
class Choice:
    """What a person wants of what the version before left.

    `state`: kept, and refused where it does not fit; closed under the version that made it, so that every open window
    leaves; or begun anew where it does not fit. `discard`: whether rows go that wait for a sink which is no more.
    """

    state: States = "keep"
    discard: bool = False

    @staticmethod
    def of(given: Mapping[str, Any]) -> Choice:
        """Return the choice of a request; raises AuthoringError."""
        state = str(given.get("state") or "keep")
        if state not in ("keep", "close", "forget"):
            raise AuthoringError("RNL-STREAM-016", f"`{state}` is nothing that becomes of a state", "One of keep, close, forget.")
        return Choice(state, bool(given.get("discard")))


KEEP, ANYTHING = Choice(), Choice("forget", True)
AUTOMATIC = "before change at "
KEPT_AUTOMATIC = 3


@dataclass(frozen=True)
class ChangeOutlook:
    """What another version means for a stream.

    `names` are nodes now → then; `states` the rows by node that hold a state; `mixed` the nodes whose state is kept though
    what comes to them is computed otherwise: an open window holds rows of both. `begun` are sources that are read from
    their beginning, `left` those that are read no more.
    """

    switches: bool = False
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    misfits: Misfits = field(default_factory=Misfits)
    mixed: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def needs_choice(self) -> bool:
        """Whether something would vanish that nobody decided about."""
        return bool(self.misfits.changed or self.misfits.gone or self.misfits.waiting)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "switches": self.switches, "needs_choice": self.needs_choice, "renamed": dict(self.names),
            "changed": self._rows(self.misfits.changed), "gone": self._rows(self.misfits.gone),
            "mixed": self._rows(self.mixed), "waiting": dict(self.misfits.waiting), "sources_begun": list(self.begun),
            "sources_left": list(self.left),
        }  # fmt: skip

    def _rows(self, nodes: Sequence[str]) -> list[dict[str, Any]]:
        return [{"node": node, "rows": self.states.get(node, 0)} for node in nodes]


def look(project: Project, record: Mapping[str, Any], document: Document, plan: StreamPlan) -> ChangeOutlook:
    """Return what it means for a stream to go on with another document, compiled to `plan`."""
    row = _standing(record)
    if not is_switch(row, plan):
        return ChangeOutlook(misfits=misfits(row, plan, Switch()))
    differs = _differing(project, record, row, document)
    now = {step.node for step in plan.steps} | {scan.node for scan in plan.scans}
    names = {new: old for old, new in differs.renamed if new in now}
    then = {names.get(node, node) for node in now}
    begun = tuple(scan.node for scan in plan.scans if names.get(scan.node, scan.node) not in row.place.positions)
    left = tuple(source for source in row.place.positions if source not in then)
    unfit = misfits(row, plan, Switch(names))
    told = (record.get("told") or {}).get("state") or {}
    states = {node: int(one.get("rows", 0)) for node, one in told.items()}
    return ChangeOutlook(True, names, unfit, _mixed(plan, differs, unfit), begun, left, states)


def _standing(record: Mapping[str, Any]) -> Row:
    """Return the row that the next start goes on from: that of one which was finished holds its positions alone."""
    if record["row"] is None:
        return Row("")
    row = Row.from_json(record["row"])
    return renewed(record["row"]) if row.finished and is_delivered(record["row"]) else row


def _differing(project: Project, record: Mapping[str, Any], row: Row, document: Document) -> Difference:
    """Return the difference between the version that made a row and a document; none where that version is gone."""
    try:
        before = document_of(project, {**record, "version": row.version or record["version"]})
    except RunnelError:
        return Difference()
    if before.pipeline is None or document.pipeline is None:
        return Difference()
    return differing(before.pipeline, document.pipeline)


def _mixed(plan: StreamPlan, found: Difference, unfit: Misfits) -> tuple[str, ...]:
    """Return the nodes with a state that fits, above which something changed."""
    touched = {*found.added, *found.changed, *found.rewired}
    kept = (step.node for step in plan.steps if step.node not in (*unfit.changed, *found.added))
    return tuple(node for node in kept if node in found.rewired or _above(plan, node) & touched)


def _above(plan: StreamPlan, node: str) -> set[str]:
    """Return every node whose rows reach a node."""
    seen, queue = set[str](), [node]
    while queue:
        target = queue.pop()
        fresh = {edge.source for edge in plan.plan.edges if edge.target == target} - seen
        seen |= fresh
        queue += fresh
    return seen


def switch_of(record: Mapping[str, Any], outlook: ChangeOutlook, plan: StreamPlan, choice: Choice) -> Switch:
    """Return what becomes of what the version before left; raises AuthoringError where a choice is missing."""
    unfit = outlook.misfits
    forget = frozenset((*unfit.changed, *unfit.gone)) if choice.state == "forget" else frozenset[str]()
    switch = Switch(outlook.names, forget, frozenset(unfit.waiting) if choice.discard else frozenset())
    refuse_misfits(_standing(record), plan, switch)
    return switch


def prepared(
    project: Project, record: Mapping[str, Any], document: Document, params: Mapping[str, Any], choice: Choice = KEEP
) -> ChangeOutlook:
    """Look at a change before a stream is stopped for it; raises InvalidPipelineError, and AuthoringError for a choice
    that is missing. Rows that wait for a sink are no obstacle yet: the stream delivers them before it ends.
    """
    plan = runnable(project, document, params).stream_plan()
    outlook = look(project, record, document, plan)
    if choice.state == "keep" and (outlook.misfits.changed or outlook.misfits.gone):
        switch_of(record, outlook, plan, choice)
    return outlook


def keep_savepoint(store: StreamStore, name: str) -> None:
    """Keep a stream as it stands before a change, to go back to; of such savepoints the last few are kept."""
    record = found(store, name)
    if record["row"] is None:
        return
    store.savepoint(name, f"{AUTOMATIC}{record['epoch']}")
    own = [item["label"] for item in store.savepoints(name) if item["label"].startswith(AUTOMATIC)]
    for label in own[KEPT_AUTOMATIC:]:
        store.forget_savepoint(name, label)
