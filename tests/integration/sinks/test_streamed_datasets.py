"""Datasets that streams append to: each epoch once, however long it goes on, and few files."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from building import fresh_folder
from integration.store.stores import publish
from runnel.sdk.delivery import EpochRows
from runnel.store import Store, stream_delta
from runnel.store.stream_delta import DatasetDelivery, StreamDatasets
from runnel.store.upkeep import compact, small_files

TYPES = {"id": "BIGINT"}


@pytest.fixture
def store(monkeypatch) -> Iterator[Store]:
    monkeypatch.setattr(stream_delta, "CROWDED_FILES", 10)
    with fresh_folder() as home:
        made = Store.open(f"sqlite:///{home / 'runnel.db'}", home)
        yield made
        made.close()


def delivery(store: Store, mode: str = "append", app: str = "a") -> DatasetDelivery:
    place = store.datasets.place("set")
    place.parent.mkdir(exist_ok=True)
    return StreamDatasets({"set": str(place)}).delivery("set", mode, app, TYPES)


def epoch(number: int, *ids: int) -> EpochRows:
    return EpochRows(number, pa.table({"id": pa.array(ids or [number], pa.int64())}))


def files(store: Store) -> int:
    return small_files(str(store.datasets.place("set")))


def ids(store: Store, version: int | None = None) -> list[int]:
    store.datasets.catch_up({"set": store.datasets.place("set")})
    query, _, _, _ = store.datasets.query("set", version)
    with duckdb.connect() as connection:
        return sorted(row[0] for row in connection.execute(f"SELECT id FROM ({query})").fetchall())


def test_epochs_without_end_stay_few_files_and_each_is_there_once(store):
    into = delivery(store)
    for number in range(1, 61):
        assert into.deliver([epoch(number)]).epoch == number
        assert files(store) <= 11
    assert ids(store) == list(range(1, 61))
    modes = [entry["mode"] for entry in store.datasets.show("set")["versions"]]
    assert 5 <= modes.count("compact") <= 7
    assert into.deliver([epoch(60)]).epoch == 60 and delivery(store).open().epoch == 60
    assert ids(store) == list(range(1, 61))


def test_lists_and_pages_show_what_a_stream_that_runs_has_written_by_now(store):
    into = delivery(store)
    into.deliver([epoch(1)])
    assert [(item["name"], item["version"], item["rows"]) for item in store.datasets.list()] == [("set", 0, 1)]
    into.deliver([epoch(2, 7, 8)])
    assert [(item["version"], item["rows"]) for item in store.datasets.list()] == [(1, 2)]
    into.deliver([epoch(3)])
    shown = store.datasets.show("set")
    assert [(entry["version"], entry["epoch"], entry["rows"]) for entry in shown["versions"]] == [(2, 3, 1), (1, 2, 2), (0, 1, 1)]


def test_one_that_is_started_anew_counts_the_files_of_the_one_before(store):
    for number in range(1, 31):
        delivery(store).deliver([epoch(number)])
        assert files(store) <= 10
    assert ids(store) == list(range(1, 31))


def test_every_version_before_files_were_joined_can_still_be_read(store):
    into = delivery(store)
    for number in range(1, 26):
        into.deliver([epoch(number)])
    seen = {}
    for entry in store.datasets.show("set")["versions"]:
        if entry["mode"] == "append":
            seen[int(entry["run_id"].rpartition("@")[2])] = ids(store, entry["version"])
    assert seen == {number: list(range(1, number + 1)) for number in seen} and len(seen) > 20


def test_two_streams_and_upkeep_meet_on_one_dataset_and_nothing_is_lost_or_doubled(store):
    delivery(store).deliver([epoch(1)])

    def write(app: str, base: int) -> None:
        into = delivery(store, app=app)
        for number in range(2, 42):
            into.deliver([epoch(number, base + number)])

    def join() -> None:
        for _ in range(15):
            compact(str(store.datasets.place("set")), TYPES)

    with ThreadPoolExecutor(3) as pool:
        for one in [pool.submit(write, "a", 1000), pool.submit(write, "b", 2000), pool.submit(join)]:
            one.result()
    assert ids(store) == [1, *range(1002, 1042), *range(2002, 2042)]


def test_a_dataset_that_runs_made_is_appended_to_and_joined_too(store):
    for number in range(12):
        publish(store, f"SELECT {number}::BIGINT AS id", TYPES, f"r{number}")
    into = delivery(store)
    into.deliver([epoch(100)])
    assert files(store) <= 2
    assert ids(store) == [*range(12), 100]


def later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def log_entries(store: Store) -> list[int]:
    return sorted(int(file.stem) for file in (store.datasets.place("set") / "_delta_log").glob("*.json"))


def test_versions_of_a_stream_go_sooner_with_their_log_and_what_it_took_away_and_writing_goes_on(store):
    place = store.datasets.place("set")
    into = delivery(store)
    for number in range(1, 61):
        into.deliver([epoch(number)])
    stray = place / "part-of-a-run-that-has-not-committed.parquet"
    stray.write_bytes(b"PAR1")
    newest = DeltaTable(str(place)).version()
    assert ids(store) == list(range(1, 61))
    assert store.datasets.retire("set", later() - timedelta(days=30))["versions"] == []
    gone = store.datasets.retire("set", later() - timedelta(days=30), streamed=later())
    assert gone["versions"] == list(range(newest)) and gone["bytes"] > 0
    assert len(log_entries(store)) <= 20 and log_entries(store)[-1] == newest
    left = {file.name for file in place.glob("*.parquet")}
    assert stray.name in left and len(left) < 30
    assert ids(store) == list(range(1, 61))
    assert into.deliver([epoch(60)]).epoch == 60
    for number in range(61, 72):
        assert delivery(store).deliver([epoch(number)]).epoch == number
    assert ids(store) == list(range(1, 72))
    assert store.datasets.show("set", 2)["version_count"] > 10 and len(store.datasets.show("set", 2)["versions"]) == 2


def test_what_a_run_wrote_and_what_is_pinned_holds_the_log(store):
    publish(store, "SELECT 0::BIGINT AS id", TYPES, "run")
    into = delivery(store)
    for number in range(1, 31):
        into.deliver([epoch(number)])
    kept = store.datasets.retire("set", later() - timedelta(days=30), {12}, later())
    assert {0, 12} & set(kept["versions"]) == set()
    assert [len(ids(store, version)) for version in (0, 12)] == [1, 12]
    assert log_entries(store)[0] == 0
    store.datasets.retire("set", later(), {12}, later())
    assert len(ids(store, 12)) == 12 and ids(store) == list(range(31))


def test_the_log_of_a_stream_has_short_ways_through_it(store):
    into = delivery(store)
    for number in range(1, 46):
        into.deliver([epoch(number)])
    log = store.datasets.place("set") / "_delta_log"
    assert len(list(log.glob("*.checkpoint.parquet"))) >= 2
    settings = DeltaTable(str(store.datasets.place("set"))).metadata().configuration
    assert settings["delta.checkpointInterval"] == "20"
