"""A source with a log of its own, as a stream uses it: opened, polled, released, closed; and killed as a process."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from runnel.sdk.egress import EgressPolicy
from runnel.sdk.streaming import UNKNOWN_END, Position, StreamContext
from runnel.store.log.project import ProjectLogs


class Lived:
    """One life of a source: rows decoded in order, with the reasons of refused records."""

    def __init__(
        self, kind: type[Any], config: Mapping[str, Any], home: Path, connections: Mapping[str, Any], node: str = "feed"
    ) -> None:
        self.context = StreamContext(
            "p", node, f"runnel-p-{node}", str(home), str(home), connections, logs=ProjectLogs(home), egress=EgressPolicy(False)
        )
        self.duck = duckdb.connect(":memory:", config={"threads": "1"})
        self.duck.execute("SET TimeZone = 'UTC'")
        self.source = kind(kind.Config.model_validate(dict(config)), {}, node)
        self.source.outside = self.context
        self.probe = self.source.probe(self.duck, str(home))
        self.source.outside = None
        self.reader = self.source.reader(self.context, self.probe)
        self.decoder = self.source.decoder(self.probe, self.probe.columns)
        self.rows: list[dict[str, Any]] = []
        self.reasons: list[str] = []
        self.positions: dict[str, Position | None] = {}

    def __enter__(self) -> Lived:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.reader.close()
        self.duck.close()

    def open(self, positions: Mapping[str, Position | None] | None = None) -> Lived:
        names = list(dict.fromkeys([*(positions or {}), *self.reader.partitions()]))
        self.positions = {name: (positions or {}).get(name) for name in names}
        self.reader.open(self.positions)
        return self

    def take(self, most: int = 1000, most_bytes: int = 1 << 24, wait: float = 0.1) -> int:
        """Poll once; returns how many rows there are now."""
        fresh = [name for name in self.reader.partitions() if name not in self.positions]
        if fresh:
            self.positions.update(dict.fromkeys(fresh))
            self.reader.open(self.positions)
        for one in self.reader.poll(most_bytes, most, wait):
            self.positions[one.partition] = one.position
            if not one.table.num_rows:
                continue
            decoded = self.decoder.decode(self.duck, one.table) if self.decoder else None
            rows = decoded.rows if decoded else one.table
            self.rows.extend({**row, "_partition": one.partition} for row in rows.to_pylist())
            self.reasons.extend(reason for _, reason in (decoded.refused if decoded else ()))
        return len(self.rows)

    def until(self, true: Callable[[], bool], seconds: float = 30, most: int = 1000) -> Lived:
        deadline = time.monotonic() + seconds
        while not true():
            self.take(most)
            assert time.monotonic() < deadline, f"it did not come true; {len(self.rows)} rows, {self.trouble!r}, {self.rows[-3:]}"
        return self

    def rows_until(self, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        self.until(lambda: len(self.rows) + len(self.reasons) >= count, seconds)
        return self.rows

    def to_end(self, seconds: float = 30, most: int = 1000) -> Lived:
        """Read until what was outside when it was opened is read."""
        deadline = time.monotonic() + seconds
        while True:
            ends = self.reader.ends()
            if all(end < UNKNOWN_END for end in ends.values()):
                break
            self.take(most)
            assert time.monotonic() < deadline, f"no end in sight; {self.trouble!r}"
        return self.until(lambda: all((at := self.positions.get(name)) and at.next >= end for name, end in ends.items() if end > 0),
                          seconds, most)  # fmt: skip

    def release(self) -> None:
        self.reader.release({name: at for name, at in self.positions.items() if at is not None})

    @property
    def trouble(self) -> str:
        return getattr(self.reader, "trouble", "")


RUNNEL = [sys.executable, "-m", "runnel.cli.main"]


@contextlib.contextmanager
def running(folder: Path, pipeline: str) -> Iterator[subprocess.Popen[bytes]]:
    """A stream as a person runs it, ended as with Ctrl-C: it drains and goes on from there the next time."""
    log = folder / "stream.out"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*RUNNEL, "run", pipeline], cwd=folder, stdout=out, stderr=out, start_new_session=True
        )  # fmt: skip
    try:
        yield process
        assert process.poll() is None, log.read_text("utf-8")[-3000:]
        process.send_signal(signal.SIGINT)
        process.wait(60)
        assert process.returncode in (0, 130), log.read_text("utf-8")[-3000:]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def rows_of(folder: Path, dataset: str) -> list[dict[str, Any]]:
    """Return the rows of a dataset through the command line; none where it is not there yet."""
    done = subprocess.run([*RUNNEL, "datasets", "read", dataset, "--format", "json"], cwd=folder, capture_output=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []


def eventually(true: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def records_of(folder: Path, node: str) -> int:
    """Return how many records of a source the only stream of a folder has in its checkpoints."""
    done = subprocess.run([*RUNNEL, "stream", "status", "--json"], cwd=folder, capture_output=True, check=False)
    if done.returncode or not (streams := json.loads(done.stdout)["streams"]):
        return 0
    nodes = (streams[0].get("ledger") or {}).get("nodes") or []
    return sum(item.get("records") or 0 for item in nodes if item["node"] == node)
