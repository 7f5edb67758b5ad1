"""Topics, records and readers on a real broker, for the tests of this folder."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from runnel.connectors.kafka import direct, objects
from runnel.connectors.kafka.reading import KafkaReader, Wanted
from runnel.errors import ConnectorError
from runnel.sdk.streaming import Position, Records

CLIENTS = {"direct": direct.DirectClient, "objects": objects.ObjectClient}
_numbers = itertools.count()


class Broker:
    """A broker: topics with names of their own, and records in them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.settings = {"bootstrap.servers": address}
        self.admin = AdminClient(self.settings)

    def name(self) -> str:
        return f"t{os.getpid()}_{next(_numbers)}_{time.time_ns() % 10**6}"

    def topic(self, partitions: int = 1, name: str | None = None, **config: str) -> str:
        name = name or self.name()
        settings = {key.replace("_", "."): value for key, value in config.items()}
        done(self.admin.create_topics([NewTopic(name, partitions, 1, config=settings)]))
        eventually(lambda: len(self.admin.list_topics(timeout=5).topics.get(name, _Nothing).partitions) == partitions)
        return name

    def grow(self, topic: str, partitions: int) -> None:
        done(self.admin.create_partitions([NewPartitions(topic, partitions)]))
        eventually(lambda: len(self.admin.list_topics(timeout=5).topics[topic].partitions) == partitions)

    def delete(self, topic: str) -> None:
        done(self.admin.delete_topics([topic]))
        eventually(lambda: topic not in self.admin.list_topics(timeout=5).topics)

    def cut(self, topic: str, offset: int, partition: int = 0) -> None:
        done(self.admin.delete_records([TopicPartition(topic, partition, offset)]))

    def fill(self, topic: str, records: Sequence[Any], partition: int = 0, **settings: Any) -> None:
        """Write values, or mappings with value, key, headers, timestamp, in their order (also where a batch is sent again)."""
        producer = Producer({**self.settings, "linger.ms": 1, "enable.idempotence": True, **settings})
        refused: list[Any] = []
        for record in records:
            fields = dict(record) if isinstance(record, Mapping) else {"value": record}
            producer.produce(
                topic, partition=partition, on_delivery=lambda e, _: refused.append(e) if e else None, **fields
            )
        assert producer.flush(20) == 0 and not refused, refused


class _Nothing:
    partitions: Mapping[int, Any] = {}


def done(futures: Mapping[Any, Any]) -> None:
    for future in futures.values():
        future.result(20)


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


class Reading:
    """A reader, and what it gave so far: rows by partition, positions, ends."""

    def __init__(self, broker: Broker, way: str, wanted: Wanted, **settings: Any) -> None:
        self.reader = KafkaReader({**broker.settings, **settings}, wanted, client=CLIENTS[way])
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.positions: dict[str, Position] = {}
        self.ended: set[str] = set()

    def open(self, positions: Mapping[str, Position | None] | None = None) -> Reading:
        self.reader.open(positions if positions is not None else dict.fromkeys(self.reader.partitions()))
        return self

    def take(self, most: int = 100_000, most_bytes: int = 1 << 24, wait: float = 0.2) -> list[Records]:
        got = list(self.reader.poll(most_bytes, most, wait))
        for one in got:
            self.rows.setdefault(one.partition, []).extend(one.table.to_pylist())
            self.positions[one.partition] = one.position
            (self.ended.add if one.at_end else self.ended.discard)(one.partition)
        return got

    def until(self, true: Callable[[], bool], seconds: float = 20, **limits: Any) -> Reading:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, (self.positions, {name: len(rows) for name, rows in self.rows.items()})
            self.take(**limits)
        return self

    def to_end(self, **limits: Any) -> Reading:
        """Read until every open partition stands at the end that it has now."""
        ends = self._ends(seconds=20)
        return self.until(
            lambda: all(self.positions.get(n, Position(-1)).next >= end for n, end in ends.items()), **limits
        )

    def _ends(self, seconds: float) -> Mapping[str, int]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.reader.ends()
            except ConnectorError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise

    def values(self, partition: str | None = None) -> list[Any]:
        names = [partition] if partition else sorted(self.rows)
        return [row["value"] for name in names for row in self.rows.get(name, [])]
