"""Datasets that streams keep by key: random changes in random cuts, folded in now and then, against a plain dictionary."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from building import fresh_folder
from integration.store.stores import publish
from runnel.engines.duckdb.folding import folding_connection
from runnel.errors import AuthoringError
from runnel.sdk.delivery import EpochRows
from runnel.store import Store
from runnel.store.stream_delta import StreamDatasets

TYPES = {"id": "BIGINT", "name": "VARCHAR", "at": "TIMESTAMP WITH TIME ZONE", "_op": "VARCHAR", "_before": "JSON", "_unchanged": "VARCHAR[]"}
ARROW = {"id": pa.int64(), "name": pa.string(), "at": pa.timestamp("us", "UTC"), "_op": pa.string(), "_before": pa.string(), "_unchanged": pa.list_(pa.string())}
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    with fresh_folder() as home:
        made = Store.open(f"sqlite:///{home / 'runnel.db'}", home)
        yield made
        made.close()


def delivery(store: Store, mode: str = "upsert", app: str = "a", types: dict[str, str] | None = None, key: Sequence[str] = ("id",), time: str | None = None) -> Any:
    place = store.datasets.place("set")
    place.parent.mkdir(exist_ok=True)
    scratch = store.home / "scratch"
    scratch.mkdir(exist_ok=True)
    datasets = StreamDatasets({"set": str(place)}, lambda: folding_connection(str(scratch), [str(place)]), str(scratch))
    return datasets.delivery("set", mode, app, types or TYPES, key, time)


def epoch(number: int, *rows: dict[str, Any], types: dict[str, str] | None = None) -> EpochRows:
    names = list(types or TYPES)
    return EpochRows(number, pa.table({name: pa.array([row.get(name) for row in rows], ARROW.get(name, pa.string())) for name in names}))


def put(id: int | None, name: str | None, second: int = 0, op: str = "insert", **more: Any) -> dict[str, Any]:
    return {"id": id, "name": name, "at": START + timedelta(seconds=second), "_op": op, **more}


def read(store: Store, columns: str = "id, name", version: int | None = None) -> list[tuple[Any, ...]]:
    store.datasets.catch_up({"set": store.datasets.place("set")})
    query, _, _, _ = store.datasets.query("set", version)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return sorted(connection.execute(f"SELECT {columns} FROM ({query})").fetchall(), key=repr)


def fold(store: Store) -> int | None:
    scratch = str(store.home / "scratch")
    with folding_connection(scratch, [str(store.datasets.place("set"))]) as connection:
        return store.datasets.fold("set", connection, scratch)


def random_changes(random_: random.Random, count: int, keys: int) -> Iterator[tuple[dict[str, Any], dict[int, str | None]]]:
    """Yield changes as PostgreSQL would tell them, each with what is there afterwards."""
    there: dict[int, str | None] = {}
    for number in range(count):
        kind, id = random_.random(), random_.randrange(keys)
        if kind < 0.004:
            there.clear()
            change = put(None, None, number, "truncate")
        elif id not in there:
            there[id] = f"n{number}"
            change = put(id, there[id], number, random_.choice(["insert", "snapshot"]))
        elif kind < 0.3:
            del there[id]
            change = put(id, None, number, "delete", _before=json.dumps({"id": str(id)}))
        elif kind < 0.45 and (new := random_.randrange(keys)) not in there:
            there[new] = there.pop(id)
            change = put(new, there[new], number, "update", _before=json.dumps({"id": str(id)}))
        elif kind < 0.6:
            change = put(id, None, number, "update", _unchanged=["name"])
        else:
            there[id] = f"n{number}"
            change = put(id, there[id], number, "update", _before=json.dumps({"id": str(id), "name": "x"}))
        yield change, dict(there)


@pytest.mark.parametrize("seed", range(4))
def test_changes_in_any_cut_give_the_rows_that_the_table_has(store, seed):
    random_ = random.Random(seed)
    made, number, cut, there = delivery(store), 0, [], {}
    states: dict[int, dict[int, str | None]] = {}
    assert made.open().epoch == 0
    for change, there in random_changes(random_, 1500, 40):
        cut.append(change)
        if random_.random() < 0.04:
            number += 1
            made.deliver([epoch(number, *cut)])
            cut = []
            states[DeltaTable(str(store.datasets.place("set"))).version()] = there
            if random_.random() < 0.15:
                before = read(store)
                assert fold(store) is not None and read(store) == before
    made.deliver([epoch(number + 1, *cut)] if cut else [epoch(number + 1)])
    assert read(store) == sorted(there.items(), key=repr)
    for version in random_.sample(sorted(states), 8):
        assert read(store, version=version) == sorted(states[version].items(), key=repr)
    assert fold(store) is not None and fold(store) is None
    assert read(store) == sorted(there.items(), key=repr)
    raw = duckdb.sql(f"SELECT count(*) FROM read_parquet({DeltaTable(str(store.datasets.place('set'))).file_uris()})").fetchall()
    assert raw == [(len(there),)]


def test_an_epoch_counts_once_also_for_another_process_and_refused_rows_are_told_again(store):
    made = delivery(store)
    first = [epoch(1, put(1, "a"), put(None, "b"), put(2, "c"))]
    told = made.deliver(first)
    assert told.epoch == 1 and [(one.row, one.reason.split(",")[0]) for one in told.refused] == [(1, "`id` is empty")]
    again = delivery(store)
    assert again.open() == again.deliver(first)
    assert again.open().epoch == 1 and again.open().refused == told.refused
    again.deliver([epoch(1, put(1, "a")), epoch(2, put(1, "z", op="update"))])
    assert read(store) == [(1, "z"), (2, "c")]
    stale = made.deliver([epoch(2, put(1, "stale"))])
    assert stale.epoch == 2 and read(store) == [(1, "z"), (2, "c")]


def test_two_owners_at_once_write_each_epoch_once(store):
    """A frozen process that wakes up beside its successor delivers the same epochs under the same name."""
    delivery(store).deliver([epoch(1, put(0, "first"))])
    epochs = [epoch(number, put(number, f"n{number}"), put(0, f"n{number}", op="update")) for number in range(2, 25)]

    def deliver() -> None:
        made = delivery(store)
        for one in epochs:
            made.deliver([one])

    owners = [threading.Thread(target=deliver) for _ in range(2)]
    for one in owners:
        one.start()
    for one in owners:
        one.join()
    files = DeltaTable(str(store.datasets.place("set"))).file_uris()
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet({files})").fetchall() == [(1 + 2 * len(epochs),)]
    assert read(store) == sorted([(0, "n24"), *((number, f"n{number}") for number in range(2, 25))], key=repr)


def test_columns_may_come_later_and_types_must_stay(store):
    made = delivery(store, types={"id": "BIGINT", "name": "VARCHAR"})
    made.deliver([EpochRows(1, pa.table({"id": [1, 2], "name": ["a", "b"]}))])
    wider = delivery(store, app="b", types={"id": "BIGINT", "name": "VARCHAR", "more": "INTEGER"})
    wider.deliver([EpochRows(1, pa.table({"id": [2, 3], "name": ["c", "d"], "more": pa.array([7, 8], pa.int32())}))])
    assert read(store, "id, name, more") == [(1, "a", None), (2, "c", 7), (3, "d", 8)]
    fold(store)
    made.deliver([EpochRows(2, pa.table({"id": [3], "name": ["e"]}))])
    assert read(store, "id, name, more") == [(1, "a", None), (2, "c", 7), (3, "e", None)]
    other = delivery(store, app="c", types={"id": "BIGINT", "name": "INTEGER"})
    with pytest.raises(AuthoringError, match="`name` is INTEGER"):
        other.deliver([EpochRows(1, pa.table({"id": [1], "name": pa.array([1], pa.int32())}))])


def test_mode_delete_takes_keys_away_and_replace_begins_anew(store):
    delivery(store).deliver([epoch(1, *(put(id, "a") for id in range(5)))])
    types = {"id": "BIGINT"}
    delivery(store, "delete", "b", types).deliver([EpochRows(1, pa.table({"id": [1, 3, 77]}))])
    assert read(store) == [(0, "a"), (2, "a"), (4, "a")]
    anew = delivery(store, "replace", "c")
    anew.deliver([epoch(1, put(9, "x"))])
    anew.deliver([epoch(2, put(9, "y"), put(10, "z"))])
    assert read(store) == [(10, "z"), (9, "y")]


def test_a_run_adds_by_the_same_key_and_what_has_no_key_is_refused(store):
    delivery(store, types={"id": "BIGINT", "t": "VARCHAR"}).deliver([EpochRows(1, pa.table({"id": [1, 2], "t": ["a", "b"]}))])
    types = {"id": "BIGINT", "t": "VARCHAR"}
    assert publish(store, "SELECT 2::BIGINT AS id, 'run' AS t", types, "r1", "upsert", ("id",))["rows"] == 1
    assert read(store, "id, t") == [(1, "a"), (2, "run")]
    for mode, key in (("append", ()), ("upsert", ("t",))):
        with pytest.raises(AuthoringError, match="go by key"):
            publish(store, "SELECT 3::BIGINT AS id, 'x' AS t", types, f"r2{mode}", mode, key)
    with pytest.raises(AuthoringError, match="go by key"):
        delivery(store, "append", "plain", types).deliver([EpochRows(1, pa.table({"id": [1], "t": ["b"]}))])
    assert store.datasets.compact("set")["version"] is None
    publish(store, "SELECT 3::BIGINT AS id, 'x' AS t", types, "r3", "replace")
    publish(store, "SELECT 3::BIGINT AS id, 'y' AS t", types, "r4", "append")
    assert read(store, "id, t") == [(3, "x"), (3, "y")]


def test_a_stream_goes_on_by_key_with_the_rows_of_a_run(store):
    types = {"id": "BIGINT", "name": "VARCHAR"}
    publish(store, "SELECT range AS id, 'run' AS name FROM range(5)", types, "r1", "replace")
    delivery(store).deliver([epoch(1, put(1, "s"), put(7, "s"), put(2, None, op="delete"))])
    assert read(store) == [(0, "run"), (1, "s"), (3, "run"), (4, "run"), (7, "s")]


def test_changes_that_come_while_others_are_folded_in_stay(store):
    made = delivery(store)
    made.deliver([epoch(1, put(1, "a"), put(2, "a"))])
    stale = DeltaTable(str(store.datasets.place("set")))
    made.deliver([epoch(2, put(2, "b", op="update"))])
    rows = pa.table({"c0": [1, 2], "c1": ["a", "a"], "c2": pa.array([START, START], ARROW["at"])})
    from runnel.store.notes import newest_note, noted

    note = newest_note(str(store.datasets.place("set")), 0)
    from deltalake import CommitProperties

    told = {**note, "run_id": None, "mode": "compact"}
    write_deltalake(stale, rows, mode="overwrite", schema_mode="merge", commit_properties=CommitProperties(custom_metadata=noted(told)))
    assert read(store) == [(1, "a"), (2, "b")]
    assert fold(store) is not None and read(store) == [(1, "a"), (2, "b")]


def test_wide_tables_of_which_the_log_has_no_figures_are_read_too(store):
    types = {"id": "BIGINT", **{f"x{n}": "BIGINT" for n in range(40)}}
    publish(store, "SELECT range AS id, " + ", ".join(f"range AS x{n}" for n in range(40)) + " FROM range(4)", types, "r1", "replace")
    made = delivery(store, types=types)
    rows = pa.table({"id": [1, 9], **{f"x{n}": [5, 5] for n in range(40)}})
    made.deliver([EpochRows(1, rows)])
    expected = [(0, 0), (1, 5), (2, 2), (3, 3), (9, 5)]
    assert read(store, "id, x39") == expected
    fold(store)
    made.deliver([EpochRows(2, rows.slice(0, 1))])
    assert read(store, "id, x39") == expected


# ------------------------------------------------------------------------------------------------------------ history
def history_of(changes: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The versions of each key, from its changes in the order in which they came; time does not go back for a key."""
    made: list[list[Any]] = []
    state: dict[int, str] = {}
    newest: dict[int, datetime] = {}
    open_: dict[int, list[Any]] = {}
    for change in changes:
        id, new = change["id"], None if change["_op"] == "delete" else change["name"]
        if new == state.get(id):
            continue
        newest[id] = max(newest.get(id, START), change["at"])
        if id in open_:
            open_.pop(id)[3:] = [newest[id], False]
        state.pop(id, None)
        if new is not None:
            state[id], open_[id] = new, [id, new, newest[id], None, True]
            made.append(open_[id])
    return sorted((tuple(row) for row in made), key=repr)


