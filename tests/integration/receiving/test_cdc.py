"""Changes of a real PostgreSQL: complete, once, in order, through restarts, large transactions and tables that change."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from integration.receiving.sources import RUNNEL, Lived, eventually, records_of, rows_of, running
from runnel.connectors.postgres.cdc import CdcSource
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.streaming import Position

_numbers = itertools.count()


class Database:
    """A database of its own with the table `t`, and the sources that follow it."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.name = f"cdc_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")
        self.address = make_conninfo(server, dbname=self.name)
        self.connect()
        self.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, s text)")

    def connect(self) -> None:
        self.connection = psycopg.connect(self.address, autocommit=True)

    def run(self, query: str, *values: Any) -> list[Any]:
        cursor = self.connection.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []

    def options(self, **more: Any) -> dict[str, Any]:
        known = conninfo_to_dict(self.address)
        return {
            "host": known["host"], "port": int(known["port"]), "user": known["user"], "database": self.name, "tls": "disable", **more,
        }  # fmt: skip

    def lived(self, home: Path, options: dict[str, Any] | None = None, **config: Any) -> Lived:
        given = {"connection": "db", "tables": ["t"], **config}
        return Lived(CdcSource, given, home, {"db": options or self.options()})

    def slots(self) -> list[str]:
        return [row[0] for row in self.run("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()")]

    def drop(self) -> None:
        for slot in self.slots():
            self.run("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active", slot)
            eventually(lambda slot=slot: not self.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", slot))
            self.run("SELECT pg_drop_replication_slot(%s)", slot)
        self.connection.close()
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")


@pytest.fixture
def database(postgres_server) -> Iterator[Database]:
    made = Database(postgres_server.address)
    yield made
    made.drop()


def replay(rows: list[dict[str, Any]], table: str = "public.t") -> dict[int, tuple[Any, ...]]:
    """The table as the changes say that it is; every change must fit what is there."""
    made: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        if row["_table"] != table:
            continue
        if row["_op"] == "truncate":
            made.clear()
            continue
        before = json.loads(row["_before"]) if row["_before"] else {}
        if row["_op"] == "delete":
            made.pop(row["id"], None)
            continue
        if "id" in before and int(before["id"]) != row["id"]:
            made.pop(int(before["id"]), None)
        made[row["id"]] = (row["v"], row["s"])
    return made


def table_of(database: Database) -> dict[int, tuple[Any, ...]]:
    return {row[0]: (row[1], row[2]) for row in database.run("SELECT id, v, s FROM t")}


def kept(life: Lived) -> dict[str, Position | None]:
    return {
        name: Position.from_json(json.loads(json.dumps(at.to_json()))) for name, at in life.positions.items() if at is not None
    }


@pytest.mark.row("M-004-64")
def test_rows_that_are_there_and_then_every_change_come_once_with_what_was_before(database, tmp_path):
    database.run("INSERT INTO t SELECT i, i, 'a' || i FROM generate_series(1, 25) i")
    with database.lived(tmp_path, snapshot_rows=10) as life:
        life.open().to_end()
        assert [row["_op"] for row in life.rows] == ["snapshot"] * 25
        assert replay(life.rows) == table_of(database)
        database.run("INSERT INTO t VALUES (100, 1, E'tab\\t\\\\ \\n end')")
        database.run("UPDATE t SET v = 2 WHERE id = 100")
        database.run("UPDATE t SET id = 101 WHERE id = 100")
        database.run("DELETE FROM t WHERE id = 1")
        changes = life.rows_until(29)[25:]
        assert [(row["_op"], row["_key"], row["id"], row["v"]) for row in changes] == [
            ("insert", "100", 100, 1), ("update", "100", 100, 2), ("update", "101", 101, 2), ("delete", "1", 1, None)
        ]  # fmt: skip
        assert changes[0]["s"] == "tab\t\\ \n end" and changes[2]["_before"] == '{"id":"100"}'
        assert {row["_table"] for row in changes} == {"public.t"}
        assert abs(changes[0]["_commit_time"].timestamp() - time.time()) < 60 and "/" in changes[0]["_lsn"]
        assert replay(life.rows) == table_of(database)
        database.run("TRUNCATE t")
        assert life.rows_until(30)[29]["_op"] == "truncate"


def test_types_keep_their_values(database, tmp_path):
    database.run("""CREATE TABLE k (id int PRIMARY KEY, b bool, d numeric(12,3), n numeric, f float8, r real, ts timestamp, tz timestamptz,
        dd date, tt time, u uuid, j jsonb, raw bytea, a int[], iv interval, c char(5), "Odd ""Name" text)""")
    database.run("""INSERT INTO k VALUES (1, true, 1.250, 1e30, 0.1, 1.5, '2026-01-02 03:04:05.123456', '2026-01-02 03:04:05+02',
        '2026-01-02', '03:04:05', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"x": [1, null]}', '\\x00ff5c', '{1,2}', '1 day', 'ab', 'o'),
        (2, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""")  # fmt: skip
    with database.lived(tmp_path, tables=["k"]) as life:
        life.open().to_end()
        database.run("INSERT INTO k SELECT id + 2, b, d, n, f, r, ts, tz, dd, tt, u, j, raw, a, iv, c, \"Odd \"\"Name\" FROM k WHERE id = 1")
        rows = life.rows_until(3)
        assert not life.reasons
        for row in (rows[0], rows[2]):
            assert (row["b"], str(row["d"]), row["n"], row["f"], row["r"]) == (True, "1.250", "1" + "0" * 30, 0.1, 1.5)
            assert row["ts"].isoformat() == "2026-01-02T03:04:05.123456" and row["tz"].timestamp() == 1767315845
            assert (str(row["dd"]), str(row["tt"]), row["raw"]) == ("2026-01-02", "03:04:05", b"\x00\xff\\")
            assert json.loads(row["j"]) == {"x": [1, None]} and str(row["u"]).startswith("a0eebc99")
            assert (row["a"], row["iv"], row["c"], row['Odd "Name']) == ("{1,2}", "1 day", "ab   ", "o")
        assert rows[1]["f"] != rows[1]["f"] and rows[1]["b"] is None


def write_for_a_while(database: Database, seed: int, ended: threading.Event) -> threading.Thread:
    """Transactions of every kind while something else goes on."""

    def work() -> None:
        rng = random.Random(seed)
        with psycopg.connect(database.address) as connection:
            while not ended.is_set():
                for _ in range(rng.randrange(1, 6)):
                    id = rng.randrange(3000)
                    kind = rng.random()
                    if kind < 0.4:
                        connection.execute("UPDATE t SET v = v + 1 WHERE id = %s", [id])
                    elif kind < 0.6:
                        connection.execute("DELETE FROM t WHERE id = %s", [id])
                    elif kind < 0.7:
                        connection.execute("UPDATE t SET id = id + 10000 WHERE id = %s AND NOT EXISTS (SELECT 1 FROM t WHERE id = %s)",
                                           [id, id + 10000])  # fmt: skip
                    else:
                        connection.execute("INSERT INTO t VALUES (%s, 0, 'new') ON CONFLICT (id) DO UPDATE SET v = t.v + 1", [id])
                if rng.random() < 0.1:
                    connection.rollback()
                else:
                    connection.commit()
                time.sleep(0.001)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("seed", [1, 2])
def test_a_snapshot_while_others_write_gives_the_table_as_it_is(database, tmp_path, seed):
    database.run("INSERT INTO t SELECT i, i, 'a' FROM generate_series(0, 2999) i")
    ended = threading.Event()
    writers = [write_for_a_while(database, seed * 10 + number, ended) for number in range(2)]
    rng, positions, rows = random.Random(seed), None, []
    try:
        for _ in range(5):  # lives that end anywhere in the snapshot
            with database.lived(tmp_path, snapshot_rows=100) as life:
                life.open(positions)
                deadline = time.monotonic() + rng.uniform(0.1, 0.5)
                while time.monotonic() < deadline:
                    life.take(most=rng.choice([7, 500]))
                rows += life.rows
                positions = kept(life) or None
    finally:
        ended.set()
        for writer in writers:
            writer.join()
    with database.lived(tmp_path, snapshot_rows=100) as life:
        life.open(positions).to_end()
        rows += life.rows
    assert replay(rows) == table_of(database)
    snapshot = [row["id"] for row in rows if row["_op"] == "snapshot"]
    assert len(snapshot) == len(set(snapshot)), "no row is read twice by the snapshot"
    assert sum(row["_op"] != "snapshot" for row in rows) > 20


def test_a_large_transaction_is_cut_anywhere_and_kills_lose_and_double_nothing(database, tmp_path):
    total = 200_000
    with database.lived(tmp_path) as life:
        life.open().to_end()
    database.run("INSERT INTO t SELECT i, i, 'row ' || i FROM generate_series(1, %s::bigint) i", total)
    given = json.dumps({"connection": "db", "tables": ["t"]})
    command = [sys.executable, "-c", FOLLOW, str(tmp_path), given, json.dumps(database.options())]
    for wait in (0.3, 1.5, 2.5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    positions, ids = None, []
    while len(ids) < total:
        with database.lived(tmp_path) as life:
            life.open(positions).rows_until(min(60_000, total - len(ids)), 60)
            ids += [row["id"] for row in life.rows]
            positions = kept(life)
    assert ids == list(range(1, total + 1))
    assert life.probe.columns["id"] == "BIGINT"


FOLLOW = """
import json, sys
from pathlib import Path
sys.path[:0] = [".", "tests"]
from integration.receiving.sources import Lived
from runnel.connectors.postgres.cdc import CdcSource
life = Lived(CdcSource, json.loads(sys.argv[2]), Path(sys.argv[1]), {"db": json.loads(sys.argv[3])}).open()
print("open", flush=True)
while True:
    life.take(most=2000)
"""


def test_large_values_that_did_not_change_are_named_filled_or_fetched(database, tmp_path):
    big = "".join(random.Random(1).choices("abcdefghij", k=20_000))
    for unchanged, full, expected in (("mark", False, (None, ["s"])), ("mark", True, (big, None)), ("fetch", False, (big, None))):
        table = f"toast{next(_numbers)}"
        database.run(f"CREATE TABLE {table} (id int PRIMARY KEY, v int, s text)")
        database.run(f"ALTER TABLE {table} ALTER s SET STORAGE EXTERNAL")
        if full:
            database.run(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
        with database.lived(tmp_path / table, tables=[table], unchanged=unchanged) as life:
            life.open().to_end()
            database.run(f"INSERT INTO {table} VALUES (1, 1, %s)", big)
            database.run(f"UPDATE {table} SET v = 2 WHERE id = 1")
            rows = life.rows_until(2)
            assert rows[0]["s"] == big
            assert (rows[1]["s"], rows[1]["_unchanged"] or None) == expected
            assert ("s" in json.loads(rows[1]["_before"] or "{}")) == full


def test_masked_values_are_kept_nowhere(database, tmp_path):
    database.run("ALTER TABLE t REPLICA IDENTITY FULL")
    database.run("INSERT INTO t VALUES (1, 77, 'geheimwort')")
    with database.lived(tmp_path, mask={"s": "hash", "public.t.v": "null"}) as life:
        life.open().to_end()
        database.run("UPDATE t SET v = 78 WHERE id = 1")
        database.run("DELETE FROM t WHERE id = 1")
        rows = life.rows_until(3)
        assert len({row["s"] for row in rows}) == 1 and len(rows[0]["s"]) == 32
        assert {row["v"] for row in rows} == {None}
        assert all("geheimwort" not in str(row) for row in rows)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"geheimwort" not in path.read_bytes()


@pytest.mark.parametrize("policy", ["evolve", "pause", "dead_letter"])
def test_a_table_that_changes(database, tmp_path, policy):
    with database.lived(tmp_path, schema_change=policy) as life:
        life.open().to_end()
        database.run("INSERT INTO t VALUES (1, 1, 'a')")
        database.run("ALTER TABLE t ADD COLUMN extra int")
        database.run("ALTER TABLE t RENAME COLUMN s TO words")
        database.run("INSERT INTO t VALUES (2, 2, 'b', 5)")
        if policy == "evolve":
            rows = life.rows_until(2)
            assert [(row["id"], row["s"]) for row in rows] == [(1, "a"), (2, None)]
        elif policy == "dead_letter":
            life.rows_until(2)
            assert [row["id"] for row in life.rows] == [1]
            assert life.reasons == ["the table changed: column words was added, column extra was added, column s was removed"]
        else:
            with pytest.raises(ConnectorError) as caught:
                life.until(lambda: False, 20)
            assert caught.value.code == "RNL-CDC-009" and "column extra was added" in caught.value.what
            assert [row["id"] for row in life.rows] == [1], "what was before is read"
        positions = kept(life)
    if policy != "dead_letter":
        with database.lived(tmp_path, schema_change=policy) as life:
            database.run("INSERT INTO t VALUES (3, 3, 'c', 6)")
            life.open(positions).to_end()
            life.until(lambda: life.rows and life.rows[-1]["id"] == 3)
            assert [(row["id"], row["words"], row["extra"]) for row in life.rows][-1] == (3, "c", 6)
            assert [row["id"] for row in life.rows] == ([2, 3] if policy == "pause" else [3])


def test_a_slot_that_was_dropped_or_moved_stops_with_its_name_and_a_new_word_reads_everything_again(database, tmp_path):
    database.run("INSERT INTO t VALUES (1, 1, 'a')")
    with database.lived(tmp_path) as life:
        life.open().to_end()
        positions = kept(life)
    (slot,) = database.slots()
    database.run("INSERT INTO t VALUES (2, 2, 'b')")
    eventually(lambda: not database.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", slot))
    database.run("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", slot)
    for code, drop in (("RNL-CDC-006", False), ("RNL-CDC-005", True)):
        if drop:
            database.run("SELECT pg_drop_replication_slot(%s)", slot)
        with database.lived(tmp_path) as life, pytest.raises(ConnectorError) as caught:
            life.open(positions).until(lambda: False, 20)
        assert caught.value.code == code and slot in str(caught.value)
        assert "resnapshot" in caught.value.hint
    with database.lived(tmp_path, resnapshot="again") as life:
        life.open(positions).to_end()
        assert [(row["_op"], row["id"]) for row in life.rows] == [("snapshot", 1), ("snapshot", 2)]
        positions = kept(life)
    with database.lived(tmp_path, resnapshot="again") as life:
        life.open(positions).to_end()
        assert not life.rows
        life.reader.close()
        life.source.forget(life.context)
        assert not database.slots() and not database.run("SELECT 1 FROM pg_publication")


def test_another_database_behind_the_same_address_is_noticed(database, tmp_path):
    with database.lived(tmp_path) as life:
        life.open().to_end()
        positions = kept(life)
    path = tmp_path / "logs" / "p.feed" / "receiver.json"
    state = json.loads(path.read_text())
    for field, value in (("system", "1"), ("timeline", 99)):
        path.write_text(json.dumps({**state, field: value}))
        with database.lived(tmp_path) as life, pytest.raises(ConnectorError) as caught:
            life.open(positions).until(lambda: False, 20)
        assert caught.value.code == "RNL-CDC-007"


def test_a_restart_of_the_server_loses_and_doubles_nothing(own_service, tmp_path):
    server = own_service("postgres")
    database = Database(server.address)
    with database.lived(tmp_path) as life:
        life.open().to_end()
        for turn in range(3):
            database.run("INSERT INTO t SELECT i, i, 'a' FROM generate_series(%s::int, %s::int) i", turn * 100, turn * 100 + 99)
            life.rows_until(turn * 100 + 50)
            if turn < 2:
                database.connection.close()
                server.stop() if turn else server.kill()
                life.until(lambda: bool(life.trouble))
                server.start()
                database.connect()
        life.rows_until(300)
        life.to_end()
        assert [row["id"] for row in life.rows] == list(range(300))


def test_what_is_missing_is_told_with_the_sql_that_brings_it(database, tmp_path):
    role = f"reader_{database.name}"
    database.run(f"CREATE ROLE {role} LOGIN")
    try:
        with pytest.raises(AuthoringError) as caught:
            database.lived(tmp_path, database.options(user=role))
        assert f'ALTER ROLE "{role}" REPLICATION;' in caught.value.hint and "GRANT CREATE ON DATABASE" in caught.value.hint
        assert "GRANT SELECT ON" in caught.value.hint and "does not own public.t" in caught.value.what
    finally:
        database.run(f"DROP ROLE {role}")
    database.run("CREATE TABLE bare (x int)")
    for config, part in (({"tables": ["bare"]}, "no primary key"), ({"tables": ["nothing"]}, "no table nothing"),
                         ({"columns": {"zzz": "INT"}}, "no table has a column")):  # fmt: skip
        with pytest.raises(AuthoringError) as caught:
            database.lived(tmp_path, **config)
        assert part in caught.value.what
    database.run("ALTER TABLE bare REPLICA IDENTITY FULL")
    with database.lived(tmp_path, tables=["bare"], snapshot="never") as life:
        life.open().to_end()
        database.run("INSERT INTO bare VALUES (1)")
        assert life.rows_until(1)[0]["_op"] == "insert"


def test_quiet_tables_hold_nothing_back_and_a_slow_reader_is_told(database, tmp_path, monkeypatch):
    from runnel.connectors.postgres import cdc_health

    monkeypatch.setattr(cdc_health, "LOOK_SECONDS", 0.2)
    database.run("CREATE TABLE other (x text)")
    with database.lived(tmp_path) as life:
        life.open().to_end()
        (slot,) = database.slots()
        before = database.run("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = %s", slot)
        database.run("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 2000)")
        where = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = %s"
        life.until(lambda: database.run(where, slot) > before)
    with database.lived(tmp_path, max_retained_bytes=1024**2) as life:
        database.run("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        life.open(kept(life) or None)
        with pytest.raises(ConnectorError) as caught:
            life.until(lambda: False, 20)
        assert caught.value.code == "RNL-CDC-010" and caught.value.retryable


PIPELINE = """\
runnel: 1
name: changes
nodes:
  rows: {{kind: source.postgres_cdc, config: {{connection: db, tables: [t], snapshot_rows: 50}}}}
  some: {{kind: table.filter, from: rows, config: {{where: "_op <> 'truncate'"}}}}
  saved: {{kind: sink.dataset, from: some, config: {{name: changes}}}}
"""


def test_a_stream_from_the_command_line_follows_a_table_into_a_dataset(database, tmp_path):
    (tmp_path / "runnel.toml").write_text("")
    (tmp_path / "changes.runnel.yaml").write_text(PIPELINE.format())
    options = [part for name, value in database.options().items() for part in ("--option", f"{name}={value}")]
    subprocess.run([*RUNNEL, "connections", "add", "db", "--kind", "postgres", *options], cwd=tmp_path, check=True, input=b"",
                   capture_output=True)  # fmt: skip
    database.run("INSERT INTO t SELECT i, i, 'a' FROM generate_series(1, 120) i")
    with running(tmp_path, "changes.runnel.yaml"):
        eventually(lambda: records_of(tmp_path, "rows") >= 120)
        database.run("UPDATE t SET v = 0 WHERE id <= 10")
        eventually(lambda: records_of(tmp_path, "rows") >= 130)
    database.run("DELETE FROM t WHERE id = 5")
    with running(tmp_path, "changes.runnel.yaml"):
        eventually(lambda: records_of(tmp_path, "rows") >= 131)
    rows = rows_of(tmp_path, "changes")
    assert len(rows) == 131
    assert sorted(row["_op"] for row in rows) == ["delete"] + ["snapshot"] * 120 + ["update"] * 10
