"""Datasets that are followed: what every version did, cut anywhere and read again, gives the dataset somewhere else."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from building import fresh_folder
from faults.stream_lives import pipeline, until_finished
from integration.sinks.test_keyed_datasets import dataset_rows
from integration.store.stores import publish, publish_rows
from integration.streams.flowing import runnel
from runnel.connectors.datasets.changes import DatasetChangesSource
from runnel.engines.duckdb.folding import folding_connection
from runnel.errors import ConnectorError
from runnel.sdk.delivery import EpochRows
from runnel.sdk.source import Probe
from runnel.sdk.streaming import Position, StreamContext
from runnel.store import Store
from runnel.store.stream_delta import StreamDatasets

COLUMNS = {"id": "BIGINT", "t": "VARCHAR"}


@pytest.fixture
def store() -> Iterator[Store]:
    with fresh_folder() as home:
        made = Store.open(f"sqlite:///{home / 'runnel.db'}", home)
        (home / "scratch").mkdir()
        (home / "datasets").mkdir()
        yield made
        made.close()


def datasets(store: Store) -> StreamDatasets:
    place, scratch = str(store.datasets.place("set")), str(store.home / "scratch")
    return StreamDatasets({"set": place}, lambda: folding_connection(scratch, [place]), scratch)


def reader(store: Store, columns: dict[str, str] | None = None, **config: Any) -> Any:
    source = DatasetChangesSource(DatasetChangesSource.Config.model_validate({"name": "set", **config}), {}, "feed")
    context = StreamContext("p", "feed", "p-feed", str(store.home), str(store.home), datasets=datasets(store))
    return source.reader(context, Probe({**(columns or COLUMNS), "_op": "VARCHAR"}))


def keyed(store: Store, epoch: int, *rows: tuple[int | None, str | None, str], app: str = "a") -> None:
    table = pa.table({
        "id": pa.array([row[0] for row in rows], pa.int64()), "t": pa.array([row[1] for row in rows], pa.string()),
        "_op": pa.array([row[2] for row in rows], pa.string()),
    })  # fmt: skip
    datasets(store).delivery("set", "upsert", app, {**COLUMNS, "_op": "VARCHAR"}, ["id"]).deliver([EpochRows(epoch, table)])
    store.datasets.catch_up({"set": store.datasets.place("set")})


class Following:
    """Reads until nothing more is there; keeps the rows by their position."""

    def __init__(self, store: Store, at: Position | None = None, **config: Any) -> None:
        self.reader = reader(store, **config)
        self.at = at
        self.reader.open({"0": at})
        self.rows: list[tuple[Any, ...]] = []
        self.positions: list[int] = []

    def take(self, most: int = 1000, polls: int | None = None) -> list[tuple[Any, ...]]:
        """Poll until at the end, or so many times; returns the new rows."""
        fresh: list[tuple[Any, ...]] = []
        while polls is None or polls > 0:
            polls = None if polls is None else polls - 1
            (found,) = self.reader.poll(1 << 20, most, 0.0)
            self.at = found.position
            if found.at_end:
                break
            fresh += [(row["id"], row["t"], row["_op"]) for row in found.table.to_pylist()]
            self.positions += found.table.column("_position").to_pylist()
        self.rows += fresh
        assert self.positions == list(range(self.positions[0], self.positions[0] + len(self.positions))) if self.positions else True
        return fresh


def test_rows_that_are_there_come_first_and_then_what_each_version_did(store):
    publish_rows(store, "r1", 1, 2)
    made = Following(store)
    assert made.take() == [(1, "t1", "snapshot"), (2, "t2", "snapshot")]
    publish_rows(store, "r2", 3)
    assert made.reader.ends() == {"0": 3} and made.take() == [(3, "t3", "insert")]
    publish(store, "SELECT 2::BIGINT AS id, 'new' AS t UNION ALL SELECT 9, 'nine' UNION ALL SELECT 1, 't1'", COLUMNS, "r3", "upsert", ("id",))
    assert made.reader.ends() == {"0": 5} and made.take() == [(2, "new", "update"), (9, "nine", "update")]
    for number in range(5):
        publish_rows(store, f"more{number}", 100 + number)
    store.datasets.compact("set")
    assert [row[0] for row in made.take()] == [100, 101, 102, 103, 104]
    publish_rows(store, "r4", 7, mode="replace")
    assert made.take() == [(None, None, "truncate"), (7, "t7", "insert")] and made.take() == []
    assert Following(store, start="latest").take() == []


def test_a_dataset_that_is_kept_by_key_gives_its_changes_and_folding_them_in_gives_nothing(store):
    keyed(store, 1, (1, "a", "insert"), (2, "b", "insert"))
    made = Following(store)
    assert sorted(made.take()) == [(1, "a", "snapshot"), (2, "b", "snapshot")]
    keyed(store, 2, (1, None, "delete"), (3, "c", "insert"), (3, "d", "update"))
    assert made.take() == [(1, None, "delete"), (3, "c", "update"), (3, "d", "update")]
    with folding_connection(str(store.home / "scratch"), [str(store.datasets.place("set"))]) as connection:
        assert store.datasets.fold("set", connection, str(store.home / "scratch")) is not None
    assert made.take() == []
    keyed(store, 3, (None, None, "truncate"), (5, "e", "insert"))
    assert made.take() == [(None, None, "truncate"), (5, "e", "update")]


@pytest.mark.parametrize("seed", range(3))
def test_reading_again_from_any_position_gives_the_same_rows(store, seed):
    random_ = random.Random(seed)
    publish_rows(store, "first", *range(50))
    whole = Following(store)
    places: list[Position | None] = [None]
    for number in range(40):
        kind = random_.random()
        values = [random_.randrange(200) for _ in range(random_.randint(1, 30))]
        if kind < 0.5:
            publish_rows(store, f"r{number}", *values)
        elif kind < 0.8:
            publish_rows(store, f"r{number}", *dict.fromkeys(values), mode="replace")
            text = " UNION ALL ".join(f"SELECT {id}::BIGINT AS id, 'u{number}' AS t" for id in dict.fromkeys(values))
            publish(store, text, COLUMNS, f"u{number}", "upsert", ("id",))
        else:
            store.datasets.compact("set")
        if random_.random() < 0.3:
            whole.take(random_.randint(1, 40), random_.randint(1, 3))
            places.append(whole.at)
    whole.take()
    assert whole.at is not None and whole.reader.ends() == {"0": whole.at.next}
    for place in places[1:]:
        assert place is not None
        again = Following(store, Position.from_json(json.loads(json.dumps(place.to_json()))))
        again.take(random_.randint(1, 50))
        assert again.rows == whole.rows[place.next :] and again.at == whole.at


def test_columns_that_come_later_are_left_out_and_other_types_are_told(store):
    publish_rows(store, "r1", 1)
    made = Following(store)
    made.take()
    publish(store, "SELECT 2::BIGINT AS id, 'b' AS t, 1.5::DOUBLE AS x", {**COLUMNS, "x": "DOUBLE"}, "r2")
    publish(store, "SELECT 3::BIGINT AS id", {"id": "BIGINT"}, "r3")
    assert made.take() == [(2, "b", "insert"), (3, None, "insert")]
    publish(store, "SELECT 4::BIGINT AS id, 5::BIGINT AS t", {"id": "BIGINT", "t": "BIGINT"}, "r4", "replace")
    with pytest.raises(ConnectorError, match="`t` of the dataset set is BIGINT from version"):
        made.take()


def test_what_is_not_kept_any_more_and_what_was_made_anew_is_told(store):
    publish_rows(store, "r1", 1)
    made = Following(store)
    made.take()
    place = made.at
    publish_rows(store, "r2", 2)
    for file in Path(store.datasets.place("set")).glob("*.parquet"):
        file.unlink()
    with pytest.raises(ConnectorError, match="is not kept any more"):
        made.take()
    store.datasets.delete("set")
    publish_rows(store, "r3", 1)
    with pytest.raises(ConnectorError, match="made anew"):
        Following(store, place)


# ------------------------------------------------------------------------------------------------------- whole streams
COPY = """\
runnel: 1
name: copy
nodes:
  feed: {kind: source.dataset_changes, config: {name: first}}
  some: {kind: table.filter, from: feed, config: {where: "_op <> 'nothing'"}}
  copied: {kind: sink.dataset, from: some, config: {name: copied, mode: upsert, key: [id]}}
