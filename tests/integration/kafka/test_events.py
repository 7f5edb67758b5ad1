"""Events of a topic: a condition decides which reach another topic, soon after they came, and what they add up to is read again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from building import fresh_folder
from faults.faulting import connect
from integration.kafka.topics import Broker
from integration.sinks.test_keyed_datasets import dataset_rows
from integration.streams.flowing import runnel

ALERTS = """\
runnel: 1
name: alerts
nodes:
  turbines:
    kind: source.kafka
    config: {connection: broker, topics: [FROM], columns: {turbine: VARCHAR, failure_probability: DOUBLE, grid_violation: BOOLEAN}}
  grave: {kind: table.filter, from: turbines, config: {where: "failure_probability > 0.8 OR grid_violation = true"}}
  out: {kind: sink.kafka, from: grave, config: {connection: broker, topic: INTO, key: turbine}}
"""
BALANCES = """\
runnel: 1
name: NAME
nodes:
  moves: {kind: source.kafka, config: {connection: broker, topics: [FROM], columns: {account: VARCHAR, amount: BIGINT}}}
  balances: {kind: stream.window, from: moves, config: {size_seconds: 86400000, group_by: [account], values: {balance: "sum(amount)"}}}
  out: {kind: sink.dataset, from: balances, config: {name: NAME, mode: append}}
"""
MOST_SECONDS = 5.0
"""The latency that document 004 asks for from end to end; `benchmarks/` measure what it is."""


@pytest.fixture
def folder(kafka) -> Iterator[Path]:
    with fresh_folder() as made:
        (made / "runnel.toml").write_text("", "utf-8")
        connect(made, "broker", "kafka", bootstrap_servers=kafka.address, security="plaintext")
        yield made


def write(folder: Path, text: str, **names: str) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    path = folder / f"{text.split('name: ')[1].splitlines()[0]}.runnel.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def told(number: int) -> dict[str, Any]:
    """The state of one turbine; every fifth and every seventh is grave."""
    return {"turbine": f"t{number}", "failure_probability": 0.9 if number % 5 == 0 else 0.8, "grid_violation": number % 7 == 0}


def fill(broker: Broker, topic: str, rows: Sequence[dict[str, Any]]) -> None:
    broker.fill(topic, [json.dumps(row).encode() for row in rows])


def heard(broker: Broker, topic: str, count: int, seconds: float) -> list[str]:
    """Keys of the topic's records, as soon as there are so many; those of ended transactions only."""
    group = {"group.id": f"g{time.time_ns()}", "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    consumer = Consumer({**broker.settings, **group})
    consumer.subscribe([topic])
    found: list[str] = []
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        record = consumer.poll(0.1)
        if record is not None and not record.error():
            found.append(record.key().decode())
    consumer.close()
    return found


@pytest.mark.row("M-003-188")
@pytest.mark.row("M-004-39", deviation="from topic to topic by Runnel's own runtime, in transactions; the Java library is not used")
def test_what_fulfils_a_condition_reaches_the_topic(broker, folder):
    source, target = broker.topic(), broker.topic()
    fill(broker, source, [told(number) for number in range(1, 200)])
    report = runnel(folder, "run", write(folder, ALERTS, FROM=source, INTO=target), "--until-caught-up")
    expected = [f"t{number}" for number in range(1, 200) if number % 5 == 0 or number % 7 == 0]
    assert sorted(heard(broker, target, len(expected), 30)) == sorted(expected)
    assert report["ledger"]["balanced"]


@pytest.mark.row("M-003-190", deviation="an arrival begins an epoch of half a second; neither its size nor its length is set per node")
@pytest.mark.row("M-004-58")
def test_what_arrives_is_computed_at_once_without_a_schedule(broker, folder):
    source, target = broker.topic(), broker.topic()
    write(folder, ALERTS, FROM=source, INTO=target)
    running = subprocess.Popen(
        [sys.executable, "-m", "runnel.cli.main", "run", str(folder / "alerts.runnel.yaml"), "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        fill(broker, source, [told(5)])
        assert heard(broker, target, 1, 60) == ["t5"], "the stream has not begun"
        for number in (10, 15, 20):
            time.sleep(1.0)  # nothing comes: the stream is idle
            fill(broker, source, [told(number)])
            before = (number - 5) // 5
            assert len(heard(broker, target, before + 1, MOST_SECONDS)) == before + 1
    finally:
        running.terminate()
        running.wait(60)
    assert running.returncode == 0


@pytest.mark.row("M-003-93", deviation="events are kept by Kafka, or by the durable log of ingest; Redis Streams are not read")
def test_the_state_is_what_the_events_add_up_to_whenever_they_are_read(broker, folder):
    source = broker.topic()
    moves = [{"account": f"a{number % 3}", "amount": (-1) ** number * number} for number in range(300)]
    fill(broker, source, moves)
    balances = [(f"a{one}", sum(move["amount"] for move in moves if move["account"] == f"a{one}")) for one in range(3)]
    for name in ("first", "second"):
        runnel(folder, "run", write(folder, BALANCES, FROM=source, NAME=name), "--until-caught-up")
        assert sorted(dataset_rows(folder, name, "account, balance::BIGINT")) == balances
    runnel(folder, "stream", "rewind", "first", "--to", "start")
    runnel(folder, "run", str(folder / "first.runnel.yaml"), "--until-caught-up")
    assert sorted(set(dataset_rows(folder, "first", "account, balance::BIGINT"))) == balances, "the same events, the same state"
