"""G3 beside other engines of streams that come as Python packages: the same topic, the same windows, the same answer.

Each peer is installed at a fixed version into an environment of its own; `python g3_peers.py NAME ADDRESS TOPIC LARGE JARS` in
that environment runs it and prints its answer. LARGE is how many events pass the filter: who has seen them all is done. JARS is
the folder of what Spark needs to read Kafka.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVENTS, ROUNDS = int(os.environ.get("BENCH_EVENTS", "1000000")), int(os.environ.get("BENCH_ROUNDS", "3"))
PEERS = {
    "bytewax": ["bytewax[kafka]==0.21.1", "orjson==3.13.0"], "quix": ["quixstreams==3.28.1", "orjson==3.13.0"],
    "pathway": ["pathway==0.33.0"], "spark": ["pyspark==4.0.0"],
}  # fmt: skip
SPARK_JARS = tuple(f"org.apache.spark:spark-{name}_2.13:4.0.0" for name in ("sql-kafka-0-10", "token-provider-kafka-0-10"))
WORDS = {
    "bytewax": "Bytewax 0.21.1, windows by event time, its own Kafka source, no recovery",
    "quix": "Quix Streams 3.28.1, windows by event time with state in RocksDB, rows keyed in the topic",
    "pathway": "Pathway 0.33.0, windows by event time, no persistence",
    "spark": "Spark 4.0.0, Structured Streaming on two cores, checkpoint and state on disk",
}

Answer = dict[tuple[int, str], list[int]]


def with_bytewax(address: str, topic: str, large: int, jars: str) -> Answer:
    """Windows are folded from events, and close at the end of the topic."""
    from datetime import UTC, datetime, timedelta

    import bytewax.operators as op
    import bytewax.operators.windowing as windowing
    import orjson
    from bytewax.connectors.kafka import KafkaSource
    from bytewax.dataflow import Dataflow
    from bytewax.outputs import DynamicSink, StatelessSinkPartition
    from bytewax.testing import run_main

    made: Answer = {}
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    class Part(StatelessSinkPartition):
        def write_batch(self, items: list[Any]) -> None:
            for user, (second, (n, total)) in items:
                made[(second, user)] = [n, total]

    class Sink(DynamicSink):
        def build(self, step_id: str, worker_index: int, worker_count: int) -> Part:
            return Part()

    def folded(place: tuple[int, int], event: dict[str, Any]) -> tuple[int, int]:
        return place[0] + 1, place[1] + event["amount"]

    flow = Dataflow("g3")
    stream = op.input("read", flow, KafkaSource([address], [topic], tail=False, batch_size=5000))
    parsed = op.map("parse", stream, lambda message: orjson.loads(message.value))
    passed = op.filter("large", parsed, lambda event: event["amount"] >= 100)
    keyed = op.key_on("user", passed, lambda event: event["user"])
    clock = windowing.EventClock(lambda event: epoch + timedelta(milliseconds=event["ts"]), timedelta(seconds=60))
    windows = windowing.fold_window(
        "seconds", keyed, clock, windowing.TumblingWindower(timedelta(seconds=1), epoch), lambda: (0, 0), folded,
        lambda one, other: (one[0] + other[0], one[1] + other[1]),
    )  # fmt: skip
    seconds = int(epoch.timestamp())
    named = op.map("named", windows.down, lambda item: (item[0], (item[1][0] + seconds, item[1][1])))
    op.output("kept", named, Sink())
    run_main(flow)
    return made


def with_quix(address: str, topic: str, large: int, jars: str) -> Answer:
    """Each event updates its window, whose newest value counts."""
    from quixstreams import Application
    from quixstreams.dataframe.windows import Count, Sum

    made: Answer = {}
    seen = 0
    with tempfile.TemporaryDirectory() as place:
        app = Application(
            broker_address=address, consumer_group=f"g3-{time.time_ns()}", auto_offset_reset="earliest", state_dir=place,
            loglevel="ERROR", use_changelog_topics=False,
        )  # fmt: skip
        source = app.topic(
            topic, key_deserializer="str", value_deserializer="json", timestamp_extractor=lambda value, headers, at, kind: value["ts"]
        )
        frame = app.dataframe(source)
        frame = frame[frame["amount"] >= 100]
        frame = frame.tumbling_window(1000, grace_ms=60_000).agg(n=Count(), total=Sum("amount")).current()

        def kept(value: dict[str, Any], key: str, at: int, headers: Any) -> None:
            nonlocal seen
            made[(value["start"] // 1000, key)] = [value["n"], value["total"]]
            seen += 1
            if seen == large:
                app.stop()

        frame.update(kept, metadata=True)
        app.run()
    return made


def with_pathway(address: str, topic: str, large: int, jars: str) -> Answer:
    """The topic is read up to where it ends; a window's newest value counts."""
    import pathway as pw

    class Event(pw.Schema):
        user: str
        amount: int
        ts: int

    made: Answer = {}

    def kept(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        if is_addition:
            made[(row["start"] // 1000, row["user"])] = [row["n"], row["total"]]

    settings = {"bootstrap.servers": address, "group.id": f"g3-{time.time_ns()}", "auto.offset.reset": "earliest"}
    events = pw.io.kafka.read(settings, topic=topic, format="json", schema=Event, mode="static", autocommit_duration_ms=500)
    windows = (
        events.filter(pw.this.amount >= 100)
        .windowby(pw.this.ts, window=pw.temporal.tumbling(duration=1000), instance=pw.this.user)
        .reduce(start=pw.this._pw_window_start, user=pw.this._pw_instance, n=pw.reducers.count(), total=pw.reducers.sum(pw.this.amount))
    )
    pw.io.subscribe(windows, kept)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    return made


def with_spark(address: str, topic: str, large: int, jars: str) -> Answer:
    """The topic is read up to where it ends, in one batch; a window's newest value counts."""
    import pyspark
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as f

    def bare(jar: Path) -> str:
        return re.sub(r"-\d[\w.\-]*?\.jar$", "", jar.name)

    brought = {bare(jar) for jar in Path(pyspark.__file__).parent.glob("jars/*.jar")}
    wanted = ",".join(str(jar) for jar in Path(jars).glob("*.jar") if bare(jar) not in brought)
    made: Answer = {}

    def kept(batch: Any, number: int) -> None:
        for row in batch.collect():
            made[(int(row["second"]), row["user"])] = [row["n"], row["total"]]

    with tempfile.TemporaryDirectory() as place:
        session = (
            SparkSession.builder.master("local[2]").config("spark.jars", wanted).config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2").config("spark.driver.memory", "2g")
            .config("spark.log.level", "ERROR").getOrCreate()
        )  # fmt: skip
        read = session.readStream.format("kafka").option("kafka.bootstrap.servers", address)
        lines = read.option("subscribe", topic).option("startingOffsets", "earliest").load()
        event = f.from_json(lines["value"].cast("string"), "user STRING, amount BIGINT, ts BIGINT")
        rows = lines.select(event.alias("e")).select("e.*").where("amount >= 100")
        timed = rows.withColumn("at", f.timestamp_millis("ts")).withWatermark("at", "60 seconds")
        windows = timed.groupBy(f.window("at", "1 second"), "user").agg(f.count("*").alias("n"), f.sum("amount").alias("total"))
        shown = windows.select(f.unix_seconds("window.start").alias("second"), "user", "n", "total")
        query = shown.writeStream.outputMode("update").foreachBatch(kept).option("checkpointLocation", place)
        query.trigger(availableNow=True).start().awaitTermination()
        return made


def fill_keyed(address: str, topic: str, events: int) -> int:
    """Make a topic of the events of G3 in which the user is the key, so that no peer has to sort them anew.

    Returns how many of them are large.
    """
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    from benchmarks.kafka_events import lines

    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result()
    producer = Producer({"bootstrap.servers": address, "linger.ms": 50, "compression.type": "lz4"})
    large = 0
    for value in lines(events):
        event = json.loads(value)
        large += event["amount"] >= 100
        while True:
            try:
                producer.produce(topic, value, key=event["user"])
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush()
    return large


def main() -> list[str]:
    from tools.services import kafka, packages, sharing

    from benchmarks.g3_kafka import loop, runnel

    uv = Path(sys.executable).parent / "uv"
    topic = f"g3-peers-{int(time.time())}"
    with tempfile.TemporaryDirectory() as place, sharing.running(sharing.find("kafka")) as broker:
        pythons: dict[str, Path] = {}
        jars = packages.jars(Path(place), kafka.HOW, *SPARK_JARS)
        for name, needed in PEERS.items():
            venv.create(Path(place) / name, with_pip=False)
            pythons[name] = Path(place) / name / "bin" / "python3"
            wanted = [*needed, "confluent-kafka", "psutil"]
            subprocess.run([uv, "pip", "install", "--quiet", "--python", pythons[name], *wanted], check=True)
        large = fill_keyed(broker.address, topic, EVENTS)
        runs: dict[str, list[dict[str, Any]]] = {}
        for _ in range(ROUNDS):
            for name, python in pythons.items():
                command = [str(python), str(Path(__file__)), name, broker.address, topic, str(large), str(Path(jars).parent)]
                done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=300)
                runs.setdefault(WORDS[name], []).append(json.loads(done.stdout.splitlines()[-1]))
            runs.setdefault("the loop with orjson, in memory", []).append(loop("orjson", broker.address, topic))
            runs.setdefault("Runnel, exactly once into a dataset", []).append(runnel(broker.address, topic))
    answers = {tuple(one[key] for key in ("rows", "events", "total")) for of in runs.values() for one in of}
    assert len(answers) == 1, answers
    made = [
        f"## G3: other engines, {EVENTS / 1e6:g}M events of Kafka, one-second windows of 500 users", "",
        "`make bench NAME=g3_peers`: each a new process on the same two cores as the broker, its start included; one worker each, Spark two. "
        "The answers are equal.", "",
        "| contender | median s | events/s | µs of processor an event | rounds |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, of in runs.items():
        seconds, cpu = (statistics.median(one[key] for one in of) for key in ("seconds", "cpu"))
        rounds = " ".join(f"{one['seconds']:.1f}" for one in of)
        made.append(f"| {name} | {seconds:.2f} | {EVENTS / seconds / 1e3:,.0f}k | {cpu / EVENTS * 1e6:.1f} | {rounds} |")
    return made


def peer(name: str, address: str, topic: str, large: int, jars: str) -> dict[str, Any]:
    """Run one peer; returns its seconds, those of its and its children's processor, and its answer."""
    import psutil

    begun = time.perf_counter()
    run = {"bytewax": with_bytewax, "quix": with_quix, "pathway": with_pathway, "spark": with_spark}[name]
    made = run(address, topic, large, jars)
    took = time.perf_counter() - begun
    process = psutil.Process()
    used = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return {
        "seconds": took, "cpu": sum(one.user + one.system for one in used), "rows": len(made),
        "events": sum(n for n, _ in made.values()), "total": int(sum(total for _, total in made.values())),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(peer(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])))
