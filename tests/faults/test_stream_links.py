"""Sources and targets behind links that are cut, reset, half-open and slow; a broker that is killed: every record once (R7, R9, R24)."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from faulting import Tally, connect, finish, row_of, seeds, size, streaming, wait
from proxies import Proxy, proxied, proxied_kafka, proxy_to
from stream_lives import pipeline, rows_of_dataset
from topics import START_MILLIS, fill, source, topic

from building import fresh_folder

FAULTS = size("FAULT_KILLS", 3)
PARTITIONS = 3
COLUMNS = "id: BIGINT, user: VARCHAR, v: BIGINT, ts: BIGINT"
PIPELINE = """\
runnel: 1
name: links
nodes:
{source}
  totals:
    kind: stream.window
    from: events
    config: {{size_seconds: 5, group_by: [user], values: {{n: "count(*)", total: "sum(v)", least: "min(id)"}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals}}}}
{sinks}"""


def event(number: int) -> tuple[int, dict[str, Any]]:
    body = {"id": number, "user": "abcd"[number % 4], "v": number * 31 % 1000, "ts": START_MILLIS + number}
    return number % PARTITIONS, body


def expected(events: int) -> Counter[tuple[Any, ...]]:
    groups: dict[tuple[str, int], list[int]] = {}
    for number in range(events):
        groups.setdefault(("abcd"[number % 4], number // 5000), []).append(number)
    return Counter(
        (user, len(found), sum(one * 31 % 1000 for one in found), found[0]) for (user, _), found in groups.items()
    )


def totals(folder: Any) -> Counter[tuple[Any, ...]]:
    made: Counter[tuple[Any, ...]] = Counter()
    for row in rows_of_dataset(folder, "totals").elements():
        found = dict(row)
        made[found["user"], found["n"], found["total"], found["least"]] += 1
    return made


def in_table(server: Any, table: str) -> Counter[tuple[Any, ...]]:
    with psycopg.connect(server.address) as connection:
        return Counter(connection.execute(f'SELECT "user", n, total::bigint, least FROM "{table}"').fetchall())


@pytest.fixture(scope="module")
def broker(toxiproxy) -> Iterator[tuple[Proxy, str]]:
    with proxied_kafka(toxiproxy) as made:
        yield made


def hurt(proxy: Proxy, random_: random.Random) -> str:
    """Do one thing to a link for a short time; returns what."""
    kind = random_.choice(["cut", "latency", "reset_peer", "timeout", "limit_data"])
    if kind == "cut":
        proxy.cut()
    elif kind == "latency":
        proxy.poison("latency", latency=random_.randrange(50, 400), jitter=50)
    elif kind == "reset_peer":
        proxy.poison("reset_peer", random_.choice(["upstream", "downstream"]), timeout=random_.randrange(0, 50))
    elif kind == "timeout":  # half-open: nothing passes, and nothing is closed
        proxy.poison("timeout", random_.choice(["upstream", "downstream"]), timeout=0)
    else:
        proxy.poison("limit_data", bytes=random_.randrange(10, 20_000))
    time.sleep(random_.uniform(0.1, 0.7))
    proxy.mend()
    return kind


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_broker_behind_a_link_that_breaks_gives_every_record_once(seed, broker, tally: Tally):
    random_ = random.Random(seed)
    proxy, address = broker
    proxy.mend()
    events = 40_000 * FAULTS
    name = topic(address, PARTITIONS)
    fill(address, name, map(event, range(events)))
    done = Counter[str]()
    with fresh_folder() as folder:
        path = pipeline(folder, PIPELINE.format(source=source(name, COLUMNS), sinks=""))
        connect(folder, "broker", "kafka", bootstrap_servers=address, security="plaintext")
        with streaming(path, until_caught_up=True) as one:
            one.wait_for_worker()
            for _ in range(FAULTS):
                proxy.poison("bandwidth", rate=1500)
                time.sleep(random_.uniform(0.2, 0.8))
                proxy.clear()
                done[hurt(proxy, random_)] += 1
            report = one.report(200)
        assert (report["code"], report["how"]) == (0, "finished"), report
        tally.compare(expected(events), totals(folder))
    assert report["ledger"]["balanced"]
    tally.cases += FAULTS
    tally.note(**{f"of_{kind}": count for kind, count in done.items()})
    tally.clean()


@pytest.mark.parametrize("seed", seeds("1"))
def test_everything_over_a_slow_link_comes_through_once(seed, broker, toxiproxy, postgres_server, tally: Tally):
    """A megabit a second, a tenth of a second late, and cut into pieces; from the broker and to the table."""
    proxy, address = broker
    proxy.mend()
    events = 6_000 * size("FAULT_SIZE", 1)
    name = topic(address, PARTITIONS)
    fill(address, name, map(event, range(events)))
    with fresh_folder() as folder, proxied(toxiproxy, postgres_server) as table:
        sinks = f"  table: {{kind: sink.postgres, from: totals, config: {{connection: store, table: {table.table}}}}}\n"
        path = pipeline(folder, PIPELINE.format(source=source(name, COLUMNS), sinks=sinks))
        connect(folder, "broker", "kafka", bootstrap_servers=address, security="plaintext")
        connect(folder, "store", "postgres", **table.options)
        for link in (proxy, Proxy(table.url, table.port, {})):
            link.poison("bandwidth", rate=125)
            link.poison("latency", latency=100, jitter=40)
            link.poison("slicer", average_size=400, size_variation=300, delay=100)
        finish(path)
        proxy.mend()
        tally.compare(expected(events), totals(folder))
        tally.compare(expected(events), in_table(postgres_server, table.table))
    tally.cases += events
    tally.clean()


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_broker_that_is_killed_and_started_again_costs_no_record(seed, own_service, tally: Tally):
    random_ = random.Random(seed)
    kafka = own_service("kafka")
    restarts = max(1, FAULTS // 4)
    events = 20_000 * restarts + 5_000
    name = topic(kafka.address, PARTITIONS)
    told: list[int] = []
    writer = threading.Thread(target=lambda: told.append(fill(kafka.address, name, paced(events, 1500))))
    with fresh_folder() as folder:
        path = pipeline(folder, PIPELINE.format(source=source(name, COLUMNS), sinks=""))
        connect(folder, "broker", "kafka", bootstrap_servers=kafka.address, security="plaintext")
        writer.start()
        with streaming(path) as one:
            for _ in range(restarts):
                epoch = row_of(folder, "links").epoch
                wait(lambda epoch=epoch: row_of(folder, "links").epoch > epoch + 2)
                time.sleep(random_.uniform(0.0, 1.0))
                kafka.kill() if random_.random() < 0.7 else kafka.stop()
                time.sleep(random_.uniform(0.0, 1.0))
                kafka.start()
                began, epoch = time.monotonic(), row_of(folder, "links").epoch
                wait(lambda epoch=epoch: row_of(folder, "links").epoch > epoch, 30)
                tally.note(most_seconds_back=max(time.monotonic() - began, tally.more.get("most_seconds_back", 0.0)))
                tally.cases += 1
            writer.join(120)
            assert told == [events]
            one.process.terminate()
            assert one.report(30)["how"] == "drained"
        finish(path)
        tally.compare(expected(events), totals(folder))
    tally.clean()


def paced(events: int, per_second: int) -> Iterator[tuple[int, dict[str, Any]]]:
    began = time.monotonic()
    for number in range(events):
        if number % 100 == 0:
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        yield event(number)


CHANGES = """\
runnel: 1
name: changes
nodes:
  events: {kind: source.postgres_cdc, config: {connection: db, tables: [public.t]}}
  saved: {kind: sink.dataset, from: events, config: {name: kept, mode: append}}
