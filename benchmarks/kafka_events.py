"""Events of the benchmarks of streams: what stands in a topic, the same for Runnel and for whoever is measured beside it."""

from __future__ import annotations

import random
import time

USERS, KINDS = 500, ("view", "click", "cart", "pay")
START_MS = 1_767_225_600_000


def lines(count: int, seed: int = 7) -> list[bytes]:
    """Return events of JSON, a thousandth of a second apart, of some hundred bytes each."""
    dice = random.Random(seed)
    users = [f"user-{dice.randrange(10**6):06d}" for _ in range(USERS)]
    made: list[bytes] = []
    for number in range(count):
        user, kind = users[dice.randrange(USERS)], KINDS[dice.randrange(4)]
        made.append(
            b'{"id":%d,"user":"%s","kind":"%s","amount":%d,"ts":%d}'
            % (number, user.encode(), kind.encode(), dice.randrange(1000), START_MS + number // 20)
        )
    return made


def fill(address: str, topic: str, count: int, partitions: int = 4) -> float:
    """Make a topic with events, spread in turn over partitions; returns the seconds that it took."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
    producer = Producer({
        "bootstrap.servers": address, "linger.ms": 50, "batch.size": 1_000_000, "compression.type": "lz4",
        "queue.buffering.max.messages": 1_000_000, "queue.buffering.max.kbytes": 1_000_000,
    })  # fmt: skip
    begun = time.perf_counter()
    made = lines(min(count, 500_000))
    for number in range(count):
        # the same half million again and again, later each time
        value = made[number % len(made)]
        if number >= len(made):
            shift = (number // len(made)) * (len(made) // 20)
            head, _, ts = value[:-1].rpartition(b":")
            value = head + b":%d}" % (int(ts) + shift)
        while True:
            try:
                producer.produce(topic, value, partition=number % partitions)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush()
    return time.perf_counter() - begun
