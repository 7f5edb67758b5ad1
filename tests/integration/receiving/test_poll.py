"""Polls of a real PostgreSQL, an HTTP API and files: each row once, ties and gaps of a cursor, snapshots compared, kills."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from building import fresh_folder
from faults.stream_lives import kill_when_it_appears
from integration.receiving.sources import Lived, eventually, rows_of, running
from integration.streams.flowing import runnel
from runnel.connectors.polling.source import PollSource
from runnel.connectors.polling.state import CursorSeen, SnapshotSeen
from runnel.errors import ConnectorError
from runnel.sdk.streaming import Position


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        (made / "runnel.toml").write_text("", "utf-8")
        yield made


@pytest.fixture
def table(postgres_server) -> Iterator[str]:
    name = f"polled_{os.getpid()}_{random.randrange(10**9)}"
    with psycopg.connect(postgres_server.address) as connection:
        connection.execute(f"CREATE TABLE {name} (id bigint, v numeric(20,4), at timestamptz, note text)")
    yield name
    with psycopg.connect(postgres_server.address) as connection:
        connection.execute(f"DROP TABLE {name}")


def connections(server: Any) -> dict[str, Any]:
    found = psycopg.conninfo.conninfo_to_dict(server.address)
    return {"db": {"host": found["host"], "port": int(found["port"]), "database": found["dbname"], "user": found["user"], "tls": "disable"}}


def run(server: Any, *statements: str) -> None:
    with psycopg.connect(server.address) as connection:
        for text in statements:
            connection.execute(text)


def polling(table: str, **config: Any) -> dict[str, Any]:
    return {"type": "postgres", "connection": "db", "query": f"SELECT * FROM {table}", "every_seconds": 0.1, **config}


def ids(lived: Lived) -> list[int]:
    return [row["id"] for row in lived.rows]


@pytest.mark.row("M-003-217")
def test_rows_with_a_greater_cursor_come_once_and_those_with_the_same_one_too(postgres_server, table, folder):
    run(postgres_server, f"INSERT INTO {table} SELECT n, 1234567890123456.7891, '2026-01-01 00:00:00+00'::timestamptz + (n/3) * interval '1 microsecond', 'a' || chr(10) || 'b' FROM generate_series(0, 9) AS n")
    with Lived(PollSource, polling(table, cursor="at"), folder, connections(postgres_server)) as made:
        assert dict(made.probe.columns) == {"id": "BIGINT", "v": "DECIMAL(20,4)", "at": "TIMESTAMP WITH TIME ZONE", "note": "VARCHAR"}
        made.open().rows_until(10)
        assert str(made.rows[0]["v"]) == "1234567890123456.7891" and made.rows[0]["note"] == "a\nb"
        run(postgres_server, f"INSERT INTO {table} SELECT 10, 0, max(at) FROM {table}", f"INSERT INTO {table} (id) VALUES (99)")
        made.rows_until(11)
        run(postgres_server, f"UPDATE {table} SET at = at + interval '1 hour' WHERE id = 3")
        made.rows_until(12)
        polls = made.reader.told()["polls"]
        made.until(lambda: made.reader.told()["polls"] > polls + 2)
    assert ids(made) == [*range(11), 3]


def test_what_was_given_is_known_in_the_next_life_also_where_only_the_log_says_so(postgres_server, table, folder):
    run(postgres_server, f"INSERT INTO {table} SELECT n, 0, now(), '' FROM generate_series(0, 999) AS n")
    place = connections(postgres_server)
    with Lived(PollSource, polling(table, cursor="id"), folder, place) as first:
        first.open().rows_until(1000)
        positions: dict[str, Position | None] = dict(first.positions)
    (state,) = folder.glob("logs/*/receiver.json")
    kept = state.read_text("utf-8")
    run(postgres_server, f"INSERT INTO {table} SELECT n, 0, now(), '' FROM generate_series(1000, 1499) AS n")
    with Lived(PollSource, polling(table, cursor="id"), folder, place) as second:
        second.open(positions).rows_until(500)
    state.write_text(kept, "utf-8")  # as if it was killed between the log and the note
    run(postgres_server, f"INSERT INTO {table} VALUES (1500, 0, now(), '')")
    with Lived(PollSource, polling(table, cursor="id"), folder, place) as third:
        third.open(second.positions).rows_until(1)
        polls = third.reader.told()["polls"]
        third.until(lambda: third.reader.told()["polls"] > polls + 1)
    assert [*ids(first), *ids(second), *ids(third)] == list(range(1501))


def test_whole_snapshots_are_compared_by_key(postgres_server, table, folder):
    run(postgres_server, f"INSERT INTO {table} SELECT n, 1.10, NULL, 'x' FROM generate_series(1, 3) AS n")
    with Lived(PollSource, polling(table, key=["id"]), folder, connections(postgres_server)) as made:
        made.open().rows_until(3)
        run(postgres_server, f"UPDATE {table} SET note = 'y' WHERE id = 2", f"DELETE FROM {table} WHERE id = 1", f"INSERT INTO {table} VALUES (7, 2, NULL, 'z')")
        made.rows_until(6)
        polls = made.reader.told()["polls"]
        made.until(lambda: made.reader.told()["polls"] > polls + 2)
        positions: dict[str, Position | None] = dict(made.positions)
    found = [(row["_op"], row["id"], row["note"]) for row in made.rows]
    assert sorted(found[:3]) == [("insert", 1, "x"), ("insert", 2, "x"), ("insert", 3, "x")]
    assert sorted(found[3:]) == [("delete", 1, None), ("insert", 7, "z"), ("update", 2, "y")]
    run(postgres_server, f"DELETE FROM {table} WHERE id = 3")
    with Lived(PollSource, polling(table, key=["id"]), folder, connections(postgres_server)) as again:
        again.open(positions).rows_until(1)
    assert [(row["_op"], row["id"]) for row in again.rows] == [("delete", 3)]


def test_a_first_time_without_rows_and_a_database_that_does_not_answer(postgres_server, table, folder):
    run(postgres_server, f"INSERT INTO {table} SELECT n, 0, now(), '' FROM generate_series(0, 9) AS n")
    with Lived(PollSource, polling(table, cursor="id", first="none"), folder, connections(postgres_server)) as made:
        made.open().to_end()
        run(postgres_server, f"INSERT INTO {table} VALUES (10, 0, now(), '')")
        made.rows_until(1)
        assert ids(made) == [10]
        run(postgres_server, f"ALTER TABLE {table} RENAME TO {table}_gone")
        with pytest.raises(ConnectorError, match="is not answered"):
            made.until(lambda: False, 20)
        run(postgres_server, f"ALTER TABLE {table}_gone RENAME TO {table}")


class Api(BaseHTTPRequestHandler):
    """An API with a list that grows, and that fails now and then."""

    rows: list[dict[str, Any]] = []
    asked: list[str] = []
    failures = 0

    def do_GET(self) -> None:
        Api.asked.append(self.path)
        if Api.failures:
            Api.failures -= 1
            self.send_response(503)
            self.end_headers()
            return
        since = int((parse_qs(urlsplit(self.path).query).get("since") or ["0"])[0])
        body = json.dumps({"data": {"orders": [row for row in Api.rows if row["n"] >= since]}}).encode()
        body = body.replace(b'"exact"', b"12345678901234567890.123456789")
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def api() -> Iterator[dict[str, Any]]:
    Api.rows, Api.asked, Api.failures = [{"n": n, "v": "exact"} for n in range(1, 4)], [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"api": {"base_url": f"http://127.0.0.1:{server.server_address[1]}"}}
    server.shutdown()
    server.server_close()


@pytest.mark.row("M-003-180", "M-004-62")
def test_a_list_of_an_api_is_asked_from_the_last_value_on_and_numbers_keep_their_digits(api, folder):
    config = {
        "type": "http", "connection": "api", "path": "/orders?since={cursor}", "first_cursor": "2", "records": "data.orders",
        "cursor": "n", "every_seconds": 0.1, "columns": {"n": "BIGINT", "v": "DECIMAL(38,9)"},
    }  # fmt: skip
    with Lived(PollSource, config, folder, api) as made:
        made.open().rows_until(2)
        Api.failures = 2
        Api.rows.append({"n": 9, "v": "exact"})
        made.rows_until(3, 40)
    assert ids_of(made) == [2, 3, 9] and str(made.rows[0]["v"]) == "12345678901234567890.123456789"
    assert Api.asked[0].endswith("since=2") and Api.asked[-1].endswith(("since=3", "since=9"))


def ids_of(lived: Lived) -> list[int]:
    return [row["n"] for row in lived.rows]


def test_a_file_that_is_written_anew_is_compared_with_the_one_before(folder):
    (folder / "prices.csv").write_text("sku;price\na;1,50\nb;2,25\n", "utf-8")
    config = {"type": "source", "settings": {"path": "prices.csv"}, "key": ["sku"], "every_seconds": 0.1}
    with Lived(PollSource, config, folder, {}) as made:
        assert dict(made.probe.columns) == {"sku": "VARCHAR", "price": "DOUBLE", "_op": "VARCHAR"}
        made.open().rows_until(2)
        part = folder / "prices.part"
        part.write_text("sku;price\na;1,75\nc;3,00\n", "utf-8")
        part.replace(folder / "prices.csv")
        made.rows_until(5)
    assert sorted((row["_op"], row["sku"], row["price"]) for row in made.rows[2:]) == [("delete", "b", None), ("insert", "c", 3.0), ("update", "a", 1.75)]


def test_a_key_that_stands_twice_is_told():
    seen = SnapshotSeen(["id"])
    with pytest.raises(ConnectorError, match="stands twice"):
        seen.fresh([b'{"id":1,"v":1}', b'{"id":1,"v":2}'])
    with pytest.raises(ConnectorError, match="has no `id`"):
        seen.fresh([b'{"v":1}'])


@pytest.mark.parametrize("seed", range(3))
def test_polls_cut_anywhere_give_every_row_once(seed):
    import duckdb

    random_ = random.Random(seed)
    there: list[bytes] = []
    given: list[bytes] = []
    seen = CursorSeen("t", "DATE", duckdb.connect())
    for number in range(300):
        there.append(json.dumps({"t": f"2026-01-{1 + number // 20:02d}", "v": random_.choice([1, 1, number])}).encode())
        if random_.random() < 0.2:
            random_.shuffle(there)
            fresh = list(seen.fresh(there))
            cut = fresh[: random_.randint(0, len(fresh))]  # the rest did not reach the log
            seen.note(cut)
            given += cut
            copy = CursorSeen("t", "DATE", duckdb.connect())
            copy.restore(json.loads(json.dumps(seen.to_json())))
            seen = copy
    given += seen.fresh(there)
    assert sorted(given) == sorted(there)


PIPELINE = """\
runnel: 1
name: polled
nodes:
  prices: {kind: source.poll, config: {type: source, settings: {path: prices.csv}, cursor: n, every_seconds: 0.2}}
  saved: {kind: sink.dataset, from: prices, config: {name: saved, mode: append}}
"""


def test_a_stream_that_polls_and_is_killed_has_every_row_once(folder):
    path, count = folder / "prices.csv", 0

    def write(more: int) -> None:
        nonlocal count
        count += more
        part = folder / "prices.part"
        part.write_text("n,v\n" + "".join(f"{n},{n % 7}\n" for n in range(count)), "utf-8")
        part.replace(path)

    write(500)
    (folder / "polled.runnel.yaml").write_text(PIPELINE, "utf-8")
    shown = runnel(folder, "preview", "polled.runnel.yaml", "prices")
    assert [column["name"] for column in shown["columns"]] == ["n", "v"] and shown["total_rows"] == 200
    random_ = random.Random(1)
    with running(folder, "polled.runnel.yaml") as process:
        for _ in range(3):
            before = len(rows_of(folder, "saved"))
            write(random_.randint(100, 3000))
            eventually(lambda: len(rows_of(folder, "saved")) > before)  # noqa: B023 - asked at once
            kill_when_it_appears(process.pid)
            write(100)
        eventually(lambda: len(rows_of(folder, "saved")) == count)
    assert sorted(row["n"] for row in rows_of(folder, "saved")) == list(range(count))
