"""Topics of Kafka for streams under faults: made, filled in a known order, and read by a pipeline."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

START_MILLIS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def topic(address: str, partitions: int) -> str:
    """Make a topic with a name of its own."""
    name = f"faults_{os.getpid()}_{random.randrange(10**9)}"
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
    return name


def fill(address: str, name: str, records: Iterable[tuple[int, Mapping[str, Any] | bytes]]) -> int:
    """Write records, each with its partition, in their order; returns how many."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5, "enable.idempotence": True})
    refused: list[Any] = []
    count = 0
    for partition, value in records:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        while True:
            try:
                producer.produce(name, body, partition=partition, on_delivery=lambda e, _: refused.append(e) if e else None)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
    assert producer.flush(60) == 0 and not refused, refused
    return count


def source(name: str, columns: str, delay: float = 2, more: str = "") -> str:
    """The node `events`, which reads a topic by the connection `broker`; `ts` are milliseconds."""
    return f"""\
  events:
    kind: source.kafka
    config:
      connection: broker
      topics: [{name}]
      format: json
      columns: {{{columns}}}
      event_time: ts
      watermark_delay_seconds: {delay}
{more}"""
