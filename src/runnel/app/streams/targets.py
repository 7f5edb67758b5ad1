"""Targets of a stream that is rewound: begun anew, added to, or another one; and how many rows would stand there twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from runnel.errors import AuthoringError
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.checkpoints import Row
from runnel.sdk.delivery import StreamSink

if TYPE_CHECKING:
    from runnel.app.project import Project

PLACES = ("path", "table", "topic", "name")
"""Settings that name a target, as far as a sink has one of them."""


def choices_of(project: Project, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what can become of a target: `choices` (append, replace, new), its `place` and the `field` that names it."""
    node = project.catalog.get(kind)
    if node is None or not issubclass(node, StreamSink):
        return {"choices": ["append"], "field": None, "place": None, "mode": None}
    fields = node.Config.model_fields
    modes = get_args(fields["mode"].annotation) if "mode" in fields else ()
    field = next((name for name in PLACES if name in fields), None)
    parsed = node.Config.model_validate(config)
    mode = getattr(parsed, "mode", None)
    made = [
        "append",
        *(["replace"] if "replace" in modes and mode not in ("delete", "history") else []),
        *(["new"] if field is not None and kind != "sink.http" else []),
    ]
    place = None if field is None else str(getattr(parsed, field))
    return {"choices": made, "field": field, "place": place, "mode": mode, "keyed": mode in ("upsert", "delete", "history")}


def settings_of(
    project: Project, plan: StreamPlan, given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the settings that hold for the sinks of a new incarnation; `given` has `choice`, and `place` for a new target.

    Raises AuthoringError for a sink that there is not, and for what cannot become of its target.
    """
    effects = {effect.node: effect for effect in plan.plan.effects if not effect.kind.startswith("chart.")}
    made: dict[str, dict[str, Any]] = {}
    for node, asked in given.items():
        if node not in effects:
            raise AuthoringError("RNL-STREAM-047", f"the stream has no sink `{node}`", f"Sinks: {', '.join(effects)}.")
        effect, choice = effects[node], str(asked.get("choice"))
        known = choices_of(project, effect.kind, effect.config)
        if choice not in known["choices"]:
            what = f"the target of {node} cannot be chosen as `{choice}`"
            raise AuthoringError("RNL-STREAM-048", what, f"It can be: {', '.join(known['choices'])}.", {"node": node})
        field = known["field"]
        was = {} if field is None else {field: effect.config.get(field)}
        if choice == "new":
            place = str(asked.get("place") or "").strip()
            if not place or place == known["place"]:
                what = f"the new target of {node} has no name of its own"
                raise AuthoringError(
                    "RNL-STREAM-049", what, f"Give another {field} than {known['place']}.", {"node": node}
                )
            made[node] = {"was": was, "now": {field: place}}
        elif choice != known["mode"] and known["mode"] in ("append", "replace", "new"):
            made[node] = {"was": was, "now": {"mode": choice}}
    return made


def with_targets(plan: StreamPlan, chosen: Mapping[str, Mapping[str, Any]]) -> StreamPlan:
    """Return the plan with the targets that were chosen at a rewind; one that was drawn anew since is as drawn."""
    if not chosen:
        return plan
    effects = [
        replace(effect, config={**effect.config, **chosen[effect.node]["now"]})
        if effect.node in chosen and _same(effect.config, chosen[effect.node]["was"]) else effect
        for effect in plan.plan.effects
    ]  # fmt: skip
    return replace(plan, plan=replace(plan.plan, effects=tuple(effects)))


def _same(config: Mapping[str, Any], was: Mapping[str, Any]) -> bool:
    return all(config.get(name) == value for name, value in was.items())


def outlook(project: Project, plan: StreamPlan, record: Mapping[str, Any], then: Row) -> dict[str, Any]:
    """Return what a rewind to a row would do: per source what is read again, per sink what can become of its rows.

    `rows` of a sink are those that it was given since (None where another incarnation counted them).
    """
    now = Row.from_json(record["row"]) if record["row"] else None
    sources = {
        scan.node: {"again": _again(_next(now, scan.node), _next(then, scan.node)), "positions": _next(then, scan.node)}
        for scan in plan.scans
    }
    offered = dict(now.place.counters.get("offered", {})) if now is not None else {}
    counters = then.place.counters
    before = dict(counters.get("offered", {}))
    sinks = []
    for effect in plan.plan.effects:
        if effect.kind.startswith("chart."):
            continue
        rows = int(offered.get(effect.node, 0)) - int(before.get(effect.node, 0))
        known = choices_of(project, effect.kind, effect.config)
        sinks.append({"node": effect.node, "kind": effect.kind, **known, "rows": rows if rows >= 0 else None})
    return {"sources": sources, "sinks": sinks, "keeps_state": any(item.file for item in (*then.bases, *then.deltas))}


def _next(row: Row | None, node: str) -> dict[str, Any]:
    found = row.place.positions.get(node, {}) if row is not None else {}
    return {part: at.get("next", at) if isinstance(at, Mapping) else at for part, at in found.items()}


def _again(now: Mapping[str, Any], then: Mapping[str, Any]) -> int | None:
    """Return how many records lie between two places, where positions are whole numbers."""
    if not all(isinstance(at, int) for at in (*now.values(), *then.values())):
        return None
    return sum(max(0, at - then.get(part, 0)) for part, at in now.items())
