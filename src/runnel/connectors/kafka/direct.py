"""Reads Kafka through librdkafka itself: a batch of messages becomes Arrow columns without an object per message."""

from __future__ import annotations

import collections
import ctypes
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from runnel.connectors.kafka.fetching import Fetched, Place, Trouble, header_map, text_columns
from runnel.connectors.kafka.gathering import gather, memory, possible, words
from runnel.connectors.kafka.guarding import GuardedLookups
from runnel.connectors.kafka.librdkafka import CONSUMER, ERROR_CALLBACK, PARTITION_EOF, library, path
from runnel.errors import ConnectorError
from runnel.sdk.egress import EgressPolicy

_ERROR, _TOPIC, _PARTITION, _VALUE, _VALUE_LENGTH, _KEY, _KEY_LENGTH, _OFFSET = range(8)
"""Words of `rd_kafka_message_t`, which is part of the library's public interface."""
_TIMESTAMP, _HEADERS_LENGTH, _HEADERS = 12, 15, 16
"""Words behind it, which are not: every batch is compared with the library's own answers for its first and last message."""
_MOST = 50_000


def available() -> bool:
    """Tell whether this way can be gone here; else `objects` is."""
    return possible() and path() is not None


class DirectClient:
    """A consumer of librdkafka with assigned partitions."""

    def __init__(self, settings: Mapping[str, Any], egress: EgressPolicy | None = None) -> None:
        self._library = library()
        self._lookups = GuardedLookups(egress) if egress is not None else None
        self._troubles: list[Trouble] = []
        self._names: dict[int, str] = {}
        self._callback = ERROR_CALLBACK(self._note)
        self._pointers: Any = (ctypes.c_uint64 * _MOST)()
        self._client = self._made(settings)
        self._library.poll_set_consumer(self._client)
        self._queue = self._library.queue_get_consumer(self._client)

    def _made(self, settings: Mapping[str, Any]) -> int:
        conf = self._library.conf_new()
        words_of = ctypes.create_string_buffer(512)
        for name, value in settings.items():
            given = str(value).lower() if isinstance(value, bool) else str(value)
            if self._library.conf_set(conf, name.encode(), given.encode(), words_of, 512):
                self._library.conf_destroy(conf)
                raise ConnectorError("RNL-KAFKA-018", f"the Kafka client does not take `{name}`: {_said(words_of)}")
        self._library.conf_set_error_cb(conf, self._callback)
        self._library.conf_set_log_cb(conf, None)
        if self._lookups is not None:
            self._lookups.install(str(path()), conf)
        client = self._library.new(CONSUMER, conf, words_of, 512)
        if not client:
            self._library.conf_destroy(conf)
            raise ConnectorError("RNL-KAFKA-018", f"the Kafka client does not start: {_said(words_of)}")
        return client

    def _note(self, _client: int, code: int, reason: bytes | None, _opaque: int) -> None:
        self._troubles.append(Trouble(code, (reason or b"").decode("utf-8", "replace")))

    def assign(self, places: Mapping[tuple[str, int], Place]) -> None:
        """Read these partitions from these places, and no others."""
        listed = self._library.topic_partition_list_new(len(places))
        try:
            for (topic, partition), place in places.items():
                one = self._library.topic_partition_list_add(listed, topic.encode(), partition)
                self._library.topic_partition_list_set_offset(listed, topic.encode(), partition, place.offset)
                if place.epoch is not None:
                    self._library.topic_partition_set_leader_epoch(one, place.epoch)
            self._checked(self._library.assign(self._client, listed), "reading the partitions")
        finally:
            self._library.topic_partition_list_destroy(listed)

    def pause(self, partitions: Sequence[tuple[str, int]], resumed: Sequence[tuple[str, int]]) -> None:
        """Stop reading some partitions, and go on with others."""
        for wanted, act in ((partitions, self._library.pause_partitions), (resumed, self._library.resume_partitions)):
            if wanted:
                listed = self._list(wanted)
                try:
                    self._checked(act(self._client, listed), "pausing partitions")
                finally:
                    self._library.topic_partition_list_destroy(listed)

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Tell the group's offsets, for other tools to look at; does not wait."""
        listed = self._list(list(offsets))
        for (topic, partition), offset in offsets.items():
            self._library.topic_partition_list_set_offset(listed, topic.encode(), partition, offset)
        self._library.commit(self._client, listed, 1)
        self._library.topic_partition_list_destroy(listed)

    def _list(self, partitions: Sequence[tuple[str, int]]) -> int:
        listed = self._library.topic_partition_list_new(len(partitions))
        for topic, partition in partitions:
            self._library.topic_partition_list_add(listed, topic.encode(), partition)
        return listed

    def _checked(self, code: int, doing: str) -> None:
        if code:
            said = self._library.err2str(code).decode()
            raise ConnectorError("RNL-KAFKA-016", f"{doing}: {said}", retryable=True)

    def poll(self, most: int, wait_seconds: float) -> tuple[Sequence[Fetched], Sequence[Trouble]]:
        """Return up to `most` records as soon as there is one, and what went wrong since the last call."""
        most = max(1, min(most, _MOST))
        address = ctypes.addressof(self._pointers)
        take = self._library.consume_batch_queue
        count = take(self._queue, 0, address, most)
        if count <= 0 and wait_seconds > 0:  # a call with a longer wait would wait for the whole batch
            count = take(self._queue, max(1, int(wait_seconds * 1000)), address, 1)
            if count > 0 and most > 1:
                count += max(0, take(self._queue, 0, address + 8, most - 1))
        found = self._columns(count) if count > 0 else []
        troubles, self._troubles = self._troubles, []
        return found, troubles

    def _columns(self, count: int) -> list[Fetched]:
        import numpy as np

        pointers = np.frombuffer(self._pointers, np.uint64, count)
        try:
            errors = memory().take(words(pointers) + _ERROR).astype(np.uint32)
            records = pointers[errors == 0]
            ends = [end for pointer in pointers[errors != 0].tolist() if (end := self._event(pointer)) is not None]
            return _with_ends(self._records(records) if len(records) else [], ends)
        finally:
            collections.deque(map(self._library.message_destroy, pointers.tolist()), maxlen=0)

    def _event(self, pointer: int) -> Fetched | None:
        """Return the end of a partition; an error is kept for the caller."""
        fields = (ctypes.c_uint64 * 8).from_address(pointer)
        code = ctypes.c_int32(fields[_ERROR] & 0xFFFFFFFF).value
        partition = ctypes.c_int32(fields[_PARTITION] & 0xFFFFFFFF).value
        topic = self._topic(fields[_TOPIC]) if fields[_TOPIC] else None
        if code == PARTITION_EOF and topic is not None:
            return Fetched(topic, partition, None, fields[_OFFSET], at_end=True)
        said = ctypes.string_at(fields[_VALUE], fields[_VALUE_LENGTH]) if fields[_VALUE] else b""
        self._troubles.append(Trouble(code, said.decode("utf-8", "replace"), topic, partition))
        return None

    def _topic(self, pointer: int) -> str:
        return self._library.topic_name(pointer).decode()

    def _records(self, pointers: Any) -> list[Fetched]:
        """Turn messages into columns, partition by partition, each in its order."""
        import numpy as np
        import pyarrow as pa

        places = words(pointers)
        topics = memory().take(places + _TOPIC)
        partitions = memory().take(places + _PARTITION).astype(np.uint32).astype(np.int64)
        kinds, kind = np.unique(topics, return_inverse=True)
        group = kind.astype(np.int64) << 32 | partitions
        if (group[1:] < group[:-1]).any():
            order = np.argsort(group, kind="stable")
            pointers, places, group = pointers[order], places[order], group[order]
        take = memory().take
        lengths = take(places + _VALUE_LENGTH).astype(np.int64)
        keys = gather(take(places + _KEY), take(places + _KEY_LENGTH).astype(np.int64))
        stamps, headers = self._unpublished(pointers, places)
        table = pa.table({
            "offset": take(places + _OFFSET).astype(np.int64), "timestamp": stamps, "key": text_columns(keys),
            "value": gather(take(places + _VALUE), lengths), "headers": headers,
        })  # fmt: skip
        bounds = [0, *(np.flatnonzero(group[1:] != group[:-1]) + 1).tolist(), len(group)]
        found: list[Fetched] = []
        for begin, end in itertools.pairwise(bounds):
            rows = table.slice(begin, end - begin)
            topic, last = self._topic(int(kinds[group[begin] >> 32])), int(pointers[end - 1])
            epoch = self._library.message_leader_epoch(last)
            following = rows.column("offset")[-1].as_py() + 1
            found.append(
                Fetched(
                    topic, int(group[begin] & 0xFFFFFFFF), rows, following, epoch, False, int(lengths[begin:end].sum())
                )
            )
        return found

    def _unpublished(self, pointers: Any, places: Any) -> tuple[Any, Any]:
        """Return timestamps and headers; where the memory is laid out otherwise than known, asked message by message."""
        import numpy as np

        stamps = memory().take(places + _TIMESTAMP).astype(np.int64)
        lengths = memory().take(places + _HEADERS_LENGTH).astype(np.uint32).astype(np.int64)
        filled = lengths > 1  # one byte says that there are none
        for row in {0, len(pointers) - 1}:
            pointer = int(pointers[row])
            same = stamps[row] == self._library.message_timestamp(pointer, None)
            if not same or bool(filled[row]) != bool(self._headers(pointer)):
                listed = [int(one) for one in pointers.tolist()]
                asked = np.array([self._library.message_timestamp(one, None) for one in listed], np.int64)
                return asked, _map_column([header_map(self._headers(one)) for one in listed])
        if not filled.any():
            return stamps, _no_headers(len(pointers))
        rows: list[list[tuple[str, str | None]]] = [[] for _ in range(len(pointers))]
        for row in np.flatnonzero(filled).tolist():
            rows[row] = header_map(self._headers(int(pointers[row])))
        return stamps, _map_column(rows)

    def _headers(self, pointer: int) -> list[tuple[str, bytes | None]]:
        """Ask the library for the headers of a message."""
        made = ctypes.c_void_p()
        if self._library.message_headers(pointer, ctypes.byref(made)):
            return []
        found: list[tuple[str, bytes | None]] = []
        name, value, size = ctypes.c_char_p(), ctypes.c_void_p(), ctypes.c_size_t()
        places = (ctypes.byref(name), ctypes.byref(value), ctypes.byref(size))
        while not self._library.header_get_all(made, len(found), *places):
            content = None if not value.value else ctypes.string_at(value.value, size.value)
            found.append(((name.value or b"").decode("utf-8", "backslashreplace"), content))
        return found

    def close(self) -> None:
        """Give everything back."""
        if self._client:
            self._library.queue_destroy(self._queue)
            self._library.consumer_close(self._client)
            self._library.destroy(self._client)
            self._client = 0


def _with_ends(records: list[Fetched], ends: list[Fetched]) -> list[Fetched]:
    """Join what was read of a partition with the news that it ended there; an end before its last record is none."""
    found = {(one.topic, one.partition): one for one in records}
    for end in ends:
        place = (end.topic, end.partition)
        known = found.get(place)
        if known is None or known.next <= end.next:
            kept = known or end
            found[place] = Fetched(*place, kept.table, end.next, kept.epoch, True, kept.bytes)
    return list(found.values())


def _no_headers(count: int) -> Any:
    import numpy as np
    import pyarrow as pa

    nothing = pa.array([], pa.string())
    return pa.MapArray.from_arrays(pa.array(np.zeros(count + 1, np.int32)), nothing, nothing)


def _map_column(rows: Sequence[Sequence[tuple[str, str | None]]]) -> Any:
    import pyarrow as pa

    return pa.array(rows, pa.map_(pa.string(), pa.string()))


def _said(buffer: Any) -> str:
    return buffer.value.decode("utf-8", "replace")
