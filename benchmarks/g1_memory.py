"""G1 memory: peak less idle of the process that computes, against the same query written by hand."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks import data
from benchmarks.g1_batch import pipeline
from runnel.api import Pipeline, _project

ROUNDS = 3
HAND = """
import sys, duckdb
from pathlib import Path
from benchmarks.g1_batch import by_hand
from benchmarks.g1_memory import status
duckdb.connect().execute("SELECT 1").fetchall()
idle = status("self", "VmRSS")
by_hand(*map(Path, sys.argv[1:4]))
print(status("self", "VmHWM") - idle)
"""


def status(pid: int | str, name: str) -> int:
    """Return a figure of /proc/PID/status in KiB; 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)


def _by_hand(folder: Path) -> int:
    command = [sys.executable, "-c", HAND, str(folder), str(data.orders()), str(data.customers())]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _ours(made: Pipeline) -> int:
    """Return the peak less idle of the worker, watched from outside while it lives."""
    zygote = psutil.Process(_project(made.folder).workers.zygote.pid)
    idle: dict[int, int] = {}
    peak: dict[int, int] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for child in zygote.children():
                idle.setdefault(child.pid, status(child.pid, "VmRSS"))
                peak[child.pid] = max(peak.get(child.pid, 0), status(child.pid, "VmHWM"))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = made.run(cache=False)
    done.set()
    watcher.join()
    assert result.status == "success", result.error
    return max(peak[pid] - idle[pid] for pid in peak)


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".runnel").mkdir()
        made = {counts: pipeline(folder, data.orders(), data.customers(), counts) for counts in ("edges", "segments")}
        made["edges"].run(cache=False)
        found: dict[str, list[int]] = {"hand-written DuckDB": [], "Runnel, edges": [], "Runnel, segments": []}
        for _ in range(ROUNDS):
            found["hand-written DuckDB"].append(_by_hand(folder))
            for counts, one in made.items():
                found[f"Runnel, {counts}"].append(_ours(one))
    base = statistics.median(found["hand-written DuckDB"])
    lines = ["## G1: memory, 10M-row CSV (560 MB)", ""]
    lines += ["Command: `make bench NAME=g1_memory`. Peak less idle of the computing process; goal ≤ 1.2.", ""]
    lines += ["| contender | median MiB | ratio | rounds |", "|---|---|---|---|"]
    return lines + [
        f"| {name} | {statistics.median(values) / 1024:.0f} | {statistics.median(values) / base:.2f} "
        f"| {' '.join(f'{value / 1024:.0f}' for value in values)} |"
        for name, values in found.items()
    ]
