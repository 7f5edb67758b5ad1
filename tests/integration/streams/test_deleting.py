"""Streams that are deleted: what goes with them, what stays, what is refused, and what they held in other systems."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
from flowing import entry, folder, printed, refused, runnel, wait_for, write

from integration.receiving.sources import RUNNEL, eventually, records_of, rows_of, running
from integration.receiving.test_cdc import Database, database
from integration.receiving.test_mqtt import Publisher, numbers, options, topic
from integration.streams.test_examples_over_real_services import connect
from runnel.store.log.project import ProjectLogs

__all__ = ["database", "folder"]

SAVED = "  saved: {kind: sink.dataset, from: ticks, config: {name: all, mode: append}}\n"
RULED = """\
  good: {kind: table.validate, from: ticks, config: {rules: [{check: "v > 50", name: enough, message: too little}]}}
  sent: {kind: sink.http, from: good.valid, config: {connection: nobody, path: /}}
"""


def rows_left(folder: Path) -> dict[str, int]:
    """Return how many rows the tables of streams hold."""
    engine = sa.create_engine(f"sqlite:///{folder / '.runnel' / 'streams' / 'streams.db'}")
    with engine.connect() as connection:
        names = sa.inspect(engine).get_table_names()
        found = {name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}
    engine.dispose()
    return {name: count for name, count in found.items() if count}


def test_state_and_history_go_and_what_was_written_stays(folder):
    path = write(folder, SAVED, events=1_000)
    runnel(folder, "run", str(path), "--until-caught-up")
    runnel(folder, "stream", "savepoint", "flow", "before")
    assert rows_left(folder)["streams"] == 1
    goes = runnel(folder, "stream", "delete", "flow", "--look")
    assert goes["savepoints"] == ["before"] and goes["bytes"] > 0
    assert not any(goes[name] for name in ("runs", "letters", "waiting", "unread", "holds", "trouble"))
    assert runnel(folder, "stream", "delete", "flow")["deleted"] == "flow"
    assert rows_left(folder) == {}
    assert runnel(folder, "stream", "status") == {"streams": []}
    assert [path.name for path in (folder / ".runnel" / "streams").iterdir() if "flow" in path.name or "gone" in path.name] == []
    assert len(rows_of(folder, "all")) == 1_000
    assert path.exists()
    again = runnel(folder, "run", str(path), "--until-caught-up")
    assert entry(again, "ticks")["records"] == 1_000 and again["epoch"] < 20
    assert len(rows_of(folder, "all")) == 2_000
    assert "`flow`" not in refused(folder, "stream", "delete", "other")


def test_one_that_runs_is_not_deleted(folder):
    write(folder, SAVED, events=10_000_000, rate="1000")
    runnel(folder, "stream", "start", "flow")
    wait_for(folder, lambda status: status["epoch"] >= 1)
    assert "runs" in printed(folder, "stream", "delete", "flow", "--look")
    words = subprocess.run([*RUNNEL, "stream", "delete", "flow", "--discard"], cwd=folder, capture_output=True, check=False)
    assert words.returncode != 0 and b"RNL-STREAM-044" in words.stderr and b"stream stop flow" in words.stderr
    assert runnel(folder, "stream", "drain", "flow")["status"] == "drained"
    runnel(folder, "stream", "delete", "flow")
    assert rows_left(folder) == {}


def test_what_nobody_could_get_back_is_named_and_goes_only_where_somebody_says_so(folder):
    connect(folder, "nobody", "http", base_url="http://127.0.0.1:9")
    write(folder, RULED, events=400, rate="2000")
    runnel(folder, "stream", "start", "flow")
    wait_for(folder, lambda status: sum(status["positions"].get("ticks", {}).values()) == 400)
    runnel(folder, "stream", "stop", "flow")
    goes = runnel(folder, "stream", "delete", "flow", "--look")
    assert goes["letters"]["good"] + goes["waiting"]["sent"] == 400 and min(*goes["letters"].values(), *goes["waiting"].values()) > 0
    before = rows_left(folder)
    words = refused(folder, "stream", "delete", "flow")
    assert "RNL-STREAM-069" in words and f"{goes['letters']['good']} dead letters of good" in words
    assert f"{goes['waiting']['sent']} rows that sent does not have yet" in words and "--discard" in words
    assert rows_left(folder) == before
    runnel(folder, "stream", "delete", "flow", "--discard")
    assert rows_left(folder) == {}


FOLLOWED = """\
runnel: 1
name: follow
nodes:
  changes: {kind: source.postgres_cdc, config: {connection: db, tables: [t]}}
  history: {kind: sink.dataset, from: changes, config: {name: history, mode: append}}
