"""G3: two lanes beside one, from durable logs on the same cores and without a broker."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.g3_kafka import RUNNER, where_the_time_goes
from benchmarks.kafka_events import lines
from runnel.app.ingesting import log_name
from runnel.store.log.durable import DurableLog
from runnel.store.log.framing import Framing
from runnel.store.log.outcomes import LogOptions

EVENTS, ROUNDS = int(os.environ.get("BENCH_EVENTS", "8000000")), int(os.environ.get("BENCH_ROUNDS", "5"))
PER_REQUEST = 1000
ONE_CORE = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
CONTENDERS = {"1, held to one core": (1, ONE_CORE), "1": (1, ""), "2": (2, "")}
PIPELINE = """\
runnel: 1
name: g3
nodes:
  a: {kind: source.ingest, config: SOURCE}
  b: {kind: source.ingest, config: SOURCE}
  both: {kind: table.union, from: [a, b]}
  large: {kind: table.filter, from: both, config: {where: amount >= 100}}
  seconds: {kind: stream.window, from: large, config: {size_seconds: 1, group_by: [user], values: {n: count(*), total: sum(amount)}}}
  saved: {kind: sink.dataset, from: seconds, config: {name: g3, mode: append}}
settings: {lanes: LANES}
""".replace("SOURCE", "{format: ndjson, columns: {user: VARCHAR, amount: BIGINT, ts: BIGINT}, event_time: ts, watermark_delay_seconds: 60}")


def fill(home: Path, source: str, first: int) -> None:
    """Write half of the events into the log of a source, as requests of a thousand."""
    log = DurableLog(home / "logs" / log_name("g3", source), LogOptions(max_bytes=10**12))
    made = lines(200_000, seed=7 + first)
    for at in range(0, EVENTS // 2, PER_REQUEST):
        chosen = made[at % len(made) : at % len(made) + PER_REQUEST]
        shift = at // len(made) * (len(made) // 20)
        body = b"".join(_later(line, shift) for line in chosen)
        log.append(body, len(chosen), Framing.LINES)
    log.flush()
    log.close()


def _later(line: bytes, shift: int) -> bytes:
    if not shift:
        return line + b"\n"
    head, _, ts = line[:-1].rpartition(b":")
    return head + b":%d}\n" % (int(ts) + shift)


def run(filled: Path, lanes: int, before: str = "") -> dict[str, Any]:
    """Run the pipeline over copies of the logs; returns seconds, processor seconds and the answer. `before` is run first."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "runnel.toml").touch()
        (folder / "g3.runnel.yaml").write_text(PIPELINE.replace("LANES", str(lanes)))
        shutil.copytree(filled / "logs", folder / ".runnel" / "logs")
        done = subprocess.run([sys.executable, "-c", before + RUNNER, place, "0.5"], check=True, capture_output=True)
        found = json.loads(done.stdout.splitlines()[-1])
        with (folder / "rows.csv").open("wb") as file:
            command = [sys.executable, "-m", "runnel.cli.main", "datasets", "read", "g3", "--format", "csv"]
            subprocess.run(command, cwd=folder, check=True, stdout=file)
        query = f"SELECT count(*), sum(n)::BIGINT, sum(total)::BIGINT FROM read_csv('{folder / 'rows.csv'}')"
        return {**found, "answer": duckdb.sql(query).fetchall()[0]}


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as place:
        for number, source in enumerate(("a", "b")):
            fill(Path(place), source, number)
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
        for _ in range(ROUNDS):
            for name, of in runs.items():
                of.append(run(Path(place), *CONTENDERS[name]))
    assert len({one["answer"] for of in runs.values() for one in of}) == 1
    made = [
        f"## G3: lanes, {EVENTS / 1e6:g}M events of two durable logs, one-second windows of 1,000 users", "",
        "`make bench NAME=g3_lanes`: JSON of some 80 bytes in requests of 1,000, no broker; each run is a new process, its start "
        "included. The answers are equal.", "",
        "| lanes | median s | events/s | µs of processor an event | rounds |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, of in runs.items():
        seconds, cpu = (statistics.median(one[key] for one in of) for key in ("seconds", "cpu"))
        rounds = " ".join(f"{one['seconds']:.1f}" for one in of)
        made.append(f"| {name} | {seconds:.2f} | {EVENTS / seconds / 1e3:,.0f}k | {cpu / EVENTS * 1e6:.2f} | {rounds} |")
    alone, free = (_ratio(runs[name], runs["2"]) for name in ("1, held to one core", "1"))
    made += ["", where_the_time_goes(runs["1"]), ""]
    said = f"Two lanes are {alone:.2f}x as fast as one that is held to one core, and {free:.2f}x as fast as one that is not: its "
    return [*made, said + "two sources are read and decoded beside each other and beside what computes, which fills two cores."]


def _ratio(slow: list[dict[str, Any]], fast: list[dict[str, Any]]) -> float:
    return statistics.median(one["seconds"] / two["seconds"] for one, two in zip(slow, fast, strict=True))


if __name__ == "__main__":
    print("\n".join(main()))
