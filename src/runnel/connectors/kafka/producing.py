"""Writes rows to a topic, epoch by epoch: in transactions that carry the epoch's number with them, or at least once.

The number of the last epoch stands as the offset of a consumer group that only this sink uses; it is committed in the
same transaction as the records. The fencing token stands beside it, and the rows that the brokers refused. A group's
offset that nobody renews is forgotten by the cluster after a while (a week, as a rule): then it is found again in the
headers of the last records.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runnel.connectors.kafka import markers
from runnel.connectors.kafka.cluster import Cluster, refusal
from runnel.connectors.kafka.connection import KafkaConnector
from runnel.connectors.kafka.markers import HEADER_APP, HEADER_EPOCH, HEADER_ROW
from runnel.errors import ConnectorError
from runnel.sdk.connector import missing_driver
from runnel.sdk.delivery import Delivered, EpochRows, Refused
from runnel.sdk.egress import EgressPolicy

SECONDS = 20.0
_PAUSE_SECONDS = 0.1
TRIES = 3
LOOKED_BACK = 5_000
_TOO_LARGE = (10, 18)
_REFUSING = (*_TOO_LARGE, 2, 44, 87)
"""Errors that are about a record: too large, damaged, against a policy or the topic's rules."""
_LOST = (-187, -195)
_PURGED = (-151, -152)
_FENCED = (-144, 47, 90)
_FAST = {
    "enable.idempotence": True, "acks": "all", "linger.ms": 5, "batch.size": 1_000_000, "message.max.bytes": 1_048_588,
    "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 262_144, "compression.type": "lz4",
    "partitioner": "murmur2_random", "message.timeout.ms": 30_000, "transaction.timeout.ms": 60_000, "log_level": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Message:
    """What is written of a row: its value (None deletes the key in a compacted topic), its key and headers."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


Shape = Callable[[Any], Sequence[Message]]
"""Turns rows (a pyarrow table) into messages, one each, in their order."""


@dataclass
class _Outcome:
    """What the brokers answered to one attempt: rows by their place, and whether one of them was refused."""

    refused: dict[tuple[int, int], tuple[int, str]] = field(default_factory=dict)
    failed: Any = None
    purged: bool = False

    @property
    def over(self) -> bool:
        """Whether the attempt cannot end well any more."""
        return self.failed is not None or self.purged

    def note(self, error: Any, place: tuple[int, int]) -> None:
        """Note that a row was not taken: for its own sake, or as another one's was not."""
        if error.code() in _PURGED:
            self.purged = True
            return
        self.failed = self.failed or error
        if error.code() in _REFUSING:
            self.refused[place] = (error.code(), error.str())


class KafkaDelivery:
    """Delivers epochs to one topic; see `runnel.sdk.delivery.Delivery`. `app` names this sink and nothing else."""

    def __init__(
        self,
        settings: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        topic: str,
        shape: Shape,
        *,
        app: str,
        token: int = 0,
        exactly_once: bool = True,
        egress: EgressPolicy | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._given = settings
        self._topic = topic
        self._shape = shape
        self._app = app
        self._name = f"runnel-{app}"  # of the group and the transactions at the cluster
        self._token = token
        self._once = exactly_once
        self._egress = egress
        self._options = dict(options or {})
        self._settings: Mapping[str, Any] = {}
        self._producer: Any = None
        self._marker: Any = None
        self._group: Any = None
        self._shaken = False

    def open(self) -> Delivered:
        """Connect and return the last epoch that the topic holds; a new producer after an error, which ends an older one."""
        try:
            from confluent_kafka import Consumer
        except ImportError as error:
            raise missing_driver(KafkaConnector, "confluent-kafka") from error
        self.close()
        self._settings = dict(self._given() if callable(self._given) else self._given)
        Cluster(self._settings, self._egress).topics([self._topic])
        group = {"group.id": self._name, "isolation.level": "read_committed", "enable.auto.commit": False}
        self._marker = Consumer({**self._settings, **group, "log_level": 0})
        self._group = self._marker.consumer_group_metadata()
        try:
            self._fenced_by(self._read(SECONDS / 4))
        except ConnectorError as error:
            if not (self._once and error.retryable):
                raise
            # a transaction that nobody ended hides the marker: a new producer ends it
        self._producer = self._made({})
        try:
            found = self._read(SECONDS)
        except ConnectorError as error:
            raise (self._hanging() or error) from error
        self._fenced_by(found)
        return self._told(found or self._searched())

    def _made(self, careful: Mapping[str, Any]) -> Any:
        from confluent_kafka import KafkaException, Producer

        own: dict[str, Any] = {"transactional.id": self._name} if self._once else {}
        self._shaken = False
        made = Producer({**self._settings, **_FAST, **self._options, **own, **careful, "error_cb": self._note})
        if self._once:
            try:
                made.init_transactions(SECONDS)
            except KafkaException as error:
                raise self._error(error, "beginning to write") from error
        return made

    def _note(self, error: Any) -> None:
        """Note that connections were lost: the client keeps places that are no longer right."""
        self._shaken = self._shaken or error.code() in _LOST

    def _place(self, epoch: int = -1001, note: str = "") -> Any:
        from confluent_kafka import TopicPartition

        return TopicPartition(self._topic, 0, epoch, note) if note else TopicPartition(self._topic, 0)

    def _read(self, seconds: float) -> dict[str, Any] | None:
        """Return the marker; one of an open transaction is waited for."""
        from confluent_kafka import KafkaException

        end = time.monotonic() + seconds
        while True:
            try:
                found = self._marker.committed([self._place()], timeout=5)[0]
            except KafkaException as error:
                made = self._error(error, "reading how far the topic is")
                if time.monotonic() > end or not made.retryable:
                    raise made from error
                time.sleep(_PAUSE_SECONDS)  # a cluster that just started does not know yet who keeps the group
                continue
            if found.offset < 0:
                return None
            return {"epoch": found.offset, **markers.unpacked(found.metadata or "")}

    def _searched(self) -> dict[str, Any] | None:
        """Look for the epoch in the headers of the last records, where the group's offset was forgotten."""
        from runnel.connectors.kafka.reading import KafkaReader, Wanted

        reader = KafkaReader(self._settings, Wanted((self._topic,)), group=self._name)
        try:
            names = list(reader.partitions())
            reader.open(dict.fromkeys(names))
            ends, starts = reader.ends(), reader.starts()
            from runnel.sdk.streaming import Position

            begun = {name: Position(max(starts[name], ends[name] - LOOKED_BACK)) for name in names}
            reader.open(begun)
            at = {name: position.next for name, position in begun.items()}
            last = 0
            while any(at[name] < ends[name] for name in names):
                for one in reader.poll(1 << 24, 50_000, 0.2):
                    at[one.partition] = one.position.next
                    last = max([last, *markers.epochs(one.table.column("_headers").to_pylist(), self._app)])
        finally:
            reader.close()
        return {"epoch": last, "token": 0, "refused": []} if last else None

    def _hanging(self) -> ConnectorError | None:
        """Return what to say where the cluster holds the marker back though no producer writes any more."""
        from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
        from confluent_kafka.admin import AdminClient

        asked = [ConsumerGroupTopicPartitions(self._name, [self._place()])]
        admin = AdminClient(dict(self._settings))  # kept by name: its answers never come once it is gone
        try:
            found = admin.list_consumer_group_offsets(asked, require_stable=True, request_timeout=5)
            (place,) = found[asked[0].group_id].result(10).topic_partitions
        except (KafkaException, TimeoutError):
            return None
        if place.error is None or place.error.code() != KafkaError.UNSTABLE_OFFSET_COMMIT:
            return None
        what = f"the cluster lost the end of a transaction that wrote to {self._topic}, and holds back what comes after it"
        hint = f"Abort it: kafka-transactions.sh find-hanging, then abort --topic {self._topic}; the sink asks again by itself."
        return ConnectorError("RNL-KAFKA-042", what, hint, retryable=True)

    def _fenced_by(self, marker: Mapping[str, Any] | None) -> None:
        if marker is not None and marker["token"] > self._token:
            what = f"another process writes to {self._topic} for this stream"
            raise ConnectorError("RNL-KAFKA-040", what, "This one ends; nothing of it counts any more.")

    def _told(self, marker: Mapping[str, Any] | None) -> Delivered:
        if marker is None:
            return Delivered(0)
        refused = [
            Refused(epoch, row, f"the brokers refused it (error {code})") for epoch, row, code in marker["refused"]
        ]
        return Delivered(int(marker["epoch"]), refused)

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Write the rows of these epochs, all of them or none; what the brokers refuse of them is left out and told."""
        from confluent_kafka import KafkaException

        assert self._producer is not None, "open comes before deliver"
        self._producer.poll(0)
        if self._shaken:
            self._producer = None
            what = f"the connection to the cluster was lost since the last delivery to {self._topic}"
            raise ConnectorError("RNL-KAFKA-014", what, "It is asked again what the topic holds.", retryable=True)
        rows = [(one.epoch, number, message) for one in epochs for number, message in enumerate(self._shape(one.rows))]
        last = epochs[-1].epoch
        try:
            refused = self._written(rows, last)
        except KafkaException as error:
            raise self._error(error, f"writing to {self._topic}") from error
        told = [Refused(epoch, row, words) for (epoch, row), (_, words) in sorted(refused.items())]
        return Delivered(last, told)

    def _written(self, rows: Sequence[tuple[int, int, Message]], last: int) -> dict[tuple[int, int], tuple[int, str]]:
        refused: dict[tuple[int, int], tuple[int, str]] = {}
        careful, torn = False, 0
        while True:
            self._begin()
            left = [row for row in rows if (row[0], row[1]) not in refused]
            outcome = self._send(left, careful)
            if not outcome.over:
                refused |= outcome.refused
                self._commit(last, refused)
                return refused
            self._abort()  # which brings the answers that were still on their way
            new = {place: words for place, words in outcome.refused.items() if place not in refused}
            if outcome.failed is None:  # the transaction was ended, and not for a record
                torn += 1
                if torn == TRIES or not self._once:
                    raise self._torn(len(left), torn)
            elif outcome.failed.code() not in _REFUSING or (careful and not new):
                raise _exception(outcome.failed)
            elif careful:
                refused |= new
            else:  # a whole batch was refused for one record: once more, each record alone
                careful = True
                self._producer = None
                self._producer = self._made({"batch.num.messages": 1, "linger.ms": 0})

    def _torn(self, count: int, times: int) -> ConnectorError:
        what = f"writing {count} records to {self._topic} was ended {times} times by the cluster, for none of them"
        return ConnectorError("RNL-KAFKA-014", what, "Check that the cluster runs and can be reached.", retryable=True)

    def _send(self, rows: Sequence[tuple[int, int, Message]], careful: bool) -> _Outcome:
        """Hand over rows and wait for the answers to all of them."""
        outcome = _Outcome()
        app = self._app.encode()
        for epoch, row, message in rows:
            own = [(HEADER_APP, app), (HEADER_EPOCH, b"%d" % epoch), (HEADER_ROW, b"%d" % row)]
            self._hand_over(message, [*own, *message.headers], (epoch, row), outcome)
            if careful and outcome.failed is not None:
                break
        left, end = self._producer.flush(0), time.monotonic() + SECONDS
        while left and time.monotonic() < end:
            left = self._producer.flush(_PAUSE_SECONDS)
            if outcome.over:  # the others wait for the transaction's end
                return outcome
        if left and not outcome.over:
            raise _unanswered(left)
        return outcome

    def _hand_over(
        self, message: Message, headers: list[tuple[str, bytes]], place: tuple[int, int], outcome: _Outcome
    ) -> None:
        from confluent_kafka import KafkaException

        def answered(error: Any, _: Any) -> None:
            if error is not None:
                outcome.note(error, place)

        while True:
            try:
                self._producer.produce(self._topic, message.value, message.key, headers=headers, on_delivery=answered)
                return
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                if error.args[0].code() not in _REFUSING:
                    raise
                outcome.refused[place] = (error.args[0].code(), error.args[0].str())
                return

    def _begin(self) -> None:
        if self._once:
            self._producer.begin_transaction()

    def _abort(self) -> None:
        if self._once:
            self._producer.abort_transaction(SECONDS)

    def _commit(self, last: int, refused: Mapping[tuple[int, int], tuple[int, str]]) -> None:
        place = self._place(last, markers.packed(self._token, refused))
        if not self._once:
            self._marker.commit(offsets=[place], asynchronous=False)
            return
        producer, group = self._producer, self._group
        self._within(lambda: producer.send_offsets_to_transaction([place], group, SECONDS))
        self._within(lambda: producer.commit_transaction(SECONDS))

    def _within(self, act: Callable[[], Any]) -> None:
        """Act in a thread of its own: after a lost connection the client may wait for its group for ever.

        The producer is given up then; the next one's beginning ends its transaction.
        """
        raised: list[BaseException] = []

        def run() -> None:
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - raised again below
                raised.append(error)

        thread = threading.Thread(target=run, name=f"commit {self._topic}", daemon=True)
        thread.start()
        thread.join(SECONDS)
        if thread.is_alive():
            self._producer = None
            what = f"the cluster did not confirm the transaction within {SECONDS:g} s"
            raise ConnectorError("RNL-KAFKA-014", what, "It is asked again what the topic holds.", retryable=True)
        if raised:
            raise raised[0]

    def _error(self, error: Any, doing: str) -> ConnectorError:
        """Return the error; whatever it was, the next `open` makes a new producer and asks what the topic holds."""
        known = error.args[0]
        self._producer = None
        if known.code() in _FENCED:
            what = f"{doing}: another process writes to {self._topic} for this stream"
            return ConnectorError("RNL-KAFKA-040", what, "This one ends; nothing of it counts any more.")
        return refusal(known.code(), known.str(), doing)

    def close(self) -> None:
        """Give everything back; what was not committed is undone by the cluster."""
        self._producer = None
        if self._marker is not None:
            self._marker.close()
            self._marker = None


def _exception(error: Any) -> Exception:
    from confluent_kafka import KafkaException

    return KafkaException(error)


def _unanswered(count: int) -> ConnectorError:
    what = f"{count} records were not answered within {SECONDS:g} s"
    return ConnectorError("RNL-KAFKA-014", what, "Check that the cluster runs and can be reached.", retryable=True)
