"""Datasets over time: compaction, versions that go, writers that are killed or meet each other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from integration.store.stores import TYPES, ids, parquet, publish, publish_rows, read
from runnel.errors import AuthoringError, RunnelError
from runnel.store import Store
from runnel.store.delta import DeltaWrite
from runnel.store.tables import dataset_versions, datasets
from runnel.store.upkeep import compact, small_files


def now() -> datetime:
    """Later than everything that was done so far."""
    return datetime.now(UTC) + timedelta(seconds=1)


def location(store: Store, name: str = "set") -> str:
    return str(store.datasets.show(name)["location"])


def files_on_disk(store: Store) -> set[str]:
    return {path.name for path in Path(location(store)).glob("*.parquet")}


def modes(store: Store, name: str = "set") -> list[str]:
    return [entry["mode"] for entry in store.datasets.show(name)["versions"]]


# --------------------------------------------------------------------------------------------------------- compaction
def test_compaction_joins_files_and_keeps_every_row_and_every_version(store):
    for number in range(8):
        publish_rows(store, f"r{number}", number, number + 100)
    before = read(store)
    assert small_files(location(store)) == 8
    assert store.datasets.compact("set") == {"files_before": 8, "files_after": 1, "version": 8}
    assert read(store) == before and small_files(location(store)) == 1
    assert [len(read(store, version=version)) for version in range(9)] == [2, 4, 6, 8, 10, 12, 14, 16, 16]
    assert modes(store)[0] == "compact"
    assert store.datasets.compact("set")["version"] is None
    assert len(store.datasets.show("set")["versions"]) == 9


def test_compaction_keeps_columns_that_came_later(sqlite):
    publish_rows(sqlite, "r1", 1)
    publish(sqlite, "SELECT 2::BIGINT AS id, 'b' AS t, 1.5::DOUBLE AS x", {**TYPES, "x": "DOUBLE"}, "r2")
    publish_rows(sqlite, "r3", 3)
    before = read(sqlite)
    sqlite.datasets.compact("set")
    assert read(sqlite) == before == [(1, "t1", None), (2, "b", 1.5), (3, "t3", None)]
    assert read(sqlite, version=0) == [(1, "t1")]


def test_rows_appended_during_compaction_are_not_lost(sqlite):
    for number in range(30):
        publish_rows(sqlite, f"r{number}", number)
    appended = threading.Thread(target=lambda: [publish_rows(sqlite, f"late{n}", 1000 + n) for n in range(15)])
    appended.start()
    while appended.is_alive():
        sqlite.datasets.compact("set")
    appended.join()
    sqlite.datasets.compact("set")
    assert ids(sqlite) == [*range(30), *range(1000, 1015)]
    rows = {entry["version"]: entry["rows"] for entry in sqlite.datasets.show("set")["versions"]}
    assert sum(rows.values()) == 45 and len(read(sqlite, version=29)) == 30


def test_a_replacement_that_overtakes_a_compaction_wins(sqlite, monkeypatch):
    for number in range(4):
        publish_rows(sqlite, f"r{number}", number)
    opened = DeltaTable(location(sqlite))
    assert opened.version() == 3
    publish_rows(sqlite, "new", 9, mode="replace")
    stale = [opened]
    monkeypatch.setattr("deltalake.DeltaTable", lambda *given, **named: stale.pop() if stale else DeltaTable(*given, **named))
    compact(location(sqlite), TYPES)
    monkeypatch.undo()
    assert ids(sqlite) == [9]


@pytest.mark.parametrize("mode", ["replace", "upsert"])
def test_a_run_that_takes_files_away_is_not_met_by_a_compaction(sqlite, monkeypatch, mode):
    """Deltalake would keep what the compaction wrote of the rows that are gone."""
    for number in range(4):
        publish_rows(sqlite, f"r{number}", number)
    whole, tried = DeltaWrite._reader, []

    def reader(self, *given):
        tried.append(sqlite.datasets.compact("set"))
        return whole(self, *given)

    monkeypatch.setattr(DeltaWrite, "_reader", reader)
    key = ("id",) if mode == "upsert" else ()
    publish(sqlite, "SELECT 2::BIGINT AS id, 'new' AS t", TYPES, "new", mode, key)
    assert [one["version"] for one in tried] == [None]
    rest = [] if mode == "replace" else [(0, "t0"), (1, "t1"), (3, "t3")]
    assert read(sqlite) == sorted([*rest, (2, "new")])


def test_compactions_that_meet_double_nothing(sqlite):
    for number in range(40):
        publish_rows(sqlite, f"r{number}", number)
    stop = threading.Event()

    def join() -> int:
        made = 0
        while not stop.is_set():
            made += compact(location(sqlite), TYPES)["version"] is not None
        return made

    with ThreadPoolExecutor(3) as pool:
        joining = [pool.submit(join) for _ in range(3)]
        try:
            for number in range(15):
                publish_rows(sqlite, f"late{number}", 1000 + number)
        finally:
            stop.set()
        assert sum(one.result() for one in joining) > 1
    assert ids(sqlite) == [*range(40), *range(1000, 1015)]


def test_a_run_counts_once_also_after_its_rows_were_compacted_and_its_files_removed(store):
    for number in range(4):
        publish_rows(store, f"r{number}", number)
    store.datasets.compact("set")
    store.datasets.retire("set", now())
    with store.engine.begin() as connection:
        connection.execute(dataset_versions.delete().where(dataset_versions.c.run_id == "r2"))
    publish_rows(store, "r2", 2)
    assert ids(store) == [0, 1, 2, 3]


# ---------------------------------------------------------------------------------------------------------- retention
def test_versions_past_retention_go_with_their_files_and_the_newest_stays(store):
    for number in range(4):
        publish_rows(store, f"r{number}", number, mode="replace")
    gone = store.datasets.retire("set", now())
    assert gone["versions"] == [0, 1, 2] and gone["bytes"] > 0
    assert ids(store) == [3] and len(files_on_disk(store)) == 1
    with pytest.raises(AuthoringError, match="no version 1") as caught:
        store.datasets.files("set", 1)
    assert caught.value.hint == "Versions: 3."


def test_versions_within_retention_and_pinned_ones_can_still_be_read(store):
    for number in range(4):
        publish_rows(store, f"r{number}", number, mode="replace")
    assert store.datasets.retire("set", now() - timedelta(days=1)) == {"versions": [], "bytes": 0}
    assert store.datasets.retire("set", now(), pinned=None)["versions"] == []
    assert store.datasets.retire("set", now(), pinned={1})["versions"] == [0, 2]
    assert ids(store, version=1) == [1] and ids(store, version=3) == [3]


def test_every_pinned_version_among_appends_and_compactions_can_still_be_read(store):
    for number in range(6):
        publish_rows(store, f"r{number}", number)
    store.datasets.compact("set")
    for number in range(7, 12):
        publish_rows(store, f"r{number}", number)
    publish_rows(store, "last", 99, mode="replace")
    pinned = {1, 2, 4, 6, 7, 9}
    wanted = {version: ids(store, version=version) for version in pinned}
    gone = store.datasets.retire("set", now(), pinned)
    assert gone["versions"] == [0, 3, 5, 8, 10, 11]
    assert {version: ids(store, version=version) for version in pinned} == wanted and ids(store) == [99]


def test_a_version_is_counted_from_when_it_was_superseded(sqlite):
    publish_rows(sqlite, "old", 1, mode="replace")
    with sqlite.engine.begin() as connection:
        connection.execute(dataset_versions.update().values(created_at=now() - timedelta(days=400)))
    publish_rows(sqlite, "new", 2, mode="replace")
    assert sqlite.datasets.retire("set", now() - timedelta(days=1))["versions"] == []
    assert ids(sqlite, version=0) == [1]


def test_after_a_vacuum_writing_and_reading_go_on(store):
    for number in range(3):
        publish_rows(store, f"r{number}", number, mode="replace")
    store.datasets.retire("set", now())
    made = publish_rows(store, "next", 7)
    assert ids(store) == [2, 7] and ids(store, version=made["version"]) == [2, 7]
    assert store.datasets.list()[0]["version"] == made["version"]


def test_a_file_that_a_killed_writer_left_is_never_seen_and_goes_with_time(sqlite):
    publish_rows(sqlite, "r1", 1)
    stray = Path(location(sqlite)) / "part-00000-torn.parquet"
    stray.write_bytes(b"PAR1 half of a file")
    assert ids(sqlite) == [1]
    sqlite.datasets.retire("set", now() - timedelta(hours=2))
    assert stray.exists()
    sqlite.datasets.retire("set", now())
    assert not stray.exists() and ids(sqlite) == [1]


# ---------------------------------------------------------------------------------------------- writers that are killed
KILLED = """
import os, signal, sys
sys.path[:0] = {path!r}
from pathlib import Path
from runnel.store import Store, datasets, delta
import deltalake
stage, mode = {stage!r}, {mode!r}
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if stage == "before the files": delta.DeltaWrite._reader = die
if stage == "before the commit":
    whole = delta.DeltaWrite._reader
    def torn(self, *given):
        import pyarrow as pa
        reader = whole(self, *given)
        def batches():
            yield reader.read_next_batch()
            die()
        return pa.RecordBatchReader.from_batches(reader.schema, batches())
    delta.DeltaWrite._reader = torn
