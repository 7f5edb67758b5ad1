"""Sources without end: what reads them, by positions that a checkpoint keeps, and what every such source can set."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from runnel.sdk.fields import NodeConfig
from runnel.sdk.fields import field as setting
from runnel.sdk.node import Streaming
from runnel.sdk.source import Probe, Source

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN_END = 2**62
"""What `Reader.ends` gives for a partition whose end is not known yet: a receiver has not taken what was there."""

METADATA: Mapping[str, str] = {
    "_event_time": "TIMESTAMP WITH TIME ZONE",
    "_ingest_time": "TIMESTAMP WITH TIME ZONE",
    "_watermark": "TIMESTAMP WITH TIME ZONE",
    "_source": "VARCHAR",
    "_partition": "VARCHAR",
    "_position": "BIGINT",
    "_key": "VARCHAR",
    "_headers": "MAP(VARCHAR, VARCHAR)",
}
"""Columns that every record of a stream has besides its own: expressions may use them, `*` does not mean them.

`_watermark` is how far the record's own partition was when it came: the largest event time of the records before it in its
partition, less the source's `watermark_delay_seconds`.
"""


OP = "_op"
"""The column that makes rows without end changes: insert, update or delete (by the key that their target has); see
`StreamSink.refuses_changes`."""


class StreamConfig(NodeConfig):
    """What every source without end can set: which time counts, and how long stragglers are waited for."""

    event_time: str | None = setting(
        None, title="Event time", help="The column that says when it happened; else when it arrived.", widget="column"
    )
    event_time_unit: Literal["seconds", "milliseconds", "microseconds"] = setting(
        "milliseconds", title="Unit of the event time", help="Where the column is a number since 1970.", advanced=True
    )
    watermark_delay_seconds: float = setting(
        10.0, title="Wait for stragglers", unit="seconds", ge=0,
        help="A record may be so much older than the newest before it in its partition; older ones are late.",
    )  # fmt: skip
    idle_timeout_seconds: float = setting(
        30.0, title="Idle after", unit="seconds", ge=0, advanced=True,
        help="A partition that stands at its end for so long no longer holds the others' windows open.",
    )  # fmt: skip
    max_ahead_seconds: float = setting(
        3600.0, title="Refuse times in the future", unit="seconds", ge=0, advanced=True,
        help="A record whose event time is so far after its arrival becomes a dead letter.",
    )  # fmt: skip
    schema_change: Literal["evolve", "pause", "dead_letter"] = setting(
        "evolve", title="When records look otherwise", widget="choice", advanced=True,
        help="evolve goes on and tells it; pause holds the stream until a person looked; dead_letter refuses records with "
             "fields that are no columns.",
    )  # fmt: skip
    max_lead_seconds: float | None = setting(
        None, title="Longest lead", unit="seconds", gt=0, advanced=True,
        help="Partitions so far ahead of the slowest wait for it.",
    )  # fmt: skip


@dataclass(frozen=True)
class Position:
    """Where a partition is to be read on: the number of the next record, and what else identifies the place.

    `next` grows with every record of the partition and is never used twice. `detail` holds plain JSON values (the id of a
    topic, the inode of a file) by which a reader notices that the outside is no longer what it was.
    """

    next: int
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the form that checkpoints keep."""
        return {"next": self.next, **({"detail": dict(self.detail)} if self.detail else {})}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Position:
        """Read the form that checkpoints keep."""
        return Position(int(data["next"]), dict(data.get("detail", {})))


@dataclass(frozen=True)
class Records:
    """Records of one partition, in order and without a gap but those that the outside has itself.

    `table` is a pyarrow table with one row per record. It has `_position` (int64, growing), and as far as the source knows
    them `_ingest_time` (timestamp[us, UTC]), `_key` (string), `_headers`; then either `value` (string or binary), which
    the source's decoder turns into columns, or the columns of the probe themselves. `position` is where reading goes on
    after the last row; `at_end` says that nothing more was there at that moment.
    """

    partition: str
    table: pa.Table
    position: Position
    at_end: bool = False
    bytes: int = 0
    decoded: Decoded | None = None
    """What the decoder made of `table`, where the runtime has asked it already; readers leave it alone."""


@dataclass(frozen=True)
class Decoded:
    """What became of raw records: `rows` has the wanted columns and the metadata columns; `refused` the others.

    `refused` holds (row number in what was given, reason). Rows keep the order of the records; a record may give several.
    """

    rows: pa.Table
    refused: Sequence[tuple[int, str]] = ()


class Decoder(Protocol):
    """Turns raw records into rows; it must depend on nothing but the records, so that reading again gives the same."""

    def decode(self, connection: Any, raw: pa.Table) -> Decoded:
        """Decode a table with `value` and metadata columns. `connection` is a DuckDB connection without file access."""
        ...


