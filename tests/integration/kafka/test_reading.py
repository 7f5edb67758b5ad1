"""Reading Kafka by positions: every record once and in order, however it is cut; what is gone is named."""

from __future__ import annotations

import random
import time
import uuid

import pytest
from confluent_kafka import Producer

from integration.kafka.topics import Broker, eventually
from runnel.connectors.kafka import direct
from runnel.errors import ConnectorError
from runnel.sdk.streaming import Position


def texts(count: int, begin: int = 0) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(begin, begin + count)]


def test_records_come_with_key_headers_time_and_position(broker, read):
    topic = broker.topic()
    broker.fill(topic, [
        {"value": b"one", "key": b"k", "headers": [("a", b"1"), ("a", b"2"), ("none", None), ("raw", b"\xff")], "timestamp": 1_000},
        {"value": b"", "key": b""},
        {"value": None, "key": "schlüssel"},
        {"value": b"\x00\xff", "key": b"\xfe"},
    ])  # fmt: skip
    rows = read(topic).open().to_end().rows[f"{topic}/0"]
    assert [row["_position"] for row in rows] == [0, 1, 2, 3]
    assert [row["value"] for row in rows] == [b"one", b"", None, b"\x00\xff"]
    assert [row["_key"] for row in rows] == ["k", "", "schlüssel", "\\xfe"]
    assert dict(rows[0]["_headers"]) == {"a": "2", "none": None, "raw": "\\xff"}
    assert [row["_headers"] for row in rows[1:]] == [[], [], []]
    assert rows[0]["_ingest_time"].timestamp() == 1
    assert abs(rows[1]["_ingest_time"].timestamp() - time.time()) < 60


def test_both_ways_of_reading_are_here():
    assert direct.available(), "the quick way must be possible where the tests run"


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_are_the_same_under_every_compression(broker, read, compression):
    rng, topic = random.Random(7), broker.topic(3)
    wanted = {}
    for partition in range(3):
        records = [
            {
                "value": None if rng.random() < 0.05 else rng.randbytes(rng.choice([0, 1, 30, 100, 5_000])),
                "key": None if rng.random() < 0.2 else b"k%d" % rng.randrange(50),
                "headers": {"h": str(number)} if rng.random() < 0.1 else None,
            }
            for number in range(700)
        ]
        broker.fill(topic, records, partition, **{"compression.type": compression, "batch.size": 20_000})
        wanted[f"{topic}/{partition}"] = records
    got = read(topic).open().to_end().rows
    for name, records in wanted.items():
        assert [row["_position"] for row in got[name]] == list(range(700))
        assert [row["value"] for row in got[name]] == [record["value"] for record in records]
        assert [row["_key"] for row in got[name]] == [record["key"] and record["key"].decode() for record in records]
        assert [dict(row["_headers"]) for row in got[name]] == [record["headers"] or {} for record in records]


def test_records_larger_than_a_fetch_are_read(broker, read):
    topic = broker.topic(max_message_bytes="20000000")
    large = random.Random(1).randbytes(9_000_000)
    broker.fill(topic, [b"small", large, b"after"], **{"message.max.bytes": 20_000_000})
    assert read(topic).open().to_end(most_bytes=1_000).values() == [b"small", large, b"after"]


@pytest.mark.parametrize("seed", range(3))
def test_any_cut_of_the_polls_gives_the_same_records(broker, read, seed):
    topic = broker.topic(2)
    for partition in range(2):
        broker.fill(topic, texts(150, 1_000 * partition), partition)
    rng, positions, rows = random.Random(seed), None, {f"{topic}/0": [], f"{topic}/1": []}
    for _ in range(200):
        reading = read(topic).open(positions)
        for _ in range(rng.randrange(1, 12)):
            for one in reading.take(most=rng.choice([1, 2, 7, 60]), most_bytes=rng.choice([1, 100, 10_000])):
                rows[one.partition].extend(one.table.column("value").to_pylist())
        positions = {name: reading.positions.get(name, (positions or {}).get(name)) for name in rows}
        reading.reader.close()
        if all(position and position.next == 150 for position in positions.values()):
            break
    assert rows == {f"{topic}/0": texts(150), f"{topic}/1": texts(150, 1_000)}