@pytest.mark.parametrize("seed", range(3))
def test_a_history_has_every_version_with_its_time_however_often_it_is_folded(store, seed):
    random_ = random.Random(seed)
    types = {name: TYPES[name] for name in ("id", "name", "at", "_op")}
    changes = [
        put(random_.randrange(20), random_.choice("abc"), max(0, second - random_.choice([0, 0, 0, 0, 50])),
            random_.choice(["insert", "update", "update", "delete"]))
        for second in range(600)
    ]  # fmt: skip
    made, number, rest = delivery(store, "history", types=types, time="at"), 0, changes
    while rest:
        number += 1
        cut, rest = rest[: (size := random_.randint(1, 60))], rest[size:]
        made.deliver([epoch(number, *cut, types=types)])
        if random_.random() < 0.3:
            fold(store)
    columns = "id, name, valid_from, valid_to, is_current"
    assert read(store, columns) == history_of(changes)
    fold(store)
    assert read(store, columns) == history_of(changes)


def test_a_history_keeps_values_that_a_change_leaves_as_they_were(store):
    made = delivery(store, "history", time="at")
    made.deliver([epoch(1, put(1, "a", 1))])
    fold(store)
    made.deliver([epoch(2, put(1, None, 2, "update", _unchanged=["name"]), put(2, "b", 2), put(2, None, 4, "update", _before='{"id": "2"}'))])
    made.deliver([epoch(3, put(3, "b", 5, "update", _before='{"id": 2}'))])
    at = [START + timedelta(seconds=second) for second in range(6)]
    assert read(store, "id, name, valid_from, valid_to") == [
        (1, "a", at[1], None), (2, "b", at[2], at[4]), (2, None, at[4], at[5]), (3, "b", at[5], None),
    ]  # fmt: skip


