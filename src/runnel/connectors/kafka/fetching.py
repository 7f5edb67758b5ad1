"""What comes out of a Kafka client: records of one partition as columns, ends, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

READING: Mapping[str, str] = {
    "enable.auto.commit": "false", "enable.auto.offset.store": "false", "auto.offset.reset": "error",
    "enable.partition.eof": "true", "queued.min.messages": "1000000", "queued.max.messages.kbytes": "65536",
    "fetch.message.max.bytes": "4194304", "topic.metadata.refresh.interval.ms": "30000", "check.crcs": "true",
    "fetch.queue.backoff.ms": "10", "reconnect.backoff.max.ms": "2000", "fetch.error.backoff.ms": "100", "log_level": "0",
}  # fmt: skip
"""How Runnel reads: it keeps positions itself, never lets the client choose one, and fetches far ahead."""


@dataclass(frozen=True)
class Place:
    """From where a partition is read: the offset, and the leader epoch of the record before it (None: not known)."""

    offset: int
    epoch: int | None = None


@dataclass(frozen=True)
class Fetched:
    """Records of one partition in their order: `table` has offset, timestamp (ms, -1: none), key, value, headers.

    `next` is the offset to go on from, `epoch` the leader epoch of the last record (-1: not known), `at_end` whether
    nothing more was there. Without records the table is None.
    """

    topic: str
    partition: int
    table: Any
    next: int
    epoch: int = -1
    at_end: bool = False
    bytes: int = 0


@dataclass(frozen=True)
class Trouble:
    """An error of the client: librdkafka's number and words, and which partition it is about."""

    code: int
    words: str
    topic: str | None = None
    partition: int = -1


class Client(Protocol):
    """Reads assigned partitions; one thread calls it."""

    def assign(self, places: Mapping[tuple[str, int], Place]) -> None:
        """Read these partitions from these places, and no others."""
        ...

    def poll(self, most: int, wait_seconds: float) -> tuple[Sequence[Fetched], Sequence[Trouble]]:
        """Return up to `most` records as soon as there is one, and what went wrong since the last call."""
        ...

    def pause(self, partitions: Sequence[tuple[str, int]], resumed: Sequence[tuple[str, int]]) -> None:
        """Stop reading some partitions, and go on with others."""
        ...

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Tell the group's offsets, for other tools to look at; does not wait."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def text_columns(keys: Any) -> Any:
    """Return a binary column as texts; bytes that are no UTF-8 are written as `\\xNN`."""
    import pyarrow as pa

    try:
        return keys.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [None if key is None else key.decode("utf-8", "backslashreplace") for key in keys.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])


def header_map(pairs: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, str | None]]:
    """Return headers by name; of several with one name the last counts, as Kafka has it."""
    found = {name: None if value is None else value.decode("utf-8", "backslashreplace") for name, value in pairs}
    return list(found.items())


def table_of(parts: Sequence[Any]) -> Any:
    """Return raw records in the form of `Records`."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute

    stamp = pa.timestamp("us", "UTC")
    if not parts:
        types = {"_position": pa.int64(), "_ingest_time": stamp, "_key": pa.string(),
                 "_headers": pa.map_(pa.string(), pa.string()), "value": pa.binary()}  # fmt: skip
        return pa.schema(list(types.items())).empty_table()
    table = pa.concat_tables(parts)
    known = table.column("timestamp")
    if (pc.min(known).as_py() or 0) < 0:
        known = pc.if_else(pc.less(known, 0), pa.scalar(None, pa.int64()), known)
    moments = pc.multiply(known, 1000).cast(stamp)
    columns = [table.column("offset"), moments, table.column("key"), table.column("headers"), table.column("value")]
    return pa.table(columns, names=["_position", "_ingest_time", "_key", "_headers", "value"])
