"""G7: from submit in a live supervisor to the first task's durable running row; a 20-node diamond; cold commands."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from runnel.api import Pipeline, _project
from runnel.app import runs
from runnel.store.runs import RunJournal


def _small(folder: Path) -> Pipeline:
    made = Pipeline("small", folder=folder)
    made.add("source.rows", "rows", rows=[{"a": 1}])
    return made


def _diamond(folder: Path) -> Pipeline:
    made = Pipeline("diamond", folder=folder)
    left = right = made.add("source.rows", "rows", rows=[{"a": 1, "b": 2}])
    for index in range(9):
        left = made.add("table.derive", f"left_{index}", from_=left, columns={f"l{index}": "a + 1"})
        right = made.add("table.derive", f"right_{index}", from_=right, columns={f"r{index}": "b + 1"})
    made.add("table.join", "joined", from_={"left": left, "right": right}, on=["a"])
    return made


def _first_row(made: Pipeline, rounds: int) -> list[float]:
    """Return seconds from submit to the return of the first task's durable row, compiled before."""
    found: list[float] = []
    original = RunJournal.task_started
    begun = [0.0]

    def noting(journal: RunJournal, task: str, nodes: tuple[str, ...]) -> None:
        original(journal, task, nodes)
        if begun[0]:
            found.append(time.perf_counter() - begun[0])
            begun[0] = 0.0

    RunJournal.task_started = noting  # type: ignore[method-assign]
    try:
        project = _project(made.folder)
        document = made._as_document()
        compiled = runs.runnable(project, document)
        for index in range(rounds + 3):
            begun[0] = time.perf_counter()
            runs.run_compiled(project, document, compiled, runs.RunOptions(use_cache=False))
            if index < 3:
                found.clear()
    finally:
        RunJournal.task_started = original  # type: ignore[method-assign]
    return found


def _whole(made: Pipeline, rounds: int) -> list[float]:
    project = _project(made.folder)
    document = made._as_document()
    compiled = runs.runnable(project, document)
    found: list[float] = []
    for index in range(rounds + 3):
        begun = time.perf_counter()
        report = runs.run_compiled(project, document, compiled, runs.RunOptions(use_cache=False))
        assert report.status == "success"
        if index >= 3:
            found.append(time.perf_counter() - begun)
    return found


def _command(*arguments: str, folder: Path) -> float:
    program = str(Path(sys.executable).parent / "runnel")
    found: list[float] = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=True)
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".runnel").mkdir()
        first = _first_row(_small(folder), 30)
        diamond = _whole(_diamond(folder), 20)
        _diamond(folder).save(folder / "diamond.runnel.yaml")
        version = _command("version", folder=folder)
        validate = _command("validate", "diamond.runnel.yaml", folder=folder)
        cold = _command("run", "diamond.runnel.yaml", "--no-cache", folder=folder)
    rows = [
        ("submit → first durable running row, plan cached", statistics.median(first), "≤ 20 ms"),
        ("20-node diamond, whole run, durable, plan cached", statistics.median(diamond), "≤ 60 ms"),
        ("`runnel version`, new process", version, "≤ 150 ms"),
        ("`runnel validate` of 20 nodes, new process", validate, "≤ 600 ms"),
        ("`runnel run` of the diamond, new process, cold", cold, "reported"),
    ]
    lines = [
        "## G7: latency",
        "",
        "Command: `make bench NAME=g7_latency`. Medians.",
        "",
        "| what | ms | goal |",
        "|---|---|---|",
    ]
    return lines + [f"| {what} | {seconds * 1000:.1f} | {goal} |" for what, seconds, goal in rows]
