"""Help while somebody writes: completion, an expression tried on real rows, and what a change does to the rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from runnel.app.column_facts import Column
from runnel.app.desk.calls.analysis import content_keys
from runnel.app.desk.context import DeskContext
from runnel.app.desk.held import inputs_of, outputs_of
from runnel.app.desk.registry import answers
from runnel.app.filtering import as_sql
from runnel.app.looks import Look, quoted, window
from runnel.app.pipelines import InvalidPipelineError, text_of
from runnel.app.previews import questions
from runnel.app.renaming import renames, uses_of
from runnel.compiler.compile import Compiled
from runnel.compiler.expressions.bind import bind_expression
from runnel.compiler.expressions.complete import complete as completions
from runnel.errors import RunnelError
from runnel.model.editing import apply_edits
from runnel.model.findings import Edit

KINDS: Mapping[str, frozenset[Any]] = {
    "scalar": frozenset({"scalar"}),
    "aggregate": frozenset({"scalar", "aggregate"}),
    "window": frozenset({"scalar", "aggregate", "window"}),
}
MOST_VALUES = 30


@answers("complete")
def complete(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may stand at a position of an expression in a node."""
    made, port = _input(context, payload)
    schema = _columns(made, port)
    text, position = str(payload.get("expression") or ""), int(payload.get("position") or 0)
    found = completions(text, position, schema, _Values(context, made, port, schema))
    typed = len(text[:position]) - len(text[:position].rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
    return {
        "from": position - typed,
        "items": [
            {"label": item.label, "kind": item.kind, "detail": item.detail, "insert": item.insert} for item in found[:200]
        ],
    }  # fmt: skip


class _Values(Mapping[str, Sequence[Any]]):
    """The most frequent values of a column, asked for only when a completion needs them."""

    def __init__(self, context: DeskContext, made: Compiled, port: tuple[str, str] | None, schema: Mapping[str, str]) -> None:
        self.context, self.made, self.port, self.schema = context, made, port, schema

    def __getitem__(self, name: str) -> Sequence[Any]:
        if self.port is None or name not in self.schema:
            raise KeyError(name)
        question = (
            f'SELECT {quoted(name)} FROM "the rows" WHERE {quoted(name)} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC '
            f"LIMIT {MOST_VALUES}"
        )
        try:
            with questions(self.context.project, self.made.plan([self.port], whole=True)) as ask:
                _, text = ask(question)
        except RunnelError:
            raise KeyError(name) from None
        return [row[0] for row in json.loads(text)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.schema)

    def __len__(self) -> int:
        return len(self.schema)


@answers("expr")
def expression(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of an expression for the first rows that enter a node, and what is wrong with it."""
    begun = time.monotonic()
    made, port = _input(context, payload)
    schema = _columns(made, port)
    allow = KINDS.get(str(payload.get("allow") or "scalar"), KINDS["scalar"])
    text = str(payload.get("expression") or "")
    bound, findings = bind_expression(
        text, schema, oracle=context.project.compiler.oracle, allow=allow, now=context.project.clock(),
        params=dict(made.params), expect="boolean" if payload.get("expect") == "boolean" else None,
    )  # fmt: skip
    said = [finding.to_json() for finding in findings]
    if bound is None or port is None:
        return {"type": bound.type if bound else None, "columns": [], "rows": [], "findings": said}
    used = list(bound.columns) or list(schema)[:3]
    limit = min(100, int(payload.get("limit") or 5))
    cells = ", ".join(quoted(name) for name in used)
    value = f"TRY({as_sql(bound.tree)})" if bound.kind == "scalar" else as_sql(bound.tree)
    if bound.kind == "aggregate":
        question, used = f'SELECT {value} AS "value" FROM "the rows"', []
    else:
        question = f'SELECT {cells}, {value} AS "value" FROM (SELECT * FROM "the rows" LIMIT {limit}) AS first'
    with questions(context.project, made.plan([port], whole=True)) as ask:
        _, rows = ask(question)
    total = window(context.project, made, port, Look(limit=0)).total
    return {
        "type": bound.type, "kind": bound.kind, "columns": [{"name": name, "type": schema[name]} for name in used],
        "rows": orjson.Fragment(rows), "findings": said, "total_rows": total,
        "seconds": round(time.monotonic() - begun, 4),
    }  # fmt: skip


@answers("delta")
def delta(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compare what a node gives with what it would give with its config of before; None where that was not right."""
    node = str(payload["node"])
    now = context.sound(payload, node)
    text = text_of(context.document(payload))
    before = {**payload, "text": apply_edits(text, [Edit("set", ("nodes", node, "config"), payload["before"])])}
    made = {"before": _totals_before(context, before, node), "after": _totals(context, now, node)}
    inputs = inputs_of(now, node)
    came = window(context.project, now, inputs[0][1], Look(limit=0)).total if inputs else None
    return {**made, "rows_in": came, "key": content_keys(now).get(node)}


def _totals_before(context: DeskContext, payload: Mapping[str, Any], node: str) -> dict[str, Any] | None:
    try:
        earlier = context.sound(payload, node)
    except InvalidPipelineError:
        return None
    return _totals(context, earlier, node)


def _totals(context: DeskContext, made: Compiled, node: str) -> dict[str, Any]:
    """Return rows, and each column's nulls and, for numbers, total."""
    port = next(iter(outputs_of(made, node).values()))
    schema = made.typed[port[0]].schemas[port[1]]
    columns = [Column(index, name, type) for index, (name, type) in enumerate(schema.items())]
    parts = ["count(*)"]
    for column in columns:
        parts.append(f"count(*) - count({column.quoted})")
        parts.append(f"CAST(sum({column.quoted}) AS VARCHAR)" if column.numeric else "NULL")
    named = ", ".join(f"{part} AS t{index}" for index, part in enumerate(parts))
    with questions(context.project, made.plan([port], whole=True)) as ask:
        _, text = ask(f'SELECT {named} FROM "the rows"')
    values = json.loads(text)[0]
    found = [
        {"name": column.name, "type": column.type, "nulls": values[1 + 2 * place], "sum": values[2 + 2 * place]}
        for place, column in enumerate(columns)
    ]
    return {"rows": values[0], "columns": found}


def _input(context: DeskContext, payload: Mapping[str, Any]) -> tuple[Compiled, tuple[str, str] | None]:
    """Return the compiled document and the port whose rows an expression of a node sees; None when there is none."""
    made = context.compiled(payload)
    node = str(payload["node"])
    wanted = payload.get("input")
    ports = [port for name, port in inputs_of(made, node) if wanted is None or name == wanted]
    if not ports:
        return made, None
    port = ports[0]
    item = made.typed.get(port[0])
    return made, port if item is not None and port[1] in item.schemas else None


def _columns(made: Compiled, port: tuple[str, str] | None) -> dict[str, str]:
    return dict(made.typed[port[0]].schemas[port[1]]) if port is not None else {}


@answers("follow")
def follow(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return which columns a node renamed since its config of before, and the edits that rename their later uses."""
    node = str(payload["node"])
    now = context.compiled(payload)
    text = apply_edits(text_of(context.document(payload)), [Edit("set", ("nodes", node, "config"), payload["before"])])
    before = context.compiled({**payload, "text": text})
    if node not in before.typed or node not in now.typed:
        return {"renames": [], "edits": [], "nodes": []}
    found: list[tuple[str, str]] = []
    for port, columns in before.typed[node].schemas.items():
        found += [pair for pair in renames(columns, now.typed[node].schemas.get(port, {})) if pair not in found]
    edits = [edit for old, new in found for edit in uses_of(before, node, old, new)]
    touched = list(dict.fromkeys(str(edit.path[1]) for edit in edits))
    return {
        "renames": [{"from": old, "to": new} for old, new in found], "edits": [edit.to_json() for edit in edits],
        "nodes": touched,
    }  # fmt: skip
