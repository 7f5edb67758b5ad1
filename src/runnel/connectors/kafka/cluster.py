"""What a Kafka cluster says of itself: topics and their ids, partitions, and the offsets at which they begin and end."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.connectors.kafka.connection import (
    KafkaConnector,
    KafkaOptions,
    check_brokers,
    check_servers,
    driver_settings,
)
from runnel.errors import ConnectorError
from runnel.sdk.connector import missing_driver
from runnel.sdk.egress import EgressPolicy

ANSWER_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
_LOGIN, _TLS = -169, -181
_DENIED = (29, 30, 31, 58)
_ABSENT = (3, 100, -188, -190)


@dataclass(frozen=True)
class Topic:
    """A topic: its id (another one after it was made anew) and its partitions."""

    name: str
    id: str
    partitions: tuple[int, ...]


def client_settings(connection: Mapping[str, Any], egress: EgressPolicy | None) -> dict[str, Any]:
    """Return the driver's settings for a connection whose servers were checked; raises ConnectorError or AuthoringError."""
    options = KafkaOptions.model_validate(dict(connection))
    return driver_settings(options, check_servers(options, egress or EgressPolicy(confined=False)))


def refusal(code: int, words: str, doing: str) -> ConnectorError:
    """Return the error for one of librdkafka's numbers; what time may heal is retryable."""
    words = words.rpartition("]: ")[2] or words
    if code == _LOGIN:
        hint = "Check user, password and how to log in (`sasl_mechanism`) of the connection."
        return ConnectorError("RNL-KAFKA-002", f"{doing}: logging in was refused: {words}", hint)
    if code == _TLS:
        return ConnectorError(
            "RNL-KAFKA-003", f"{doing}: TLS did not work: {words}", "Check the connection's certificates."
        )
    if code in _DENIED:
        hint = "Give the connection's user the right to read (for a sink: to write) and to describe the topic."
        return ConnectorError("RNL-KAFKA-015", f"{doing}: not allowed: {words}", hint)
    if code in _ABSENT:
        return ConnectorError("RNL-KAFKA-010", f"{doing}: {words}", "Check the topic's name.", retryable=True)
    return ConnectorError(
        "RNL-KAFKA-014", f"{doing}: {words}", "Check that the cluster runs and can be reached.", retryable=True
    )


class Cluster:
    """Asks a cluster, through an admin client of its own; every broker is checked before anything else connects to it."""

    def __init__(self, settings: Mapping[str, Any], egress: EgressPolicy | None = None) -> None:
        try:
            from confluent_kafka.admin import AdminClient
        except ImportError as error:
            raise missing_driver(KafkaConnector, "confluent-kafka") from error
        self._egress = egress
        self._problems: list[Any] = []
        wanted: Any = {**settings, "log_level": 0, "error_cb": self._problems.append}
        self._client: Any = AdminClient(wanted)

    def names(self) -> list[str]:
        """Return the names of all topics but the cluster's own."""
        return sorted(name for name in self._described().topics if not name.startswith("__"))

    def _described(self) -> Any:
        from confluent_kafka import KafkaException

        try:
            found = self._client.list_topics(timeout=ANSWER_SECONDS)
        except KafkaException as error:
            self._client.poll(0)
            known = next((one for one in self._problems if one.code() in (_LOGIN, _TLS)), error.args[0])
            self._problems.clear()
            raise refusal(known.code(), known.str(), "asking the cluster for its topics") from error
        if self._egress is not None:
            check_brokers([(broker.host, broker.port) for broker in found.brokers.values()], self._egress)
        return found

    def topics(self, names: Sequence[str], pattern: str | None = None) -> dict[str, Topic]:
        """Return the named topics and those whose whole name fits a pattern; a named one that is missing is an error."""
        existing = self.names()
        for name in names:
            if name not in existing:
                close = difflib.get_close_matches(name, existing, n=3) or existing[:10]
                hint = (
                    f"Topics here: {', '.join(close)}."
                    if close
                    else "The cluster has no topics that this user may see."
                )
                raise ConnectorError("RNL-KAFKA-010", f"the cluster has no topic {name}", hint)
        wanted = set(names)
        if pattern:
            wanted |= {name for name in existing if re.fullmatch(pattern, name)}
        return self.described(sorted(wanted)) if wanted else {}

    def described(self, names: Sequence[str]) -> dict[str, Topic]:
        """Return topics by name with their ids; a topic that is gone is left out."""
        from confluent_kafka import KafkaException, TopicCollection

        found: dict[str, Topic] = {}
        asked = self._client.describe_topics(TopicCollection(list(names)), request_timeout=ANSWER_SECONDS)
        for name, future in asked.items():
            try:
                said = future.result()
            except KafkaException as error:
                if error.args[0].code() in _ABSENT:
                    continue
                raise refusal(error.args[0].code(), error.args[0].str(), f"asking for the topic {name}") from error
            found[name] = Topic(name, str(said.topic_id), tuple(sorted(part.id for part in said.partitions)))
        return found

    def starts(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the offset of the first record that each partition still keeps."""
        from confluent_kafka.admin import OffsetSpec

        return self._offsets(partitions, OffsetSpec.earliest())

    def ends(self, partitions: Iterable[tuple[str, int]], committed: bool = True) -> dict[tuple[str, int], int]:
        """Return the offset that follows the last record; with `committed` the last before an open transaction."""
        from confluent_kafka.admin import OffsetSpec

        return self._offsets(partitions, OffsetSpec.latest(), committed)

    def at(self, partitions: Iterable[tuple[str, int]], milliseconds: int) -> dict[tuple[str, int], int]:
        """Return the offset of the first record that is not older than a time, else the end."""
        from confluent_kafka.admin import OffsetSpec

        wanted = list(partitions)
        found = self._offsets(wanted, OffsetSpec.for_timestamp(milliseconds))
        missing = [place for place, offset in found.items() if offset < 0]
        return {**found, **(self.ends(missing) if missing else {})}

    def _offsets(
        self, partitions: Iterable[tuple[str, int]], spec: Any, committed: bool = False
    ) -> dict[tuple[str, int], int]:
        """Ask for offsets; after a change of leaders the client knows the old ones until it asked for the topics anew."""
        from confluent_kafka import TopicPartition

        wanted = {TopicPartition(topic, number): spec for topic, number in partitions}
        end = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return self._asked(wanted, committed) if wanted else {}
            except ConnectorError as error:
                if not error.retryable or time.monotonic() > end:
                    raise
            self._described()
            time.sleep(_PAUSE_SECONDS)

    def _asked(self, wanted: Mapping[Any, Any], committed: bool) -> dict[tuple[str, int], int]:
        from confluent_kafka import IsolationLevel, KafkaException

        level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        asked = self._client.list_offsets(wanted, isolation_level=level, request_timeout=ANSWER_SECONDS)
        found: dict[tuple[str, int], int] = {}
        for place, future in asked.items():
            try:
                found[(place.topic, place.partition)] = future.result().offset
            except KafkaException as error:
                doing = f"asking for the offsets of {place.topic}/{place.partition}"
                raise refusal(error.args[0].code(), error.args[0].str(), doing) from error
        return found
