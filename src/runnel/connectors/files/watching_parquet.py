"""Rows of one Parquet file from a row on, in the types that the pipeline knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runnel.errors import ConnectorError


class ParquetRows:
    """Reads a file front to back; a request for another row than the next one begins anew."""

    def __init__(self, path: str, name: str, columns: Mapping[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._name = name
        self._columns = columns
        self._at = -1
        self._batches: Iterator[Any] = iter(())
        self._rest: Any = None
        try:
            self._file: Any = pq.ParquetFile(path)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowInvalid) as error:
            what = f"reading {name}: {str(error).splitlines()[0]}"
            raise ConnectorError("RNL-WATCH-002", what, "It is no whole Parquet file; put a whole one in its place.") from error
        self.rows: int = self._file.metadata.num_rows

    def read(self, at: int, most: int) -> Any:
        """Return at most so many rows from a row on, or None at the end."""
        if at != self._at:
            self._seek(at)
        while self._rest is None or self._rest.num_rows == 0:
            self._rest = next(self._batches, None)
            if self._rest is None:
                return None
        made, self._rest = self._rest.slice(0, most), self._rest.slice(most)
        self._at += made.num_rows
        return made

    def _seek(self, at: int) -> None:
        """Skip whole row groups, then rows."""
        metadata, first, group = self._file.metadata, 0, 0
        while group < metadata.num_row_groups and first + metadata.row_group(group).num_rows <= at:
            first += metadata.row_group(group).num_rows
            group += 1
        present = [name for name in self._columns if name in self._file.schema_arrow.names]
        groups = list(range(group, metadata.num_row_groups))
        self._batches = self._file.iter_batches(20_000, row_groups=groups, columns=present) if groups else iter(())
        self._at, self._rest = at, None
        skip = at - first
        while skip:
            batch = next(self._batches)
            self._rest, skip = batch.slice(min(skip, batch.num_rows)), max(0, skip - batch.num_rows)