"""


@pytest.fixture
def followed(database: Database, folder: Path) -> Path:
    """A folder whose stream has followed a table, and was stopped."""
    database.run("INSERT INTO t SELECT i, i, 'a' FROM generate_series(1, 5) i")
    (folder / "follow.runnel.yaml").write_text(FOLLOWED, "utf-8")
    connect(folder, "db", "postgres", **database.options())
    with running(folder, "follow.runnel.yaml"):
        eventually(lambda: records_of(folder, "changes") >= 5)
    return folder


def test_a_database_keeps_nothing_for_a_stream_that_is_deleted(database, followed):
    assert len(database.slots()) == 1
    goes = runnel(followed, "stream", "delete", "follow", "--look")
    assert list(goes["holds"]) == ["changes"] and "slot" in goes["holds"]["changes"]
    runnel(followed, "stream", "delete", "follow")
    assert not database.slots() and not database.run("SELECT 1 FROM pg_publication")
    assert not (followed / ".runnel" / "logs" / "follow.changes").exists()
    with running(followed, "follow.runnel.yaml"):
        eventually(lambda: len(rows_of(followed, "history")) >= 10)
    assert sorted(row["id"] for row in rows_of(followed, "history")) == sorted([*range(1, 6)] * 2)  # a snapshot each


def test_where_the_other_system_does_not_answer_nothing_goes_unless_it_is_to_be_left_alone(database, followed):
    (followed / "follow.runnel.yaml").unlink()
    subprocess.run([*RUNNEL, "connections", "delete", "db"], cwd=followed, check=True, capture_output=True)
    connect(followed, "db", "postgres", **(database.options() | {"port": 9}))
    before = rows_left(followed)
    done = subprocess.run([*RUNNEL, "stream", "delete", "follow"], cwd=followed, capture_output=True, check=False)
    words = done.stderr.decode()
    assert done.returncode == 5 and "RNL-STREAM-070" in words and "--keep-outside" in words, words
    assert rows_left(followed) == before and len(database.slots()) == 1
    assert (followed / ".runnel" / "logs" / "follow.changes").exists()
    assert runnel(followed, "stream", "status", "follow")["status"] in ("drained", "stopped")
    made = runnel(followed, "stream", "delete", "follow", "--keep-outside")
    assert "slot" in made["kept_outside"]["changes"]
    assert rows_left(followed) == {} and len(database.slots()) == 1


@pytest.mark.parametrize("more", [{"version": "5"}, {"version": "3.1.1"}, {"version": "5", "client_id": "own-name-7"}])
def test_a_broker_keeps_no_messages_for_a_stream_that_is_deleted(mosquitto, folder, more):
    base = topic()
    config = {"connection": "broker", "topics": [f"{base}/#"], "columns": {"n": "BIGINT"}}
    (folder / "heard.runnel.yaml").write_text(f"""\
runnel: 1
name: heard
nodes:
  feed: {{kind: source.mqtt, config: {json.dumps(config)}}}
  saved: {{kind: sink.dataset, from: feed, config: {{name: heard, mode: append}}}}
""", "utf-8")  # fmt: skip
    given = options(mosquitto, **more)
    connect(folder, "broker", "mqtt", given.pop("password"), **given)
    with Publisher(mosquitto) as publisher:
        with running(folder, "heard.runnel.yaml"):
            publisher.send(f"{base}/a", *numbers(0, 10))
            eventually(lambda: publisher.send(f"{base}/a", *numbers(10, 20)) or records_of(folder, "feed") >= 20)
        publisher.send(f"{base}/a", *numbers(100, 200))  # they wait in the session
        assert "session" in runnel(folder, "stream", "delete", "heard", "--look")["holds"]["feed"]
        runnel(folder, "stream", "delete", "heard")
        known = len(rows_of(folder, "heard"))
        with running(folder, "heard.runnel.yaml"):
            eventually(lambda: publisher.send(f"{base}/a", *numbers(300, 301)) or len(rows_of(folder, "heard")) > known)
    later = {row["n"] for row in rows_of(folder, "heard")}
    assert 300 in later and not later & set(range(100, 200))


def test_records_that_were_sent_here_stay_for_who_begins_anew(folder):
    (folder / "orders.runnel.yaml").write_text("""\
runnel: 1
name: orders
nodes:
  events: {kind: source.ingest, config: {columns: {id: BIGINT}}}
  saved: {kind: sink.dataset, from: events, config: {name: kept, mode: append}}
""", "utf-8")  # fmt: skip
    with contextlib.closing(ProjectLogs(folder / ".runnel").writer("orders.events")) as log:
        log.append(b'{"id":1}\n{"id":2}\n', 2, 1).result(10)
    runnel(folder, "run", "orders.runnel.yaml", "--until-caught-up")
    readers = folder / ".runnel" / "logs" / "orders.events" / "readers"
    assert list(readers.glob("*.json"))
    runnel(folder, "stream", "delete", "orders")
    assert not list(readers.glob("*.json"))
    runnel(folder, "run", "orders.runnel.yaml", "--until-caught-up")
    assert sorted(row["id"] for row in rows_of(folder, "kept")) == [1, 1, 2, 2]
