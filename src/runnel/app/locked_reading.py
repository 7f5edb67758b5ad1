"""A locked DuckDB connection in the desk's own process: it reads the named files, writes one folder, and gives up in time."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.patience import Patience, current
from runnel.errors import LimitError
from runnel.sandbox import connect_locked

if TYPE_CHECKING:
    from runnel.app.project import Project

THREADS = 2
MOST_SECONDS = 3600.0
STEP_SECONDS = 0.25


@contextmanager
def locked_reading(
    project: Project, files: Sequence[str], folder: Path, seconds: float = MOST_SECONDS
) -> Iterator[Any]:
    """Yield a connection that reaches only `files` and `folder`; a query ends when nobody waits, or after `seconds`.

    Raises LimitError when the memory or the time does not suffice.
    """
    import duckdb

    with tempfile.TemporaryDirectory(dir=project.scratch) as spill:
        connection = connect_locked(
            duckdb, memory_bytes=int(project.memory_bytes * 0.8), threads=THREADS, spill_folder=spill,
            folders=[str(folder), spill], files=files,
        )  # fmt: skip
        ended = threading.Event()
        watching = threading.Thread(target=_watch, args=(connection, ended, current(), seconds), daemon=True)
        watching.start()
        try:
            yield connection
        except duckdb.InterruptException as error:
            what = f"this was not done within {seconds:,.0f} s, or nobody waited for it any longer"
            raise LimitError("RNL-LIMIT-041", what, "Ask for fewer rows or columns.") from error
        except duckdb.OutOfMemoryException as error:
            hint = "Ask for fewer rows or columns, or raise the setting `memory`."
            raise LimitError("RNL-LIMIT-042", "this takes more memory than is allowed", hint) from error
        finally:
            ended.set()
            watching.join()
            connection.close()


def _watch(connection: Any, ended: threading.Event, patience: Patience | None, seconds: float) -> None:
    """Interrupt what runs on the connection as soon as it lasts too long or nobody waits."""
    end = time.monotonic() + seconds
    while not ended.wait(min(STEP_SECONDS, seconds)):
        if time.monotonic() >= end or (patience is not None and patience.is_set()):
            connection.interrupt()
