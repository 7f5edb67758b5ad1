"""Binding of a node's fields: expressions become checked trees, and what may fail per row is guarded."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlglot import exp

from runnel.compiler.expressions.bind import Bound, bind_expression
from runnel.compiler.functions import is_aggregate
from runnel.compiler.graph import REJECTED, GraphNode
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.plan.oracle import TypeOracle
from runnel.sdk.fields import ColumnMark, ExpressionMark, GuardedConfig, marks_of
from runnel.sdk.relation import Relation, all_of, call, column
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied

REASON = "_reason"
ALLOWED = {
    "scalar": frozenset({"scalar"}),
    "aggregate": frozenset({"scalar", "aggregate"}),
    "window": frozenset({"scalar", "window"}),
}


Look = Callable[..., Sequence[Mapping[str, Any]]]
"""(graph, what was typed so far, node id, relation over its inputs) → rows; runs what stands before the node."""


@dataclass(frozen=True)
class Surroundings:
    """What expressions may refer to besides columns, and who types them.

    `look` runs a small query over the node's real input, for the few nodes whose columns depend on the data;
    `foreign` types SQL that a person wrote, inside a locked-down worker.
    """

    oracle: TypeOracle
    env: Mapping[str, str]
    now: datetime
    look: Look | None = None
    foreign: TypeOracle | None = None


@dataclass
class Binding:
    """The bound fields of one node and its guarded inputs."""

    bound: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    rejected: Relation | None = None
    failing: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    types: dict[str, Any] = field(default_factory=dict)
    clock: bool = False


@dataclass
class _Guards:
    """The hidden columns that one input gets, layer by layer."""

    relation: Relation
    policy: str
    pending: dict[str, exp.Expr] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    counter: int = 0

    def flush(self) -> None:
        if self.pending:
            self.relation = self.relation.hide(self.pending)
            self.pending = {}

    def add(self, tree: exp.Expr) -> exp.Expr:
        """Give an expression a hidden column and return the reference to it."""
        if any(node.name in self.pending for node in tree.find_all(exp.Column)):
            self.flush()
        name = f"__v{self.counter}"
        self.counter += 1
        self.pending[name] = tree
        return column(name)

    def guard(self, tree: exp.Expr, label: str) -> exp.Expr:
        """Apply the policy to an expression that may fail and return what stands for its value."""
        if self.policy == "fail":
            return tree
        if self.policy == "null":
            return call("TRY", tree)
        boxed = exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier("v"), expression=copied(tree))])
        reference = self.add(call("TRY", boxed))
        text = tree.sql("duckdb")
        self.reasons[reference.name] = f"{label}: {text} could not be evaluated"
        self.texts.append(text)
        return call("STRUCT_EXTRACT", reference, "v")


def bind_node(node: GraphNode, inputs: Mapping[str, Any], around: Surroundings) -> Binding:
    """Bind every marked field of a node over its input relations."""
    binding = Binding(inputs=dict(inputs))
    for name, mark in marks_of(node.node.Config, ColumnMark).items():
        _bind_columns(node, name, mark, binding)
    guards: dict[str, _Guards] = {}
    for name, mark in marks_of(node.node.Config, ExpressionMark).items():
        relation = inputs.get(mark.input)
        value = getattr(node.config, name)
        if value is None or not isinstance(relation, Relation):
            continue
        policy = getattr(node.config, "on_error", "fail") if issubclass(node.node.Config, GuardedConfig) else "fail"
        guard = guards.setdefault(mark.input, _Guards(relation, policy))
        guard.policy = mark.on_error or policy
        binding.bound[name] = _bind_field(node, name, mark, value, guard, binding, around)
    for name, guard in guards.items():
        _finish(name, guard, binding)
    return binding


def _bind_field(
    node: GraphNode,
    name: str,
    mark: ExpressionMark,
    value: Any,
    guard: _Guards,
    binding: Binding,
    around: Surroundings,
) -> Any:
    schema = {**guard.relation.types, **_metadata(guard.relation)}
    if isinstance(value, str):
        return _bind_one(node, (name,), mark, value, schema, guard, binding, around)
    if isinstance(value, Sequence):
        made: list[exp.Expr | None] = []
        for index, item in enumerate(value):
            text = getattr(item, mark.key) if mark.key else item
            path = (name, index, mark.key) if mark.key else (name, index)
            made.append(_bind_one(node, path, mark, text, schema, guard, binding, around))
        return [tree for tree in made if tree is not None]
    trees: dict[str, exp.Expr] = {}
    made_types: dict[str, str] = {}
    earlier: dict[str, exp.Expr] = {}
    for key, text in value.items():
        tree = _bind_one(node, (name, key), mark, text, schema, guard, binding, around, earlier)
        if tree is None:
            continue
        made_types[key] = binding.types[".".join((name, key))]
        if mark.sequential:
            reference = tree if isinstance(tree, exp.Column) else guard.add(tree)
            earlier[key] = reference
            schema[_matching(schema, key) or key] = made_types[key]
            tree = reference
        trees[key] = tree
    return trees


def _metadata(relation: Relation) -> dict[str, str]:
    """Return the metadata columns that an expression over a stream's rows may use."""
    return {name: METADATA[name] for name in relation.hidden if name in METADATA}


