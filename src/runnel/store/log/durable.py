"""The writer of a log: takes requests from any thread, makes them durable in groups, answers each when its group is."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError, RunnelError
from runnel.store.log.keys import KeyWindow, Remembered, drop_old
from runnel.store.log.layout import kept_bytes
from runnel.store.log.outcomes import (
    Answer,
    LogBusyError,
    LogDiskError,
    LogFullError,
    LogOptions,
    Notify,
    Receipt,
    disk_error,
    refusal_of,
)
from runnel.store.log.recovering import recover
from runnel.store.log.retaining import collect
from runnel.store.log.segment_writer import Batch, SegmentWriter
from runnel.store.log.synced import SyncedFile

REST_SECONDS = 1.0
"""How long a log refuses after its disk did, before it tries again; how often it looks for what can be removed."""
MOST_WAITING = 128 * 1024 * 1024


class DurableLog:
    """The one writer of a log; a second one, in any process, is refused."""

    def __init__(
        self, folder: Path, options: LogOptions | None = None, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.folder = folder
        self.options = options or LogOptions()
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_file = locked(folder)
        try:
            self._published = SyncedFile(folder, write=True)
            self._recovered = recover(folder, self._published)
            self.keys = KeyWindow(self.options.key_seconds, self.options.most_keys)
            self.keys.rebuild(folder, clock() // 1000)
        except BaseException as error:
            os.close(self._lock_file)
            if isinstance(error, OSError):
                raise disk_error(folder, error) from error
            raise
        self._writer: SegmentWriter | None = None
        self._generation, self._next = self._recovered.generation, self._recovered.first
        self._before = (self._recovered.end, self._recovered.length)
        self._kept = kept_bytes(folder)
        self._pending: list[tuple[Batch, Notify, Any]] = []
        self._pending_bytes = 0
        self._busy = self._closing = self._asleep = self._wants_room = False
        self._refusing: tuple[float, RunnelError] | None = None
        self._room_made_at = -REST_SECONDS
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"log {folder.name}", daemon=True)
        self._thread.start()

    @property
    def end(self) -> tuple[int, int]:
        """Generation and number of the next record."""
        return self._generation if self._writer is None else self._writer.head.generation, self._next

    @property
    def kept_bytes(self) -> int:
        """How many bytes the segments have."""
        return self._kept

    def submit(self, batch: Batch, notify: Notify, token: Any) -> None:
        """Take the records of a request; `notify` hears the outcome, from the log's own thread. Does not block.

        Raises LogFullError, LogBusyError or LogDiskError when they cannot be taken.
        """
        size = len(batch.body)
        if self._refusing is not None:
            self._check_refusal()
        with self._changed:
            if self._closing:
                raise LogBusyError("RNL-LOG-004", f"the log {self.folder.name} is being closed", "Try again.")
            if self._pending_bytes + size > MOST_WAITING and self._pending:
                what = f"the log {self.folder.name} has {self._pending_bytes} bytes that wait for the disk"
                raise LogBusyError("RNL-LOG-004", what, "Try again in a second.")
            if self._kept + self._pending_bytes + size > self.options.max_bytes:
                self._refuse_full()
            self._pending.append((batch, notify, token))
            self._pending_bytes += size
            if self._asleep or self._pending_bytes >= self.options.group_bytes:
                self._asleep = False
                self._changed.notify_all()

    def append(
        self, body: bytes, count: int, framing: int, headers: Mapping[str, Any] | None = None
    ) -> Future[Receipt]:
        """Append the records of one request; the future gives its receipt when they are durable."""
        future: Future[Receipt] = Future()
        batch = Batch(body, count, framing, dict(headers) if headers else None)
        try:
            self.submit(batch, settle, future)
        except RunnelError as error:
            future.set_exception(error)
        return future

    def flush(self) -> None:
        """Wait until everything that was taken is durable or has failed."""
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._pending and not self._busy)

    def close(self) -> None:
        """Make durable what was taken, end the thread, and give the files back."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self._writer is not None:
            self._writer.seal(cut=False)
        self._published.close()
        os.close(self._lock_file)

    def _run(self) -> None:
        """Commit groups until the log is closed."""
        while True:
            with self._changed:
                self._busy = False
                if not self._pending:
                    self._changed.notify_all()
                    while not (self._pending or self._closing or self._wants_room):
                        self._asleep = True
                        self._changed.wait()
                self._asleep = False
                if not (self._pending or self._wants_room):
                    return
                if self._pending and self._pending_bytes < self.options.group_bytes and not self._closing:
                    self._changed.wait(self.options.group_seconds)
                group, self._pending, self._pending_bytes = self._pending, [], 0
                self._busy, room, self._wants_room = True, self._wants_room, False
            if group:
                self._commit(group)
            if room:
                self._make_room()

    def _commit(self, group: list[tuple[Batch, Notify, Any]]) -> None:
        """Write and sync a group; answer every request of it."""
        answers: Sequence[Answer]
        try:
            answers = self._write([batch for batch, _, _ in group])
            self._refusing = None
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting request must hear of it
            refusal = refusal_of(self.folder, error)
            self._fail(refusal)
            answers = [refusal] * len(group)
        heard: dict[Notify, list[tuple[Any, Answer]]] = {}
        for (_, notify, token), answer in zip(group, answers, strict=True):
            if notify in heard:
                heard[notify].append((token, answer))
            else:
                heard[notify] = [(token, answer)]
        for notify, outcomes in heard.items():
            notify(outcomes)

    def _write(self, batches: list[Batch]) -> list[Answer]:
        """Write a group as blocks, sync once, and return the receipts."""
        now = self._clock() // 1000
        receipts: list[Answer] = []
        keyed: list[tuple[bytes, Remembered]] = []
        writer = self._ready()
        for part in _parts(batches, self.options.group_bytes):
            before = writer.length
            place, generation = writer.write(part, now), writer.head.generation
            self._kept += writer.length - before
            for batch in part:
                receipts.append(Receipt(generation, place, batch.records))
                if batch.headers and "keys" in batch.headers:
                    keyed += _keys_of(batch, generation, place, now)
                place += batch.records
        writer.sync()
        self._next = writer.next
        for key, value in keyed:
            self.keys.add(key, value)
        return receipts

    def _ready(self) -> SegmentWriter:
        """Return the segment to write to; a full one is sealed, and another begun."""
        writer = self._writer
        if writer is not None and writer.length >= self.options.roll_bytes:
            self._roll(writer)
            self._collect()
            writer = None
        if writer is None:
            head = SegmentWriter.new_head(self._generation, self._next, *self._before)
            writer = self._writer = SegmentWriter(self.folder, head, self._published)
            self._kept += writer.length
        return writer

    def _roll(self, writer: SegmentWriter) -> None:
        """End a segment whose blocks are all durable."""
        self._before = (writer.synced_end, writer.synced)
        self._writer = None
        writer.seal(cut=False)

    def _fail(self, error: RunnelError) -> None:
        """Seal the segment at its synced end; the next one has a higher generation."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._before, self._next = (writer.synced_end, writer.synced), writer.synced_end
            writer.seal(cut=True)
        self._generation += 1
        self._refusing = (time.monotonic() + REST_SECONDS, error)
        self._kept = kept_bytes(self.folder)

    def _check_refusal(self) -> None:
        """Raise the error of the disk for a while after it, so that a full disk is not asked for every request."""
        refusing = self._refusing
        if refusing is not None and time.monotonic() < refusing[0]:
            error = refusing[1]
            raise LogDiskError(error.code, error.what, error.hint, retryable=True)

    def _refuse_full(self) -> None:
        """Ask the log's own thread to remove what readers have released, and raise LogFullError."""
        now = time.monotonic()
        if now - self._room_made_at >= REST_SECONDS:
            self._room_made_at, self._wants_room = now, True
            self._changed.notify_all()
        what = f"the log {self.folder.name} holds {self._kept} of {self.options.max_bytes} bytes"
        hint = "Start the stream that reads it, or raise `max_bytes` of its source."
        raise LogFullError("RNL-LOG-002", what, hint)

    def _make_room(self) -> None:
        """Remove what readers have released; the present segment too, if they are through with it."""
        try:
            if self._writer is not None and self._writer.next > self._writer.head.first:
                self._roll(self._writer)
                self._ready()
            self._collect()
        except OSError as error:
            self._fail(disk_error(self.folder, error))

    def _collect(self) -> None:
        """Remove segments that nobody needs, and keys that are too old."""
        collect(self.folder)
        drop_old(self.folder, self._clock() / 1e9 - self.options.key_seconds)
        self._kept = kept_bytes(self.folder)


def settle(outcomes: list[tuple[Future[Receipt], Answer]]) -> None:
    """Set futures of threads."""
    for future, answer in outcomes:
        if isinstance(answer, RunnelError):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _keys_of(batch: Batch, generation: int, place: int, now: int) -> list[tuple[bytes, Remembered]]:
    headers: Mapping[str, Any] = batch.headers or {}
    body = bytes.fromhex(headers.get("body", "")).ljust(8, b"\0")
    return [(bytes.fromhex(key), Remembered(now, generation, place, batch.records, body)) for key in headers["keys"]]


def _parts(batches: list[Batch], most: int) -> list[list[Batch]]:
    """Cut a group into blocks of about so many bytes."""
    made: list[list[Batch]] = [[]]
    size = 0
    for batch in batches:
        if made[-1] and size + len(batch.body) > most:
            made.append([])
            size = 0
        made[-1].append(batch)
        size += len(batch.body)
    return made


def locked(folder: Path) -> int:
    """Take the lock of a log; raises ConnectorError when another writer has it."""
    descriptor = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        what = f"the log {folder.name} has a writer already"
        raise ConnectorError(
            "RNL-LOG-006", what, "Another server runs on this state folder.", retryable=True
        ) from error
    return descriptor
