"""G5: records by HTTP, acknowledged when they are synced to disk, beside a bare ASGI application that keeps nothing."""

from __future__ import annotations

import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
RUNNEL = str(Path(sys.executable).parent / "runnel")
ROUNDS, SECONDS = int(os.environ.get("BENCH_ROUNDS", "3")), float(os.environ.get("BENCH_SECONDS", "5"))
SHAPES = {1: 512, 100: 64, 1000: 32}
"""Events in a request → connections."""
BODIES = 50
PIPELINE = """\
runnel: 1
name: bench
nodes: {events: {kind: source.ingest, config: {max_bytes: 100000000000}}}
"""


@dataclass(frozen=True)
class Address:
    """Where to send to."""

    host: str
    port: int
    path: str
    token: str


def events(per_request: int) -> list[str]:
    """Return bodies of events of exactly 100 bytes, line break included; an event tells its body."""
    made = []
    chance = random.Random(5)
    for body in range(BODIES):
        lines = []
        for part in range(per_request):
            text = f'{{"b":{body:03d},"n":{part:04d},"device":"sensor-{chance.randrange(500):03d}","value":{chance.random() * 100:.6f},"ok":true,"at":'
            lines.append(text + f'"{chance.randbytes(20).hex()[: 96 - len(text)]}"}}\n')
        made.append("".join(lines))
    assert {len(line) for body in made for line in body.splitlines(keepends=True)} == {100}, {len(line) for line in made[0].splitlines(keepends=True)}
    return made


def pinned(core: int) -> object:
    """Return what pins a new process to a core, if there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return (lambda: os.sched_setaffinity(0, {cores[core]})) if len(cores) > 1 else None


@contextlib.contextmanager
def runnel(root: Path) -> Iterator[tuple[Address, int]]:
    (root / "bench.runnel.yaml").write_text(PIPELINE)
    (root / "runnel.toml").touch()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RUNNEL_")}
    with open(root / "server.log", "wb") as log:
        process = subprocess.Popen([RUNNEL, "up", "--no-open", "--json", "--port", "0"], cwd=root, stdout=subprocess.PIPE,
                                   stderr=log, env=environment, preexec_fn=pinned(0))  # fmt: skip
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(url + "/readyz") as answer:
                if answer.status == 200:
                    break
            time.sleep(0.1)
        made = subprocess.run([RUNNEL, "tokens", "create", "--name", "bench", "--scope", "ingest:bench/events", "--json"],
                              cwd=root, capture_output=True, check=True, env=environment)  # fmt: skip
        host, port = url.removeprefix("http://").split(":")
        yield Address(host, int(port), "/ingest/bench/events", json.loads(made.stdout)["token"]), process.pid
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def bare() -> Iterator[tuple[Address, int]]:
    process = subprocess.Popen([sys.executable, str(HERE / "g5_bare.py")], stdout=subprocess.PIPE, preexec_fn=pinned(0))
    try:
        assert process.stdout is not None
        yield Address("127.0.0.1", int(process.stdout.readline()), "/", "none"), process.pid
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def blast(address: Address, pid: int, per_request: int, bodies: list[str]) -> dict[str, object]:
    """Send for some seconds from the other core; returns what the client saw, and the server's CPU per event."""
    command = [sys.executable, str(HERE / "g5_client.py"), address.host, str(address.port), address.path, address.token,
               str(SHAPES[per_request]), str(SECONDS)]  # fmt: skip
    before = cpu_seconds(pid)
    done = subprocess.run(command, input=json.dumps(bodies).encode(), stdout=subprocess.PIPE, check=True, preexec_fn=pinned(1))
    told = json.loads(done.stdout)
    told["cpu"] = (cpu_seconds(pid) - before) / (sum(told["acknowledged"]) * per_request) * 1e6
    return told


def check(root: Path, expected: Counter[bytes]) -> int:
    """Read the log, and demand exactly what was acknowledged; returns how many records."""
    import pyarrow.compute as pc

    from runnel.store.log.reading import SegmentLogReader, iterate

    reader = SegmentLogReader(root / ".runnel" / "logs" / "bench.events")
    found: Counter[bytes] = Counter()
    for part in iterate(reader, reader.begin(), 64 << 20):
        assert not part.gaps
        for row in pc.value_counts(part.table["value"].combine_chunks()).to_pylist():
            found[row["values"]] += row["counts"]
    assert found == expected, "what was acknowledged is not what can be read"
    return found.total()


def main() -> list[str]:
    lines = ["## G5: records by HTTP", "", "Command: `make bench NAME=g5_ingest`. Events of 100 bytes; every acknowledged event is on disk"
             " (fdatasync, groups of 5 ms, zstd), and was read back before a figure was printed. Server on one core, client on the"
             " other. Medians of the rounds.", "",
             "| events a request | connections | events/s | bare ASGI | ratio | acknowledged p50 | p99 | bare p50 | CPU an event | bare CPU | goal |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    goals = {1: "≥ 0.8x bare, p99 ≤ 50 ms", 100: "≥ 400k/s, p99 ≤ 50 ms", 1000: "≥ 1M/s, p99 ≤ 50 ms"}
    read = 0
    for per_request in SHAPES:
        bodies = events(per_request)
        ours, theirs = [], []
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
            root = Path(name)
            expected: Counter[bytes] = Counter()
            with runnel(root) as (address, pid), bare() as (plain, plain_pid):
                for round_ in range(ROUNDS):
                    for which in (0, 1) if round_ % 2 else (1, 0):
                        if which:
                            ours.append(blast(address, pid, per_request, bodies))
                            for body, count in zip(bodies, ours[-1]["acknowledged"], strict=True):
                                for line in body.encode().splitlines():
                                    expected[line] += count
                        else:
                            theirs.append(blast(plain, plain_pid, per_request, bodies))
            read += check(root, +expected)
        rate = statistics.median(one["rate"] for one in ours) * per_request
        rival = statistics.median(one["rate"] for one in theirs) * per_request
        ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, theirs, strict=True))
        p50, p99 = (statistics.median(one[key] for one in ours) * 1000 for key in ("p50", "p99"))
        cpu = statistics.median(one["cpu"] for one in ours)
        bare_p50 = statistics.median(one["p50"] for one in theirs) * 1000
        bare_cpu = statistics.median(one["cpu"] for one in theirs)
        lines.append(f"| {per_request} | {SHAPES[per_request]} | {rate:,.0f} | {rival:,.0f} | {ratio:.2f} | {p50:.1f} ms | {p99:.1f} ms"
                     f" | {bare_p50:.1f} ms | {cpu:.2f} µs | {bare_cpu:.2f} µs | {goals[per_request]} |")  # fmt: skip
        print(lines[-1], flush=True)
    return [*lines, "", f"{read:,} events were read back, exactly those that were acknowledged."]


if __name__ == "__main__":
    print("\n".join(main()))
