"""Datasets that are kept by key under load: changes a second into a large table, reading it meanwhile, folding changes in.

Run: `python benchmarks/streams_keyed.py [--keys 2000000] [--changes 20000] [--epochs 60]`. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from runnel.engines.duckdb.folding import folding_connection
from runnel.sdk.delivery import EpochRows
from runnel.store.dataset_reading import reading_query
from runnel.store.folding import fold
from runnel.store.stream_delta import StreamDatasets

TYPES = {
    "id": "BIGINT", "name": "VARCHAR", "amount": "DECIMAL(18,2)", "at": "TIMESTAMP WITH TIME ZONE", "_op": "VARCHAR",
    "_before": "JSON", "_unchanged": "VARCHAR[]",
}  # fmt: skip


def rows(connection: Any, keys: int, count: int, seed: int | None) -> Any:
    """Changes of random keys as a followed table gives them, a tenth of them deletions; without a seed every key once."""
    id = "range" if seed is None else f"(hash(range + {seed} * 1000003) % {keys})"
    op = "'insert'" if seed is None else "CASE WHEN range % 10 = 0 THEN 'delete' ELSE 'update' END"
    before = "NULL::VARCHAR" if seed is None else f"'{{\"id\": \"' || {id} || '\"}}'"
    return connection.sql(
        f"SELECT {id}::BIGINT AS id, 'name ' || range AS name, (range / 100)::DECIMAL(18,2) AS amount, now() AS at, {op} AS _op, "
        f"{before} AS _before, NULL::VARCHAR[] AS _unchanged FROM range({count})"
    ).to_arrow_table()


def measured(keys: int, changes: int, epochs: int, folder: Path) -> dict[str, float]:
    """Fill a dataset, fold, deliver changes, read, and fold again; returns seconds and rates."""
    place, scratch = folder / "set", folder / "scratch"
    scratch.mkdir()

    def connect() -> Any:
        return folding_connection(str(scratch), [str(place)])

    made = duckdb.connect()
    made.execute("SET TimeZone = 'UTC'")
    delivery = StreamDatasets({"set": str(place)}, connect, str(scratch)).delivery("set", "upsert", "a", TYPES, ["id"])
    delivery.deliver([EpochRows(1, rows(made, keys, keys, None))])
    folding = connect()
    fold(str(place), folding, str(scratch))
    given = [rows(made, keys, changes, number) for number in range(epochs)]
    began, cpu = time.perf_counter(), time.process_time()
    for number, table in enumerate(given):
        delivery.deliver([EpochRows(number + 2, table)])
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    table = DeltaTable(str(place))
    began = time.perf_counter()
    made.execute(f"SELECT count(*), sum(amount) FROM ({reading_query(table, delivery.columns, table.version())})").fetchall()
    reading = time.perf_counter() - began
    began = time.perf_counter()
    fold(str(place), folding, str(scratch))
    return {
        "keys": keys, "changes_per_second": round(changes * epochs / seconds), "cpu_us_per_change": round(cpu / (changes * epochs) * 1e6, 2),
        "read_seconds": round(reading, 2), "fold_seconds": round(time.perf_counter() - began, 2), "changes": changes * epochs,
    }  # fmt: skip


def main() -> list[str]:
    """Measure once; returns the part of the results."""
    with tempfile.TemporaryDirectory() as folder:
        found = measured(2_000_000, 20_000, 60, Path(folder))
    return [
        "## Streams: a dataset that is kept by key", "",
        "`make bench NAME=streams_keyed`: 60 epochs of 20,000 changes (a tenth deletions) into a dataset of 2M keys. Asked: "
        "20,000 changes a second.", "",
        "| what | figure |", "|---|---|",
        f"| changes taken | {found['changes_per_second']:,.0f} a second, {found['cpu_us_per_change']:.1f} µs of processor each |",
        f"| reading the table meanwhile, {found['changes']:,.0f} changes not folded in | {found['read_seconds']:.2f} s |",
        f"| folding them in | {found['fold_seconds']:.2f} s |",
    ]  # fmt: skip


def command() -> None:
    """Measure once, with what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(given.keys, given.changes, given.epochs, Path(folder))))


if __name__ == "__main__":
    command()
