"""A stream for a long time under faults: exact at the end, and memory, files and threads are what they were (R29).

`make faults NAME=soak FAULT_MINUTES=120` runs two hours; the short form a fraction of a minute. Its process is killed in the first
tenth only, and watched over the later half of its life. Memory is what it holds at least in each minute: between two epochs it is some
mebibytes more or less. It is warm within the hour: until then the engine keeps the handles of up to 37,000 blocks that are gone (208
bytes each; its queue of what may be evicted is swept no earlier), and SQLite fills its page cache.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress

import psutil
import pytest
from faulting import Tally, connect, epoch_of, expected_windows, finish, lines_of, seeds, streaming, wait, windows
from proxies import proxied, rows_of_table
from stream_lives import pipeline, rows_of_dataset

from building import fresh_folder

SECONDS = 60 * float(os.environ.get("FAULT_MINUTES", "0.1"))
RATE = 5_000
EVERY_SECONDS = 30.0 if SECONDS > 120 else 5.0
SINKS = """\
  lines: {kind: sink.file, from: totals, config: {path: out.ndjson}}
  table: {kind: sink.postgres, from: totals, config: {connection: store, table: TABLE}}
"""


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of a line through points: units per hour."""
    if len(points) < 3:
        return 0.0
    middle = sum(x for x, _ in points) / len(points)
    mean = sum(y for _, y in points) / len(points)
    over = sum((x - middle) ** 2 for x, _ in points)
    return 3600 * sum((x - middle) * (y - mean) for x, y in points) / over


class Watched:
    """The memory, files and threads of one process, over the later half of its life."""

    LEAST_OF_SECONDS = 60.0

    def __init__(self) -> None:
        self.pid: int | None = None
        self.memory: list[tuple[float, float]] = []
        self.handles: list[tuple[float, float]] = []
        self.most = 0.0

    def look(self, process: psutil.Process | None) -> None:
        """Look at it now; another process than before begins anew."""
        if process is None:
            return
        with suppress(psutil.NoSuchProcess):
            memory, handles = process.memory_info().rss / 2**20, process.num_fds() + process.num_threads()
            if process.pid != self.pid:
                self.pid, self.memory, self.handles = process.pid, [], []
            now = time.monotonic()
            if self.memory and now - self.memory[-1][0] < self.LEAST_OF_SECONDS:
                began, least = self.memory.pop()
                self.memory.append((began, min(least, memory)))
            else:
                self.memory.append((now, memory))
            self.handles.append((now, handles))
            self.most = max(self.most, memory)

    @property
    def memory_slope(self) -> float:
        """Mebibytes an hour."""
        return round(slope(self.memory[len(self.memory) // 2 :]), 2)

    @property
    def handles_slope(self) -> float:
        """Files and threads an hour."""
        return round(slope(self.handles[len(self.handles) // 2 :]), 2)


@pytest.mark.timeout(int(SECONDS) + 600)
@pytest.mark.parametrize("seed", seeds("1"))
def test_a_stream_that_runs_for_long_under_faults_stays_exact_and_takes_no_more_than_at_first(
    seed, postgres_server, toxiproxy, tally: Tally
):
    random_ = random.Random(seed)
    events = int(RATE * SECONDS)
    done: dict[str, int] = {}
    with fresh_folder() as folder, proxied(toxiproxy, postgres_server) as proxy:
        sinks = SINKS.replace("TABLE", proxy.table)
        path = pipeline(folder, windows(events, sinks, rate=RATE))
        connect(folder, "store", "postgres", **proxy.options)
        with streaming(path) as one:
            wait(lambda: epoch_of(folder, "killed") > 2)
            end, fault_at = time.monotonic() + SECONDS, time.monotonic() + EVERY_SECONDS
            watched = {"stream": Watched(), "worker": Watched()}
            while time.monotonic() < end:
                watched["stream"].look(psutil.Process(one.process.pid))
                watched["worker"].look(one.worker())
                if time.monotonic() >= fault_at:
                    fault_at += EVERY_SECONDS
                    kinds = ["cut", "slow", "reset"] if end - time.monotonic() < 0.9 * SECONDS else ["kill", "cut", "slow", "reset"]
                    kind = random_.choice(kinds)
                    done[f"of_{kind}"] = done.get(f"of_{kind}", 0) + 1
                    if kind == "kill" and (worker := one.worker()) is not None:
                        with suppress(psutil.NoSuchProcess):
                            worker.kill()
                    elif kind == "cut":
                        proxy.cut()
                    elif kind == "slow":
                        proxy.poison("latency", latency=300, jitter=100)
                    else:
                        proxy.poison("reset_peer", timeout=20)
                    time.sleep(random_.uniform(0.5, 2.0))
                    proxy.mend()
                    tally.cases += 1
                time.sleep(min(1.0, SECONDS / 30))
            one.process.terminate()
            assert one.report(90)["how"] == "drained"
        pipeline(folder, windows(events, sinks))
        finish(path, 600)
        wanted = expected_windows(events)
        tally.compare(wanted, rows_of_dataset(folder, "totals"))
        tally.compare(wanted, lines_of(folder / "out.ndjson"))
        tally.compare(wanted, rows_of_table(postgres_server, proxy.table))
    for name, process in watched.items():
        tally.note(**{f"most_mebibytes_an_hour_of_{name}": process.memory_slope, f"most_handles_an_hour_of_{name}": process.handles_slope,
                      f"most_mebibytes_of_{name}": process.most})  # fmt: skip
    tally.note(minutes=round(SECONDS / 60, 1), **done)
    if SECONDS >= 1_200:
        for name, process in watched.items():
            assert process.memory_slope <= 5, f"the memory of the {name} grows"
            assert process.handles_slope <= 4, f"files or threads of the {name} grow"
    tally.clean()
