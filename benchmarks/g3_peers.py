"""G3 beside other engines of streams that come as Python packages: the same topic, the same windows, the same answer.

Each peer is installed at a fixed version into an environment of its own; `python g3_peers.py NAME ADDRESS TOPIC LARGE` in that
environment runs it and prints its answer. LARGE is how many events pass the filter: who has seen them all is done.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVENTS, ROUNDS = int(os.environ.get("BENCH_EVENTS", "300000")), int(os.environ.get("BENCH_ROUNDS", "3"))
PEERS = {"bytewax": ["bytewax[kafka]==0.21.1", "orjson==3.13.0"], "quix": ["quixstreams==3.28.1", "orjson==3.13.0"]}
WORDS = {
    "bytewax": "Bytewax 0.21.1, windows by event time, its own Kafka source, no recovery",
    "quix": "Quix Streams 3.28.1, windows by event time with state in RocksDB, rows keyed in the topic",
}

Answer = dict[tuple[int, str], list[int]]


def with_bytewax(address: str, topic: str, large: int) -> Answer:
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


def with_quix(address: str, topic: str, large: int) -> Answer:
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
    from tools.services import sharing

    from benchmarks.g3_kafka import loop, runnel

    uv = Path(sys.executable).parent / "uv"
    topic = f"g3-peers-{int(time.time())}"
    with tempfile.TemporaryDirectory() as place, sharing.running(sharing.find("kafka")) as broker:
        pythons: dict[str, Path] = {}
        for name, packages in PEERS.items():
            venv.create(Path(place) / name, with_pip=False)
            pythons[name] = Path(place) / name / "bin" / "python3"
            wanted = [*packages, "confluent-kafka"]
            subprocess.run([uv, "pip", "install", "--quiet", "--python", pythons[name], *wanted], check=True)
        large = fill_keyed(broker.address, topic, EVENTS)
        runs: dict[str, list[dict[str, Any]]] = {}
        for _ in range(ROUNDS):
            for name, python in pythons.items():
                command = [str(python), str(Path(__file__)), name, broker.address, topic, str(large)]
                done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=300)
                runs.setdefault(WORDS[name], []).append(json.loads(done.stdout.splitlines()[-1]))
            runs.setdefault("the loop with orjson, in memory", []).append(loop("orjson", broker.address, topic))
            runs.setdefault("Runnel, exactly once into a dataset", []).append(runnel(broker.address, topic))
    answers = {tuple(one[key] for key in ("rows", "events", "total")) for of in runs.values() for one in of}
    assert len(answers) == 1, answers
    made = [
        f"## G3: other engines, {EVENTS / 1e3:g}k events of Kafka, one-second windows of 500 users", "",
        "`make bench NAME=g3_peers`: each a new process on the same two cores as the broker, its start included; one worker each. "
        "The answers are equal.", "",
        "| contender | median s | events/s | µs of processor an event | rounds |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, of in runs.items():
        seconds, cpu = (statistics.median(one[key] for one in of) for key in ("seconds", "cpu"))
        rounds = " ".join(f"{one['seconds']:.1f}" for one in of)
        made.append(f"| {name} | {seconds:.2f} | {EVENTS / seconds / 1e3:,.0f}k | {cpu / EVENTS * 1e6:.1f} | {rounds} |")
    return made


def peer(name: str, address: str, topic: str, large: int) -> dict[str, Any]:
    """Run one peer; returns its seconds and its answer."""
    begun = time.perf_counter()
    made = {"bytewax": with_bytewax, "quix": with_quix}[name](address, topic, large)
    took = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": took, "cpu": used.ru_utime + used.ru_stime, "rows": len(made),
        "events": sum(n for n, _ in made.values()), "total": int(sum(total for _, total in made.values())),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(peer(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))))
