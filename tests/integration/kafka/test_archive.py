"""An archive and then a topic: every record once, by position and by time, also when the stream is killed on the way."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from building import fresh_folder
from faults.faulting import connect
from faults.stream_lives import until_finished
from integration.kafka.topics import Broker
from integration.sinks.test_keyed_datasets import dataset_rows
from integration.streams.flowing import runnel

KEEP = """\
runnel: 1
name: keep
nodes:
  topic: {kind: source.kafka, config: {connection: broker, topics: [TOPIC], columns: {id: BIGINT, at: TIMESTAMPTZ}}}
  kept: {kind: table.derive, from: topic, config: {columns: {partition: _partition, position: _position}}}
  saved: {kind: sink.dataset, from: kept, config: {name: archive, mode: append}}
"""
WHOLE = """\
runnel: 1
name: whole
nodes:
  both:
    kind: source.archive
    config: {archive: archive, live: source.kafka, connection: broker, event_time: at, watermark_delay_seconds: 0, BORDER
      settings: {topics: [TOPIC], columns: {id: BIGINT, at: TIMESTAMPTZ}}}
  all: {kind: sink.dataset, from: both, config: {name: all, mode: append}}
  minutes:
    kind: stream.window
    from: both
    config: {size_seconds: 60, values: {n: "count(*)", least: "min(id)"}}
  totals: {kind: sink.dataset, from: minutes, config: {name: totals, mode: append}}
"""


@pytest.fixture
def folder(kafka) -> Iterator[Path]:
    with fresh_folder() as made:
        (made / "runnel.toml").write_text("", "utf-8")
        connect(made, "broker", "kafka", bootstrap_servers=kafka.address, security="plaintext")
        yield made


def events(broker: Broker, topic: str, first: int, count: int, partitions: int = 2) -> None:
    """One record a second, in the order of their time, spread over partitions."""
    for partition in range(partitions):
        values = [
            json.dumps({"id": id, "at": f"2026-01-01T{id // 3600:02d}:{id // 60 % 60:02d}:{id % 60:02d}Z"}).encode()
            for id in range(first, first + count) if id % partitions == partition
        ]  # fmt: skip
        broker.fill(topic, values, partition)


def write(folder: Path, name: str, text: str, topic: str, border: str = "") -> Path:
    path = folder / f"{name}.runnel.yaml"
    path.write_text(text.replace("TOPIC", topic).replace("BORDER", border), "utf-8")
    return path


def keep(folder: Path, topic: str) -> None:
    runnel(folder, "run", str(write(folder, "keep", KEEP, topic)), "--until-caught-up")


def read(folder: Path) -> list[int]:
    return [row[0] for row in dataset_rows(folder, "all", "id")]


def test_what_follows_the_positions_of_the_archive_comes_from_the_topic(broker, folder):
    topic = broker.topic(2)
    events(broker, topic, 0, 7200)
    keep(folder, topic)
    broker.cut(topic, 3000, 0)  # the topic keeps less than the archive has
    events(broker, topic, 7200, 3600)
    path = write(folder, "whole", WHOLE, topic)
    lives = until_finished(path, random.Random(3), 2, (0.3, 2.0))
    assert read(folder) == list(range(10_800))
    found = dataset_rows(folder, "totals", "n, least")
    assert sorted(found) == [(60, minute * 60) for minute in range(180)]
    assert lives.report["ledger"]["balanced"]
    events(broker, topic, 10_800, 60)
    until_finished(path, random.Random(4), 0, (0.0, 0.1))
    assert read(folder) == list(range(10_860))


def test_a_border_by_time_takes_each_side_up_to_it(broker, folder):
    topic = broker.topic(2)
    events(broker, topic, 0, 1200)
    keep(folder, topic)
    events(broker, topic, 1200, 600)
    path = write(folder, "whole", WHOLE, topic, 'by: time, at: "2026-01-01T00:15:00Z",')
    shown = runnel(folder, "preview", str(path), "both")
    assert [column["name"] for column in shown["columns"]] == ["id", "at"] and shown["total_rows"] == 500
    runnel(folder, "run", str(path), "--until-caught-up")
    assert read(folder) == list(range(1800))
    assert sorted(dataset_rows(folder, "totals", "n, least")) == [(60, minute * 60) for minute in range(30)]


def test_a_topic_that_lacks_what_follows_the_archive_is_named(broker, folder):
    topic = broker.topic(2)
    events(broker, topic, 0, 200)
    keep(folder, topic)
    events(broker, topic, 200, 200)
    broker.cut(topic, 150, 1)
    done: Any = runnel(folder, "run", str(write(folder, "whole", WHOLE, topic)), "--until-caught-up", code=5)
    assert f"{topic}/1" in json.dumps(done)


def test_files_are_an_archive_too_and_must_stay_as_they_are(broker, folder):
    topic = broker.topic(2)
    events(broker, topic, 600, 900)
    for name, ids in (("b", range(0, 400)), ("a", range(400, 700))):  # the last hundred come from the topic as well
        lines = "".join(f"{id},2026-01-01T00:{id // 60:02d}:{id % 60:02d}Z\n" for id in ids)
        (folder / f"{name}.csv").write_text("id,at\n" + lines, "utf-8")
    path = write(folder, "whole", WHOLE, topic, 'by: time, at: "2026-01-01T00:11:00Z",')
    path.write_text(path.read_text("utf-8").replace("archive: archive", 'files: {path: "*.csv"}'), "utf-8")
    assert runnel(folder, "preview", str(path), "both")["total_rows"] == 500
    lives = until_finished(path, random.Random(8), 1, (0.1, 1.0))
    assert read(folder) == list(range(1500)) and lives.report["ledger"]["balanced"]
    events(broker, topic, 1500, 10)
    (folder / "b.csv").write_text("id,at\n", "utf-8")
    done: Any = runnel(folder, "run", str(path), "--until-caught-up", code=5)
    assert done["error"]["code"] == "RNL-ARCHIVE-002"
