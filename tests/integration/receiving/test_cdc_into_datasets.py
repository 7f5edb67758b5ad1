"""Tables of PostgreSQL that are followed into datasets: the newest rows and the history, while it is killed, are the table's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from building import fresh_folder
from faults.faulting import connect
from faults.stream_lives import kill_when_it_appears
from integration.receiving.sources import eventually, running
from integration.receiving.test_cdc import Database, database  # noqa: F401 - a fixture
from integration.sinks.test_keyed_datasets import dataset_rows

PIPELINE = """\
runnel: 1
name: follow
nodes:
  changes: {kind: source.postgres_cdc, config: {connection: db, tables: [t], snapshot_rows: 50}}
  newest: {kind: sink.dataset, from: changes, config: {name: newest, mode: upsert, key: [id]}}
  some: {kind: table.filter, from: changes, config: {where: "_op <> 'truncate'"}}
  history: {kind: sink.dataset, from: some, config: {name: history, mode: history, key: [id]}}
"""


@pytest.fixture
def folder(database: Database) -> Iterator[Path]:  # noqa: F811
    with fresh_folder() as made:
        (made / "runnel.toml").write_text("", "utf-8")
        (made / "follow.runnel.yaml").write_text(PIPELINE, "utf-8")
        connect(made, "db", "postgres", **database.options())
        yield made


def work(database: Database, random_: random.Random, count: int) -> None:  # noqa: F811
    """Insert, update (also keys, and beside large values that stay) and delete."""
    for _ in range(count):
        kind, id = random_.random(), random_.randrange(300)
        if kind < 0.4:
            database.run("INSERT INTO t VALUES (%s, %s, repeat(md5(random()::text), 300)) ON CONFLICT DO NOTHING", id, random_.randrange(1000))
        elif kind < 0.7:
            database.run("UPDATE t SET v = v + 1 WHERE id = %s", id)
        elif kind < 0.8:
            database.run("UPDATE t SET id = %s WHERE id = %s AND NOT EXISTS (SELECT 1 FROM t WHERE id = %s)", id + 1000, id, id + 1000)
        else:
            database.run("DELETE FROM t WHERE id = %s", id)


def rows(folder: Path, name: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
    try:
        return [row for row in dataset_rows(folder, name, f"({where}), id, v, s") if row[0]]
    except Exception:  # noqa: BLE001 - it is not there yet
        return []


def test_datasets_are_as_the_table_however_often_the_stream_is_killed(database, folder):  # noqa: F811
    random_ = random.Random(11)
    database.run("INSERT INTO t SELECT i, i, repeat('x', 5000) || i FROM generate_series(0, 199) i")

    def table() -> list[tuple[Any, ...]]:
        return [(True, *row) for row in database.run("SELECT id, v, s FROM t ORDER BY id, v, s")]

    with running(folder, "follow.runnel.yaml") as process:
        for _ in range(2):
            work(database, random_, 150)
            eventually(lambda: rows(folder, "newest"))
            kill_when_it_appears(process.pid)
        work(database, random_, 150)
        eventually(lambda: rows(folder, "newest") == table(), 90)
        eventually(lambda: rows(folder, "history", "is_current") == table(), 90)
        versions = dataset_rows(folder, "history", "id, v, valid_from, valid_to, is_current, _commit_time")
        assert all(row[2] == row[5] for row in versions) and len(versions) > len(table())
        assert all((row[3] is None) == row[4] for row in versions)
        database.run("TRUNCATE t")
        database.run("INSERT INTO t VALUES (5, 5, 'after')")
        eventually(lambda: rows(folder, "newest") == [(True, 5, 5, "after")], 90)
    assert not {"_op", "_before", "_unchanged"} & set(columns_of(folder))


def columns_of(folder: Path) -> list[str]:
    from runnel.store import Store

    made = Store.open(f"sqlite:///{folder / '.runnel' / 'runnel.db'}", folder / ".runnel")
    try:
        return list(made.datasets.show("newest")["columns"])
    finally:
        made.close()