"""


@pytest.mark.parametrize("seed", seeds("1"))
def test_changes_of_a_database_behind_a_link_that_breaks_come_once(seed, toxiproxy, postgres_server, tally: Tally):
    random_ = random.Random(seed)
    rows = 4_000 * FAULTS
    with database(postgres_server.address) as (connection, options), fresh_folder() as folder:
        with proxy_to(toxiproxy, f"{options['host']}:{options['port']}") as proxy:
            path = pipeline(folder, CHANGES)
            connect(folder, "db", "postgres", **{**options, "host": "127.0.0.1", "port": proxy.port})
            connection.execute("INSERT INTO t SELECT n, n * 7 % 1000 FROM generate_series(1, 2000) n")
            with streaming(path) as one:
                wait(lambda: row_of(folder, "changes").epoch)
                for number in range(FAULTS):
                    since = 2000 + number * 4000
                    for part in range(since, since + 4000, 500):
                        connection.execute(f"INSERT INTO t SELECT n, n * 7 % 1000 FROM generate_series({part + 1}, {part + 500}) n")
                        time.sleep(0.03)
                    hurt(proxy, random_)
                one.process.terminate()
                assert one.report(60)["how"] == "drained"
            finish(path)
            found = Counter((dict(row)["id"], dict(row)["v"]) for row in rows_of_dataset(folder, "kept").elements())
        tally.compare(Counter((n, n * 7 % 1000) for n in range(1, 2001 + rows)), found)
    tally.cases += FAULTS
    tally.clean()


class database:  # noqa: N801 - used as a function
    """A database of its own with the table `t`; its slots go with it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.name = f"faults_{random.randrange(10**9)}"

    def __enter__(self) -> tuple[Any, dict[str, Any]]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")
        self.connection = psycopg.connect(psycopg.conninfo.make_conninfo(self.address, dbname=self.name), autocommit=True)
        self.connection.execute("CREATE TABLE t (id bigint PRIMARY KEY, v bigint)")
        known = psycopg.conninfo.conninfo_to_dict(self.address)
        return self.connection, {"host": known["host"], "port": int(known["port"]), "user": known["user"],
                                 "database": self.name, "tls": "disable"}  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self.connection.execute(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database() AND active"
        )
        wait(self._dropped, 20)
        self.connection.close()
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _dropped(self) -> bool:
        slots = "pg_replication_slots WHERE database = current_database()"
        self.connection.execute(f"SELECT pg_drop_replication_slot(slot_name) FROM {slots} AND NOT active")
        return self.connection.execute(f"SELECT count(*) FROM {slots}").fetchone() == (0,)
