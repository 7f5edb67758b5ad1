"""G9: twice the rows, twice the nodes; a file five times the memory limit."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import data
from benchmarks.g1_batch import pipeline
from runnel.api import Pipeline, _project
from runnel.compiler.compile import Compiler
from runnel.engines.duckdb.oracle import DuckOracle

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def _chain(folder: Path, nodes: int) -> Pipeline:
    made = Pipeline("chain", folder=folder)
    columns = {f"c{index}": index for index in range(10)}
    last = made.add("source.rows", "rows", rows=[columns])
    for index in range(nodes - 1):
        name = f"c{index % 10}"
        if index % 3 == 2:
            last = made.add("table.filter", f"n{index}", from_=last, where=f"{name} >= 0")
        else:
            last = made.add("table.derive", f"n{index}", from_=last, columns={name: f"{name} + 1"})
    return made


def _compile_seconds(folder: Path, nodes: int) -> float:
    made = _chain(folder, nodes)
    project = _project(folder)
    document = made.document
    found: list[float] = []
    for _ in range(5):
        compiler = Compiler(project.catalog, DuckOracle(), project.load)
        begun = time.perf_counter()
        compiled = compiler.compile(document, folder=str(folder), prober=project.probing, now=NOW)
        compiled.plan()
        found.append(time.perf_counter() - begun)
        assert compiled.valid
    return statistics.median(found)


def main() -> list[str]:
    lines = [
        "## G9: scaling",
        "",
        "Command: `make bench NAME=g9_scaling`. Medians of three (rows) and five (nodes).",
        "",
    ]
    lines += ["| what | seconds | ratio to the row above |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".runnel").mkdir()
        before = 0.0
        for rows in (10_000_000, 20_000_000, 40_000_000):
            made = pipeline(folder, data.orders(rows), data.customers(), "edges")
            found: list[float] = []
            for _ in range(4):
                begun = time.perf_counter()
                assert made.run(cache=False).status == "success"
                found.append(time.perf_counter() - begun)
            took = statistics.median(found[1:])
            lines.append(
                f"| {rows // 1_000_000}M rows, G1 pipeline | {took:.2f} | {f'{took / before:.2f}' if before else ''} |"
            )
            before = took
        before = 0.0
        for nodes in (50, 100, 200):
            took = _compile_seconds(folder, nodes)
            lines.append(
                f"| compile {nodes} nodes of 10 columns | {took:.3f} | {f'{took / before:.2f}' if before else ''} |"
            )
            before = took
        lines.append(_spilling(folder))
    return lines


def _spilling(folder: Path) -> str:
    """Filter, join, aggregate by a wide key and sort a file five times the memory limit."""
    file = data.orders(40_000_000)
    limit = file.stat().st_size // 5
    made = Pipeline("spill", folder=folder)
    made.settings(memory=f"{limit // 2**20}MiB")
    read = made.add("source.file", "orders", path=str(file))
    other = made.add("source.file", "customers", path=str(data.customers()))
    kept = made.add("table.filter", "kept", from_=read, where="status <> 'open'")
    joined = made.add("table.join", "joined", from_={"left": kept, "right": other}, on=["customer_id"])
    totals = made.add("table.aggregate", "totals", from_=joined, group_by=["customer_id", "country", "day"],
                      values={"revenue": "sum(price * quantity)"})  # fmt: skip
    ordered = made.add("table.sort", "ordered", from_=totals, by=["-revenue"])
    made.add("sink.file", "saved", from_=ordered, path=str(folder / "spill.parquet"))
    begun = time.perf_counter()
    result = made.run(cache=False)
    took = time.perf_counter() - begun
    words = result.status if result.error is None else str(result.error)
    return f"| filter, join, aggregate, sort of {file.stat().st_size / 1e9:.1f} GB in {limit / 1e6:.0f} MB: {words} | {took:.1f} | |"
