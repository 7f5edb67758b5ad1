"""Holding a query's result while questions are asked about it, as long as that takes neither long nor much disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import duckdb

MOST_SECONDS = 20.0
MOST_SPILLED_BYTES = 256 * 1024**2
_LOOK_SECONDS = 0.05


def held(
    connection: Any,
    query: str,
    spill_folder: str | None,
    cancelled: Callable[[], bool],
    most_seconds: float = MOST_SECONDS,
    most_spilled_bytes: int = MOST_SPILLED_BYTES,
) -> str:
    """Compute a query into the temporary table `held` and return what reads it.

    Returns the query itself where its result is too large for memory and `most_spilled_bytes` of disk, or is not there
    after `most_seconds`. A LIMIT would bound the result too, and makes DuckDB compute it at half the speed. Raises the
    engine's errors, also that of an interrupt when `cancelled` says that somebody asked for it.
    """
    ended = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(connection, spill_folder, ended, most_seconds, most_spilled_bytes), daemon=True
    )
    watcher.start()
    try:
        connection.execute(f"CREATE TEMP TABLE held AS {query}")
    except duckdb.OutOfMemoryException:
        return query
    except duckdb.InterruptException:
        if cancelled():
            raise
        return query
    finally:
        ended.set()
        watcher.join()
    return "SELECT * FROM held"


def _watch(connection: Any, folder: str | None, ended: threading.Event, seconds: float, spilled_bytes: int) -> None:
    """Interrupt the connection when the query takes too long or spills too much."""
    looks = 0
    while not ended.wait(_LOOK_SECONDS):
        looks += 1
        if looks * _LOOK_SECONDS >= seconds or (folder is not None and _size(folder) > spilled_bytes):
            connection.interrupt()
            return


def _size(folder: str) -> int:
    with os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries if entry.name.startswith("duckdb_temp"))