def test_a_poll_without_records_waits_no_longer_than_told_and_with_one_does_not_wait(broker, read):
    topic = broker.topic()
    broker.fill(topic, texts(1))
    reading = read(topic).open().to_end()
    begun = time.monotonic()
    while time.monotonic() - begun < 0.4:
        reading.take(wait=0.1)
    broker.fill(topic, texts(1, 1))
    begun = time.monotonic()
    reading.until(lambda: len(reading.values()) == 2, wait=5.0)
    assert time.monotonic() - begun < 3, "the first record ends the wait"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"start": "earliest"}, [0, 1, 2, 3]),
        ({"start": "latest"}, []),
        ({"start": "time", "start_milliseconds": 2_000}, [2, 3]),
        ({"start": "time", "start_milliseconds": 9_999_999}, []),
        ({"start": "position"}, [3]),
    ],
)
def test_the_first_start_is_where_it_was_told(broker, read, wanted, found):
    topic = broker.topic()
    broker.fill(topic, [{"value": value, "timestamp": 1_000 * number} for number, value in enumerate(texts(4)) if number] and
                [{"value": value, "timestamp": max(1, 1_000 * number)} for number, value in enumerate(texts(4))])  # fmt: skip
    if wanted["start"] == "position":
        wanted = {**wanted, "start_positions": {f"{topic}/0": 3}}
    reading = read(topic, **wanted).open().to_end()
    broker.fill(topic, [b"later"])
    reading.to_end()
    assert reading.values() == [texts(4)[number] for number in found] + [b"later"]


def test_a_start_outside_of_what_is_kept_is_named(broker, read):
    topic = broker.topic()
    broker.fill(topic, texts(3))
    with pytest.raises(ConnectorError, match="read up to offset 9") as raised:
        read(topic, start="position", start_positions={f"{topic}/0": 9}).open()
    assert raised.value.code == "RNL-KAFKA-013"


def test_an_empty_partition_stands_at_its_end_with_a_position(broker, read):
    topic = broker.topic()
    reading = read(topic).open()
    reading.until(lambda: reading.ended == {f"{topic}/0"})
    assert reading.positions[f"{topic}/0"].next == 0
    assert [one.at_end for one in reading.take()] == [True], "and it stands there still"
    broker.fill(topic, texts(1))
    reading.until(lambda: reading.values() == texts(1))
    reading.until(lambda: reading.ended == {f"{topic}/0"})


def test_partitions_that_appear_are_read_from_their_first_record(broker, read):
    topic = broker.topic(1)
    broker.fill(topic, texts(2))
    reading = read(topic, start="latest").open().to_end()
    broker.grow(topic, 3)
    broker.fill(topic, texts(5, 100), 2)
    eventually(lambda: len(reading.reader.partitions()) == 3)
    reading.open({name: reading.positions.get(name) for name in reading.reader.partitions()})
    broker.fill(topic, texts(1, 50))
    reading.to_end()
    assert reading.values(f"{topic}/2") == texts(5, 100)
    assert reading.values(f"{topic}/0") == texts(1, 50), "the old one goes on where it was"


def test_a_pattern_finds_topics_that_appear_later(broker, read):
    prefix = f"p{uuid.uuid4().hex[:8]}"
    first = broker.topic(name=f"{prefix}-a")
    broker.topic(name=f"x{prefix}-b")
    reading = read(pattern=f"{prefix}-.*").open()
    assert reading.reader.partitions() == [f"{first}/0"]
    second = broker.topic(2, name=f"{prefix}-b")
    broker.fill(second, texts(3), 1)
    assert reading.reader.partitions() == [f"{first}/0", f"{second}/0", f"{second}/1"]
    reading.open({name: reading.positions.get(name) for name in reading.reader.partitions()})
    assert reading.to_end().values() == texts(3)


