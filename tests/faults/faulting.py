"""Streams under faults: seeds and sizes from the environment, a stream's own process, its row, and the sum of what was found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psutil
from stream_lives import START, differences

from runnel.connectors.simulate import SimulateSource
from runnel.runtime.stream.checkpoints import Row
from runnel.store.streams import StreamStore

ONE = str(Path(__file__).parent / "one_stream.py")


def seeds(short: str) -> range:
    """The seeds of a run: those of FAULT_SEEDS, or few in the short form."""
    first, _, last = os.environ.get("FAULT_SEEDS", short).partition("-")
    return range(int(first), int(last or first) + 1)


def size(name: str, short: int) -> int:
    """A number from the environment, or the one of the short form."""
    return int(os.environ.get(name, short))


@dataclass
class Tally:
    """What one test found: how many faults it made, and how many records were lost, doubled, wrong, unexplained."""

    name: str
    cases: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    unexplained: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    def compare(self, expected: Counter[Any], actual: Counter[Any]) -> None:
        """Add what differs between two multisets."""
        found = differences(expected, actual)
        self.lost += found["lost"]
        self.doubled += found["doubled"]
        self.wrong += found["wrong"]

    def note(self, **figures: Any) -> None:
        """Add figures that are shown beside; numbers are summed over the seeds, `most_…` are the largest."""
        self.more.update(figures)

    def clean(self) -> None:
        """Fail unless nothing was lost, doubled, wrong or unexplained, in at least one case."""
        found = {name: getattr(self, name) for name in ("lost", "doubled", "wrong", "unexplained")}
        assert not any(found.values()), (found, self.more)
        assert self.cases > 0, "no fault happened"


@dataclass
class OneStream:
    """A stream in a process of its own."""

    path: Path
    process: subprocess.Popen[bytes]

    def worker(self) -> psutil.Process | None:
        """Return the process that computes the stream, where there is one now."""
        return next(iter(self.workers()), None)

    def workers(self) -> list[psutil.Process]:
        """Return the processes whose words go to the stream's logs."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        found = []
        for child in children:
            with suppress(OSError, psutil.NoSuchProcess):
                if "/streams/" in os.readlink(f"/proc/{child.pid}/fd/1"):
                    found.append(child)
        return found

    def wait_for_worker(self, seconds: float = 20) -> psutil.Process:
        """Wait until the stream computes."""
        return wait(lambda: self.worker(), seconds)

    def signal(self, number: int, all: bool = False) -> None:
        """Send a signal to the process, or to it and everything that it started."""
        if not all:
            self.process.send_signal(number)
            return
        for child in [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]:
            with suppress(psutil.NoSuchProcess):
                child.send_signal(number)

    def report(self, seconds: float = 120) -> dict[str, Any]:
        """Wait until it ended; returns what it printed, with its exit code."""
        out, err = self.process.communicate(timeout=seconds)
        text = out.decode().strip()
        made: dict[str, Any] = json.loads(text.splitlines()[-1]) if text.endswith("}") else {"printed": text}
        return {**made, "code": self.process.returncode, "stderr": err.decode()[-6000:]}


@contextmanager
def streaming(path: Path, **options: Any) -> Iterator[OneStream]:
    """Run a stream in a process of its own; whatever is left of it is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, ONE, str(path), json.dumps(options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    one = OneStream(path, process)
    try:
        yield one
    finally:
        if process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                one.signal(signal.SIGKILL, all=True)
            process.wait()


def finish(path: Path, seconds: float = 200, **options: Any) -> dict[str, Any]:
    """Run a stream to the end that its sources have; it must end well."""
    with streaming(path, until_caught_up=True, **options) as one:
        report = one.report(seconds)
    assert report["code"] == 0, report
    assert report["how"] == "finished", report
    return report


def wait(look: Callable[[], Any], seconds: float = 60, pause: float = 0.01) -> Any:
    """Return the first truthy answer of a question that is asked again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause)
    raise AssertionError(f"nothing came within {seconds} s")


def record_of(folder: Path, name: str) -> dict[str, Any]:
    """Return a stream's record; empty before there is one."""
    home = folder / ".runnel"
    if not (home / "streams" / "streams.db").exists():
        return {}
    store = StreamStore.attach(f"sqlite:///{home / 'streams' / 'streams.db'}", home)
    try:
        return store.get(name) or {}
    except Exception:  # noqa: BLE001 - its tables are being made
        return {}
    finally:
        store.close()


def epoch_of(folder: Path, name: str) -> int:
    """Return the last epoch of a stream."""
    return int(record_of(folder, name).get("epoch", 0))


def row_of(folder: Path, name: str) -> Row:
    """Return the row of a stream."""
    record = record_of(folder, name)
    return Row.from_json(record["row"]) if record.get("row") else Row(record.get("incarnation", ""))


def connect(folder: Path, name: str, kind: str, **options: Any) -> None:
    """Add a connection to a project."""
    given = [part for key, value in options.items() for part in ("--option", f"{key}={value}")]
    subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "connections", "add", name, "--kind", kind, *given],
        cwd=folder, input=b"{}", check=True, capture_output=True,
    )  # fmt: skip


def lines_of(path: Path) -> Counter[tuple[Any, ...]]:
    """Return the rows of a file of JSON lines as a multiset; a line that is no JSON is a row of its own."""
    found: Counter[tuple[Any, ...]] = Counter()
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            found[tuple(json.loads(line).items())] += 1
        except ValueError:
            found[("torn", line)] += 1
    return found


def windows(events: int, sinks: str = "", rate: int | None = None, name: str = "killed") -> str:
    """A pipeline: simulated events in three partitions, out of order, into windows by user; `totals` is a dataset."""
    return f"""\
runnel: 1
name: {name}
nodes:
  ticks: {{kind: source.simulate, config: {_config(events, rate)!r}}}
  some: {{kind: table.filter, from: ticks, config: {{where: "v > 10"}}}}
  totals:
    kind: stream.window
    from: some
    config: {{size_seconds: 5, group_by: [user], values: {{n: "count(*)", total: "sum(v)", least: "min(id)", mean: "avg(v)"}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals}}}}
{sinks}""".replace("None", "null")


def _config(events: int, rate: int | None) -> dict[str, Any]:
    return {
        "events": events, "rate_per_second": rate, "start": START, "interval_seconds": 0.001, "partitions": 3,
        "disorder_seconds": 2, "columns": {"id": "sequence", "user": "choice(a,b,c,d)", "v": "integer(1,100)"},
    }  # fmt: skip


def expected_windows(events: int) -> Counter[tuple[Any, ...]]:
    """The windows over all events at once, from the events' own definition."""
    source = SimulateSource(SimulateSource.Config.model_validate(_config(events, None)), {}, "ticks")
    text = source._whole(f"range({events})", ["id", "user", "v"], source._start())
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.execute(f"""
        SELECT "user", strftime(to_timestamp(s), '%Y-%m-%dT%H:%M:%SZ'), strftime(to_timestamp(s + 5), '%Y-%m-%dT%H:%M:%SZ'),
            count(*), sum(v)::BIGINT, min(id), avg(v)
        FROM (SELECT *, floor(epoch(_event_time) / 5) * 5 AS s FROM ({text})) WHERE v > 10 GROUP BY "user", s
    """).fetchall()
    names = ("user", "window_start", "window_end", "n", "total", "least", "mean")
    return Counter(tuple(zip(names, row, strict=True)) for row in rows)
