"""Looking at data: the rows of any port by window, sorted, filtered and searched; counts; charts; what was left out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from runnel.app.chart_exports import as_html
from runnel.app.column_facts import profiled
from runnel.app.desk.calls.analysis import content_keys
from runnel.app.desk.context import DeskContext
from runnel.app.desk.held import outputs_of
from runnel.app.desk.registry import answers
from runnel.app.glancing import glance
from runnel.app.looks import Look, window
from runnel.app.pipelines import InvalidPipelineError, port_of
from runnel.app.port_counts import port_counts, ports_to_count, refusals
from runnel.app.previews import plain_rows, questions
from runnel.app.refusals import refused
from runnel.app.suggesting import suggestions
from runnel.app.typed_charts import chart_of
from runnel.compiler.compile import Compiled
from runnel.errors import RunnelError
from runnel.sdk.chart import Chart
from runnel.sdk.source import Sink, Source

MOST_ROWS = 2_000


@answers("preview")
def preview(context: DeskContext, payload: Mapping[str, Any]) -> bytes:
    """Return a window of the rows of a port, how many there are, and how many match."""
    begun = time.monotonic()
    made, port = port_asked(context, payload)
    look = look_of(payload, 200)
    look = replace(look, limit=min(look.limit, MOST_ROWS))
    found = window(context.project, made, port, look)
    rows, total, matching = found.rows, found.total, found.matching
    head = {
        "columns": found.columns, "total_rows": total, "matching_rows": matching, "offset": look.offset,
        "complete": found.shown == total, "basis": "all", "key": content_keys(made).get(port[0]),
        "node": port[0], "port": port[1], "seconds": round(time.monotonic() - begun, 4),
    }  # fmt: skip
    return orjson.dumps({**head, "rows": orjson.Fragment(rows)})


@answers("glance")
def first_rows(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first rows of a large file that a node reads, from its first megabyte; no columns where none helps."""
    begun = time.monotonic()
    document = context.document(payload)
    node = document.pipeline.nodes.get(str(payload["node"])) if document.pipeline is not None else None
    found = glance(context.project, node, document.folder) if node is not None else None
    made = {"columns": [], "rows": "[]", "notes": [], **(found or {})}
    return {
        **made, "rows": orjson.Fragment(made["rows"]), "basis": "first", "seconds": round(time.monotonic() - begun, 4),
    }  # fmt: skip