def _matching(schema: Mapping[str, str], key: str) -> str | None:
    return next((name for name in schema if name.lower() == key.lower()), None)


def _bind_one(
    node: GraphNode,
    path: tuple[str | int, ...],
    mark: ExpressionMark,
    text: str,
    schema: Mapping[str, str],
    guard: _Guards,
    binding: Binding,
    around: Surroundings,
    earlier: Mapping[str, exp.Expr] | None = None,
) -> exp.Expr | None:
    """Bind one expression; returns the tree to use (guarded where it may fail) or None after findings."""
    over = node.node.window(node.config) if mark.kind == "window" else None
    bound, findings = bind_expression(
        str(text), schema, oracle=around.oracle, allow=ALLOWED[mark.kind], params=node.params,
        param_types=node.param_types, env=around.env, now=around.now, over=over,
    )  # fmt: skip
    dotted = ".".join(str(part) for part in path)
    binding.findings.extend(_placed(node, path, dotted, finding) for finding in findings)
    if bound is None:
        return None
    binding.types[dotted] = bound.type
    binding.clock |= bound.clock
    problem = _kind_finding(node, dotted, mark, bound, str(text))
    if problem is not None:
        binding.findings.append(problem)
        return None
    tree = _with_earlier(bound.tree, earlier or {})
    if not bound.may_fail:
        return tree
    if bound.kind == "scalar":
        return guard.guard(tree, dotted)
    return _guard_arguments(tree, guard, dotted)


def _kind_finding(node: GraphNode, dotted: str, mark: ExpressionMark, bound: Bound, text: str) -> Finding | None:
    if mark.condition and bound.type not in ("BOOLEAN", '"NULL"', "NULL"):
        what = f"`{text}` is {bound.type}, but a condition must be true or false"
        hint = "Compare it with something, e.g. `... > 0` or `... IS NOT NULL`."
        return Finding("RNL-EXPR-020", "error", what, hint, Where(node.id, dotted))
    if mark.kind == "aggregate" and bound.kind == "scalar" and bound.columns:
        what = f"`{text}` gives one value per row, but a group needs one value"
        hint = f"Wrap it in an aggregate, e.g. `sum({text})` or `max({text})`."
        return Finding("RNL-EXPR-021", "error", what, hint, Where(node.id, dotted))
    return None


def _with_earlier(tree: exp.Expr, earlier: Mapping[str, exp.Expr]) -> exp.Expr:
    """Replace references to columns that earlier expressions of the field made."""
    if not earlier:
        return tree
    lowered = {name.lower(): reference for name, reference in earlier.items()}

    def swap(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Column) and not part.table and part.name.lower() in lowered:
            return copied(lowered[part.name.lower()])
        return part

    return copied(tree).transform(swap)


def _guard_arguments(tree: exp.Expr, guard: _Guards, label: str) -> exp.Expr:
    """Guard the largest parts of an aggregate or window expression that are computed per row."""
    made = copied(tree)
    for part in _row_parts(made):
        replaced = guard.guard(copied(part), label)
        part.replace(replaced)
    return made