"""
FILL = """\
runnel: 1
name: fill
nodes:
  rows: {kind: source.generate, config: {rows: ROWS, columns: {id: sequence, v: "integer(1,1000)"}}}
  marked: {kind: table.derive, from: rows, config: {columns: {id: "id + START", run: "'RUN'"}}}
  first: {kind: sink.dataset, from: marked, config: {name: first, mode: MODE, key: [id]}}
"""


def fill(folder: Path, run: str, rows: int, start: int, mode: str) -> None:
    text = FILL.replace("ROWS", str(rows)).replace("START", str(start)).replace("RUN", run).replace("MODE", mode)
    path = folder / "fill.runnel.yaml"
    path.write_text(text, "utf-8")
    runnel(folder, "run", str(path))


def test_a_stream_that_follows_a_dataset_and_is_killed_copies_it():
    with fresh_folder() as folder:
        path = pipeline(folder, COPY)
        fill(folder, "a", 40_000, 0, "append")
        fill(folder, "b", 20_000, 30_000, "upsert")
        lives = until_finished(path, random.Random(5), 2, (0.5, 2.5))
        fill(folder, "c", 1000, 100, "upsert")
        until_finished(path, random.Random(6), 0, (0.0, 0.1))
        assert rows_of(folder, "copied") == rows_of(folder, "first")
        fill(folder, "d", 5, 0, "replace")
        until_finished(path, random.Random(7), 0, (0.0, 0.1))
        assert rows_of(folder, "copied") == rows_of(folder, "first") and len(rows_of(folder, "first")) == 5
    assert lives.kills and lives.report["ledger"]["balanced"]


def test_versions_that_a_stream_has_not_read_yet_are_kept():
    from datetime import UTC, datetime, timedelta

    from runnel.app.project import Project
    from runnel.app.retention import collect

    with fresh_folder() as folder:
        path = pipeline(folder, COPY)
        fill(folder, "a", 30, 0, "append")
        until_finished(path, random.Random(1), 0, (0.0, 0.1))
        for number, run in enumerate("bcd"):
            fill(folder, run, 30, 20 * number, "upsert")
        project = Project(folder)
        try:
            made = collect(project, datetime.now(UTC) + timedelta(days=400))
        finally:
            project.close()
        assert made["removed_versions"].get("first", []) == [], "the stream stands at version 0, and has not read the others"
        until_finished(path, random.Random(1), 0, (0.0, 0.1))
        assert rows_of(folder, "copied") == rows_of(folder, "first")


def rows_of(folder: Path, name: str) -> Sequence[tuple[Any, ...]]:
    return dataset_rows(folder, name, "id, v, run")


def test_a_look_shows_rows_and_a_dataset_that_is_not_there_is_told():
    with fresh_folder() as folder:
        path = pipeline(folder, COPY)
        fill(folder, "a", 20, 0, "append")
        shown = runnel(folder, "preview", str(path), "some")
        assert [column["name"] for column in shown["columns"]] == ["id", "v", "run", "_op"] and shown["total_rows"] == 20
        path.write_text(COPY.replace("name: first", "name: frist"), "utf-8")
        found = runnel(folder, "validate", str(path), code=3)["findings"]
        assert "Did you mean `first`" in json.dumps(found)


