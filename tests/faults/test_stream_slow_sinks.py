"""A target at a hundredth of its speed: the others go on until its outbox is full, then the source waits, and nothing is lost (R16)."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import duckdb
import psycopg
import pytest
from faulting import Tally, connect, finish, record_of, seeds, size, streaming, wait
from proxies import proxied
from stream_lives import START, pipeline, rows_of_dataset

from building import fresh_folder
from runnel.connectors.simulate import SimulateSource

EVENTS = 500_000
OUTBOX_BYTES = 1 * 1024 * 1024
ONE_EPOCH_BYTES = 4 * 1024 * 1024
SLOW_SECONDS = size("FAULT_SECONDS", 4)
CONFIG = {
    "events": EVENTS, "rate_per_second": 20_000, "start": START, "interval_seconds": 0.001,
    "columns": {"id": "sequence", "user": "choice(a,b,c,d)", "v": "integer(1,100)"},
}  # fmt: skip
PIPELINE = f"""\
runnel: 1
name: slow
nodes:
  ticks: {{kind: source.simulate, config: {CONFIG!r}}}
  saved: {{kind: sink.dataset, from: ticks, config: {{name: kept, mode: append}}}}
  table: {{kind: sink.postgres, from: ticks, config: {{connection: store, table: TABLE}}}}
"""


def expected() -> Counter[tuple[Any, ...]]:
    source = SimulateSource(SimulateSource.Config.model_validate(CONFIG), {}, "ticks")
    text = source._whole(f"range({EVENTS})", ["id", "user", "v"], source._start())
    return Counter(duckdb.sql(f'SELECT id, "user", v FROM ({text})').fetchall())


def told(folder: Any) -> dict[str, Any]:
    return record_of(folder, "slow").get("told") or {}


def read(folder: Any) -> int:
    return told(folder).get("ports", {}).get("ticks.output", 0)


def waiting(folder: Any) -> int:
    return told(folder).get("outbox", {}).get("table", {}).get("bytes", 0)


def settled(folder: Any) -> int:
    """Return how much was read, once nothing more is."""
    seen = [(time.monotonic(), read(folder))]

    def still() -> bool:
        if (now := read(folder)) != seen[-1][1]:
            seen.append((time.monotonic(), now))
        return time.monotonic() - seen[-1][0] > 1.5

    wait(still, 60, 0.1)
    return seen[-1][1]


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_slow_target_holds_up_the_source_only_when_its_outbox_is_full(seed, postgres_server, toxiproxy, tally: Tally):
    with fresh_folder() as folder, proxied(toxiproxy, postgres_server) as proxy:
        path = pipeline(folder, PIPELINE.replace("TABLE", proxy.table))
        connect(folder, "store", "postgres", **proxy.options)
        with streaming(path, outbox_bytes=OUTBOX_BYTES) as one:
            wait(lambda: told(folder).get("outbox", {}).get("table", {}).get("delivered"), 30)
            proxy.poison("bandwidth", "upstream", rate=20)
            wait(lambda: waiting(folder) >= OUTBOX_BYTES, 150)
            worker = one.wait_for_worker()
            stood, most, rss = settled(folder), 0, 0
            end = time.monotonic() + SLOW_SECONDS
            while time.monotonic() < end:
                most, rss = max(most, waiting(folder)), max(rss, worker.memory_info().rss)
                time.sleep(0.1)
            tally.cases += 1
            tally.note(most_outbox_bytes=most, most_rss_bytes=rss, read_while_full=read(folder) - stood)
            assert most <= OUTBOX_BYTES + ONE_EPOCH_BYTES
            delivered = told(folder)["outbox"]
            assert delivered["saved"]["bytes"] == 0, "the quick target has everything"
            assert read(folder) < EVENTS
            proxy.mend()
            wait(lambda: read(folder) == EVENTS, 60)
            one.process.terminate()
            assert one.report(60)["how"] == "drained"
        finish(path)
        with psycopg.connect(postgres_server.address) as connection:
            in_table = Counter(connection.execute(f'SELECT id, "user", v FROM "{proxy.table}"').fetchall())
        wanted = expected()
        tally.compare(wanted, in_table)
        tally.compare(wanted, Counter(tuple(dict(row).values()) for row in rows_of_dataset(folder, "kept").elements()))
    tally.clean()