def test_a_topic_that_does_not_exist_is_named_with_the_nearest(broker, read):
    topic = broker.topic(name=f"orders-{uuid.uuid4().hex[:6]}")
    with pytest.raises(ConnectorError) as raised:
        read(topic[:-1] + "_").open()
    assert raised.value.code == "RNL-KAFKA-010" and topic in raised.value.hint


def test_records_that_are_gone_are_a_named_gap_at_the_start(broker, read):
    topic = broker.topic()
    broker.fill(topic, texts(10))
    reading = read(topic).open().until(lambda: True)
    broker.cut(topic, 6)
    with pytest.raises(ConnectorError, match="from offset 2 up to 5 are gone; the first that is kept is 6") as raised:
        read(topic).open({f"{topic}/0": Position(2, {"topic_id": topic_id(reading, topic)})})
    assert (raised.value.code, raised.value.retryable) == ("RNL-KAFKA-011", False)
    kept = read(topic).open({f"{topic}/0": Position(6)}).to_end()
    assert kept.values() == texts(4, 6), "standing exactly at the first kept one is no gap"


def topic_id(reading, topic: str) -> str:
    return reading.reader._cluster.described([topic])[topic].id


def test_records_that_are_removed_while_reading_are_a_named_gap(broker, read):
    topic = broker.topic()
    broker.fill(topic, [b"x" * 1_000] * 3_000)
    small = {"queued.min.messages": 1, "queued.max.messages.kbytes": 1, "fetch.message.max.bytes": 2_000}
    reading = read(topic, settings={}).open()
    reading.reader._settings |= small
    reading.open({f"{topic}/0": Position(0)})
    reading.reader.close()
    reading.reader._read.clear()
    reading.open({f"{topic}/0": Position(0)}).until(lambda: bool(reading.values()), most=1)
    broker.cut(topic, 2_999)
    with pytest.raises(ConnectorError) as raised:
        reading.until(lambda: False, most=100)
    assert raised.value.code == "RNL-KAFKA-011"
    assert "the first that is kept is 2999" in raised.value.what
    assert [row["_position"] for row in reading.rows[f"{topic}/0"]] == list(range(len(reading.values())))


def test_a_topic_made_anew_is_named_at_the_start(broker, read):
    topic = broker.topic()
    broker.fill(topic, texts(3))
    position = read(topic).open().to_end().positions[f"{topic}/0"]
    broker.delete(topic)
    broker.topic(name=topic)
    broker.fill(topic, texts(10, 100))
    with pytest.raises(ConnectorError, match="made anew") as raised:
        read(topic).open({f"{topic}/0": position})
    assert raised.value.code == "RNL-KAFKA-012"


@pytest.mark.parametrize("more", [1, 50])
def test_a_topic_made_anew_while_reading_is_named_before_a_record_of_it_is_given(broker, read, more):
    topic = broker.topic()
    broker.fill(topic, texts(3))
    reading = read(topic).open().to_end()
    broker.delete(topic)
    broker.topic(name=topic)
    broker.fill(topic, texts(more, 100))
    with pytest.raises(ConnectorError) as raised:
        reading.until(lambda: False, seconds=15)
    assert raised.value.code in ("RNL-KAFKA-012", "RNL-KAFKA-017")
    assert reading.values() == texts(3)


