"""One write to a Delta table: loaded, checked against what a run wrote before, and committed through the same handle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runnel.errors import AuthoringError, ConnectorError

BATCH_ROWS = 64 * 1024
TRIES = 5


class DeltaWrite:
    """A write in one mode; `columns` are the exact columns of the table afterwards."""

    def __init__(
        self,
        location: Path,
        known: Mapping[str, str] | None,
        types: Mapping[str, str],
        mode: str,
        key: Sequence[str],
        application: str,
    ) -> None:
        self.location = location
        self.known = known
        self.types = types
        self.mode = mode
        self.key = key
        self.application = application
        self.columns: dict[str, str] = dict(types) if known is None or mode == "replace" else dict(known)

    def commit(self, parquet: Sequence[str]) -> dict[str, Any]:
        """Write the rows; returns rows, version, and inserted and updated of an upsert."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        self._check_columns()
        if self.mode == "upsert":
            self._check_keys(parquet)
        for attempt in range(TRIES):
            try:
                return self._write(parquet)
            except CommitFailedError as error:
                if attempt == TRIES - 1:
                    what = f"writing {self.location.name}: other writers were faster {TRIES} times"
                    raise ConnectorError("RNL-DATASET-005", what, "Run it again.", retryable=True) from error
            except (DeltaError, OSError) as error:
                what = f"writing the dataset {self.location.name}: {error}"
                raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.") from error
        raise AssertionError("unreachable")

    def _check_columns(self) -> None:
        if self.known is None or self.mode == "replace":
            return
        added = [name for name in self.types if name not in self.known]
        wrong = [name for name, type in self.types.items() if name in self.known and self.known[name] != type]
        if wrong:
            name = wrong[0]
            what = f"`{name}` is {self.types[name]}, but the dataset has it as {self.known[name]}"
            raise AuthoringError("RNL-DATASET-003", what, "Put a table.cast before the sink, or use mode replace.")
        self.columns = {**self.known, **{name: self.types[name] for name in added}}
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
        from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

        properties = CommitProperties(app_transactions=[Transaction(self.application, 1)])
        reader, counter = self._reader(parquet)
        if not DeltaTable.is_deltatable(str(self.location)):
            self.location.parent.mkdir(parents=True, exist_ok=True)
            write_deltalake(str(self.location), reader, mode="overwrite", commit_properties=properties)
            table = DeltaTable(str(self.location))
            return {"rows": counter[0], "version": table.version()}
        table = DeltaTable(str(self.location))
        if table.transaction_version(self.application) is not None:
            return {"rows": self._rows_of(parquet), "version": table.version()}
        if self.mode == "upsert":
            return self._merge(table, reader, properties)
        how = "overwrite" if self.mode == "replace" else "append"
        schema_mode = "overwrite" if self.mode == "replace" else "merge"
        write_deltalake(table, reader, mode=how, schema_mode=schema_mode, commit_properties=properties)
        return {"rows": counter[0], "version": table.version()}

    def _merge(self, table: Any, reader: Any, properties: Any) -> dict[str, Any]:
        physical = self._physical()
        condition = " AND ".join(f"old.{physical[name]} = new.{physical[name]}" for name in self.key)
        done = (
            table.merge(
                reader,
                condition,
                source_alias="new",
                target_alias="old",
                merge_schema=True,
                commit_properties=properties,
            )
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()
        )
        inserted, updated = int(done["num_target_rows_inserted"]), int(done["num_target_rows_updated"])
        return {"rows": inserted + updated, "version": table.version(), "inserted": inserted, "updated": updated}

    def _physical(self) -> dict[str, str]:
        return {name: f"c{index}" for index, name in enumerate(self.columns)}

    def _reader(self, parquet: Sequence[str]) -> tuple[Any, list[int]]:
        """Return the rows as a stream of batches under physical names, and a counter that fills as it is read."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        source = ds.dataset(list(parquet), format="parquet")
        physical = self._physical()
        fields = [pa.field(physical[field.name], storable(field.type)) for field in source.schema]
        schema = pa.schema(fields)
        counter = [0]

        def batches() -> Iterator[Any]:
            for batch in source.to_batches(batch_size=BATCH_ROWS):
                counter[0] += batch.num_rows
                arrays = [
                    column if column.type == field.type else column.cast(field.type)
                    for column, field in zip(batch.columns, fields, strict=True)
                ]
                yield pa.record_batch(arrays, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches()), counter

    def _rows_of(self, parquet: Sequence[str]) -> int:
        import pyarrow.dataset as ds

        return int(ds.dataset(list(parquet), format="parquet").count_rows())


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
