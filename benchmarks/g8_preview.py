"""G8: a preview after every node of a 10-node pipeline over a 1M-row CSV, warm."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import data
from runnel.api import Pipeline, _project
from runnel.app import pipelines, previews


def _pipeline(folder: Path) -> Pipeline:
    made = Pipeline("preview", folder=folder)
    read = made.add("source.file", "sales", path=str(data.sales()))
    paid = made.add("table.filter", "paid", from_=read, where="status = 'paid'")
    worth = made.add(
        "table.derive", "worth", from_=paid, columns={"worth": "price * quantity", "month": "date_trunc('month', day)"}
    )
    named = made.add("table.rename", "named", from_=worth, columns={"customer": "client"})
    chosen = made.add("table.drop", "chosen", from_=named, columns=["status"])
    totals = made.add(
        "table.aggregate", "totals", from_=chosen, group_by=["country", "month"], values={"worth": "sum(worth)"}
    )
    ordered = made.add("table.sort", "ordered", from_=totals, by=["-worth"])
    clients = made.add("table.aggregate", "clients", from_=chosen, group_by=["client"], values={"best": "max(worth)"})
    joined = made.add("table.join", "joined", from_={"left": chosen, "right": clients}, on=["client"])
    made.add("table.top_n", "top", from_=joined, rows=5, by=["-worth"], group_by=["country"])
    del ordered
    return made


ROUNDS, WARM = 13, 3


def _rounds(fresh: bool) -> dict[str, list[float]]:
    """Return seconds per node; `fresh` asks for another number of rows each time, so that every answer is computed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".runnel").mkdir()
        made = _pipeline(folder)
        project = _project(folder)
        document = made._as_document()
        taken: dict[str, list[float]] = {node: [] for node in made.nodes}
        for number in range(ROUNDS):
            for node in made.nodes:
                begun = time.perf_counter()
                compiled = pipelines.runnable(project, document)
                port = pipelines.port_of(compiled, node)
                previews.preview(project, compiled, port, 100 + number if fresh else 100)
                if number >= WARM:
                    taken[node].append(time.perf_counter() - begun)
    return taken


def _p95(taken: dict[str, list[float]]) -> tuple[float, float, int]:
    every = sorted(value for values in taken.values() for value in values)
    return statistics.median(every) * 1000, every[int(0.95 * (len(every) - 1))] * 1000, len(every)


def main() -> list[str]:
    again, fresh = _rounds(fresh=False), _rounds(fresh=True)
    lines = [
        "## G8: preview after any node, 1M-row CSV (66 MB), warm",
        "",
        "Command: `make bench NAME=g8_preview`. Compiling is part of each preview. *Computed*: the node's query runs over "
        "kept inputs, as after a change of that node; *again*: a node that was looked at before, unchanged.",
        "",
    ]
    for name, taken in (("computed", fresh), ("again", again)):
        p50, p95, count = _p95(taken)
        lines.append(f"- {name}: p50 {p50:.0f} ms, **p95 {p95:.0f} ms** (goal ≤ 150 ms), {count} previews")
    lines += ["", "| node | computed, median ms | max ms | again, median ms |", "|---|---|---|---|"]
    return lines + [
        f"| {node} | {statistics.median(values) * 1000:.0f} | {max(values) * 1000:.0f} "
        f"| {statistics.median(again[node]) * 1000:.0f} |"
        for node, values in fresh.items()
    ]
