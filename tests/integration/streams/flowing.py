"""Small streams from the command line: a pipeline with simulated events, the program with --json, and waiting for a status."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from building import fresh_folder

SOURCE = """\
  ticks:
    kind: source.simulate
    config: {events: EVENTS, rate_per_second: RATE, start: "2026-01-01T00:00:00Z", interval_seconds: 0.01, partitions: 2,
      columns: {id: sequence, user: "choice(a,b,c)", v: "integer(1,100)"}}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        (made / "runnel.toml").write_text("", "utf-8")
        yield made


def write(folder: Path, nodes: str, events: int | str = 20_000, rate: str = "null", name: str = "flow") -> Path:
    source = SOURCE.replace("EVENTS", str(events)).replace("RATE", rate)
    path = folder / f"{name}.runnel.yaml"
    path.write_text(f"runnel: 1\nname: {name}\nnodes:\n{source}{nodes}", "utf-8")
    return path


def runnel(folder: Path, *arguments: str, code: int = 0) -> Any:
    """Run the program with --json; returns its document."""
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", *arguments, "--json"], cwd=folder, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout.decode()[-3000:] + done.stderr.decode()[-3000:]
    return json.loads(done.stdout) if done.stdout else None


def printed(folder: Path, *arguments: str) -> str:
    """Run the program; returns what it prints for people."""
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", *arguments], cwd=folder, capture_output=True, timeout=120, check=True
    )
    return done.stdout.decode() + done.stderr.decode()


def refused(folder: Path, *arguments: str) -> str:
    """Run the program, which refuses; returns what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", *arguments], cwd=folder, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 3, done.stdout.decode()[-3000:] + done.stderr.decode()[-3000:]
    return done.stderr.decode()


def entry(report: dict[str, Any], node: str) -> dict[str, Any]:
    return next(item for item in report["ledger"]["nodes"] if item["node"] == node)


def wait_for(folder: Path, holds: Any) -> dict[str, Any]:
    """Wait until the status of the stream is as wanted."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = runnel(folder, "stream", "status", "flow")
        if holds(status):
            return status
        time.sleep(0.1)
    raise AssertionError(status)
