"""How far a running query is: looked at from a thread beside it, a few times a second, never in its way."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from runnel.plan.shapes import Segment
from runnel.sdk.source import Opened

SETTINGS: Mapping[str, bool] = {"enable_progress_bar": True, "enable_progress_bar_print": False}
"""DuckDB counts only for a bar; the bar itself would be drawn on the worker's log."""
STEP_SECONDS = 0.25
LEAST_SECONDS = 0.5
"""Queries that end sooner are not worth a word."""
MOST_PERCENT = 99.0
"""What is said at most before the end: after the last byte is read there is mostly something left to compute."""
_COUNTERS = "/proc/self/io"

Tell = Callable[[Mapping[str, Any]], None]


def bytes_to_read(
    connection: Any, segment: Segment, opened: Mapping[str, Opened], feeds: Mapping[str, Sequence[str]]
) -> int | None:
    """Return about how many bytes of files a segment's query reads; None where that cannot be known.

    `feeds` are the Parquet files of each segment before it. Of Parquet only the wanted columns count.
    """
    total = sum(os.path.getsize(file) for feed in segment.feeds for file in feeds[feed.segment])
    for scan in segment.scans:
        size = opened[scan.node].bytes
        if size is None and scan.probe["options"].get("format") == "parquet":
            size = _parquet_bytes(connection, scan.probe["files"], list(scan.columns))
        if size is None:
            return None
        total += size
    return total or None


def _parquet_bytes(connection: Any, files: Sequence[str], columns: Sequence[str]) -> int:
    query = (
        "SELECT sum(total_compressed_size) FROM parquet_metadata($1) WHERE split_part(path_in_schema, ', ', 1) IN $2"
    )
    return int(connection.execute(query, [list(files), list(columns)]).fetchone()[0] or 0)


@contextmanager
def watched(connection: Any, size: int | None, tell: Tell) -> Iterator[None]:
    """Tell how far the statements are that the connection runs meanwhile; `size` is how many bytes they read.

    `tell` gets `percent` (0 to 100, never falling), `seconds` since the beginning, `seconds_left` (None where it
    cannot be guessed), `bytes_read` and `bytes` (None where not known); at most five times a second, from another thread.
    Percents are of bytes read where those are known, else DuckDB's own estimate. After statements that were told of and
    ended well, the last word is 100 percent.
    """
    watch = _Watch(connection, size, tell)
    thread = threading.Thread(target=watch.run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.ended.set()
        thread.join()
    watch.close()


class _Watch:
    """Looks at a connection again and again."""

    def __init__(self, connection: Any, size: int | None, tell: Tell) -> None:
        self.connection = connection
        self.tell = tell
        self.ended = threading.Event()
        self.began = time.monotonic()
        self.percent = -1.0
        self.before = _bytes_read()
        self.size = size if self.before is not None else None

    def run(self) -> None:
        """Look until the statements ended."""
        while not self.ended.wait(STEP_SECONDS):
            if time.monotonic() - self.began >= LEAST_SECONDS:
                self.look()

    def look(self) -> None:
        """Tell where the statement is that runs now; DuckDB says -1 when none runs, or when it cannot know."""
        read = self._read()
        found = float(self.connection.query_progress()) if not self.size or read is None else 100 * read / self.size
        if found < 0:
            return
        self.percent = max(self.percent, min(found, MOST_PERCENT))
        seconds = time.monotonic() - self.began
        guessed = 1 <= self.percent < MOST_PERCENT
        self._say(self.percent, seconds, seconds * (100 - self.percent) / self.percent if guessed else None, read)

    def close(self) -> None:
        """Say the last word, if there was a first one."""
        if self.percent >= 0:
            self._say(100.0, time.monotonic() - self.began, 0.0, self.size)

    def _read(self) -> int | None:
        if self.size is None:
            return None
        return min((_bytes_read() or 0) - (self.before or 0), self.size)

    def _say(self, percent: float, seconds: float, left: float | None, read: int | None) -> None:
        self.tell({
            "percent": round(percent, 1), "seconds": round(seconds, 3),
            "seconds_left": None if left is None else round(left, 1), "bytes_read": read, "bytes": self.size,
        })  # fmt: skip


def _bytes_read() -> int | None:
    """Return how many bytes this process has read so far, from files or their cache; None where nobody counts."""
    try:
        with open(_COUNTERS, "rb") as file:
            return int(file.readline().split()[1])
    except OSError:
        return None
