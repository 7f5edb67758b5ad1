"""Parquet, read by DuckDB; the row count comes from the file's own metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnel.connectors.files import limits, sql
from runnel.connectors.files.formats import Chosen, Format, Prepared, Reading, Sniffed
from runnel.connectors.files.overlay import rows_checked
from runnel.connectors.files.values import overriding
from runnel.errors import ConnectorError, LimitError
from runnel.sdk import Opened


class ParquetFormat(Format):
    """Parquet files, also those below folders such as country=DE."""

    name = "parquet"
    extensions = ("parquet", "pq", "parq")

    def sniff(self, file: Prepared, reading: Reading) -> Sniffed:
        """Read schema and row count off the footer."""
        import duckdb

        scan = _scan([file.readable])
        try:
            described = reading.connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
            rows = reading.connection.execute(
                f"SELECT sum(num_rows) FROM parquet_file_metadata({sql.text(file.readable)})"
            ).fetchall()[0][0]
        except duckdb.OutOfMemoryException as error:
            raise LimitError(
                "RNL-LIMIT-036", f"reading {file.shown}: {_words(error)}", "", {"file": file.path}
            ) from error
        except duckdb.Error as error:
            raise _broken(file, error) from error
        columns = {row[0]: row[1] for row in described}
        limits.columns(file.shown, len(columns))
        alike = all(columns.get(name, type) == type for name, type in reading.given.items())
        return Sniffed(overriding(columns, reading.given), {"found": columns}, (), int(rows) if alike else None)

    def open(self, files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> Opened:
        """Return the scan."""
        scan = _scan([chosen.file.readable for chosen in files])
        found = files[0].options["found"]
        made = rows_checked(scan, found, columns, reading, {"file": files[0].file.path})
        if made is not None:
            return Opened(made)
        row = reading.connection.execute(
            f"SELECT sum(num_rows) FROM parquet_file_metadata({sql.texts(c.file.readable for c in files)})"
        ).fetchall()[0]
        return Opened(scan, int(row[0]))


def _scan(paths: Sequence[str]) -> str:
    return f"read_parquet({sql.texts(paths)})"


def _words(error: Exception) -> str:
    return str(error).split("\n")[0]


def _broken(file: Prepared, error: Exception) -> ConnectorError:
    what = f"reading {file.shown}: {_words(error)}"
    return ConnectorError(
        "RNL-FILE-012", what, "The file is damaged or uses something that is not known.", {"file": file.path}
    )


FORMATS = (ParquetFormat(),)
