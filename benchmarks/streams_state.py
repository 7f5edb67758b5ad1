"""State by key under load: what an epoch costs in time and memory with millions of keys, and what a restart costs.

Run: `python benchmarks/streams_state.py [--keys 10000000] [--rows 50000] [--epochs 20]`. Prints one line of JSON per case.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from runnel.catalog import Catalog, discover
from runnel.compiler.compile import Compiler
from runnel.engines.duckdb.oracle import DuckOracle
from runnel.engines.duckdb.streaming import DuckStreamEngine
from runnel.model.loading import load_text
from runnel.plan.streams import StatefulStep
from runnel.runtime.stream.clocks import MOMENT
from runnel.runtime.stream.files import StreamFile, write_file
from runnel.runtime.stream.steps import StepRun, Tick
from runnel.sdk.source import Probe
from runnel.sdk.streaming import StreamConfig, StreamSource

COLUMNS = {"key": "VARCHAR", "kind": "VARCHAR", "v": "BIGINT"}
START = 1_780_000_000_000_000
SECOND = 1_000_000
ROWS = 50_000
CASES = {
    "deduplicate": "stream.deduplicate, from: src, config: {keys: [key]}",
    "deduplicate by arrival": "stream.deduplicate, from: src, config: {keys: [key], order: arrival}",
    "changes": "stream.changes, from: src, config: {keys: [key], columns: [kind]}",
    "running": "stream.running, from: src, config: {partition_by: [key], columns: {change: v - lag(v), total: sum(v)}}",
    "session": "stream.session, from: src, config: {gap_seconds: 5, group_by: [key], values: {n: count(*), s: sum(v)}}",
    "pattern": (
        "stream.pattern, from: src, config: {keys: [key], within_seconds: 2, columns: {x: a.v, y: b.v}, steps: "
        "[{name: a, where: \"kind = 'a'\"}, {name: c, where: \"kind = 'c'\", absent: true}, {name: b, where: \"kind = 'b'\"}]}"
    ),
}


class Made(StreamSource):
    """A source that is never read."""

    kind = "source.made"
    title = "Made"
    summary = "Rows of a benchmark"

    class Config(StreamConfig):
        """No settings of its own."""

    def probe(self, connection: Any, folder: str) -> Probe:
        """Return the columns."""
        return Probe(COLUMNS)


def step_of(node: str) -> StatefulStep:
    """Compile a pipeline of the source, the node and a sink; returns the node's step."""
    text = f"""runnel: 1
name: bench
nodes:
  src: {{kind: source.made}}
  w: {{kind: {node}}}
  out: {{kind: sink.dataset, from: w, config: {{name: out, mode: append}}}}
"""
    pipeline, findings = load_text(text)
    assert pipeline is not None, findings
    catalog = Catalog({**discover().nodes, Made.kind: Made})
    made = Compiler(catalog, DuckOracle(), lambda path, folder: (None, (), folder)).compile(
        pipeline, folder=".", prober=lambda node: Probe(COLUMNS), now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert not [finding for finding in made.findings if finding.severity == "error"], made.findings
    return made.stream_plan().steps[0]


def engine() -> DuckStreamEngine:
    """Return an engine as a stream's worker has it."""
    connection = duckdb.connect(":memory:", config={"threads": "1", "disabled_optimizers": "common_subexpressions"})
    connection.execute("SET TimeZone = 'UTC'")
    return DuckStreamEngine(connection)


def batches(step: StatefulStep, keys: int, rows: int, seed: int) -> Iterator[tuple[pa.Table, int]]:
    """Yield batches of rows of random keys, a second each, with the watermark before them."""
    random = np.random.default_rng(seed)
    kinds = pa.array(["a", "b", "c"])
    second = 0
    while True:
        numbers = random.integers(0, keys, rows)
        at = START + second * SECOND + np.sort(random.integers(0, SECOND, rows))
        yield _table(step, numbers, at, kinds.take(pa.array(random.integers(0, 3, rows))), second), START + second * SECOND
        second += 1


def _table(step: StatefulStep, numbers: Any, at: Any, kinds: pa.Array, second: int) -> pa.Table:
    times = pa.array(at).cast(MOMENT)
    position = pa.array(np.arange(len(numbers)) + second * len(numbers))
    known = {
        "key": pa.array(np.char.add("customer-", np.char.zfill(numbers.astype(str), 11))), "kind": kinds,
        "v": pa.array(numbers), "_event_time": times, "_ingest_time": times,
        "_watermark": pa.nulls(len(numbers), MOMENT), "_partition": pa.array(["p0"] * len(numbers)), "_position": position,
    }  # fmt: skip
    types = step.input_columns["input"]
    schema = pa.schema({name: pa.string() for name in types})
    made = {name: known[name] if name in known else pa.nulls(len(numbers), _arrow(types[name])) for name in schema.names}
    return pa.table(made)


_SCHEMAS = engine()


def _arrow(type: str) -> pa.DataType:
    return _SCHEMAS.schema({"x": type}).field(0).type


def fill(run: StepRun, step: StatefulStep, keys: int) -> None:
    """Put every key in, as many at a time as an epoch has."""
    size = min(keys, ROWS)
    for begin in range(0, keys, size):
        numbers = np.arange(begin, min(begin + size, keys))
        at = np.full(len(numbers), START - 10 * SECOND)
        kinds = pa.array(["a"] * len(numbers))
        run.run({"input": _table(step, numbers, at, kinds, 0)}, Tick(None, START - 9 * SECOND, START))
        run.delta()


def measure(name: str, keys: int, rows: int, epochs: int, filled: bool) -> dict[str, Any]:
    """Run epochs of one node over many keys; returns times in milliseconds and memory in megabytes."""
    step = step_of(CASES[name])
    run = StepRun(step, engine())
    if filled:
        fill(run, step, keys)
    before: int | None = START - 9 * SECOND if filled else None
    took: list[float] = []
    written: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (table, watermark) in enumerate(batches(step, keys, rows, 1)):
            if number == epochs + 3:
                break
            begin = time.perf_counter()
            run.run({"input": table}, Tick(before, watermark, watermark))
            middle = time.perf_counter()
            sections, _ = run.delta()
            if sections:
                write_file(Path(folder), f"{number:012d}-0-bench", sections)
            took.append((middle - begin) * 1000)
            written.append((time.perf_counter() - middle) * 1000)
            before = watermark
        restart, base, peak = _restart(run, step, Path(folder))
    kept = sorted(took[3:])
    return {
        "case": name, "keys": keys, "rows": rows, "epochs": epochs, "p50_ms": round(statistics.median(kept), 1),
        "max_ms": round(kept[-1], 1), "delta_p50_ms": round(statistics.median(written[3:]), 1), "kept": run.rows,
        "state_mb": round(run.bytes / 1e6), "base_s": round(base, 2), "restart_s": round(restart, 2),
        "peak_mb": peak,
    }  # fmt: skip


def _restart(run: StepRun, step: StatefulStep, folder: Path) -> tuple[float, float, int]:
    """Write a base, and read it beside; returns the seconds of reading and of writing, and the peak of MB before reading."""
    begin = time.perf_counter()
    file = write_file(folder, "base-bench", run.snapshot())
    base = time.perf_counter() - begin
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    begin = time.perf_counter()
    fresh = StepRun(step, engine())
    fresh.restore(StreamFile(folder, file), run.marks())
    return time.perf_counter() - begin, base, peak


MEASURED = (("deduplicate", 10_000_000), *((name, 1_000_000) for name in CASES))


def main() -> list[str]:
    """Measure every case in a process of its own; returns the part of the results."""
    found: list[dict[str, Any]] = []
    for name, keys in MEASURED:
        command = [sys.executable, "-m", "benchmarks.streams_state", name, "--keys", str(keys)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout.splitlines()[-1]))
    made = [
        "## Streams: nodes that remember keys, epochs of 50,000 rows", "",
        "`make bench NAME=streams_state`: random keys of 20 bytes among so many that are known already, 20 epochs; each case is a "
        "new process. An epoch is the node's work; what changed of its state is written beside it. Asked of 10M keys: "
        "p50 ≤ 100 ms, max ≤ 1 s, restart ≤ 5 s, memory ≤ 1.5 GB.", "",
        "| node | keys | p50 ms | max ms | writing p50 ms | state MB | base s | restart s | peak MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in found:
        parts = ("p50_ms", "max_ms", "delta_p50_ms", "state_mb", "base_s", "restart_s", "peak_mb")
        made.append(f"| {one['case']} | {one['keys']:,} | " + " | ".join(f"{one[part]:,}" for part in parts) + " |")
    return made


def command() -> None:
    """Measure every case, or the named ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--empty", action="store_true", help="begin without keys")
    options = parser.parse_args()
    for name in options.cases:
        print(json.dumps(measure(name, options.keys, options.rows, options.epochs, not options.empty)), flush=True)


if __name__ == "__main__":
    command()
