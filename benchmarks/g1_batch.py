"""G1: 10M-row CSV, join, filter, derive, group by two, sort, Parquet; against hand-written DuckDB, Polars, pandas."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from benchmarks import data
from benchmarks.rounds import measure, table
from runnel.api import Pipeline


def pipeline(folder: Path, orders: Path, customers: Path, counts: str) -> Pipeline:
    made = Pipeline("g1", folder=folder)
    made.settings(counts=counts)
    read = made.add("source.file", "orders", path=str(orders))
    other = made.add("source.file", "customers", path=str(customers))
    paid = made.add("table.filter", "paid", from_=read, where="status = 'paid'")
    joined = made.add("table.join", "joined", from_={"left": paid, "right": other}, on=["customer_id"])
    derived = made.add("table.derive", "revenue", from_=joined,
                       columns={"revenue": "price * quantity", "month": "date_trunc('month', day)"})  # fmt: skip
    totals = made.add("table.aggregate", "totals", from_=derived, group_by=["country", "month"],
                      values={"orders": "count(*)", "revenue": "sum(revenue)"})  # fmt: skip
    ordered = made.add("table.sort", "sorted", from_=totals, by=["country", "month"])
    made.add("sink.file", "saved", from_=ordered, path=str(folder / f"runnel_{counts}.parquet"))
    return made


def by_hand(folder: Path, orders: Path, customers: Path) -> None:
    connection = duckdb.connect(config={"memory_limit": "2GB", "threads": 2})
    connection.execute("SET preserve_insertion_order = false")
    types = """{'order_id':'BIGINT','customer_id':'BIGINT','status':'VARCHAR','price':'DECIMAL(10,2)','quantity':'BIGINT',
        'day':'DATE','note':'VARCHAR','channel':'VARCHAR'}"""
    connection.execute(f"""COPY (SELECT country, date_trunc('month', day) AS month, count(*) AS orders,
        sum(price * quantity) AS revenue
        FROM read_csv('{orders}', header=true, auto_detect=false, delim=',', columns={types}) o
        JOIN read_csv('{customers}', header=true, auto_detect=false, delim=',',
            columns={{'customer_id':'BIGINT','name':'VARCHAR','country':'VARCHAR'}}) c USING (customer_id)
        WHERE status = 'paid' GROUP BY ALL ORDER BY country, month) TO '{folder}/hand.parquet' (FORMAT parquet)""")


def with_polars(folder: Path, orders: Path, customers: Path) -> None:
    import polars as pl

    made = (
        pl.scan_csv(orders, try_parse_dates=True)
        .filter(pl.col("status") == "paid")
        .join(pl.scan_csv(customers), on="customer_id")
        .with_columns(
            (pl.col("price") * pl.col("quantity")).alias("revenue"), pl.col("day").dt.truncate("1mo").alias("month")
        )
        .group_by("country", "month")
        .agg(pl.len().alias("orders"), pl.col("revenue").sum())
        .sort("country", "month")
    )
    made.collect(engine="streaming").write_parquet(folder / "polars.parquet")


def with_pandas(folder: Path, orders: Path, customers: Path) -> None:
    import pandas as pd

    columns = ["customer_id", "status", "price", "quantity", "day"]
    read = pd.read_csv(orders, usecols=columns, parse_dates=["day"])
    joined = read[read.status == "paid"].merge(
        pd.read_csv(customers, usecols=["customer_id", "country"]), on="customer_id"
    )
    joined["revenue"] = joined.price * joined.quantity
    joined["month"] = joined.day.dt.to_period("M").dt.to_timestamp()
    made = (
        joined.groupby(["country", "month"]).agg(orders=("revenue", "size"), revenue=("revenue", "sum")).reset_index()
    )
    made.sort_values(["country", "month"]).to_parquet(folder / "pandas.parquet")


def main() -> list[str]:
    orders, customers = data.orders(), data.customers()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".runnel").mkdir()
        counted, plain = (pipeline(folder, orders, customers, counts) for counts in ("edges", "segments"))

        def run(made: Pipeline) -> None:
            result = made.run(cache=False)
            assert result.status == "success", result.error

        timings = measure(
            {
                "hand-written DuckDB": lambda: by_hand(folder, orders, customers),
                "Runnel, counts on every edge": lambda: run(counted),
                "Runnel, counts: segments": lambda: run(plain),
                "Polars": lambda: with_polars(folder, orders, customers),
            },
            rounds=5,
        )
        slow = measure({"pandas": lambda: with_pandas(folder, orders, customers)}, rounds=1, warm=0)
        same = "SELECT count(*) FROM (SELECT country, month::DATE, orders, revenue::DECIMAL(18,2) FROM '{}' EXCEPT SELECT country, month::DATE, orders, revenue::DECIMAL(18,2) FROM '{}')"
        for file in ("runnel_edges", "runnel_segments", "polars"):
            query = same.format(folder / "hand.parquet", folder / f"{file}.parquet")
            differing = duckdb.sql(query).fetchall()[0]
            assert differing == (0,), (file, differing)
    lines = ["## G1: batch, 10M-row CSV (560 MB)", "", "Command: `make bench NAME=g1_batch`. Outputs agree.", ""]
    lines += table(timings, "hand-written DuckDB")
    lines.append(
        f"| pandas (one run) | {slow['pandas'].median:.3f} | {slow['pandas'].median / timings['hand-written DuckDB'].median:.2f} | |"
    )
    return lines