@answers("counts")
def counts(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many rows every port has that can be counted; ports whose nodes are broken are left out."""
    made = context.compiled(payload)
    keys = content_keys(made)
    found = port_counts(context.project, made, ports_to_count(made, payload.get("nodes")), keys)
    ports = {".".join(port): {"key": keys[port[0]], **_counted(rows)} for port, rows in found.items()}
    for (shell, port), inner in made.graph.aliases.items():
        if inner in found:
            ports[f"{shell}.{port}"] = {"key": keys.get(shell), **_counted(found[inner])}
    sources = [node for node, _ in found if issubclass(made.graph.nodes[node].node, Source)]
    return {"ports": ports, "refused": refusals(context.project, made, sources, keys)}


def _counted(found: int | RunnelError) -> dict[str, Any]:
    return {"rows": None, "error": found.to_json()} if isinstance(found, RunnelError) else {"rows": found}


@answers("profile")
def profile(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every column's nulls, distinct values, extremes, most frequent values and histogram, over all rows."""
    begun = time.monotonic()
    made, port = port_asked(context, payload)
    schema = dict(made.typed[port[0]].schemas[port[1]])
    wanted = payload.get("columns")
    if wanted:
        schema = {name: type for name, type in schema.items() if name in wanted}
    with questions(context.project, made.plan([port], whole=True)) as ask:
        rows, columns = profiled(ask, schema, quick=True)
    return {
        "rows": rows, "basis": "all", "key": content_keys(made).get(port[0]), "columns": columns,
        "seconds": round(time.monotonic() - begun, 4),
    }  # fmt: skip


@answers("chart")
def chart(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification and the data of a chart node."""
    made = context.sound(payload, str(payload["node"]))
    drawn = chart_of(context.project, made, str(payload["node"]))
    return {**drawn.to_json(), "key": content_keys(made).get(str(payload["node"]))}


@answers("left_out")
def left_out(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node did not pass on: the ports beside its first, with counts, and the reasons of refused rows."""
    node = str(payload["node"])
    made = context.sound(payload, node)
    outputs = outputs_of(made, node)
    parts: list[dict[str, Any]] = []
    for name, port in list(outputs.items())[1:]:
        total = window(context.project, made, port, Look(limit=0)).total
        parts.append({"port": name, "rows": total, "reasons": _reasons(context, made, port)})
    unread = refused(context.project, made, node)
    if unread is not None:
        parts.append(unread.to_json())
    first = next(iter(outputs.values()), None)
    kept = window(context.project, made, first, Look(limit=0)).total if first is not None else None
    return {"node": node, "kept": kept, "parts": parts, "key": content_keys(made).get(node)}


@answers("suggest")
def suggest(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the three likeliest next steps after a node."""
    made, port = port_asked(context, payload)
    node = made.graph.nodes[port[0]]
    if issubclass(node.node, Chart):
        return {"items": []}
    with questions(context.project, made.plan([port], whole=True)) as ask:
        rows, facts = profiled(ask, dict(made.typed[port[0]].schemas[port[1]]), quick=True)
    return {"items": [{**step, "from": ".".join(port)} for step in suggestions(node.kind, facts, rows)]}


def _reasons(context: DeskContext, made: Compiled, port: tuple[str, str]) -> list[dict[str, Any]]:
    """Count the refused rows of a port by their reason, where the port names one."""
    columns = made.typed[port[0]].schemas[port[1]]
    named = next((name for name in ("_reason", "reason", "_rule") if name in columns), None)
    if named is None:
        return []
    with questions(context.project, made.plan([port], whole=True)) as ask:
        _, text = ask(f'SELECT "{named}", count(*) FROM "the rows" GROUP BY 1 ORDER BY 2 DESC LIMIT 50')
    return [{"reason": row[0], "count": row[1]} for row in plain_rows(["VARCHAR", "BIGINT"], text)]


def look_of(payload: Mapping[str, Any], limit: int) -> Look:
    """Return the window, order, filter and search of a payload; `limit` holds where it names none."""
    asked = payload.get("limit")
    return Look(
        offset=max(0, int(payload.get("offset") or 0)), limit=max(0, int(asked if asked is not None else limit)),
        sort=tuple((str(item["column"]), bool(item.get("descending"))) for item in payload.get("sort") or ()),
        where=payload.get("where") or None, search=payload.get("search") or None,
        columns=tuple(payload["columns"]) if payload.get("columns") else None,
        strings=payload.get("numbers") == "string",
    )  # fmt: skip


def port_asked(context: DeskContext, payload: Mapping[str, Any]) -> tuple[Compiled, tuple[str, str]]:
    """Return the compiled document and the port that a payload names; for a sink, the port that it takes."""
    node = str(payload["node"])
    made = context.sound(payload, node)
    if node in made.graph.nodes and issubclass(made.graph.nodes[node].node, Sink) and made.graph.into(node):
        edge = made.graph.into(node)[0]
        return made, (edge.source, edge.output)
    ref = f"{node}.{payload['port']}" if payload.get("port") else node
    port = port_of(made, ref)
    if port[1] not in made.typed[port[0]].schemas:
        raise InvalidPipelineError(_of(made.findings, port[0]))
    return made, port


def _of(findings: Sequence[Any], node: str) -> tuple[Any, ...]:
    errors = [found for found in findings if found.severity == "error"]
    return tuple(sorted(errors, key=lambda found: found.where.node != node))


@answers("charts")
def charts(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return every chart of a pipeline that can be drawn; the others with what is wrong."""
    made = context.compiled(payload)
    keys = content_keys(made)
    drawn: list[dict[str, Any]] = []
    broken: list[dict[str, Any]] = []
    for id, node in made.graph.nodes.items():
        if not issubclass(node.node, Chart) or (payload.get("nodes") and id not in payload["nodes"]):
            continue
        try:
            drawn.append({**chart_of(context.project, context.sound(payload, id), id).to_json(), "key": keys[id]})
        except RunnelError as error:
            broken.append({"node": id, "error": error.to_json()})
    return {"charts": drawn, "broken": broken}


@answers("chart_page")
def chart_page(context: DeskContext, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored charts as one page that needs nothing else."""
    return {"html": as_html(str(payload["title"]), payload.get("moment"), payload["charts"])}
