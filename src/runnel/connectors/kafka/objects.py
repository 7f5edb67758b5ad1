"""Reads Kafka through the objects of its Python client: slower than `direct`, wherever the client itself runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runnel.connectors.kafka.fetching import Fetched, Place, Trouble, header_map, text_columns
from runnel.errors import ConnectorError
from runnel.sdk.egress import EgressPolicy

PARTITION_EOF = -191


class ObjectClient:
    """The Python client's consumer with assigned partitions.

    It looks names up by itself (`guarding` cannot get in): the brokers are checked by the cluster's description alone.
    """

    def __init__(self, settings: Mapping[str, Any], egress: EgressPolicy | None = None) -> None:
        from confluent_kafka import Consumer

        self._troubles: list[Trouble] = []
        self._consumer = Consumer({**settings, "error_cb": self._note})

    def _note(self, error: Any) -> None:
        self._troubles.append(Trouble(error.code(), error.str()))

    def assign(self, places: Mapping[tuple[str, int], Place]) -> None:
        """Read these partitions from these places, and no others."""
        from confluent_kafka import KafkaException, TopicPartition

        listed = [
            TopicPartition(topic, number, place.offset, leader_epoch=place.epoch)
            if place.epoch is not None else TopicPartition(topic, number, place.offset)
            for (topic, number), place in places.items()
        ]  # fmt: skip
        try:
            self._consumer.assign(listed)
        except KafkaException as error:
            raise ConnectorError(
                "RNL-KAFKA-016", f"reading the partitions: {error.args[0].str()}", retryable=True
            ) from error

    def pause(self, partitions: Sequence[tuple[str, int]], resumed: Sequence[tuple[str, int]]) -> None:
        """Stop reading some partitions, and go on with others."""
        from confluent_kafka import TopicPartition

        if partitions:
            self._consumer.pause([TopicPartition(topic, number) for topic, number in partitions])
        if resumed:
            self._consumer.resume([TopicPartition(topic, number) for topic, number in resumed])

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Tell the group's offsets, for other tools to look at; does not wait."""
        from confluent_kafka import TopicPartition

        listed = [TopicPartition(topic, number, offset) for (topic, number), offset in offsets.items()]
        self._consumer.commit(offsets=listed, asynchronous=True)

    def poll(self, most: int, wait_seconds: float) -> tuple[Sequence[Fetched], Sequence[Trouble]]:
        """Return up to `most` records as soon as there is one, and what went wrong since the last call."""
        messages = self._consumer.consume(most, 0)
        if not messages and wait_seconds > 0:
            messages = self._consumer.consume(1, wait_seconds)
            if messages and most > 1:
                messages += self._consumer.consume(most - 1, 0)
        groups: dict[tuple[str, int], list[Any]] = {}
        ends: dict[tuple[str, int], int] = {}
        for message in messages:
            error = message.error()
            place = (message.topic() or "", -1 if (number := message.partition()) is None else number)
            if error is None:
                groups.setdefault(place, []).append(message)
            elif error.code() == PARTITION_EOF:
                ends[place] = message.offset() or 0
            else:
                self._troubles.append(Trouble(error.code(), error.str(), place[0] or None, place[1]))
        troubles, self._troubles = self._troubles, []
        return [_fetched(place, groups.get(place, []), ends.get(place)) for place in {**groups, **ends}], troubles

    def close(self) -> None:
        """Give everything back."""
        self._consumer.close()


def _fetched(place: tuple[str, int], messages: Sequence[Any], end: int | None) -> Fetched:
    import pyarrow as pa

    if not messages:
        assert end is not None
        return Fetched(*place, None, end, at_end=True)
    values = [message.value() for message in messages]
    keys = pa.chunked_array([pa.array([message.key() for message in messages], pa.binary())])
    table = pa.table({
        "offset": pa.array([message.offset() for message in messages], pa.int64()),
        "timestamp": pa.array([_timestamp(message) for message in messages], pa.int64()),
        "key": text_columns(keys), "value": pa.array(values, pa.binary()),
        "headers": pa.array(
            [header_map(message.headers() or ()) for message in messages], pa.map_(pa.string(), pa.string())
        ),
    })  # fmt: skip
    following = messages[-1].offset() + 1
    at_end = end is not None and end >= following
    epoch = messages[-1].leader_epoch()
    size = sum(len(value) for value in values if value)
    return Fetched(*place, table, max(following, end or 0), -1 if epoch is None else epoch, at_end, size)


def _timestamp(message: Any) -> int:
    kind, value = message.timestamp()
    return value if kind else -1
