"""Folding: the changes of a dataset that is kept by key become rows, in one version that reads as the one before."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError
from runnel.store.delta import storable
from runnel.store.merging import Merge, merged_query, split_files
from runnel.store.notes import hook, newest_note, noted

TRIES = 5
BATCH_ROWS = 64 * 1024


def fold(location: str, connection: Any, scratch: str) -> int | None:
    """Fold the changes of a table in; returns the new version, or None where there are none.

    `connection` is a DuckDB connection that may read the table and write into `scratch`. Changes that come meanwhile stay
    changes. Raises ConnectorError.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import CommitFailedError, DeltaError

    for attempt in range(TRIES):
        table = DeltaTable(location)
        note = newest_note(location, table.version())
        if note is None or not note.get("merge"):
            return None
        rows, changes, _, _ = split_files(table)
        if not changes:
            return None
        merge = Merge.from_json(note["merge"])
        file = os.path.join(scratch, f"fold-{uuid.uuid4().hex}.parquet")
        try:
            query = merged_query(rows, changes, note["columns"], merge)
            connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
            _put(table, file, {**note, "merge": Merge(merge.kind, merge.key, (), merge.beside).to_json()})
            return int(table.version())
        except CommitFailedError as error:
            if attempt == TRIES - 1:
                what = f"folding changes of {Path(location).name}: other writers were faster {TRIES} times"
                raise ConnectorError("RNL-DATASET-005", what, "It is tried again.", retryable=True) from error
        except (DeltaError, OSError) as error:
            what = f"folding changes of {Path(location).name}: {error}"
            raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.", retryable=True) from error
        finally:
            Path(file).unlink(missing_ok=True)
    raise AssertionError("unreachable")


def _put(table: Any, file: str, note: Mapping[str, Any]) -> None:
    """Write the rows of a file in place of all files that the table has."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from deltalake import CommitProperties, write_deltalake

    told = {"dataset": note.get("dataset"), "run_id": None, "mode": "compact", "rows": 0, "columns": note["columns"],
            "merge": note["merge"]}  # fmt: skip
    properties = CommitProperties(custom_metadata=noted(told))
    known = {field.name: field.type for field in pa.schema(table.schema().to_arrow())}
    with pq.ParquetFile(file) as opened:
        schema = pa.schema([pa.field(field.name, known.get(field.name, storable(field.type))) for field in opened.schema_arrow])
        batches = (
            pa.record_batch([column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)], schema=schema)
            for batch in opened.iter_batches(BATCH_ROWS)
        )
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        write_deltalake(table, reader, mode="overwrite", schema_mode="merge",
                        commit_properties=properties, post_commithook_properties=hook())  # fmt: skip
