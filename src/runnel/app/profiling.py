"""Profiles: what the columns of a table hold, over all rows, exactly (distinct counts from 100,000 on are estimates)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines
from runnel.app.pipelines import Document
from runnel.app.previews import Questions, questions
from runnel.model.document import NodeDoc, Pipeline
from runnel.model.saving import to_yaml

if TYPE_CHECKING:
    from runnel.app.project import Project

TOP = 5
BINS = 20
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "DECIMAL", "FLOAT", "DOUBLE")


def profile_file(project: Project, path: str) -> dict[str, Any]:
    """Profile a data file."""
    node = NodeDoc("data", "source.file", {"path": str(Path(path).resolve())})
    pipeline = Pipeline(name="profile", nodes={"data": node})
    document = Document(pipeline, (), str(project.root), None, to_yaml(pipeline))
    return _profile(project, document, "data", {})


def profile_port(project: Project, path: str, ref: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Profile a port of a pipeline."""
    return _profile(project, pipelines.read(path), ref, params)


def _profile(project: Project, document: Document, ref: str, params: Mapping[str, Any]) -> dict[str, Any]:
    compiled = pipelines.runnable(project, document, params)
    port = pipelines.port_of(compiled, ref)
    schema = compiled.typed[port[0]].schemas[port[1]]
    with questions(project, compiled.plan([port], whole=True)) as ask:
        rows = _rows(ask, "SELECT count(*) FROM ({query}) AS profiled")[0][0]
        columns = [_column(ask, name, type) for name, type in schema.items()]
    return {"rows": rows, "columns": columns}


def _rows(ask: Questions, template: str) -> list[list[Any]]:
    _, text = ask(template)
    return json.loads(text, parse_float=Decimal)


def _column(ask: Questions, name: str, type: str) -> dict[str, Any]:
    column = '"' + name.replace('"', '""') + '"'
    numeric = type.startswith(NUMBERS) and not type.endswith("]")
    mean = (
        f"avg(TRY_CAST({column} AS DOUBLE)) FILTER (WHERE isfinite(TRY_CAST({column} AS DOUBLE)))"
        if numeric
        else "NULL"
    )
    facts = _rows(
        ask,
        f"SELECT count(*) - count({column}), count(DISTINCT CAST({column} AS VARCHAR)), min({column}), max({column}), {mean} "
        "FROM ({query}) AS profiled",
    )[0]
    top = _rows(
        ask,
        f"SELECT {column}, count(*) AS n FROM ({{query}}) AS profiled WHERE {column} IS NOT NULL "
        f"GROUP BY 1 ORDER BY n DESC, CAST({column} AS VARCHAR) LIMIT {TOP}",
    )
    return {
        "name": name, "type": type, "nulls": facts[0], "distinct": facts[1], "min": _plain(facts[2]),
        "max": _plain(facts[3]), "mean": float(facts[4]) if facts[4] is not None else None,
        "top": [{"value": _plain(value), "count": count} for value, count in top],
        "histogram": _histogram(ask, column) if numeric else [],
    }  # fmt: skip


def _histogram(ask: Questions, column: str) -> list[dict[str, Any]]:
    found = _rows(
        ask,
        f"WITH v AS (SELECT TRY_CAST({column} AS DOUBLE) AS x FROM ({{query}}) AS profiled), "
        "f AS (SELECT x FROM v WHERE isfinite(x)), r AS (SELECT min(x) AS low, max(x) AS high FROM f) "
        f"SELECT low + bin * (high - low) / {BINS}, low + (bin + 1) * (high - low) / {BINS}, count(*) FROM "
        f"(SELECT low, high, CASE WHEN high = low THEN 0 ELSE least(floor((x - low) / (high - low) * {BINS}), {BINS - 1}) END "
        "AS bin FROM f, r) GROUP BY low, high, bin ORDER BY bin",
    )
    return [{"from": float(low), "to": float(high), "count": count} for low, high, count in found]


def _plain(value: Any) -> Any:
    """Return a value that JSON holds; a number with a fraction keeps its digits."""
    import orjson

    return orjson.Fragment(str(value)) if isinstance(value, Decimal) else value
