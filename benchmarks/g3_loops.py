"""Loops that somebody would write by hand for G3; run as `python -m benchmarks.g3_loops NAME ADDRESS TOPIC`, prints the answer."""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections import Counter
from typing import Any

ALL = ("arrow", "duckdb", "orjson")


def batches(address: str, topic: str) -> Any:
    """Yield lists of values of a topic up to its present end."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    consumer = Consumer({
        "bootstrap.servers": address, "group.id": "loop", "enable.auto.commit": False, "fetch.max.bytes": 64 * 1024**2,
        "max.partition.fetch.bytes": 16 * 1024**2, "queued.max.messages.kbytes": 256 * 1024, "check.crcs": False,
    })  # fmt: skip
    parts = list(consumer.list_topics(topic).topics[topic].partitions)
    left = sum(consumer.get_watermark_offsets(TopicPartition(topic, part))[1] for part in parts)
    consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in parts])
    while left:
        found = consumer.consume(50_000, 0.2)
        left -= len(found)
        if found:
            yield [message.value() for message in found]
    consumer.close()


def with_orjson(address: str, topic: str) -> dict[tuple[int, str], list[int]]:
    """One object per event, and a dictionary."""
    import orjson

    made: dict[tuple[int, str], list[int]] = {}
    for values in batches(address, topic):
        for value in values:
            event = orjson.loads(value)
            if event["amount"] >= 100:
                place = made.get(key := (event["ts"] // 1000, event["user"]))
                if place is None:
                    made[key] = [1, event["amount"]]
                else:
                    place[0] += 1
                    place[1] += event["amount"]
    return made


def with_arrow(address: str, topic: str) -> dict[tuple[int, str], list[int]]:
    """Arrow parses lines and groups batches; the parts are added up in a dictionary."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.json as pj

    schema = pa.schema([("user", pa.string()), ("amount", pa.int64()), ("ts", pa.int64())])
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = pj.ReadOptions(use_threads=False, block_size=64 * 1024**2)
    made: dict[tuple[int, str], list[int]] = {}
    for values in batches(address, topic):
        rows = pj.read_json(io.BytesIO(b"\n".join(values)), reading, options)
        rows = rows.filter(pc.greater_equal(rows["amount"], 100))
        rows = rows.append_column("second", pc.divide(rows["ts"], 1000))
        for part in rows.group_by(["second", "user"], use_threads=False).aggregate([("amount", "count"), ("amount", "sum")]).to_pylist():
            place = made.setdefault((part["second"], part["user"]), [0, 0])
            place[0] += part["amount_count"]
            place[1] += part["amount_sum"]
    return made


def with_duckdb(address: str, topic: str) -> dict[tuple[int, str], list[int]]:
    """DuckDB parses and groups batches; the parts are added up by it at the end."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(config={"threads": "1"})
    parts: list[Any] = []
    for values in batches(address, topic):
        raw = pa.table({"value": pa.array(values, pa.binary()).cast(pa.string())})  # noqa: F841 - DuckDB finds it
        parts.append(connection.sql("""
            SELECT e.ts // 1000 AS second, e.user, count(*) AS n, sum(e.amount)::BIGINT AS total
            FROM (SELECT from_json(value, '{"user": "VARCHAR", "amount": "BIGINT", "ts": "BIGINT"}') AS e FROM raw)
            WHERE e.amount >= 100 GROUP BY ALL""").to_arrow_table())
    every = pa.concat_tables(parts)  # noqa: F841 - DuckDB finds it
    rows = connection.sql("SELECT second, user, sum(n)::BIGINT, sum(total)::BIGINT FROM every GROUP BY ALL").fetchall()
    return {(second, user): [n, total] for second, user, n, total in rows}


def main() -> None:
    name, address, topic = sys.argv[1:4]
    begun = time.perf_counter()
    made = {"orjson": with_orjson, "arrow": with_arrow, "duckdb": with_duckdb}[name](address, topic)
    took = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    counted = Counter({f"{second}": n for (second, _), (n, _) in made.items()})
    print(json.dumps({
        "seconds": took, "cpu": used.ru_utime + used.ru_stime, "rows": len(made), "events": sum(n for n, _ in made.values()),
        "total": sum(total for _, total in made.values()), "last": max(counted, default=""),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
