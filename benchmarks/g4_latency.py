"""G4: how long after the record that closes a window its row can be read, in PostgreSQL, on a WebSocket channel and in a dataset."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
from tools.services import postgres
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from running import Running, running, until  # noqa: E402

RATE, SECONDS = int(os.environ.get("BENCH_RATE", "100000")), float(os.environ.get("BENCH_SECONDS", "60"))
WINDOW = 0.25
PIPELINE = """\
runnel: 1
name: g4
nodes:
  events:
    kind: source.simulate
    config: {rate_per_second: RATE, watermark_delay_seconds: 0, columns: {id: sequence, user: "integer(1,50)", amount: "integer(1,1000)"}}
  large: {kind: table.filter, from: events, config: {where: amount >= 100}}
  quarters:
    kind: stream.window
    from: large
    config: {size_seconds: WINDOW, group_by: [user], values: {n: count(*), total: sum(amount)}}
"""
SINKS = {
    "PostgreSQL": "  saved: {kind: sink.postgres, from: quarters, config: {connection: db, table: TABLE, mode: append}}\n",
    "dataset": "  kept: {kind: sink.dataset, from: quarters, config: {name: g4, mode: append}}\n",
    "channel": "  told: {kind: sink.channel, from: quarters, config: {name: g4, key: [user], updates_per_second: 20}}\n",
}


def watch_table(address: dict[str, str], table: str, seen: list[tuple[float, float]], stop: threading.Event) -> None:
    """Note when the newest window of a table changes: (when, its end), seconds since 1970."""
    last = 0.0
    with psycopg.connect(**address, autocommit=True) as connection:
        while not stop.is_set():
            found = connection.execute(f'SELECT extract(epoch FROM max(window_end)) FROM "{table}"').fetchone()
            now = time.time()
            if found and found[0] is not None and float(found[0]) > last:
                last = float(found[0])
                seen.append((now, last))
            time.sleep(0.003)


def watch_channel(server: Running, seen: list[tuple[float, float]], stop: threading.Event) -> None:
    """Note when the newest window of a channel's updates changes."""
    last = 0.0
    headers = {"Authorization": server.api.headers["Authorization"]}
    with connect(server.url.replace("http", "ws") + "/api/v1/live", additional_headers=headers, proxy=None) as socket:
        socket.send(json.dumps({"type": "subscribe", "topics": ["channel:g4"]}))
        while not stop.is_set():
            try:
                told = json.loads(socket.recv(0.5))
            except TimeoutError:
                continue
            now = time.time()
            rows = told.get("event", {}).get("data", {}).get("rows", ())
            newest = max((_seconds(row["window_end"]) for row in rows), default=0.0)
            if newest > last:
                last = newest
                seen.append((now, last))


def watch_dataset(folder: Path, seen: list[tuple[float, float]], stop: threading.Event) -> None:
    """Note when the log of the table names a file with a newer window; `window_end` is its third column."""
    log = folder / ".runnel" / "datasets" / "g4" / "_delta_log"
    last, version = 0.0, len(list(log.glob("[0-9]*.json")))
    while not stop.is_set():
        path = log / f"{version:020d}.json"
        if not path.exists():
            time.sleep(0.003)
            continue
        now, version = time.time(), version + 1
        added = [json.loads(line).get("add") for line in path.read_text("utf-8").splitlines()]
        newest = max((_seconds(json.loads(one["stats"])["maxValues"]["c2"]) for one in added if one), default=0.0)
        if newest > last:
            last = newest
            seen.append((now, last))


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def cpu(server: Running) -> float:
    """Return the processor seconds of the server and everything that it started."""
    whole = psutil.Process(server.process.pid)
    found = 0.0
    for process in (whole, *whole.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += times.user + times.system
    return found


def case(kind: str, rate: int) -> dict[str, Any]:
    """Run a stream with one kind of sink; returns milliseconds by share, and how much of a core everything took."""
    table = f"g4_{int(time.time())}"
    with tempfile.TemporaryDirectory() as place, postgres.running() as database, running(allowing(Path(place))) as server:
        address = psycopg.conninfo.conninfo_to_dict(database)
        if kind == "PostgreSQL":
            with psycopg.connect(**address, autocommit=True) as connection:
                connection.execute(
                    f'CREATE TABLE "{table}" ("user" bigint, window_start timestamptz, window_end timestamptz, n bigint, total bigint)'
                )
                connection.execute(f'CREATE INDEX ON "{table}" (window_end)')
            server.post("/connections", {"name": "db", "type": "postgres", "config": options(address)})
        text = PIPELINE + SINKS[kind].replace("TABLE", table)
        server.post("/pipelines", {"name": "g4", "document": text.replace("RATE", str(rate)).replace("WINDOW", str(WINDOW))})
        server.post("/streams/g4/start")
        until(lambda: any(one["epoch"] >= 5 for one in server.get("/streams")["items"]), 60)
        time.sleep(5)
        seen: list[tuple[float, float]] = []
        stop = threading.Event()
        watchers: dict[str, tuple[Any, ...]] = {
            "PostgreSQL": (watch_table, address, table), "dataset": (watch_dataset, Path(place)), "channel": (watch_channel, server),
        }  # fmt: skip
        watch, *given = watchers[kind]
        watching = threading.Thread(target=watch, args=(*given, seen, stop))
        before, begun = cpu(server), time.monotonic()
        watching.start()
        time.sleep(SECONDS)
        used = (cpu(server) - before) / (time.monotonic() - begun)
        stop.set()
        watching.join()
        status = server.get("/streams/g4")
        server.post("/streams/g4/drain")
    late = sorted(1000 * (now - end) for now, end in seen[2:])
    at = {share: late[min(len(late) - 1, int(share * len(late)))] for share in (0.5, 0.95, 0.99)}
    return {"kind": kind, "rate": rate, "windows": len(late), **{f"p{round(100 * share)}": value for share, value in at.items()},
            "max": late[-1], "cores": used, "events_per_second": status["events_per_second"]}  # fmt: skip


def allowing(folder: Path) -> Path:
    """Let the server of a folder connect to this machine."""
    (folder / "runnel.toml").write_text('egress_allow = ["127.0.0.1"]\n', "utf-8")
    return folder


def options(address: dict[str, str]) -> dict[str, Any]:
    """Return the options of a connection to a database of the tests."""
    return {"host": address["host"], "port": int(address["port"]), "database": address["dbname"], "user": address["user"],
            "tls": "disable"}  # fmt: skip


def main() -> list[str]:
    cases = [case("PostgreSQL", RATE), case("channel", RATE), case("dataset", RATE), case("PostgreSQL", 1000)]
    made = [
        f"## G4: from the record that closes a window to its row, windows of {WINDOW * 1000:.0f} ms of 50 users", "",
        f"`make bench NAME=g4_latency`: simulated events, each due at its event time on the wall clock; the table is asked every 3 ms, "
        f"the channel is heard on a WebSocket, a dataset has a version a second at most; {SECONDS:.0f} s each. Cores are those of the server, the desk and the stream's processes.", "",
        "| sink | events/s | windows | p50 ms | p95 ms | p99 ms | max ms | cores |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in cases:
        made.append(
            f"| {one['kind']} | {one['rate']:,} | {one['windows']} | {one['p50']:.0f} | {one['p95']:.0f} | {one['p99']:.0f} "
            f"| {one['max']:.0f} | {one['cores']:.2f} |"
        )
    return made


if __name__ == "__main__":
    print("\n".join(main()))
