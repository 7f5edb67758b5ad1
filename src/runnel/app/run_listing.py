"""Runs as lists and details: filtered in the database, paged, and complete also while they go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runnel.store import Store
    from runnel.store.runs import Run, RunStore

LEVELS = {"info": 0, "warning": 1, "error": 2}


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted; times are RFC 3339."""

    pipeline: str | None = None
    status: str | None = None
    search: str | None = None
    since: str | None = None
    until: str | None = None


def listed(runs: RunStore, wanted: RunFilter, titles: Mapping[str, str], place: tuple[int, int]) -> dict[str, Any]:
    """Return one page of the newest runs; `place` is (offset, limit)."""
    offset, limit = place
    names = None
    if wanted.search:
        text = wanted.search.lower()
        names = [name for name, title in titles.items() if text in name.lower() or text in title.lower()]
    found, total = runs.find(
        pipeline=wanted.pipeline, status=wanted.status, since=wanted.since, until=wanted.until, search=wanted.search,
        names=names, offset=offset, limit=limit,
    )  # fmt: skip
    items = [row_of(run, titles) for run in found]
    return {"items": items, "more": offset + limit < total, "total": total}


def row_of(run: Run, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return a run as a row of a list."""
    return {**run.to_json(), "title": titles.get(run.pipeline, run.pipeline), "rows": rows_of(run)}


def rows_of(run: Run) -> int | None:
    """Return how many records a finished run's sources read; None where it is not known."""
    ledger = (run.result or {}).get("ledger") or {}
    counts = [entry.get("records") for entry in ledger.get("nodes", []) if entry.get("records") is not None]
    return sum(counts) if counts else None


def described(store: Store, run_id: str) -> dict[str, Any]:
    """Return everything about a run."""
    run = store.runs.get(run_id)
    tasks = store.runs.tasks(run.id)
    result = dict(run.result or {})
    letters = {row["node"]: row["count"] for row in store.letters.list(None, run.id)}
    nodes = result.get("nodes") or _nodes_so_far(tasks)
    return {
        **run.to_json(), "rows": rows_of(run), "result": {key: value for key, value in result.items() if key != "sources"},
        "tasks": tasks, "nodes": nodes, "edges": result.get("edges", []),
        "ledger": result.get("ledger", {}).get("nodes", []), "dead_letters": letters,
        "outputs": result.get("outputs", []),
    }  # fmt: skip


def _nodes_so_far(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for task in tasks:
        detail = task.get("output_metadata") or {}
        rows = {(node, port): count for node, port, count in detail.get("counts", [])}
        culprit = (detail.get("error") or {}).get("where", {}).get("node")
        for node in task["nodes"]:
            out = [count for (name, _), count in rows.items() if name == node]
            status = node_status(task["status"], task["nodes"], culprit, node)
            made[node] = {"id": node, "status": status, "seconds": task["seconds"] or 0.0,
                          "rows_out": sum(out) if out else None}  # fmt: skip
    return list(made.values())


def node_status(task: str, nodes: Collection[str], culprit: str | None, node: str) -> str:
    """Return how a node of a task ended: where one of its nodes failed, the others were not finished."""
    return "cancelled" if task == "failed" and culprit in nodes and culprit != node else task


def log_lines(
    runs: RunStore, run_id: str, level: str | None, search: str | None, node: str | None, after: int, limit: int
) -> dict[str, Any]:
    """Return log lines with their numbers; `level` is the least severe that is wanted."""
    run = runs.get(run_id)
    least = LEVELS.get(level or "info", 0)
    text = search.lower() if search else None
    items: list[dict[str, Any]] = []
    counts = dict.fromkeys(LEVELS, 0)
    total = 0
    for number, line in enumerate(runs.logs(run.id), 1):
        total = number
        counts[line["level"]] = counts.get(line["level"], 0) + 1
        fits = LEVELS.get(line["level"], 0) >= least and (node is None or line["node"] == node)
        if number > after and fits and (text is None or text in f"{line['node'] or ''} {line['message']}".lower()):
            items.append({"n": number, "time": line["at"], **{key: line[key] for key in ("level", "node", "message")}})
    return {"items": items[:limit], "next": str(items[limit - 1]["n"]) if len(items) > limit else None,
            "total": total, "counts": counts, "running": run.status in ("running", "pending")}  # fmt: skip