def test_a_history_refuses_what_it_cannot_hold_and_is_no_other_dataset(store):
    made = delivery(store, "history", time="at")
    told = made.deliver([epoch(1, put(1, "a"), {**put(2, "b"), "at": None}, put(None, None, 3, "truncate"))])
    assert sorted(one.row for one in told.refused) == [1, 2] and "cannot be emptied" in told.refused[-1].reason
    with pytest.raises(AuthoringError, match="is a history"):
        delivery(store, "upsert", "b").deliver([epoch(1, put(1, "a"))])
    assert read(store, "id, is_current") == [(1, True)]


def test_changes_are_folded_in_when_they_are_many(store, monkeypatch):
    monkeypatch.setattr("runnel.store.stream_keyed.FOLD_FILES", 10)
    monkeypatch.setattr("runnel.store.stream_keyed.LOOK_SECONDS", 0)
    monkeypatch.setattr("runnel.store.stream_keyed.FOLD_SHARE", 1e9)
    made = delivery(store)
    for number in range(1, 40):
        made.deliver([epoch(number, put(number % 5, f"n{number}"))])
    assert len(DeltaTable(str(store.datasets.place("set"))).file_uris()) <= 11
    assert {entry["mode"] for entry in store.datasets.show("set")["versions"]} <= {"upsert", "compact"} if read(store) else False
    assert read(store) == [(n, f"n{max(m for m in range(1, 40) if m % 5 == n)}") for n in range(5)]
    assert not list((Path(store.home) / "scratch").glob("fold-*"))