class Reader(Protocol):
    """Reads a source from positions. One thread calls it; nothing is acknowledged outside before `release`.

    The sequence is `open`, then `poll` again and again, at times `partitions`, `ends`, `release`, last `close`.
    """

    def partitions(self) -> Sequence[str]:
        """Return the partitions that there are now; called at the start and every few seconds."""
        ...

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin to read these partitions: from a position, or where the config says (None: first start).

        Called again when partitions appeared. Raises ConnectorError where records after a position are gone.
        """
        ...

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return what is there, several partitions at most once each; waits up to `wait_seconds` for the first record.

        A partition that stands at its end is returned with an empty table and `at_end` when that is certain.
        Raises ConnectorError; a retryable one is tried again from the same positions.
        """
        ...

    def ends(self) -> Mapping[str, int]:
        """Return for each partition the number that its next new record will get; for lag and `--until-caught-up`.

        UNKNOWN_END where that is not known yet.
        """
        ...

    def pause(self, partitions: Sequence[str]) -> None:
        """Do not return records of these partitions until another call leaves them out; the list is the whole truth."""
        ...

    def release(self, positions: Mapping[str, Position]) -> None:
        """Nothing before these positions will be read again: acknowledge, commit, truncate."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Logs(Protocol):
    """Durable logs of a project, by name; implemented by the store (see `sdk.log`)."""

    def reader(self, name: str, reader: str) -> Any:
        """Open a log for reading."""
        ...

    def writer(self, name: str, *, max_bytes: int | None = None) -> Any:
        """Open a log for writing; only one process may. Over `max_bytes` that no reader has released it takes nothing."""
        ...

    def remove(self, name: str) -> None:
        """Remove a log with everything in it; raises ConnectorError while somebody writes to it."""
        ...


@dataclass(frozen=True)
class StreamContext:
    """What a reader is given: the pipeline's folder and name, the connection's settings, durable logs, the network's rules.

    `connections` maps the names of connections that the config uses to their settings with secrets: they must never get
    into a message, a log or a position. `identity` is the same for all incarnations of this source of this stream (for
    client ids, slots, readers of logs). `params` are the values that `${secrets.x}` stands for in secret fields.
    """

    pipeline: str
    node: str
    identity: str
    folder: str
    home: str
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    logs: Logs | None = None
    egress: Any = None
    datasets: Any = None
    """The datasets that `follows` of the source names: `followed(name)` gives one as its versions made it."""
    lane: int = 0
    lanes: int = 1
    place: int = 0
    """Which of the stream's sources this is: sources of one partition each are spread as well."""

    def mine(self, partition: str) -> bool:
        """Tell whether a partition belongs to this lane: numbered ones are dealt out in turn."""
        import zlib

        number = re.search(r"[0-9]+$", partition)
        turn = int(number[0]) if number else zlib.crc32(partition.encode())
        return (turn + self.place) % self.lanes == self.lane


class StreamSource(Source):
    """A source without end. In previews, and in `probe`, it is a small sample of what it would give.

    `probe` finds the columns, from `columns` of the config or from a sample; `open` (of `Source`) makes a sample readable,
    with its metadata columns, which is kept for previews. For both, `outside` is what they may use of connections and of
    the network. A stream calls `reader`, and `decoder` unless the reader gives typed columns.
    """

    outside: StreamContext | None = None

    needs_network: ClassVar[bool] = False
    """Whether it reaches the network without a connection that its config names."""
    streaming: ClassVar[Streaming] = Streaming.UNBOUNDED
    guarantee: ClassVar[str] = "exactly_once"
    own_log: ClassVar[bool] = False
    """Whether records that it was sent stand in a log of its own alone, which goes with its stream."""

    @classmethod
    def follows(cls, config: Any) -> Sequence[str]:
        """Return the names of the datasets that are followed; in a look, `outside.datasets` has `query` and `columns` of each."""
        return ()

    @classmethod
    def changes(cls, config: Any, folder: str) -> Sequence[str]:
        """Return the absolute paths that a stream changes outside of fields with `PathMark("write")`."""
        return ()

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the source; nothing is opened yet."""
        raise NotImplementedError

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes `value` into `columns` (name → DuckDB type), or None where the reader gives them."""
        return None

    def holds(self) -> str:
        """Return what is held outside of the project while there is a stream, in words such as a slot; empty: nothing."""
        return ""

    def forget(self, context: StreamContext) -> None:
        """Let go of what is held outside, and of the source's own log, since its stream is deleted for good.

        No reader is open then. It may be called again after it failed. Raises ConnectorError.
        """