def _row_parts(tree: exp.Expr) -> list[exp.Expr]:
    """Find the arguments of aggregates that are more than a column or a literal."""
    found: list[exp.Expr] = []
    for call_node in list(tree.walk()):
        if not is_aggregate(call_node):
            continue
        for child in call_node.iter_expressions():
            inner = child.this if isinstance(child, exp.Distinct) else child
            if isinstance(inner, (exp.Column, exp.Literal, exp.Star, exp.Order, exp.Distinct, exp.Identifier)):
                continue
            if inner is None or any(is_aggregate(part) for part in inner.walk()):
                continue
            found.append(inner)
    return found


def _finish(name: str, guard: _Guards, binding: Binding) -> None:
    """Put the guarded relation in place of the input; refused rows get their own relation."""
    guard.flush()
    relation = guard.relation
    if not guard.reasons:
        binding.inputs[name] = relation
        return
    ok = all_of(column(hidden).is_(exp.null()).not_() for hidden in guard.reasons)
    reason = exp.Case()
    for hidden, text in guard.reasons.items():
        reason = reason.when(column(hidden).is_(exp.null()), exp.Literal.string(text))
    visible = {column_name: column(column_name) for column_name in relation.columns}
    refused = relation.where(copied(ok).not_()).select({**visible, REASON: copied(reason)})
    binding.inputs[name] = relation.accept(ok, reason)
    binding.rejected = replace(refused, types={**relation.types, REASON: "VARCHAR"})
    binding.failing = guard.texts


def _bind_columns(node: GraphNode, name: str, mark: ColumnMark, binding: Binding) -> None:
    relation = binding.inputs.get(mark.input)
    value = getattr(node.config, name)
    if value is None or not isinstance(relation, Relation):
        return
    names = [value] if isinstance(value, str) else list(value)
    resolved: list[str] = []
    for index, wanted in enumerate(names):
        found = _resolve(relation, str(wanted))
        if found is None:
            path = (name,) if isinstance(value, str) else (name, wanted if mark.keys else index)
            binding.findings.append(_unknown_column(node, path, str(wanted), relation))
        else:
            resolved.append(found)
    if isinstance(value, str):
        binding.bound[name] = resolved[0] if resolved else value
    elif isinstance(value, Mapping):
        binding.bound[name] = dict(zip(resolved, value.values(), strict=False))
    else:
        binding.bound[name] = resolved


def _resolve(relation: Relation, wanted: str) -> str | None:
    if wanted in relation.columns or wanted in _metadata(relation):
        return wanted
    matches = [name for name in relation.columns if name.lower() == wanted.lower()]
    return matches[0] if len(matches) == 1 else None


def _unknown_column(node: GraphNode, path: tuple[str | int, ...], wanted: str, relation: Relation) -> Finding:
    close = difflib.get_close_matches(wanted, relation.columns, n=1, cutoff=0.5)
    shown = ", ".join(relation.columns[:12]) + (", …" if len(relation.columns) > 12 else "")
    hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Columns: {shown}."
    fix = None
    if close and node.path == ("nodes", node.id):
        keyed = isinstance(path[-1], str) and len(path) > 1
        op = "rename" if keyed else "set"
        fix = Fix(f"Use {close[0]}", (Edit(op, (*node.path, "config", *path), close[0]),))
    where = Where(node.id, ".".join(str(part) for part in path))
    return Finding("RNL-COLUMN-001", "error", f"there is no column `{wanted}`", hint, where, fix)


def _placed(node: GraphNode, path: tuple[str | int, ...], dotted: str, finding: Finding) -> Finding:
    """Give a finding of an expression its place, and root its fix at the field."""
    fix = finding.fix
    if fix is not None:
        rooted = node.path == ("nodes", node.id)
        edits = tuple(replace(edit, path=(*node.path, "config", *path)) for edit in fix.edits)
        fix = replace(fix, edits=edits) if rooted else None
    return replace(finding, where=Where(node.id, dotted), fix=fix)


__all__ = ["REASON", "REJECTED", "Binding", "Surroundings", "bind_node"]