# ------------------------------------------------------------------------------------------------------- whole streams
EVENTS = 120_000
CONFIG = {
    "events": EVENTS, "rate_per_second": None, "start": "2026-01-01T00:00:00Z", "interval_seconds": 0.001, "partitions": 1,
    "columns": {"n": "sequence", "id": "integer(1,3000)", "v": "integer(1,100)"},
}  # fmt: skip
KEPT = f"""\
runnel: 1
name: kept
nodes:
  ticks: {{kind: source.simulate, config: {CONFIG!r}}}
  changes:
    kind: table.derive
    from: ticks
    config: {{columns: {{_op: "CASE WHEN v % 5 = 0 THEN 'delete' ELSE 'update' END", at: _event_time}}}}
  newest: {{kind: sink.dataset, from: changes, config: {{name: newest, mode: upsert, key: [id]}}}}
  history: {{kind: sink.dataset, from: changes, config: {{name: history, mode: history, key: [id], valid_from: at}}}}
""".replace("None", "null")


def kept_rows() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The newest rows, and every version, over all events at once."""
    from runnel.connectors.simulate import SimulateSource

    source = SimulateSource(SimulateSource.Config.model_validate(CONFIG), {}, "ticks")
    events = source._whole(f"range({EVENTS})", ["n", "id", "v"], source._start())
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    ended = f"""SELECT *, lead(_event_time) OVER (PARTITION BY id ORDER BY n) AS e FROM (
        SELECT *, v % 5 = 0 AS gone, lag(v % 5 = 0) OVER (PARTITION BY id ORDER BY n) AS g FROM ({events}))
        WHERE NOT (gone AND coalesce(g, TRUE))"""
    newest = connection.execute(f"SELECT n, id, v FROM ({ended}) WHERE e IS NULL AND NOT gone ORDER BY ALL").fetchall()
    history = connection.execute(
        f"SELECT n, id, v, _event_time, e, e IS NULL FROM ({ended}) WHERE NOT gone ORDER BY n"
    ).fetchall()
    return newest, history


def dataset_rows(folder: Path, name: str, columns: str) -> list[tuple[Any, ...]]:
    made = Store.open(f"sqlite:///{folder / '.runnel' / 'runnel.db'}", folder / ".runnel")
    try:
        query, _, _, _ = made.datasets.query(name)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(f"SELECT {columns} FROM ({query}) ORDER BY ALL").fetchall()
    finally:
        made.close()


def test_streams_that_are_killed_give_the_same_rows_and_the_same_history():
    from faults.stream_lives import pipeline, until_finished

    newest, history = kept_rows()
    with fresh_folder() as folder:
        lives = until_finished(pipeline(folder, KEPT), random.Random(3), 8, (0.0, 0.4))
        assert dataset_rows(folder, "newest", "n, id, v") == newest
        assert dataset_rows(folder, "history", "n, id, v, valid_from, valid_to, is_current") == history
    passed = {entry["node"]: entry for entry in lives.report["ledger"]["nodes"]}
    assert lives.report["ledger"]["balanced"] and passed["newest"]["absorbed"] == passed["history"]["absorbed"] == EVENTS
    assert lives.kills >= 2, lives


def all_delivered(shown: dict[str, Any]) -> bool:
    return bool(shown.get("outbox")) and shown["lag"] == {"ticks": 0} and not any(box["epochs"] for box in shown["outbox"].values())


def test_the_page_of_a_dataset_and_pipelines_that_read_it_see_merged_rows():
    from running import running, until

    text = KEPT.replace(f"'events': {EVENTS}", "'events': 5000")
    with fresh_folder() as root:
        (root / "kept.runnel.yaml").write_text(text, "utf-8")
        with running(root) as server:
            server.post("/streams/kept/start")
            until(lambda: any(item["name"] == "kept" for item in server.get("/streams")["items"]))
            until(lambda: all_delivered(server.get("/streams/kept")))
            until(lambda: len(server.get("/datasets")["items"]) == 2)
            found = server.get("/datasets/newest/data", limit=2000, sort="id")
            ids = [row["id"] for row in found["items"]]
            assert len(ids) == len(set(ids)) and found["total"] > 1500 and "_op" not in found["items"][0]
            shown = server.get("/datasets/history")
            assert {column["name"] for column in shown["columns"]} >= {"valid_from", "valid_to", "is_current"}
            current = server.get("/datasets/history/data", filter="is_current", limit=1)
            assert current["total"] == found["total"]
            assert shown["versions"][0]["mode"] == "history"
            assert server.get("/streams/kept")["guarantee"] == {"newest": "exactly_once", "history": "exactly_once"}
