"""One write to a Delta table: loaded, checked against what a run wrote before, and committed through the same handle."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from runnel.errors import AuthoringError, ConnectorError
from runnel.store.merging import GONE, SEQUENCE, Merge
from runnel.store.notes import hook, newest_note, properties, version_of
from runnel.store.table_locks import only_creator, rewriting

BATCH_ROWS = 64 * 1024
TRIES = 10


class DeltaWrite:
    """A write in one mode; `columns` are the exact columns of the table afterwards, `created` if it was made.

    `known` are the columns for a table whose log does not name them.
    """

    def __init__(
        self,
        name: str,
        location: Path,
        known: Mapping[str, str] | None,
        types: Mapping[str, str],
        mode: str,
        key: Sequence[str],
        run_id: str,
    ) -> None:
        self.name = name
        self.location = location
        self.known = known
        self.types = types
        self.mode = mode
        self.key = key
        self.run_id = run_id
        self.application = f"runnel-{run_id}-{name}"
        self.created = False
        self.merge: Merge | None = None
        self.columns: dict[str, str] = dict(types)

    def commit(self, parquet: Sequence[str]) -> dict[str, Any]:
        """Write the rows; returns rows, version, and inserted and updated of an upsert."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        if self.mode == "upsert":
            self._check_keys(parquet)
        for attempt in range(TRIES):
            try:
                return self._write(parquet)
            except CommitFailedError as error:
                if attempt == TRIES - 1:
                    what = f"writing {self.location.name}: other writers were faster {TRIES} times"
                    raise ConnectorError("RNL-DATASET-005", what, "Run it again.", retryable=True) from error
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # who writes at the same time must not stay in step
            except (DeltaError, OSError) as error:
                what = f"writing the dataset {self.location.name}: {error}"
                raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.") from error
        raise AssertionError("unreachable")

    def _check_columns(self, known: Mapping[str, str] | None) -> None:
        """Find out which columns the table has after this write; the ones it has keep their place and type."""
        self.columns = dict(self.types)
        if known is None or self.mode == "replace":
            return
        added = [name for name in self.types if name not in known]
        wrong = [name for name, type in self.types.items() if name in known and known[name] != type]
        if wrong:
            name = wrong[0]
            what = f"`{name}` is {self.types[name]}, but the dataset has it as {known[name]}"
            raise AuthoringError("RNL-DATASET-003", what, "Put a table.cast before the sink, or use mode replace.")
        self.columns = {**known, **{name: self.types[name] for name in added}}
        missing = [name for name in self.key if name not in self.types]
        if missing:
            what = f"the key `{missing[0]}` is not among the columns"
            raise AuthoringError("RNL-DATASET-003", what, f"Columns: {', '.join(self.types)}.")

    def _check_keys(self, parquet: Sequence[str]) -> None:
        """Refuse a write in which a key stands twice: which row would win is not defined."""
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        table = ds.dataset(list(parquet), format="parquet").to_table(columns=list(self.key))
        counted = table.group_by(list(self.key)).aggregate([([], "count_all")])
        double = counted.filter(pc.field("count_all") > 1)
        if double.num_rows:
            first = {name: double.column(name)[0].as_py() for name in self.key}
            what = f"the key {first} stands {double.column('count_all')[0].as_py()} times in one write"
            raise AuthoringError("RNL-DATASET-004", what, "Remove duplicates before the sink (table.deduplicate).")

    def _write(self, parquet: Sequence[str]) -> dict[str, Any]:
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(self.location)):
            with only_creator(self.location):
                if not DeltaTable.is_deltatable(str(self.location)):
                    return self._create(parquet)
        with nullcontext() if self.mode == "append" else rewriting(self.location):
            return self._write_to(parquet)

    def _write_to(self, parquet: Sequence[str]) -> dict[str, Any]:
        from deltalake import DeltaTable

        table = DeltaTable(str(self.location))
        note = newest_note(str(self.location), table.version())
        known = self.known if note is None else note["columns"]
        if table.transaction_version(self.application) is not None:
            self.columns = dict(known or self.types)
            return {"rows": self._rows_of(parquet), "version": self._version(table)}
        self._check_columns(known)
        self.merge = None
        if self.mode == "upsert" and note is not None and note.get("merge"):
            self.merge = Merge.from_json(note["merge"])
            if self.merge.agrees(Merge("upsert", tuple(self.key))):
                return self._put(table, parquet)
        if self.mode != "replace":
            check_plain(self.name, note)
        if self.mode == "upsert":
            return self._merge(table, parquet)
        return self._put(table, parquet)

    def _create(self, parquet: Sequence[str]) -> dict[str, Any]:
        from deltalake import DeltaTable, write_deltalake

        self._check_columns(None)
        rows = self._rows_of(parquet)
        write_deltalake(str(self.location), self._reader(parquet), mode="overwrite",
                        commit_properties=self._properties(rows), post_commithook_properties=hook())  # fmt: skip
        self.created = True
        return {"rows": rows, "version": DeltaTable(str(self.location)).version()}

    def _put(self, table: Any, parquet: Sequence[str]) -> dict[str, Any]:
        from deltalake import write_deltalake

        rows = self._rows_of(parquet)
        replace = self.mode == "replace"
        write_deltalake(table, self._reader(parquet, table.version() + 1), mode="overwrite" if replace else "append",
                        schema_mode="overwrite" if replace else "merge", commit_properties=self._properties(rows),
                        post_commithook_properties=hook())  # fmt: skip
        return {"rows": rows, "version": self._version(table)}

    def _version(self, table: Any) -> int:
        """Return the version that this write made; others may have written since."""
        version = version_of(str(self.location), self.run_id)
        return int(table.version() if version is None else version)

    def _properties(self, rows: int) -> Any:
        note = {
            "dataset": self.name, "run_id": self.run_id, "mode": self.mode, "rows": rows, "columns": self.columns,
            **({"merge": self.merge.to_json()} if self.merge is not None else {}),
        }  # fmt: skip
        return properties(note, self.application)

    def _merge(self, table: Any, parquet: Sequence[str]) -> dict[str, Any]:
        physical = self._physical()
        condition = " AND ".join(f"old.{physical[name]} = new.{physical[name]}" for name in self.key)
        done = (
            table.merge(
                self._reader(parquet),
                condition,
                source_alias="new",
                target_alias="old",
                merge_schema=True,
                commit_properties=self._properties(self._rows_of(parquet)),
                post_commithook_properties=hook(),
            )
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()
        )
        inserted, updated = int(done["num_target_rows_inserted"]), int(done["num_target_rows_updated"])
        return {"rows": inserted + updated, "version": self._version(table), "inserted": inserted, "updated": updated}

    def _physical(self) -> dict[str, str]:
        return {name: f"c{index}" for index, name in enumerate(self.columns)}

    def _reader(self, parquet: Sequence[str], version: int = 0) -> Any:
        """Return the rows as a stream of batches under physical names; as changes where the table is kept by key."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        source = ds.dataset(list(parquet), format="parquet")
        physical = self._physical()
        fields = [pa.field(physical[field.name], storable(field.type)) for field in source.schema]
        if self.merge is not None:
            fields = [pa.field(SEQUENCE, pa.int64()), pa.field(GONE, pa.bool_()), *fields]
        schema = pa.schema(fields)

        def batches() -> Iterator[Any]:
            number = version << 32
            for given in source.to_batches(batch_size=BATCH_ROWS):
                batch = given
                if self.merge is not None:
                    count = given.num_rows
                    marks = [pa.array(range(number, number + count), pa.int64()), pa.array([False] * count, pa.bool_())]
                    batch = pa.record_batch([*marks, *given.columns], names=[SEQUENCE, GONE, *given.schema.names])
                    number += count
                arrays = [
                    column if column.type == field.type else column.cast(field.type)
                    for column, field in zip(batch.columns, fields, strict=True)
                ]
                yield pa.record_batch(arrays, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _rows_of(self, parquet: Sequence[str]) -> int:
        import pyarrow.dataset as ds

        return int(ds.dataset(list(parquet), format="parquet").count_rows())


def check_plain(name: str, note: Mapping[str, Any] | None) -> None:
    """Refuse to add rows to a dataset whose rows go by their key."""
    if note is not None and note.get("merge"):
        key = ", ".join(note["merge"]["key"])
        what = f"the rows of the dataset {name} go by key ({key}), as a stream keeps it"
        raise AuthoringError("RNL-DATASET-007", what, f"Use mode upsert with the key {key}, or mode replace.")


def storable(type: Any) -> Any:
    """Return the Arrow type in which Delta keeps a column: signed, microseconds, no time of day, no dictionary."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_unsigned_integer(type):
        wider = {8: pa.int16(), 16: pa.int32(), 32: pa.int64(), 64: pa.decimal128(20, 0)}
        return wider[type.bit_width]
    if kinds.is_timestamp(type) and type.unit != "us":
        return pa.timestamp("us", type.tz)
    if kinds.is_time(type):
        return pa.string()
    if kinds.is_list(type):
        return pa.list_(storable(type.value_type))
    if kinds.is_struct(type):
        return pa.struct([pa.field(item.name, storable(item.type)) for item in type])
    return type
