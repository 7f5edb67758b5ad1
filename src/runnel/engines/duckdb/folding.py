"""The engine that folds changes of datasets in, and follows them: it reads their folders, and writes to a scratch folder only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MEMORY_BYTES = 512 * 1024**2


def folding_connection(scratch: str, folders: Sequence[str], memory_bytes: int = MEMORY_BYTES) -> Any:
    """Return a DuckDB connection that is locked to these folders; what does not fit into memory goes to `scratch`.

    One thread, and rows in the order of the files: what is read twice is the same twice.
    """
    import duckdb

    from runnel.sandbox import connect_locked

    return connect_locked(
        duckdb, memory_bytes=memory_bytes, threads=1, spill_folder=scratch, folders=[scratch, *folders],
        settings={"enable_profiling": "no_output"},
    )  # fmt: skip
