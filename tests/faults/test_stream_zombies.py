"""A worker is frozen, another one takes its stream over, and then the first one wakes: nothing that it does counts (R10)."""

from __future__ import annotations

import random
import signal
from collections import Counter

import duckdb
import psutil
import pytest
from faulting import (
    Tally,
    connect,
    epoch_of,
    expected_windows,
    finish,
    lines_of,
    record_of,
    seeds,
    size,
    streaming,
    wait,
    windows,
)
from proxies import proxied, rows_of_table
from stream_lives import pipeline, rows_of_dataset

from building import fresh_folder

EVENTS = 160_000 * size("FAULT_KILLS", 1)
ZOMBIES = size("FAULT_KILLS", 1)
LEASE_SECONDS = 1.0
SINKS = """\
  lines: {kind: sink.file, from: totals, config: {path: out.ndjson}}
  parts: {kind: sink.file, from: totals, config: {path: parts, format: parquet}}
  table: {kind: sink.postgres, from: totals, config: {connection: store, table: TABLE}}
"""


def frozen(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("seed", seeds("1"))
def test_what_a_frozen_worker_does_after_another_took_over_counts_nowhere(seed, postgres_server, toxiproxy, tally: Tally):
    random_ = random.Random(seed)
    with fresh_folder() as folder, proxied(toxiproxy, postgres_server) as proxy:
        sinks = SINKS.replace("TABLE", proxy.table)
        path = pipeline(folder, windows(EVENTS, sinks, rate=12_000))
        connect(folder, "store", "postgres", **proxy.options)
        for _ in range(ZOMBIES):
            point = -random_.randrange(3, 70)  # at a durable step, such as between the rows of a sink and their mark
            options = {"lease_seconds": LEASE_SECONDS, "die_at": point}
            with streaming(path, **options) as old:
                worker = wait(lambda old=old: next((one for one in old.workers() if frozen(one)), None), 30)
                token, epoch = record_of(folder, "killed")["token"], epoch_of(folder, "killed")
                with streaming(path, lease_seconds=LEASE_SECONDS) as new:
                    wait(lambda token=token: record_of(folder, "killed")["token"] > token, 20)
                    wait(lambda epoch=epoch: epoch_of(folder, "killed") > epoch + random_.randrange(1, 5), 30)
                    worker.send_signal(signal.SIGCONT)
                    ended = old.report(30)
                    tally.cases += 1
                    refused = ended.get("error") or {}
                    if refused.get("code") != "RNL-STREAM-032":
                        tally.unexplained += 1
                        tally.note(said=f"step {point}: {ended}")
                    assert record_of(folder, "killed")["token"] > token
                    new.signal(signal.SIGTERM)
                    assert new.report(30)["how"] == "drained"
        pipeline(folder, windows(EVENTS, sinks))
        finish(path)
        wanted = expected_windows(EVENTS)
        found = {
            "dataset": rows_of_dataset(folder, "totals"), "lines": lines_of(folder / "out.ndjson"),
            "table": rows_of_table(postgres_server, proxy.table), "parts": rows_of_parts(folder),
        }  # fmt: skip
        for where, rows in found.items():
            tally.compare(wanted, rows)
            tally.note(**{f"rows_{where}": sum(rows.values())})
    tally.clean()


def rows_of_parts(folder):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    moment = "strftime({0}, '%Y-%m-%dT%H:%M:%SZ')"
    rows = connection.execute(
        f"""SELECT "user", {moment.format("window_start")}, {moment.format("window_end")}, n, total, least, mean
        FROM read_parquet('{folder}/parts/*.parquet')"""
    ).fetchall()
    names = ("user", "window_start", "window_end", "n", "total", "least", "mean")
    return Counter(tuple(zip(names, row, strict=True)) for row in rows)