def test_aborted_transactions_are_not_seen_and_open_ones_are_waited_for(broker, read):
    topic = broker.topic()
    producer = Producer({**broker.settings, "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(30)
    for number, end in (
        (1, producer.commit_transaction),
        (2, producer.abort_transaction),
        (3, producer.commit_transaction),
    ):
        producer.begin_transaction()
        for _ in range(20):
            producer.produce(topic, b"%d" % number)
        producer.flush()
        end(30)
    reading = read(topic).open().to_end()
    assert reading.values() == [b"1"] * 20 + [b"3"] * 20
    end = reading.reader.ends()[f"{topic}/0"]
    assert reading.positions[f"{topic}/0"].next == end == 63, "marks of transactions have offsets, too"
    producer.begin_transaction()
    producer.produce(topic, b"4")
    producer.flush()
    assert reading.reader.ends()[f"{topic}/0"] == 63
    producer.commit_transaction(30)
    eventually(lambda: reading.reader.ends()[f"{topic}/0"] == 65)
    assert reading.to_end().values()[-1] == b"4"
    again = read(topic, committed=False).open().to_end()
    assert again.values() == [b"1"] * 20 + [b"2"] * 20 + [b"3"] * 20 + [b"4"]


def test_held_back_partitions_give_nothing_until_they_are_let_go(broker, read):
    topic = broker.topic(2)
    for partition in range(2):
        broker.fill(topic, texts(50, 100 * partition), partition)
    reading = read(topic).open()
    reading.reader.pause([f"{topic}/1"])
    reading.until(lambda: reading.ended == {f"{topic}/0"}, most=7)
    assert reading.values() == texts(50)
    reading.reader.pause([])
    reading.until(lambda: len(reading.values()) >= 60, most=3)
    reading.reader.pause([f"{topic}/1"])
    count = len(reading.values(f"{topic}/1"))
    for _ in range(5):
        reading.take(wait=0.02)
    assert len(reading.values(f"{topic}/1")) == count
    reading.reader.pause([])
    reading.to_end()
    assert reading.values(f"{topic}/1") == texts(50, 100), "none is lost or doubled by holding back"


def test_what_was_released_is_told_to_other_tools(broker, read):
    from confluent_kafka import Consumer, TopicPartition

    topic = broker.topic()
    broker.fill(topic, texts(5))
    reading = read(topic).open().to_end()
    reading.reader.release({f"{topic}/0": reading.positions[f"{topic}/0"]})
    other = Consumer({**broker.settings, "group.id": "runnel"})
    eventually(
        lambda: (reading.take(wait=0.01), other.committed([TopicPartition(topic, 0)], timeout=10)[0].offset == 5)[1]
    )
    other.close()


def test_a_restart_of_the_broker_is_waited_for_and_nothing_is_lost_or_doubled(own_service, read):
    instance = own_service("kafka")
    broker = Broker(instance.address)
    topic = broker.topic(2)
    for partition in range(2):
        broker.fill(topic, texts(2_000, 10_000 * partition), partition)
    reading = read(topic, at=broker).open()
    reading.until(lambda: len(reading.values()) >= 500, most=100)
    instance.kill()
    begun = time.monotonic()
    while time.monotonic() - begun < 1.5:
        reading.take(most=100, wait=0.05)
    instance.start()
    for partition in range(2):
        broker.fill(topic, texts(500, 10_000 * partition + 2_000), partition)
    reading.to_end(seconds=30)
    assert reading.values(f"{topic}/0") == texts(2_500)
    assert reading.values(f"{topic}/1") == texts(2_500, 10_000)


def test_a_log_that_was_cut_back_is_named(own_service, read):
    instance = own_service("kafka")
    broker = Broker(instance.address)
    topic = broker.topic()
    broker.fill(topic, texts(20))
    position = read(topic, at=broker).open().to_end().positions[f"{topic}/0"]
    instance.stop()
    for file in (instance.folder / "data" / f"{topic}-0").glob("0*"):
        file.unlink()
    instance.start()
    broker.fill(topic, texts(4))
    with pytest.raises(ConnectorError, match="read up to offset 20, and it ends at offset 4") as raised:
        read(topic, at=broker).open({f"{topic}/0": position})
    assert raised.value.code == "RNL-KAFKA-013"


def test_a_broker_that_is_silent_for_too_long_is_named(own_service, read, monkeypatch):
    from runnel.connectors.kafka import reading as module

    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1.0)
    instance = own_service("kafka")
    broker = Broker(instance.address)
    reading = read(broker.topic(), at=broker).open()
    instance.kill()
    with pytest.raises(ConnectorError) as raised:
        reading.until(lambda: False, seconds=25)
    assert raised.value.retryable
