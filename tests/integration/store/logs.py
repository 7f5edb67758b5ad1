"""What the tests of the durable log share: filling one, and reading all of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from runnel.sdk.log import LogGap, LogPosition
from runnel.store.log.durable import DurableLog
from runnel.store.log.framing import Framing, count_lines
from runnel.store.log.outcomes import LogOptions, Receipt
from runnel.store.log.reading import SegmentLogReader, iterate


@contextlib.contextmanager
def opened(folder: Path, **options: object) -> Iterator[DurableLog]:
    """A writer that is closed whatever happens."""
    log = DurableLog(folder, LogOptions(**options))  # type: ignore[arg-type]
    try:
        yield log
    finally:
        log.close()


def put(log: DurableLog, *values: object, **headers: object) -> Receipt:
    """Append values as lines of one request, and wait until they are durable."""
    body = "".join(f"{value}\n" for value in values).encode()
    return log.append(body, count_lines(body), Framing.LINES, headers or None).result(30)


def everything(folder: Path, max_bytes: int = 1 << 20, start: LogPosition | None = None) -> dict[int, bytes]:
    """Return every record by its number; fails when there is a gap."""
    found, gaps = all_and_gaps(folder, max_bytes, start)
    assert gaps == []
    return found


def all_and_gaps(
    folder: Path, max_bytes: int = 1 << 20, start: LogPosition | None = None
) -> tuple[dict[int, bytes], list[LogGap]]:
    """Return every record by its number, and the gaps between them; fails when numbers are not in order."""
    reader = SegmentLogReader(folder)
    found: dict[int, bytes] = {}
    gaps: list[LogGap] = []
    last = -1
    try:
        for part in iterate(reader, start or reader.begin(), max_bytes):
            gaps += part.gaps
            for number, value in zip(part.table["sequence"].to_pylist(), part.table["value"].to_pylist(), strict=True):
                assert number > last
                found[number] = value
                last = number
        assert reader.end().sequence >= last + 1
    finally:
        reader.close()
    return found, gaps
