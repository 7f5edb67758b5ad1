"""G9: a 20 GB file through filter, join, aggregate and sort in 1 GB of memory, and what a process may take for it."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks import data
from benchmarks.g1_memory import status
from runnel.api import Pipeline, _project

ROWS = 350_000_000
FREE_BYTES = 60 * 2**30


def _pipeline(folder: Path, orders: Path) -> Pipeline:
    made = Pipeline("large", folder=folder)
    made.settings(memory="1GiB")
    read = made.add("source.file", "orders", path=str(orders))
    other = made.add("source.file", "customers", path=str(data.customers()))
    kept = made.add("table.filter", "kept", from_=read, where="status <> 'open'")
    joined = made.add("table.join", "joined", from_={"left": kept, "right": other}, on=["customer_id"])
    dated = made.add("table.derive", "dated", from_=joined, columns={"month": "date_trunc('month', day)"})
    totals = made.add("table.aggregate", "totals", from_=dated, group_by=["customer_id", "country", "month"],
                      values={"orders": "count(*)", "revenue": "sum(price * quantity)"})  # fmt: skip
    ordered = made.add("table.sort", "ordered", from_=totals, by=["-revenue"])
    made.add("sink.file", "saved", from_=ordered, path=str(folder / "large.parquet"))
    return made


def main() -> list[str]:
    free = shutil.disk_usage(Path(__file__).parent).free
    if free < FREE_BYTES:
        raise SystemExit(f"{free / 2**30:.0f} GiB are free, {FREE_BYTES / 2**30:.0f} GiB are needed")
    orders = data.orders(ROWS)
    try:
        with tempfile.TemporaryDirectory(dir=data.FOLDER) as name:
            folder = Path(name)
            (folder / ".runnel").mkdir()
            return _measured(_pipeline(folder, orders), orders)
    finally:
        orders.unlink()


def _measured(made: Pipeline, orders: Path) -> list[str]:
    project = _project(made.folder)
    begun = time.perf_counter()
    assert not [found for found in made.validate() if found.severity == "error"]
    looked = time.perf_counter() - begun
    zygote = psutil.Process(project.workers.zygote.pid)
    peak = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max([peak[0], *(status(child.pid, "RssAnon") for child in zygote.children())])

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    result = made.run(cache=False)
    took = time.perf_counter() - begun
    done.set()
    watcher.join()
    assert result.status == "success", result.error
    made_rows = result.to_json()["outputs"][0]["rows"]
    size = orders.stat().st_size / 1e9
    return [
        "## G9: 20 GB in 1 GB of memory", "",
        "Command: `make bench NAME=g9_large` (needs 60 GB of disk). CSV → filter → join → derive → aggregate by three keys → sort → Parquet; "
        "`settings: {memory: 1GiB}`. The ledger balances.", "",
        "| what | figure |", "|---|---|",
        f"| input | {size:.1f} GB, {ROWS / 1e6:.0f}M rows |",
        f"| first look (types of the first 5M rows, line ends of all) | {looked:.0f} s |",
        f"| run | {took:.0f} s, {size * 1000 / took:.0f} MB/s |",
        f"| rows out | {made_rows:,} |",
        f"| most memory of its own that the worker held | {peak[0] / 1024:.0f} MiB |",
    ]  # fmt: skip