if stage == "after the commit": datasets.DatasetStore._record = die
store = Store.open({url!r}, Path({home!r}))
if stage == "after the row":
    store.datasets.publish("set", [{file!r}], mode, [], "killed", {types!r})
    die()
store.datasets.publish("set", [{file!r}], mode, [], "killed", {types!r})
"""
STAGES = ["before the files", "before the commit", "after the commit", "after the row"]


def kill_writer(store: Store, stage: str, mode: str, file: str) -> None:
    path = [str(Path(__file__).resolve().parents[3] / "src")]
    text = KILLED.format(path=path, stage=stage, mode=mode, file=file, home=str(store.home), types=TYPES,
                         url=store.engine.url.render_as_string(hide_password=False))  # fmt: skip
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_a_writer_killed_at_any_stage_shows_all_or_nothing_and_counts_once_when_it_comes_back(store, mode, stage):
    publish_rows(store, "first", 1)
    file = parquet(store.home, "SELECT 2::BIGINT AS id, 't2' AS t")
    kill_writer(store, stage, mode, file)
    before, after = [1], [1, 2] if mode == "append" else [2]
    assert ids(store) == (after if stage.startswith("after") else before)
    for _ in range(2):
        assert store.datasets.publish("set", [file], mode, [], "killed", TYPES)["rows"] == 1
        assert ids(store) == after
    publish_rows(store, "next", 3)
    assert ids(store) == [*after, 3]
    runs = [entry["run_id"] for entry in store.datasets.show("set")["versions"]]
    assert runs == ["next", "killed", "first"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_dataset_whose_first_writer_was_killed_is_whole_or_not_there(store, stage):
    file = parquet(store.home, "SELECT 2::BIGINT AS id, 't2' AS t")
    kill_writer(store, stage, "append", file)
    store.datasets.catch_up()
    assert [item["name"] for item in store.datasets.list()] == (["set"] if stage.startswith("after") else [])
    store.datasets.publish("set", [file], "append", [], "killed", TYPES)
    publish_rows(store, "next", 3)
    assert ids(store) == [2, 3]
    assert [entry["version"] for entry in store.datasets.show("set")["versions"]] == [1, 0]


def test_a_version_whose_writer_was_killed_is_recorded_by_the_next_writer(store):
    publish_rows(store, "r0", 0)
    publish_rows(store, "r1", 1)
    with store.engine.begin() as connection:
        connection.execute(dataset_versions.delete().where(dataset_versions.c.run_id == "r1"))
    publish_rows(store, "r2", 2)
    assert [entry["run_id"] for entry in store.datasets.show("set")["versions"]] == ["r2", "r1", "r0"]
    publish_rows(store, "r1", 1)
    assert ids(store) == [0, 1, 2]


# -------------------------------------------------------------------------------------------------- writers that meet
WRITE = """
import sys; sys.path[:0] = {path!r}
from pathlib import Path
from runnel.store import Store
store = Store.open({url!r}, Path({home!r}))
print("ready", flush=True); sys.stdin.readline()
store.datasets.publish("set", [{file!r}], {mode!r}, [], {run!r}, {types!r})
"""


def write_at_once(store: Store, jobs: list[tuple[str, str, str, dict[str, str]]]) -> None:
    """Each job is run, mode, query, types, in a process of its own; all begin together."""
    path = [str(Path(__file__).resolve().parents[3] / "src")]
    url = store.engine.url.render_as_string(hide_password=False)
    made = []
    for run, mode, query, types in jobs:
        text = WRITE.format(path=path, url=url, home=str(store.home), file=parquet(store.home, query), mode=mode, run=run, types=types)
        made.append(subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    for process in made:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    for process in made:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in made:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()[-3000:]


def test_first_writers_that_meet_all_count(store):
    write_at_once(store, [(f"r{n}", "append", f"SELECT {n}::BIGINT AS id, 't{n}' AS t", TYPES) for n in range(4)])
    assert ids(store) == [0, 1, 2, 3]
    assert sorted(entry["run_id"] for entry in store.datasets.show("set")["versions"]) == ["r0", "r1", "r2", "r3"]


def test_of_first_replacements_that_meet_one_remains(store):
    write_at_once(store, [(f"r{n}", "replace", f"SELECT {n}::BIGINT AS id, 't{n}' AS t", TYPES) for n in range(4)])
    assert len(ids(store)) == 1 and len(store.datasets.show("set")["versions"]) == 4


def test_writers_that_meet_and_add_columns_or_order_them_otherwise_do_not_mix_them(store):
    other = {"t": "VARCHAR", "id": "BIGINT"}
    jobs = [
        ("r0", "append", "SELECT 0::BIGINT AS id, 't0' AS t", TYPES),
        ("r1", "append", "SELECT 't1' AS t, 1::BIGINT AS id", other),
        ("r2", "append", "SELECT 't2' AS t, 2::BIGINT AS id, 2.5::DOUBLE AS x", {**other, "x": "DOUBLE"}),
        ("r3", "append", "SELECT 3::BIGINT AS id, 't3' AS t, 'y3' AS y", {**TYPES, "y": "VARCHAR"}),
    ]
    write_at_once(store, jobs)
    query, _, columns, _ = store.datasets.query("set")
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT id, t, x, y FROM ({query}) ORDER BY id").fetchall()
    assert found == [(0, "t0", None, None), (1, "t1", None, None), (2, "t2", 2.5, None), (3, "t3", None, "y3")]
    assert set(columns) == {"id", "t", "x", "y"}


def test_readers_see_whole_versions_while_others_write(sqlite):
    publish_rows(sqlite, "r0", *range(10), mode="replace")
    stop = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not stop.is_set():
            files, _, _ = sqlite.datasets.files("set")
            seen.append(sum(pq.read_metadata(file).num_rows for file in files))

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(1, 15):
        publish_rows(sqlite, f"r{number}", *range(10), mode="replace")
    stop.set()
    reader.join()
    assert seen and set(seen) == {10}


# ------------------------------------------------------------------------------------------------------- names, places
def test_names_that_look_alike_have_tables_of_their_own(store):
    for number, name in enumerate(("a b", "a-b", "A b", "ä")):
        publish_rows(store, "r", number, name=name)
    assert [ids(store, name) for name in ("a b", "a-b", "A b", "ä")] == [[0], [1], [2], [3]]


def test_a_state_folder_can_be_moved(sqlite, tmp_path):
    publish_rows(sqlite, "r1", 1)
    sqlite.close()
    moved = tmp_path / "elsewhere"
    sqlite.home.rename(moved) if sqlite.home.stat().st_dev == tmp_path.stat().st_dev else __import__("shutil").move(sqlite.home, moved)
    opened = Store.open(f"sqlite:///{moved / 'runnel.db'}", moved)
    try:
        assert ids(opened) == [1]
    finally:
        opened.close()


def test_a_deleted_dataset_begins_anew(store):
    publish_rows(store, "r1", 1)
    publish_rows(store, "r2", 2)
    store.datasets.delete("set")
    assert store.datasets.list() == []
    assert publish_rows(store, "r3", 3)["version"] == 0
    assert ids(store) == [3]


def test_a_deletion_that_was_killed_half_way_leaves_a_name_that_can_be_used(sqlite):
    publish_rows(sqlite, "r1", 1)
    publish_rows(sqlite, "r2", 2)
    place = Path(location(sqlite))
    place.rename(place.parent / ".deleted-x")
    with pytest.raises(RunnelError):
        sqlite.datasets.files("set")
    publish_rows(sqlite, "r3", 3)
    assert ids(sqlite) == [3]
    assert [entry["run_id"] for entry in sqlite.datasets.show("set")["versions"]] == ["r3"]
    sqlite.datasets.sweep()
    assert not (place.parent / ".deleted-x").exists()


def test_a_table_whose_log_has_no_notes_is_written_and_read_on(sqlite):
    """As one that an older version made."""
    publish_rows(sqlite, "r1", 1)
    for entry in (Path(location(sqlite)) / "_delta_log").glob("*.json"):
        lines = [json.loads(line) for line in entry.read_text().splitlines()]
        for line in lines:
            line.get("commitInfo", {}).pop("runnel", None)
        entry.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with sqlite.engine.begin() as connection:
        connection.execute(datasets.update().values(location=location(sqlite)))
    assert ids(sqlite) == [1]
    publish_rows(sqlite, "r2", 2)
    sqlite.datasets.compact("set")
    assert ids(sqlite) == [1, 2] and modes(sqlite) == ["compact", "append", "append"]


def test_a_long_log_is_read_in_pieces(sqlite):
    for number in range(25):
        publish_rows(sqlite, f"r{number}", number)
    with sqlite.engine.begin() as connection:
        connection.execute(dataset_versions.delete().where(dataset_versions.c.run_id == "r3"))
    assert publish_rows(sqlite, "r3", 3)["version"] == 3
    assert ids(sqlite) == list(range(25))


