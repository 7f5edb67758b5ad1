"""Writing to Kafka: each epoch once, whatever dies in between; what the brokers refuse is told row by row."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from integration.kafka.topics import Broker, Reading, eventually
from runnel.connectors.kafka import producing
from runnel.connectors.kafka.producing import KafkaDelivery, Message
from runnel.connectors.kafka.reading import Wanted
from runnel.connectors.kafka.sink import KafkaSink
from runnel.errors import ConnectorError
from runnel.sdk.delivery import DeliveryContext, EpochRows


def epoch(number: int, count: int = 3, **columns: Any) -> EpochRows:
    rows = {"id": list(range(number * 100, number * 100 + count)), **columns}
    return EpochRows(number, pa.table(rows))


def shape(rows: Any) -> list[Message]:
    return [Message(b"%d" % one, b"k%d" % (one % 5)) for one in rows.column("id").to_pylist()]


@pytest.fixture
def sink(broker):
    made: list[KafkaDelivery] = []

    def make(
        topic: str, app: str = "a", token: int = 1, at: Broker = broker, shape: Any = shape, **more: Any
    ) -> KafkaDelivery:
        made.append(KafkaDelivery(at.settings, topic, shape, app=f"{topic}-{app}", token=token, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def held(broker: Broker, topic: str, **wanted: Any) -> list[dict[str, Any]]:
    reading = Reading(broker, "direct", Wanted((topic,), **wanted)).open().to_end()
    reading.reader.close()
    return [row for name in sorted(reading.rows) for row in reading.rows[name]]


@pytest.mark.parametrize("once", [True, False])
def test_epochs_are_written_with_their_numbers_and_found_again(broker, sink, once):
    topic = broker.topic(2)
    one = sink(topic, exactly_once=once)
    assert one.open().epoch == 0
    assert one.deliver([epoch(1), epoch(2)]).epoch == 2
    assert one.deliver([epoch(3, 0)]).epoch == 3, "an epoch without rows counts, too"
    rows = held(broker, topic)
    assert sorted(int(row["value"]) for row in rows) == [100, 101, 102, 200, 201, 202]
    assert {(dict(row["_headers"])["runnel-epoch"], dict(row["_headers"])["runnel-row"]) for row in rows} == {
        (str(number), str(row)) for number in (1, 2) for row in range(3)
    }
    assert sink(topic, token=2, exactly_once=once).open().epoch == 3


def test_rows_of_a_key_stay_in_their_order(broker, sink):
    topic = broker.topic(3)
    one = sink(topic)
    one.open()
    for number in range(1, 6):
        one.deliver([epoch(number, 50)])
    by_key: dict[str, list[int]] = {}
    places: dict[str, set[str]] = {}
    reading = Reading(broker, "direct", Wanted((topic,))).open().to_end()
    for name, rows in reading.rows.items():
        for row in rows:
            by_key.setdefault(row["_key"], []).append(int(row["value"]))
            places.setdefault(row["_key"], set()).add(name)
    reading.reader.close()
    assert all(values == sorted(values) for values in by_key.values()) and sum(map(len, by_key.values())) == 250
    assert all(len(one) == 1 for one in places.values())


def test_a_delivery_that_died_before_its_end_leaves_no_row(broker, sink):
    topic = broker.topic()
    one = sink(topic)
    one.open()
    one.deliver([epoch(1)])
    one._begin()
    one._send([(2, 0, Message(b"lost")), (2, 1, Message(b"lost"))], False)
    again = sink(topic, token=2)
    assert again.open().epoch == 1
    again.deliver([epoch(2)])
    assert [int(row["value"]) for row in held(broker, topic)] == [100, 101, 102, 200, 201, 202]


def test_a_delivery_whose_answer_was_lost_is_known_to_have_happened(broker, sink, monkeypatch):
    topic = broker.topic()
    one = sink(topic)
    one.open()
    commit = one._commit

    def lost(*args: Any) -> None:
        commit(*args)
        raise ConnectorError("RNL-KAFKA-014", "no answer", retryable=True)

    monkeypatch.setattr(one, "_commit", lost)
    with pytest.raises(ConnectorError):
        one.deliver([epoch(1)])
    assert one.open().epoch == 1


def test_the_older_of_two_writers_is_refused(broker, sink):
    topic = broker.topic()
    older = sink(topic, token=1)
    older.open()
    older.deliver([epoch(1)])
    newer = sink(topic, token=2)
    assert newer.open().epoch == 1
    with pytest.raises(ConnectorError) as raised:
        older.deliver([epoch(2)])
    assert (raised.value.code, raised.value.retryable) == ("RNL-KAFKA-040", False)
    newer.deliver([epoch(2)])
    with pytest.raises(ConnectorError) as raised:
        older.open()
    assert raised.value.code == "RNL-KAFKA-040"
    assert newer.deliver([epoch(3)]).epoch == 3, "the attempt of the older one ended nothing"
    assert len(held(broker, topic)) == 9


def test_rows_that_the_brokers_refuse_are_told_and_the_others_written(broker, sink):
    topic = broker.topic(max_message_bytes="2000")

    def sized(rows: Any) -> list[Message]:
        return [Message(b"x" * size) for size in rows.column("id").to_pylist()]

    one = sink(topic, shape=sized, options={"compression.type": "none"})
    one.open()
    made = one.deliver(
        [EpochRows(1, pa.table({"id": [10, 5_000, 20]})), EpochRows(2, pa.table({"id": [3_000_000, 30, 4_000]}))]
    )
    assert [(row.epoch, row.row) for row in made.refused] == [(1, 1), (2, 0), (2, 2)]
    assert all(row.reason for row in made.refused)
    assert [len(row["value"]) for row in held(broker, topic)] == [10, 20, 30]
    again = sink(topic, token=2).open()
    assert again.epoch == 2 and [(row.epoch, row.row) for row in again.refused] == [(1, 1), (2, 0), (2, 2)]
    assert one is not again


def test_a_transaction_that_the_cluster_ends_is_tried_again(broker, sink, monkeypatch):
    topic, sent = broker.topic(), []
    really = producing.KafkaDelivery._send

    def torn(self: Any, rows: Any, careful: bool) -> Any:
        sent.append((len(rows), careful))
        outcome = really(self, rows, careful)
        return outcome if len(sent) in (2, 6) else producing._Outcome(purged=True)

    monkeypatch.setattr(producing.KafkaDelivery, "_send", torn)
    one = sink(topic)
    one.open()
    assert one.deliver([epoch(1), epoch(2, 40)]).epoch == 2
    assert len(sent) == 2 and not any(careful for _, careful in sent)
    before = held(broker, topic)
    with pytest.raises(ConnectorError, match="was ended 3 times by the cluster") as raised:
        one.deliver([epoch(3, 80)])
    assert raised.value.retryable and held(broker, topic) == before
    one.open()
    assert one.deliver([epoch(3, 80)]).epoch == 3 and len(held(broker, topic)) > len(before)


def test_a_marker_that_the_cluster_forgot_is_found_in_the_records(broker, sink):
    topic = broker.topic(2)
    one = sink(topic)
    one.open()
    one.deliver([epoch(1), epoch(2, 40)])
    one.close()
    eventually(lambda: _forgotten(broker, f"runnel-{topic}-a"))
    assert sink(topic, token=2).open().epoch == 2


def _forgotten(broker: Broker, group: str) -> bool:
    for future in broker.admin.delete_consumer_groups([group]).values():
        return future.exception(10) is None
    return False


def opened_again(one: KafkaDelivery) -> int:
    """Open a sink as often as its own thread would, while its broker comes up."""
    end = time.monotonic() + 120
    while True:
        try:
            return one.open().epoch
        except ConnectorError as error:
            assert error.retryable and time.monotonic() < end, error


def test_a_restart_of_the_broker_doubles_and_loses_nothing(own_service, sink):
    instance = own_service("kafka")
    broker = Broker(instance.address)
    topic = broker.topic(2)
    one = sink(topic, at=broker)
    one.open()
    done, killed = 0, False
    while done < 12:
        if done == 5 and not killed:
            time.sleep(0.5)  # this broker, killed within milliseconds of a commit, loses the transaction's end
            instance.kill()
            killed = bool(instance.start())
        try:
            done = one.deliver([epoch(done + 1, 20)]).epoch
        except ConnectorError as error:
            assert error.retryable, error
            done = opened_again(one)
    values = sorted(int(row["value"]) for row in held(broker, topic))
    assert values == [number * 100 + row for number in range(1, 13) for row in range(20)]


def test_a_transaction_that_nobody_ends_is_named_with_what_to_do(broker, sink, monkeypatch):
    monkeypatch.setattr("runnel.connectors.kafka.producing.SECONDS", 2.0)
    topic = broker.topic(1)
    one = sink(topic)
    assert one.open().epoch == 0
    assert one.deliver([epoch(1)]).epoch == 1
    other = Producer({**broker.settings, "transactional.id": f"{topic}-lost"})
    other.init_transactions(10)
    other.begin_transaction()
    other.send_offsets_to_transaction([TopicPartition(topic, 0, 9)], one._group, 10)
    with pytest.raises(ConnectorError) as raised:
        one.open()
    assert raised.value.code == "RNL-KAFKA-042" and raised.value.retryable and topic in raised.value.hint
    other.abort_transaction(10)
    assert one.open().epoch == 1
    assert one.deliver([epoch(2)]).epoch == 2


def test_a_topic_that_does_not_exist_is_named(sink):
    with pytest.raises(ConnectorError) as raised:
        sink(f"no{uuid.uuid4().hex[:8]}").open()
    assert raised.value.code == "RNL-KAFKA-010"


def test_the_node_writes_json_with_keys_and_deletions(broker):
    topic = broker.topic()
    config = {"connection": "cluster", "topic": topic, "key": "who", "deleted": "gone"}
    node = KafkaSink(KafkaSink.Config.model_validate(config), {}, "out")
    context = DeliveryContext(
        f"{topic}-x", 1, "p", "out", "/", "/", {}, {"cluster": {"bootstrap_servers": [broker.address]}}
    )
    delivery = node.delivery(context)
    assert delivery.open().epoch == 0
    rows = pa.table({"who": ["ä", "b"], "n": pa.array([1, 2], pa.int64()), "gone": [False, True]})
    delivery.deliver([EpochRows(1, rows)])
    delivery.close()
    found = held(broker, topic)
    assert [(row["_key"], row["value"] and json.loads(row["value"])) for row in found] == [
        ("ä", {"who": "ä", "n": 1}),
        ("b", None),
    ]
    other = Consumer({**broker.settings, "group.id": f"runnel-{topic}-x"})
    assert other.committed([TopicPartition(topic, 0)], timeout=10)[0].offset == 1
    other.close()
