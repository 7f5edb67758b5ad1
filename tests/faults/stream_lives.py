"""Streams that are killed: started as a person starts them, killed at any instant, started again, and compared with an oracle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from runnel.app.streams.rewinding import is_delivered
from runnel.runtime.stream.checkpoints import Row
from runnel.store.streams import StreamStore

START = "2026-01-01T00:00:00Z"


@dataclass
class Lives:
    """How often a stream was killed, and how it ended."""

    kills: int = 0
    whole: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def pipeline(folder: Path, text: str) -> Path:
    """Write a project with one pipeline."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "runnel.toml").write_text("", "utf-8")
    path = folder / "stream.runnel.yaml"
    path.write_text(text, "utf-8")
    return path


def command(path: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "runnel.cli.main", "run", str(path), "--json", *options]


def until_finished(path: Path, random_: random.Random, most_kills: int, between: tuple[float, float]) -> Lives:
    """Run a stream until it is caught up, and kill its process, or all of its processes, again and again on the way."""
    lives = Lives()
    began = time.monotonic()
    while True:
        process = subprocess.Popen(
            command(path, "--until-caught-up"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        try:
            if _kill_on_the_way(process, random_, lives, most_kills, between):
                if (ledger := _ledger_if_over(path)) is None:
                    continue
                lives.report = {"ledger": ledger}  # another start would be the next incarnation
                return lives
            out, err = process.communicate(timeout=240)
        finally:
            end(process)
        assert process.returncode == 0, f"exit code {process.returncode}: {out.decode()[-3000:]}\n{err.decode()[-3000:]}"
        lives.report = json.loads(out)
        lives.seconds = time.monotonic() - began
        return lives


def _kill_on_the_way(
    process: subprocess.Popen[bytes], random_: random.Random, lives: Lives, most_kills: int, between: tuple[float, float]
) -> bool:
    """Kill workers of a running stream; returns whether at last everything was killed."""
    while lives.kills < most_kills:
        deadline = time.monotonic() + random_.uniform(*between)
        worker = None
        while worker is None or time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            worker = worker or _worker(process.pid, random_)
            time.sleep(0.002)
        lives.kills += 1
        if random_.random() < 0.3:
            lives.whole += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        with suppress(psutil.NoSuchProcess):
            worker.kill()
            worker.wait(10)
    return False


def the_row(folder: Path, name: str) -> Row:
    """The row of a stream, as its store has it."""
    home = folder / ".runnel"
    store = StreamStore.attach(f"sqlite:///{home / 'streams' / 'streams.db'}", home)
    record = store.get(name)
    store.close()
    assert record is not None
    return Row.from_json(record["row"]) if record["row"] else Row(record["incarnation"])


def _ledger_if_over(path: Path) -> dict[str, Any] | None:
    """Return the ledger of a stream that had finished, and delivered everything, when all of its processes were killed."""
    name = yaml.safe_load(path.read_text("utf-8"))["name"]
    row = the_row(path.parent, name)
    if not row.finished or not is_delivered(row.to_json()):
        return None
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "stream", "ledger", name, "--json"], cwd=path.parent, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def kill_when_it_appears(pid: int) -> None:
    """Kill the process of a stream as soon as there is one."""
    deadline = time.monotonic() + 30
    while (worker := _worker(pid, random)) is None:
        assert time.monotonic() < deadline, "the stream has no process"
        time.sleep(0.001)
    worker.kill()
    worker.wait(10)


def _worker(pid: int, random_: Any) -> psutil.Process | None:
    """Return a process that runs the stream: one of those whose words go to the stream's logs."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        found = [child for child in children if "/streams/" in os.readlink(f"/proc/{child.pid}/fd/1")]
    except (psutil.NoSuchProcess, OSError):
        return None
    return random_.choice(found) if found else None


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def rows_of_dataset(folder: Path, name: str) -> Counter[tuple[Any, ...]]:
    """Return the rows of a dataset as a multiset, through the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "datasets", "read", name, "--format", "json"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    return Counter(tuple(row.items()) for row in json.loads(done.stdout))


def differences(expected: Counter[Any], actual: Counter[Any]) -> dict[str, int]:
    """Return how many rows were lost, doubled and wrong."""
    lost = sum((expected - actual).values())
    extra = actual - expected
    doubled = sum(count for row, count in extra.items() if row in expected)
    return {"lost": lost, "doubled": doubled, "wrong": sum(extra.values()) - doubled}
