"""Kill -9 of the supervisor and of its worker at any moment: outputs whole, no stray run or process, the next run is right."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from building import fresh_folder

FIRST, _, LAST = os.environ.get("FAULT_SEEDS", "1-10").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)
ROWS = 40_000
PIPELINE = f"""\
runnel: 1
name: killed
params: {{round: {{type: integer, default: 0}}}}
nodes:
  made: {{kind: source.generate, config: {{rows: {ROWS}, columns: {{n: sequence}}}}}}
  marked: {{kind: table.derive, from: made, config: {{columns: {{round: "${{params.round}}", text: "md5(cast(n as VARCHAR))"}}}}}}
  file: {{kind: sink.file, from: marked, config: {{path: out/rows.csv}}}}
  dataset: {{kind: sink.dataset, from: marked, config: {{name: rows, mode: replace}}}}
"""


def command(round_: int) -> list[str]:
    return [sys.executable, "-m", "runnel.cli.main", "run", "killed.runnel.yaml", "--json", "--param", f"round={round_}"]


def run_whole(folder: Path, round_: int) -> dict[str, Any]:
    done = subprocess.run(command(round_), cwd=folder, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def file_round(folder: Path) -> int:
    """The one round whose rows stand in the file; fails when the file is torn."""
    lines = (folder / "out/rows.csv").read_text().splitlines()
    assert len(lines) == ROWS + 1
    found = {line.split(",")[1] for line in lines[1:]}
    assert len(found) == 1
    return int(found.pop())


def dataset_round(folder: Path) -> int:
    done = subprocess.run([sys.executable, "-m", "runnel.cli.main", "datasets", "read", "rows"], cwd=folder,
                          capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert len(lines) == ROWS + 1
    found = {line.split(",")[1] for line in lines[1:]}
    assert len(found) == 1
    return int(found.pop())


def started_by(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=5)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.fixture(scope="module")
def folder():
    with fresh_folder() as made:
        (made / "killed.runnel.yaml").write_text(PIPELINE)
        (made / ".runnel").mkdir()
        run_whole(made, 0)
        yield made


@pytest.mark.row("M-003-21", met_by="runtime/batch.py")
@pytest.mark.parametrize("victim", ["supervisor", "worker"])
def test_a_kill_at_any_moment_leaves_whole_outputs_and_a_project_that_goes_on(folder, victim):
    """Every moment of the run gets its turn; what is left is checked after each kill, the next run at the end."""
    before = file_round(folder), dataset_round(folder)
    begun = time.monotonic()
    run_whole(folder, 1)
    length = time.monotonic() - begun
    before = (1, 1)
    for seed in SEEDS:
        round_ = 100 + seed
        process = subprocess.Popen(command(round_), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        moment = random.Random(f"{victim}{seed}").uniform(0.2, 1.0) * length
        time.sleep(moment)
        children = started_by(process)
        if victim == "supervisor":
            os.kill(process.pid, signal.SIGKILL)
        else:
            for child in children[-1:]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        _, errors = process.communicate(timeout=60)
        assert b"Traceback" not in errors, errors.decode()
        assert gone(children), (victim, seed, moment)
        now = file_round(folder)
        assert now in (before[0], round_), (victim, seed, moment)
        before = (now, before[1])
    assert dataset_round(folder) in {0, 1, *(100 + seed for seed in SEEDS)}
    run_whole(folder, 999)
    assert (file_round(folder), dataset_round(folder)) == (999, 999)
    listed = json.loads(subprocess.run([sys.executable, "-m", "runnel.cli.main", "runs", "list", "--limit", "100", "--json"],
                                       cwd=folder, capture_output=True, check=True).stdout)["runs"]  # fmt: skip
    assert [run["run_id"] for run in listed if run["status"] in ("running", "pending")] == []
    assert [part for part in (folder / "out").iterdir() if part.name.endswith(".part")] == []
    assert list((folder / ".runnel/runs").glob("*/staging/*")) == []


def test_the_run_that_was_killed_is_named_by_the_next_start(folder):
    process = subprocess.Popen(command(500), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    known = set((folder / ".runnel/runs").iterdir())
    until = time.monotonic() + 30
    while set((folder / ".runnel/runs").iterdir()) == known and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run(command(501), cwd=folder, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0
    assert b"its process is gone" in done.stderr


def small_disk(folder: Path) -> bool:
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False)
    return made.returncode == 0


BIG = """\
runnel: 1
name: big
nodes:
  made: {kind: source.generate, config: {rows: 400000, columns: {n: sequence, u: uuid}}}
  file: {kind: sink.file, from: made, config: {path: out/rows.csv}}
"""


def limited_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.parametrize("place", ["out", ".runnel"])
def test_a_full_disk_is_a_clear_error_and_the_old_output_stays_whole(place):
    with fresh_folder() as made:
        for name in ("out", ".runnel"):
            (made / name).mkdir()
        mounted = small_disk(made / place)
        try:
            (made / "out/rows.csv").write_text("old\n")
            (made / "big.runnel.yaml").write_text(BIG)
            done = subprocess.run([sys.executable, "-m", "runnel.cli.main", "run", "big.runnel.yaml"], cwd=made, timeout=120,
                                  capture_output=True, check=False, preexec_fn=None if mounted else limited_files)  # fmt: skip
            said = done.stderr.decode()
            assert done.returncode in (1, 5, 6), said
            assert "Traceback" not in said
            assert any(word in said for word in ("space", "disk is full", "too large")), said
            assert (made / "out/rows.csv").read_text() == "old\n"
            assert [path.name for path in (made / "out").iterdir()] == ["rows.csv"]
        finally:
            if mounted:
                subprocess.run(["umount", str(made / place)], check=False)
