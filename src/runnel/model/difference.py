"""The difference of two pipelines by meaning: nodes, wires, parameters and settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runnel.model.document import NodeDoc, Pipeline
from runnel.model.hashing import node_meaning
from runnel.model.places import cut, dotted
from runnel.model.saving import node_to_mapping, to_mapping, wires_to_value
from runnel.model.shapes import is_list, is_map

_MISSING = object()
_SECTIONS = ("params", "inputs", "outputs", "settings")
_HEADINGS = ("name", "title", "description", "active")


@dataclass(frozen=True)
class Change:
    """One changed field: dotted `path`, `kind` added, removed or changed, and the value before and after."""

    path: str
    kind: str
    old: Any = None
    new: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; `old` and `new` stand only where there is a value."""
        data: dict[str, Any] = {"path": self.path, "kind": self.kind}
        if self.kind != "added":
            data["old"] = self.old
        if self.kind != "removed":
            data["new"] = self.new
        return data


@dataclass(frozen=True)
class Difference:
    """What differs: node ids added and removed, renames (old to new), changed fields and rewired nodes by new id.

    `rewired` gives the `from:` value before (renames applied) and after. `sections` holds changes of params, inputs,
    outputs, settings and tests; `headings` of name, title, description and active.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    changed: Mapping[str, tuple[Change, ...]] = field(default_factory=dict[str, tuple[Change, ...]])
    rewired: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]])
    sections: Mapping[str, tuple[Change, ...]] = field(default_factory=dict[str, tuple[Change, ...]])
    headings: tuple[Change, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether the pipelines mean the same."""
        lists = (self.added, self.removed, self.renamed, self.headings)
        return not any(lists) and not self.changed and not self.rewired and not self.sections

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that `runnel diff --json` prints."""
        sections = self.sections
        return {
            "nodes": {
                "added": list(self.added),
                "removed": list(self.removed),
                "renamed": [{"old": old, "new": new} for old, new in self.renamed],
                "changed": {node: _json(changes) for node, changes in self.changed.items()},
                "rewired": {node: {"old": old, "new": new} for node, (old, new) in self.rewired.items()},
            },
            **{key: _json(sections.get(key, ())) for key in (*_SECTIONS, "tests")},
            "pipeline": _json(self.headings),
        }

    def to_text(self) -> str:
        """Return the difference for people, one line per change with `+`, `-` or `~` in front."""
        return "\n".join(_lines(self))


def difference(old: Pipeline, new: Pipeline) -> Difference:
    """Return what differs between two pipelines by meaning; node order, layout, notes and comments do not count."""
    renames = _renames(old, new)
    before = {renames.get(name, name): _renamed(node, renames) for name, node in old.nodes.items()}
    changed: dict[str, tuple[Change, ...]] = {}
    rewired: dict[str, tuple[Any, Any]] = {}
    for name, node in new.nodes.items():
        if name not in before:
            continue
        changes = tuple(_changes(_fields(before[name]), _fields(node)))
        if changes:
            changed[name] = changes
        if node_meaning(before[name])["wires"] != node_meaning(node)["wires"]:
            rewired[name] = (_from(before[name]), _from(node))
    return Difference(
        added=tuple(name for name in new.nodes if name not in before),
        removed=tuple(name for name in old.nodes if renames.get(name, name) not in new.nodes),
        renamed=tuple(renames.items()),
        changed=changed,
        rewired=rewired,
        sections=_sections(to_mapping(old), to_mapping(new)),
        headings=tuple(_changes(_headings(old), _headings(new))),
    )


def _json(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    return [change.to_json() for change in changes]


def _from(node: NodeDoc) -> Any:
    return wires_to_value(node.wires) if node.wires else None


def _fields(node: NodeDoc) -> dict[str, Any]:
    data = node_to_mapping(replace(node, wires=(), note=None))
    return data | {"after": sorted(node.after)} if node.after else data


def _headings(pipeline: Pipeline) -> dict[str, Any]:
    values = {key: getattr(pipeline, key) for key in _HEADINGS}
    return {key: value for key, value in values.items() if value is not None}


def _sections(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Change, ...]]:
    sections = {key: tuple(_changes(old.get(key, {}), new.get(key, {}))) for key in _SECTIONS}
    sections["tests"] = tuple(_changes(_by_name(old), _by_name(new)))
    return {key: changes for key, changes in sections.items() if changes}


def _by_name(data: Mapping[str, Any]) -> dict[str, Any]:
    return {test["name"]: test for test in data.get("tests", [])}


def _renames(old: Pipeline, new: Pipeline) -> dict[str, str]:
    """Pair removed and added nodes of the same kind and config, where there is one candidate on each side."""
    gone = {name: _likeness(node) for name, node in old.nodes.items() if name not in new.nodes}
    come = {name: _likeness(node) for name, node in new.nodes.items() if name not in old.nodes}
    pairs: dict[str, str] = {}
    for name, likeness in gone.items():
        same = [other for other, their in come.items() if their == likeness]
        if len(same) == 1 and list(gone.values()).count(likeness) == 1:
            pairs[name] = same[0]
    return pairs


def _likeness(node: NodeDoc) -> str:
    meaning = node_meaning(node)
    shape = [[port, len(refs)] for port, refs in meaning["wires"]]
    return json.dumps([meaning["kind"], meaning["config"], meaning["muted"], shape], sort_keys=True)


def _renamed(node: NodeDoc, renames: Mapping[str, str]) -> NodeDoc:
    wires = tuple(replace(wire, node=renames.get(wire.node, wire.node)) for wire in node.wires)
    return replace(node, wires=wires, after=tuple(renames.get(name, name) for name in node.after))


def _changes(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Yield the changes below a value: mappings by key, everything else as a whole."""
    if is_map(old) and is_map(new):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _changes(old.get(key, _MISSING), new.get(key, _MISSING), (*path, key))
        if path and list(old) != list(new) and set(old) == set(new):
            yield Change(f"{dotted(path)} (order)", "changed", list(old), list(new))
    elif old is _MISSING:
        yield Change(dotted(path), "added", None, new)
    elif new is _MISSING:
        yield Change(dotted(path), "removed", old, None)
    elif json.dumps(old) != json.dumps(new):
        yield Change(dotted(path), "changed", old, new)


def _lines(found: Difference) -> Iterator[str]:
    yield from (f"~ pipeline {_line(change)}" for change in found.headings)
    yield from (f"+ node {name}" for name in found.added)
    yield from (f"- node {name}" for name in found.removed)
    yield from (f"~ node {old} is now called {new}" for old, new in found.renamed)
    for name, changes in found.changed.items():
        yield from (f"~ node {name}: {_line(change)}" for change in changes)
    for name, (old, new) in found.rewired.items():
        yield f"~ node {name}: from {_shown(old)} -> {_shown(new)}"
    signs = {"added": "+", "removed": "-", "changed": "~"}
    for section, changes in found.sections.items():
        yield from (f"{signs[change.kind]} {section} {_line(change)}" for change in changes)


def _line(change: Change) -> str:
    if change.kind == "added":
        return f"{change.path} = {_shown(change.new)}"
    if change.kind == "removed":
        return f"{change.path} (was {_shown(change.old)})"
    return f"{change.path}: {_shown(change.old)} -> {_shown(change.new)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    quoted = json.dumps(plain, ensure_ascii=False) if isinstance(value, str) and not is_list(value) else plain
    return cut(quoted, 100)
