"""What happens when a source looks otherwise than in the last good run: the setting `schema` decides."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runnel.compiler import schema_codes
from runnel.compiler.changes import Changes, compare
from runnel.compiler.graph import Graph, GraphNode
from runnel.errors import RunnelError
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.sdk.fields import TypeMark, marks_of
from runnel.sdk.source import Probe, Source

ACCEPT = Fix("Accept the new columns", (Edit("set", ("settings", "schema"), "evolve"),))
_ACCEPT_HINT = "Accept the new columns with `settings: {schema: evolve}`, for one run or for good"


@dataclass(frozen=True)
class Seen:
    """What a source looked like: the digest of its config, columns (name → DuckDB type), and settings that were found.

    `run` and `at` (RFC 3339) say which run saw it; they are empty for what is seen now.
    """

    config: str
    columns: Mapping[str, str]
    found: Mapping[str, Any] = field(default_factory=dict[str, Any])
    run: str = ""
    at: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that is kept with a run."""
        return {
            "config": self.config, "columns": dict(self.columns), "found": dict(self.found), "run": self.run,
            "at": self.at,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Seen:
        """Read the JSON form."""
        return Seen(data["config"], data["columns"], data["found"], data["run"], data["at"])


Recall = Callable[[str], Mapping[str, Seen]]
"""Pipeline's name → what its sources (node → Seen) looked like in its last good run; called once per compilation."""


@dataclass(frozen=True)
class Settled:
    """Sources after the policy: the graph and probes to go on with, findings, what is seen now and what was before."""

    graph: Graph
    probes: Mapping[str, Probe]
    findings: tuple[Finding, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    earlier: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    changes: Mapping[str, Changes] = field(default_factory=dict[str, Changes])


def settle(
    graph: Graph, probes: Mapping[str, Probe], policy: str, earlier: Mapping[str, Seen],
    prober: Callable[[GraphNode], Probe], folder: str,
) -> Settled:  # fmt: skip
    """Compare every probed source with what it was, and act by the policy evolve, fail or dead_letter.

    A source whose config is another one than then is not compared.
    """
    nodes, after = dict(graph.nodes), dict(probes)
    findings: list[Finding] = []
    changes: dict[str, Changes] = {}
    seen: dict[str, Seen] = {}
    for id, probe in probes.items():
        node = graph.nodes[id]
        digest = config_digest(node, folder)
        before = earlier.get(id)
        if before is not None and before.config == digest:
            found = compare(before.columns, probe.columns)
            if found:
                changes[id] = found
                made = _act(policy, _Change(node, probe, before, found), prober)
                nodes[id], after[id] = made.node, made.probe
                findings += made.findings
        seen[id] = Seen(digest, after[id].columns, _keeping(nodes[id], after[id]))
    if changes:
        graph = replace(graph, nodes=nodes)
    return Settled(graph, after, tuple(findings), seen, earlier, changes)


def config_digest(node: GraphNode, folder: str) -> str:
    """Return a digest of a source's kind and settings, and of where its paths start (relative to the pipeline)."""
    config = node.config.model_dump(mode="json", by_alias=True)
    material = [node.kind, config, os.path.relpath(node.folder, folder)]
    text = json.dumps(material, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def explained(problems: Iterable[Finding], settled: Settled) -> list[Finding]:
    """Add to the errors of nodes behind a changed source what changed there and since when."""
    behind = {id: settled.graph.descendants(id) for id in settled.changes}
    made: list[Finding] = []
    for finding in problems:
        if finding.severity == "error" and finding.code not in schema_codes.codes:
            notes = [
                f"`{id}` changed since {_since(settled.earlier[id])}: {found.words()}."
                for id, found in settled.changes.items()
                if finding.where.node in behind[id]
            ]
            finding = replace(finding, hint=" ".join([finding.hint, *notes]).strip())
        made.append(finding)
    return made


@dataclass(frozen=True)
class _Change:
    """One source that changed: as it is, as it was, and the differences."""

    node: GraphNode
    probe: Probe
    before: Seen
    found: Changes

    def finding(self, code: str, severity: Any, what: str, hint: str, fix: Fix | None = None) -> Finding:
        return Finding(code, severity, what, hint, Where(self.node.id), fix)

    def what(self, words: str | None = None) -> str:
        return f"the columns of {self.node.id} changed since {_since(self.before)}: {words or self.found.words()}"

    @property
    def takes_types(self) -> bool:
        return "columns" in marks_of(self.node.node.Config, TypeMark)


@dataclass(frozen=True)
class _Acted:
    node: GraphNode
    probe: Probe
    findings: Sequence[Finding]


def _since(seen: Seen) -> str:
    return f"run {seen.run} at {seen.at}"


def _keeping(node: GraphNode, probe: Probe) -> Mapping[str, Any]:
    source = node.node(node.config, {}, node.id)
    assert isinstance(source, Source)
    return source.keeping(probe)


def _act(policy: str, change: _Change, prober: Callable[[GraphNode], Probe]) -> _Acted:
    if policy == "evolve":
        hint = "The new columns are used from here on; `settings: {schema: fail}` stops instead." + _rename(change)
        return _Acted(change.node, change.probe, [change.finding(schema_codes.CHANGED, "info", change.what(), hint)])
    if policy == "fail":
        return _Acted(change.node, change.probe, [_forbidden(change, schema_codes.FORBIDDEN, "")])
    if not change.takes_types:
        why = f"`schema: dead_letter` needs a source that takes `columns`, and {change.node.kind} takes none. "
        return _Acted(change.node, change.probe, [_forbidden(change, schema_codes.CANNOT_KEEP, why)])
    if change.found.gone:
        gone = ", ".join(f"`{name}` ({type})" for name, type in change.found.gone.items())
        hint = f"No record can stand for a column that is not there. {_ACCEPT_HINT}." + _rename(change)
        what = change.what(f"without {gone}, no record fits")
        return _Acted(change.node, change.probe, [change.finding(schema_codes.GONE, "error", what, hint, ACCEPT)])
    return _kept(change, prober)


def _forbidden(change: _Change, code: str, why: str) -> Finding:
    """Return the error, with the old types as the fix where only types changed and they can be given."""
    found = change.found
    hint = f"{why}{_ACCEPT_HINT}"
    fix = ACCEPT
    only_types = found.retyped and not (found.added or found.gone or found.respelled)
    if only_types and change.takes_types and len(change.node.path) == 2 and change.node.path[1] == change.node.id:
        types = {one.name: one.old for one in found.retyped}
        place = (*change.node.path, "config", "columns")
        fix = Fix("Read them with the types they had", tuple(Edit("set", (*place, n), t) for n, t in types.items()))
        given = ", ".join(f"{name}: {type}" for name, type in types.items())
        hint += f", or set `columns: {{{given}}}`: what does not fit becomes dead letters"
    return change.finding(code, "error", change.what(), hint + "." + _rename(change), fix)


def _rename(change: _Change) -> str:
    renamed = change.found.renamed()
    return f" It looks as if `{renamed[0]}` was renamed to `{renamed[1]}`." if renamed else ""


def _kept(change: _Change, prober: Callable[[GraphNode], Probe]) -> _Acted:
    """Read a source with the types it had; new columns are left out."""
    found, findings = change.found, list[Finding]()
    node, probe = change.node, change.probe
    if found.retyped:
        node = _with_types(change)
        try:
            probe = prober(node)
        except RunnelError as error:
            return _Acted(change.node, probe, [change.finding(error.code, "error", error.what, error.hint)])
        words = ", ".join(f"`{one.name}` {one.old} (found: {one.new})" for one in found.retyped)
        hint = f"Records that do not fit become dead letters. {_ACCEPT_HINT}."
        said = "".join(f" {part}" for part in _said(change, probe))
        what = f"{node.id} is read with the types it had in {_since(change.before)}: {words}"
        findings.append(change.finding(schema_codes.KEPT_TYPES, "info", what, hint + said))
    if found.respelled:
        words = Changes(respelled=found.respelled).words()
        hint = "The new spelling is used from here on; column names do not differ by letter case."
        findings.append(change.finding(schema_codes.CHANGED, "info", change.what(words), hint))
    if found.added:
        words = ", ".join(f"`{name}` ({type})" for name, type in found.added.items())
        what = f"new columns of {node.id} since {_since(change.before)} are left out: {words}"
        findings.append(change.finding(schema_codes.LEFT_OUT, "info", what, f"{_ACCEPT_HINT}."))
        probe = replace(probe, columns={name: type for name, type in probe.columns.items() if name not in found.added})
    return _Acted(node, probe, findings)


def _with_types(change: _Change) -> GraphNode:
    """Return the node with the old types in its `columns` and with what was found then; the author's settings win."""
    node = change.node
    types = {one.name: one.old for one in change.found.retyped}
    given = {name: value for name, value in change.before.found.items() if name not in node.config.model_fields_set}
    update = {**given, "columns": {**types, **node.config.columns}}
    return replace(node, config=node.config.model_copy(update=update), raw={**node.raw, **update})


def _said(change: _Change, probe: Probe) -> list[str]:
    source = change.node.node(change.node.config, {}, change.node.id)
    assert isinstance(source, Source)
    note = source.refusing(probe)
    return [note] if note else []
