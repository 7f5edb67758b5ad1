"""Files as an archive: read as `source.file` reads them, in an order that is always the same, as long as they stay."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runnel.errors import ConnectorError

if TYPE_CHECKING:
    from runnel.connectors.files.source import FileSource

BATCH_ROWS = 64 * 1024


@dataclass(frozen=True)
class FileRows:
    """What a query makes of the files, and when the last of them was written."""

    sql: str
    at: datetime


class FileArchive:
    """Files that are read by a DuckDB connection; what stands for a version changes with each of them.

    Records that `source.file` refuses are left out.
    """

    def __init__(self, source: FileSource, folder: str, connection: Any) -> None:
        self.source = source
        self.folder = folder
        self.connection = connection
        self._rows = ""
        self._counts: dict[str, int] = {}

    def table(self) -> str | None:
        """Return a text where there are files."""
        return self.newest() if self.source.reads(self.folder) else None

    def newest(self) -> str:
        """Return what changes with the files."""
        return hashlib.sha256(self.source.identity(self.folder).encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def check(self, version: str) -> None:
        """Raise ConnectorError where the files are not the ones that were read."""
        if self.newest() != version:
            what = f"the files of the archive {self.source.describe(self.source.config)} have changed since they were read"
            raise ConnectorError("RNL-ARCHIVE-002", what, "Put them back, or rewind the stream to empty state.")

    def rows(self) -> str:
        """Return the query that reads the files with all their columns."""
        if not self._rows:
            probe = self.source.probe(self.connection, self.folder)
            self._rows = f"SELECT * FROM {self.source.open(self.connection, probe, probe.columns, _LeftOut()).sql}"
        return self._rows

    def answer(self, version: str, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a small query over the files, which it reads from `{rows}`."""
        return self.connection.cursor().execute(query.replace("{rows}", f"({self.rows()})")).fetchall()

    def selected(self, version: str, query: str, columns: Mapping[str, str]) -> FileRows:
        """Return what a query makes of the files; it reads them from `{rows}`, and must say in which order."""
        written = max((os.path.getmtime(file) for file in self.source.reads(self.folder)), default=0.0)
        return FileRows(query.replace("{rows}", f"({self.rows()})"), datetime.fromtimestamp(written, UTC))

    def count(self, step: FileRows) -> int:
        """Return how many rows that gives."""
        if step.sql not in self._counts:
            self._counts[step.sql] = int(self.connection.cursor().execute(f"SELECT count(*) FROM ({step.sql})").fetchall()[0][0])
        return self._counts[step.sql]

    def batches(self, step: FileRows, columns: Mapping[str, str], after: int) -> Iterator[Any]:
        """Yield the rows from a number on as Arrow tables."""
        import pyarrow as pa

        skip = after
        for batch in self.connection.cursor().sql(f"SELECT *, NULL AS _op FROM ({step.sql})").to_arrow_reader(BATCH_ROWS):
            taken = batch.slice(min(skip, batch.num_rows))
            skip -= batch.num_rows - taken.num_rows
            if taken.num_rows:
                yield pa.Table.from_batches([taken])


class _LeftOut:
    """Refused records of an archive."""

    def add(self, raw: bytes, reason: str, position: Mapping[str, Any]) -> None:
        """Leave a record out."""
