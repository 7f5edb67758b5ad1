"""Who may do what to a Delta table at the same time, where Delta's own check of conflicts is not enough.

Appends may meet anything. A commit that takes files away may not meet a compaction: deltalake (1.6, since its pull request
3982) lets it pass a compaction that has taken the same files away meanwhile, and what the compaction wrote of their rows
stays beside it. So whoever takes files away holds the table shared, and a compaction is left out while anyone does.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runnel.store.delta_log import log_folder


@contextmanager
def only_creator(location: Path) -> Iterator[None]:
    """Wait until nobody else makes a table in the same folder: two creations at once would both be kept."""
    location.parent.mkdir(parents=True, exist_ok=True)
    with (location.parent / ".creating").open("w") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


@contextmanager
def rewriting(location: Path) -> Iterator[None]:
    """Hold off compactions of a table that exists; open the table's handle inside."""
    with _lock_file(location).open("w") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_SH)
        yield


@contextmanager
def compacting(location: Path) -> Iterator[bool]:
    """Yield whether a table may be compacted now: nobody rewrites or compacts it; nobody begins to until the end."""
    with _lock_file(location).open("w") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _lock_file(location: Path) -> Path:
    return log_folder(location) / ".compacting"
