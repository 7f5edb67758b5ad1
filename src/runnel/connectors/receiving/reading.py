"""Reads what a receiver keeps in its log; implements `runnel.sdk.streaming.Reader`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runnel.connectors.ingest.reading import PARTITION, IngestReader
from runnel.connectors.receiving.appending import Appending
from runnel.connectors.receiving.receiver import KeptState, Receiver
from runnel.errors import AuthoringError
from runnel.sdk.log import LogReader
from runnel.sdk.streaming import UNKNOWN_END, Position, Records, StreamContext

Making = Callable[[Appending, LogReader, KeptState], Receiver]


class ReceivingReader:
    """One log with its receiver, which runs from `open` to `close` and goes on while the epochs are slow."""

    def __init__(
        self, context: StreamContext, making: Making, max_bytes: int, shape: Callable[[Any], Any] | None = None
    ) -> None:
        if context.logs is None:
            raise AuthoringError("RNL-RECEIVE-002", f"{context.node}: there are no durable logs here", "Run it in a project.")
        self._logs = context.logs
        self._name = f"{context.pipeline}.{context.node}"
        self._mine = context.mine(PARTITION)
        self._making = making
        self._max_bytes = max_bytes
        self._state = KeptState(context.home, self._name)
        self._log = self._logs.reader(self._name, context.identity)
        self._inner = IngestReader(self._log, context.identity, "earliest", mine=self._mine, shape=shape or keyed)
        self._writer: Any = None
        self.receiver: Receiver | None = None

    @property
    def alone(self) -> IngestReader:
        """What reads the log, without receiving anything: to look at records again."""
        return self._inner

    @property
    def trouble(self) -> str:
        """What is wrong outside at the moment, in words."""
        return self.receiver.trouble if self.receiver is not None else ""

    def told(self) -> Mapping[str, Any]:
        """Return what is told of the receiver."""
        return self.receiver.told() if self.receiver is not None else {}

    def partitions(self) -> Sequence[str]:
        """Return the one partition, unless it belongs to another lane."""
        return self._inner.partitions()

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin to read and to receive."""
        self._inner.open(positions)
        if PARTITION not in positions or not self._mine:
            return
        if self._writer is None:
            self._writer = self._logs.writer(self._name, max_bytes=self._max_bytes)
        if self.receiver is None:
            self.receiver = self._making(Appending(self._writer), self._log, self._state)
        self.receiver.start()

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return records; what ended the receiver is raised when everything before it was read."""
        receiver = self.receiver
        ended = receiver is not None and receiver.error is not None
        found = self._inner.poll(most_bytes, most_records, wait_seconds)
        if receiver is None or (found and found[0].table.num_rows):
            return found
        if ended and found and receiver.error is not None:
            raise receiver.error
        if receiver.alarm is not None:
            alarm, receiver.alarm = receiver.alarm, None
            raise alarm
        return [dataclasses.replace(one, at_end=one.at_end and receiver.at_end) for one in found]

    def ends(self) -> Mapping[str, int]:
        """Return the number of the next record, which is not known before the receiver has what was there."""
        if not self._mine:
            return {}
        if self.receiver is not None and not self.receiver.settled and self.receiver.error is None:
            return {PARTITION: UNKNOWN_END}
        return self._inner.ends()

    def pause(self, partitions: Sequence[str]) -> None:
        """Hold back; receiving goes on."""
        self._inner.pause(partitions)

    def release(self, positions: Mapping[str, Position]) -> None:
        """Let go of what stands before a position."""
        if self.receiver is not None:
            self.receiver.save()
        self._inner.release(positions)

    def close(self) -> None:
        """End the receiver and give the files back."""
        if self.receiver is not None:
            self.receiver.stop()
        if self._writer is not None:
            self._writer.close()
        self._inner.close()


def keyed(table: Any) -> Any:
    """Return a table of the log with `value`, its place and time, `_key` and `_headers`; few different headers are read once."""
    import pyarrow as pa

    texts = table.column("headers").combine_chunks().dictionary_encode()
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    read = [json.loads(text) for text in texts.dictionary.to_pylist()]
    keys = pa.array([one.pop("key", None) for one in read], pa.string())
    maps = pa.array([list(one.items()) for one in read], pa.map_(pa.string(), pa.string()))
    return pa.table({
        "value": table.column("value").cast(pa.binary()), "_position": table.column("sequence"),
        "_ingest_time": table.column("ingest_time"), "_key": keys.take(texts.indices), "_headers": maps.take(texts.indices),
    })  # fmt: skip
