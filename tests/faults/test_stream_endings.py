"""SIGTERM to a stream, to its worker, or to all of its processes at once: drained in time, and exact after the next start (R30)."""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress

import psutil
import pytest
from faulting import (
    Tally,
    connect,
    epoch_of,
    expected_windows,
    finish,
    lines_of,
    row_of,
    seeds,
    size,
    streaming,
    wait,
    windows,
)
from proxies import proxied, rows_of_table
from stream_lives import pipeline, rows_of_dataset

from building import fresh_folder

ENDINGS = size("FAULT_KILLS", 3)
EVENTS = 160_000 * ENDINGS
DRAIN_SECONDS = 30.0
FILE = "  file: {kind: sink.file, from: totals, config: {path: out.ndjson}}\n"


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_stream_that_is_asked_to_end_has_delivered_everything_in_time(seed, tally: Tally):
    random_ = random.Random(seed)
    with fresh_folder() as folder:
        path = pipeline(folder, windows(EVENTS, FILE, rate=20_000))
        for turn in range(ENDINGS):
            whom = ("stream", "everything", "worker", "starting")[(turn + seed) % 4]
            with streaming(path) as one:
                before = epoch_of(folder, "killed")
                if whom == "starting":
                    time.sleep(random_.uniform(0.2, 1.2))
                else:
                    worker = one.wait_for_worker()
                    wait(lambda before=before: epoch_of(folder, "killed") > before)
                    time.sleep(random_.uniform(0.0, 0.5))
                began = time.monotonic()
                if whom == "worker":
                    with suppress(psutil.NoSuchProcess):
                        worker.terminate()
                    time.sleep(random_.uniform(0.0, 0.3))
                one.signal(signal.SIGTERM, all=whom == "everything")
                report = one.report(DRAIN_SECONDS)
            took = time.monotonic() - began
            tally.cases += 1
            tally.note(most_seconds_to_drain=max(took, tally.more.get("most_seconds_to_drain", 0.0)))
            if whom == "starting" and report["code"] == -signal.SIGTERM:
                continue  # it had not begun yet
            assert report["code"] == 0, (whom, report)
            assert report["how"] == "drained", (whom, report)
        pipeline(folder, windows(EVENTS, FILE))
        report = finish(path)
        tally.compare(expected_windows(EVENTS), rows_of_dataset(folder, "totals"))
        tally.compare(expected_windows(EVENTS), lines_of(folder / "out.ndjson"))
        assert report["ledger"]["balanced"]
    tally.clean()


def test_a_sink_that_is_gone_does_not_keep_a_stream_from_ending(postgres_server, toxiproxy, tally: Tally):
    """What it was not given waits in the outbox, and is delivered when both are there again."""
    events = 200_000
    with fresh_folder() as folder, proxied(toxiproxy, postgres_server) as proxy:
        sinks = f"  table: {{kind: sink.postgres, from: totals, config: {{connection: store, table: {proxy.table}}}}}\n"
        path = pipeline(folder, windows(events, sinks, rate=10_000))
        connect(folder, "store", "postgres", **proxy.options)
        with streaming(path) as one:
            wait(lambda: row_of(folder, "killed").delivered.get("table"))
            proxy.cut()
            before = epoch_of(folder, "killed")
            wait(lambda: epoch_of(folder, "killed") > before + 4)
            one.signal(signal.SIGTERM)
            report = one.report(DRAIN_SECONDS)
        assert (report["code"], report["how"]) == (0, "drained"), report
        proxy.mend()
        pipeline(folder, windows(events, sinks))
        finish(path)
        tally.cases += 1
        tally.compare(expected_windows(events), rows_of_dataset(folder, "totals"))
        tally.compare(expected_windows(events), rows_of_table(postgres_server, proxy.table))
    tally.clean()
