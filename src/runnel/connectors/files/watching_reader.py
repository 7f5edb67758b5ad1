"""Reads files of a watched folder: each is a partition, and a position is the byte (of Parquet: the row) of a record."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runnel.connectors.files import watching_folder as folders
from runnel.connectors.files.watching_finding import Finding
from runnel.connectors.files.watching_folder import Seen, Wanted
from runnel.connectors.files.watching_open import LEAST_BYTES, Handling, Open, end, last_line_end, shut
from runnel.connectors.files.watching_records import last_end, lines, without_returns
from runnel.errors import ConnectorError
from runnel.sdk.streaming import Position, Records

LOOK_SECONDS, TELL_SECONDS, PAUSE_SECONDS = 1.0, 1.0, 0.02
TELL_LONGER_SECONDS = 5.0


class FolderReader:
    """Implements `runnel.sdk.streaming.Reader` over a folder."""

    def __init__(self, wanted: Wanted, handling: Handling, mine: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._handling = handling
        self._mine = mine
        self._whole = wanted.mode == "whole"
        self._finding = Finding(wanted)
        self._files: dict[str, Open] = {}
        self._found: dict[str, Seen] = {}
        self._opened = False
        self._paused: frozenset[str] = frozenset()
        self._archived: set[str] = set()
        self._skipped: set[str] = set()
        self._turn = 0

    # -- which files there are

    def partitions(self) -> Sequence[str]:
        """Return the files that there are now and that are complete, or that grow; which those are is known once opened."""
        if not self._whole and not self._opened:
            return ()
        return self._look()

    def _look(self) -> list[str]:
        self._found = self._finding.look(self._files, self._found)
        return [name for name in self._found if self._mine(name)]

    # -- reading

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin to read; raises ConnectorError where a file was removed or changed before it was read to its end."""
        first = not self._opened and all(position is None for position in positions.values())
        for partition, position in positions.items():
            if not self._mine(partition):
                continue
            known = self._files.get(partition)
            if known is not None and (position is None or position.next == known.at):
                continue
            self._place(partition, position)
        if not self._opened:
            found = self._look()
            if first and self._handling.start == "latest":
                self._skipped = set(found)
        self._opened = True
        for partition in positions.keys() & self._files.keys():
            self._settle(self._files[partition])

    def _place(self, partition: str, position: Position | None) -> None:
        seen = self._found.get(partition)
        old = self._files.pop(partition, None)
        if old is not None:
            shut(old)
        detail = position.detail if position is not None else {}
        name = str(detail.get("name") or (seen.name if seen else partition.rpartition("#")[0]))
        opened = Open(partition, seen.path if seen else "", name)
        if position is not None:
            opened.at, opened.begun = position.next, True
            opened.head = (int(detail.get("head_bytes", 0)), str(detail.get("head", "")))
            opened.ended = time.monotonic() if detail.get("end") else None
        self._files[partition] = opened

    def _settle(self, opened: Open) -> None:
        """Find the file of a partition; one that is gone must have been read to its end."""
        seen = self._found.get(opened.partition)
        if seen is not None:
            opened.path = seen.path
            if opened.partition in self._skipped and not opened.begun:
                opened.at, opened.begun = self._end_of(opened), True
        elif opened.descriptor is None and not opened.gone:
            self._miss(opened)

    def _miss(self, opened: Open) -> None:
        """Take a file for gone; raises ConnectorError where it was not read to its end."""
        if opened.ended is None and self._handling.removed == "stop":
            unit = "row" if self._handling.format == "parquet" else "byte"
            what = f"{opened.name} was removed, replaced or cut before it was read: from {unit} {opened.at} on"
            hint = "Put it back, or set `removed` to skip (what was not read is lost)."
            raise ConnectorError("RNL-WATCH-001", what, hint)
        end(opened)

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return records of some files, and which files stand at their end."""
        until = time.monotonic() + wait_seconds
        while True:
            made = self._once(most_bytes, most_records)
            if made or time.monotonic() >= until:
                return made
            time.sleep(PAUSE_SECONDS)

    def _once(self, most_bytes: int, most_records: int) -> list[Records]:
        made: list[Records] = []
        files = [item for item in self._files.values() if item.partition not in self._paused]
        self._turn += 1
        begin = self._turn % len(files) if files else 0
        for opened in [*files[begin:], *files[:begin]]:
            if most_bytes <= 0 or most_records <= 0:
                break
            records = self._read(opened, most_bytes, most_records)
            if records is not None:
                made.append(records)
                most_bytes -= records.bytes
                most_records -= records.table.num_rows
        return made

    def _read(self, opened: Open, most_bytes: int, most_records: int) -> Records | None:
        """Return records of one file, or, at times, that it stands at its end."""
        done = opened.ended is not None and (self._whole or (opened.gone and opened.descriptor is None))
        if opened.gone and not done and opened.descriptor is None:
            self._miss(opened)
            done = True
        table, size = (None, 0) if done else self._table(opened, most_bytes, most_records)
        now = time.monotonic()
        if table is not None:
            opened.ended = None if not self._is_through(opened) else now
            opened.told = 0.0
            return Records(opened.partition, table, opened.position(self._whole), opened.ended is not None, size)
        if opened.ended is None:
            opened.ended, opened.told = now, 0.0
        over = self._whole and now - opened.ended > self._handling.idle_seconds + TELL_LONGER_SECONDS
        if now - opened.told < TELL_SECONDS or (over and opened.told):
            return None
        opened.told = now
        return Records(opened.partition, self._nothing(), opened.position(self._whole), at_end=True)

    def _table(self, opened: Open, most_bytes: int, most_records: int) -> tuple[Any, int]:
        """Return a table of records and how many bytes it has; None where there is nothing new."""
        if self._handling.format == "parquet":
            return self._rows(opened, most_records)
        descriptor = self._descriptor(opened)
        if descriptor is None:
            return None, 0
        if not self._whole and opened.head[0] < folders.HEAD_BYTES:
            opened.head = folders.head_of(descriptor)
        quoted = self._handling.format == "csv"
        if quoted and self._handling.header and opened.header is None and not self._read_header(opened, descriptor):
            return None, 0
        want = max(LEAST_BYTES, most_bytes)
        data = os.pread(descriptor, want, opened.at)
        while data:
            last = len(data) < want
            end = len(data) if last and self._whole else last_end(data, quoted)
            if end:
                return self._cut(opened, data[:end], most_records, quoted)
            if last:
                return None, 0
            want *= 2
            data = os.pread(descriptor, want, opened.at)
        if self._whole or opened.gone:
            shut(opened)
        return None, 0

    def _cut(self, opened: Open, data: bytes, most_records: int, quoted: bool) -> tuple[Any, int]:
        values, places = lines(data, opened.at, quoted)
        following = opened.at + len(data)
        if len(values) > most_records:
            following = places[most_records].as_py()
            values, places = values.slice(0, most_records), places.slice(0, most_records)
        opened.at, opened.begun = following, True
        if self._handling.format == "text":
            values = without_returns(values)
        return self._named(opened, {"value": values, "_position": places}), len(data)

    def _named(self, opened: Open, columns: Mapping[str, Any]) -> Any:
        import pyarrow as pa

        count = len(columns["_position"])
        made = {**columns, "_key": pa.array([opened.name] * count, pa.string())}
        if self._handling.format == "csv":
            made["_header"] = pa.array([opened.header] * count, pa.binary())
        return pa.table(made)

    def _nothing(self) -> Any:
        import pyarrow as pa

        return pa.table({"value": pa.array([], pa.binary()), "_position": pa.array([], pa.int64())})

    def _read_header(self, opened: Open, descriptor: int) -> bool:
        """Take the first line for the names of the columns; returns whether it is there."""
        data = os.pread(descriptor, 1024**2, 0)
        end = data.find(b"\n") + 1
        if end == 0 and not self._whole:
            return False
        end = end or len(data)
        opened.header = data[:end].strip(b"\r\n")
        opened.at = max(opened.at, end)
        return True

    def _rows(self, opened: Open, most_records: int) -> tuple[Any, int]:
        """Return the next rows of a Parquet file."""
        from runnel.connectors.files.watching_parquet import ParquetRows

        try:
            opened.parquet = opened.parquet or ParquetRows(opened.path, opened.name, self._handling.columns)
        except FileNotFoundError:
            self._miss(opened)
            return None, 0
        batch = opened.parquet.read(opened.at, most_records)
        if batch is None:
            opened.parquet = None
            return None, 0
        import pyarrow as pa

        count, size = batch.num_rows, batch.nbytes
        columns = {name: batch.column(name) for name in batch.column_names}
        places = pa.array(range(opened.at, opened.at + count), pa.int64())
        opened.at, opened.begun = opened.at + count, True
        raw = {"value": pa.nulls(count, pa.binary())}
        return self._named(opened, {**raw, **columns, "_position": places}), size

    def _descriptor(self, opened: Open) -> int | None:
        if opened.descriptor is None:
            if not opened.path:
                return None
            try:
                opened.descriptor = os.open(opened.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                if self._whole:
                    self._miss(opened)
                return None  # a growing file may have been renamed: the next look tells
        return opened.descriptor

    def _is_through(self, opened: Open) -> bool:
        return self._whole and opened.at >= self._end_of(opened)

    def _end_of(self, opened: Open) -> int:
        """Return the place after the last whole record."""
        if self._handling.format == "parquet":
            from runnel.connectors.files.watching_parquet import ParquetRows

            with contextlib.suppress(ConnectorError, FileNotFoundError):
                found = opened.parquet or ParquetRows(opened.path, opened.name, self._handling.columns)
                return int(found.rows)
            return opened.at
        was_open = opened.descriptor is not None
        descriptor = self._descriptor(opened)
        if descriptor is None:
            return opened.at
        try:
            size = os.fstat(descriptor).st_size
            return size if self._whole else last_line_end(descriptor, opened.at, size)
        finally:
            if not was_open and self._whole:
                shut(opened)

    # -- the rest of the contract

    def ends(self) -> Mapping[str, int]:
        """Return the place after the last whole record of each file."""
        made = {
            name: item.at if item.gone or (self._whole and item.ended is not None) else max(item.at, self._end_of(item))
            for name, item in self._files.items()
        }
        for name, seen in self._found.items():  # those that are about to be opened
            if name not in made and self._mine(name) and name not in self._skipped:
                fresh = Open(name, seen.path, seen.name)
                made[name] = self._end_of(fresh)
                shut(fresh)
        return made

    def pause(self, partitions: Sequence[str]) -> None:
        """Hold files back."""
        self._paused = frozenset(partitions)

    def release(self, positions: Mapping[str, Position]) -> None:
        """Put away files that were read to their end."""
        if self._handling.archive == "keep" or not self._whole:
            return
        for partition, position in positions.items():
            opened = self._files.get(partition)
            seen = self._found.get(partition)
            through = opened is not None and opened.ended is not None and position.next >= opened.at
            if partition not in self._archived and seen is not None and through and self._mine(partition):
                self._put_away(seen)
                self._archived.add(partition)

    def _put_away(self, seen: Seen) -> None:
        try:
            if self._handling.archive == "delete":
                os.unlink(seen.path)
                return
            target = os.path.join(self._handling.archive_folder, seen.name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            number = 0
            while os.path.lexists(target):
                number += 1
                target = os.path.join(self._handling.archive_folder, f"{seen.name}.{number}")
            os.rename(seen.path, target)
        except FileNotFoundError:
            pass  # somebody else put it away
        except OSError as error:
            what = f"putting away {seen.name}: {error.strerror}"
            raise ConnectorError("RNL-WATCH-003", what, "Check the rights, and that the archive is on the same disk.") from error

    def close(self) -> None:
        """Give the files back."""
        for opened in self._files.values():
            shut(opened)
