"""What a stream costs while nothing comes, and how long it is away when its process or its server is killed."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from running import Running, running, start, until  # noqa: E402

STREAMS, QUIET, KILLS = int(os.environ.get("BENCH_STREAMS", "8")), float(os.environ.get("BENCH_SECONDS", "60")), 7
QUIET_ONE = """\
runnel: 1
name: NAME
nodes:
  events: {kind: source.ingest, config: {format: ndjson, columns: {user: VARCHAR, v: BIGINT}}}
  some: {kind: table.filter, from: events, config: {where: v > 0}}
  minutes: {kind: stream.window, from: some, config: {size_seconds: 60, group_by: [user], values: {n: count(*)}}}
  saved: {kind: sink.dataset, from: minutes, config: {name: NAME, mode: append}}
"""
BUSY_ONE = """\
runnel: 1
name: busy
nodes:
  events: {kind: source.simulate, config: {rate_per_second: 2000, columns: {id: sequence, user: "choice(a,b,c)", v: "integer(1,100)"}}}
  seconds: {kind: stream.window, from: events, config: {size_seconds: 1, group_by: [user], values: {n: count(*)}}}
  saved: {kind: sink.dataset, from: seconds, config: {name: busy, mode: append}}
"""


def processes(server: Running) -> list[psutil.Process]:
    """Return the server and everything that it started."""
    whole = psutil.Process(server.process.pid)
    return [whole, *whole.children(recursive=True)]


def pss(server: Running) -> float:
    """Return the memory of all processes, each shared page once, in MB."""
    return sum(process.memory_full_info().pss for process in processes(server)) / 1e6


def cpu(server: Running) -> float:
    """Return the processor seconds of all processes."""
    return sum(sum(process.cpu_times()[:2]) for process in processes(server))


def idle() -> dict[str, float]:
    """Start streams one after the other, and measure what each adds and what all take while nothing comes."""
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as server:
        first = "s0"
        server.post("/pipelines", {"name": first, "document": QUIET_ONE.replace("NAME", first)})
        server.post(f"/streams/{first}/start")
        until(lambda: runs(server, first), 60)
        time.sleep(10)
        none, base = server_only(server), pss(server)
        for number in range(1, STREAMS):
            name = f"s{number}"
            server.post("/pipelines", {"name": name, "document": QUIET_ONE.replace("NAME", name)})
            server.post(f"/streams/{name}/start")
            until(lambda name=name: runs(server, name), 60)
        time.sleep(15)
        each = (pss(server) - base) / (STREAMS - 1)
        before, begun = cpu(server), time.monotonic()
        time.sleep(QUIET)
        return {"mb": each, "whole_mb": pss(server), "cores": (cpu(server) - before) / (time.monotonic() - begun), "processes": none}


def runs(server: Running, name: str) -> bool:
    """Tell whether a stream runs."""
    return any(one["name"] == name and one["status"] == "running" for one in server.get("/streams")["items"])


def server_only(server: Running) -> float:
    """Return how many processes there are."""
    return float(len(processes(server)))


def worker(server: Running) -> psutil.Process:
    """Return the process that runs the stream: its words go to the stream's log."""
    for process in processes(server):
        try:
            if "/streams/" in os.readlink(f"/proc/{process.pid}/fd/1"):
                return process
        except OSError:
            continue
    raise LookupError("the stream has no process")


def recovery() -> dict[str, list[float]]:
    """Kill the stream's process, then the server, again and again; returns seconds to the next epoch."""
    found: dict[str, list[float]] = {"process": [], "server": []}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        server = start(root)
        try:
            server.post("/pipelines", {"name": "busy", "document": BUSY_ONE})
            server.post("/streams/busy/start")
            for _ in range(KILLS):
                reached = after(server, 8)
                worker(server).kill()
                begun = time.monotonic()
                until(lambda reached=reached: epoch(server) > reached + 1, 60)
                found["process"].append(time.monotonic() - begun)
            for _ in range(KILLS):
                reached = after(server, 8)
                server.kill()
                server = start(root)
                ready = time.monotonic()
                until(lambda now=server, reached=reached: epoch(now) > reached + 1, 60)
                found["server"].append(time.monotonic() - ready)
        finally:
            server.stop()
    return found


def epoch(server: Running) -> int:
    """Return the last epoch of the stream."""
    return next((int(one["epoch"]) for one in server.get("/streams")["items"]), 0)


def after(server: Running, epochs: int) -> int:
    """Wait until so many more epochs are made; returns the last one."""
    begun = epoch(server)
    until(lambda: epoch(server) >= begun + epochs, 60)
    return epoch(server)


def main() -> list[str]:
    quiet: dict[str, Any] = idle()
    again = recovery()
    rows = [
        f"| {what} killed, until the next epoch but one | {statistics.median(of):.2f} s | {max(of):.2f} s |" for what, of in again.items()
    ]
    return [
        f"## Streams: {STREAMS} of them while nothing comes, and recovery of one", "",
        f"`make bench NAME=streams_life`: `source.ingest` into windows into a dataset, {QUIET:.0f} s without input; memory is PSS (pages that "
        f"processes share count once). Recovery: {KILLS} kills each, 2,000 events/s, an epoch each half second.", "",
        "| what | figure | most |", "|---|---|---|",
        f"| memory that one stream more takes | {quiet['mb']:.0f} MB | |",
        f"| memory of all: server, desk, zygotes, {STREAMS} streams | {quiet['whole_mb']:.0f} MB | |",
        f"| processor of all while nothing comes | {100 * quiet['cores']:.1f} % of a core | |", *rows,
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
