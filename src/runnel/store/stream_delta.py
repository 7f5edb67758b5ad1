"""A dataset as the target of a stream: epochs are appended to its Delta table, each exactly once, told by its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.errors import AuthoringError, ConnectorError, InternalError
from runnel.sdk.delivery import Delivered, EpochRows
from runnel.store.delta import check_plain, storable
from runnel.store.notes import STREAM_RUN, hook, newest_note, noted
from runnel.store.table_locks import only_creator, rewriting
from runnel.store.upkeep import SMALL_BYTES, compact, small_files

if TYPE_CHECKING:
    import pyarrow as pa

    from runnel.store.dataset_following import FollowedDataset

TRIES = 10
CROWDED_FILES = 200
"""So many small files of one table are joined by the stream that writes it: each commit reads the list of all of them."""
LOG_SETTINGS = {"delta.checkpointInterval": "20", "delta.deletedFileRetentionDuration": "interval 1 hours"}
"""Of a table that gets a commit a second: short ways through its log, and no long memory of files that are joined."""


class StreamDatasets:
    """The datasets that a stream may write, or follow: names with the folders of their tables, chosen before it started."""

    def __init__(self, locations: Mapping[str, str], connect: Callable[[], Any] | None = None, scratch: str = "") -> None:
        self.locations = locations
        self.connect = connect
        self.scratch = scratch

    def delivery(
        self, name: str, mode: str, app: str, types: Mapping[str, str], key: Sequence[str] = (), time: str | None = None
    ) -> DatasetDelivery:
        """Return what delivers into a dataset; `app` names the sink of this incarnation of the stream.

        With a `key` rows are changes: `replace` begins anew and then keeps the newest row of each key, as `upsert` does.
        """
        location = Path(self.locations[name])
        if not key or mode == "append":
            return DatasetDelivery(name, location, mode, app, types)
        from runnel.store.changing import Keeping
        from runnel.store.stream_keyed import KeyedDelivery

        if self.connect is None:
            raise InternalError("RNL-DATASET-008", f"the dataset {name} is kept by key, and there is no engine for it")
        keeping: Any = Keeping("upsert" if mode == "replace" else mode, tuple(key), time)  # pyright: ignore[reportArgumentType]
        return KeyedDelivery(name, location, keeping, app, types, self.connect, self.scratch, mode == "replace")

    def followed(self, name: str) -> FollowedDataset:
        """Return a dataset as its versions made it."""
        from runnel.store.dataset_following import FollowedDataset

        if self.connect is None:
            raise InternalError("RNL-DATASET-008", f"the dataset {name} is followed, and there is no engine for it")
        return FollowedDataset(name, Path(self.locations[name]), self.connect())


class DatasetDelivery:
    """Appends epochs to a Delta table; implements `sdk.Delivery`.

    An equal or lower version of a transaction is taken by Delta from a fresh handle, so the version is read first and the
    write goes through the same handle: of two writers one finds a conflict and begins again. With mode `replace` the
    first epoch of an incarnation replaces what was there.
    """

    def __init__(self, name: str, location: Path, mode: str, app: str, types: Mapping[str, str]) -> None:
        self.name = name
        self.location = location
        self.mode = mode
        self.app = f"{STREAM_RUN}{app}"
        self.types = dict(types)
        self.columns: dict[str, str] = {}
        self._small: int | None = None

    def open(self) -> Delivered:
        """Return the last epoch that the table's log names."""
        table = self._table()
        return Delivered(0 if table is None else table.transaction_version(self.app) or 0)

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Append the epochs that the table has not yet, in one commit."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        for attempt in range(TRIES):
            try:
                return self._write(epochs)
            except CommitFailedError as error:
                if attempt == TRIES - 1:
                    what = f"writing the dataset {self.name}: other writers were faster {TRIES} times"
                    raise ConnectorError("RNL-DATASET-005", what, "It is tried again.", retryable=True) from error
            except (DeltaError, OSError) as error:
                what = f"writing the dataset {self.name}: {error}"
                raise ConnectorError("RNL-DATASET-006", what, "Check the disk and the folder.", retryable=True) from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Nothing is held."""

    def _table(self) -> Any:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        try:
            return DeltaTable(str(self.location))
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            what = f"reading the dataset {self.name}: {error}"
            raise ConnectorError("RNL-DATASET-006", what, "Check the folder of the dataset.", retryable=True) from error

    def _write(self, epochs: Sequence[EpochRows]) -> Delivered:
        table = self._table()
        if table is None:
            with only_creator(self.location):
                table = self._table()
                if table is None:
                    return self._commit(str(self.location), epochs, "overwrite", None)
        known = table.transaction_version(self.app) or 0
        fresh = [item for item in epochs if item.epoch > known]
        if not fresh:
            return Delivered(known)
        if known == 0 and self.mode == "replace":
            return self._begin(epochs)
        if not self.columns:
            note = newest_note(str(self.location), table.version())
            check_plain(self.name, note)
            self._check(None if note is None else note["columns"])
        if self._joined():
            return self._write(epochs)
        return self._commit(table, fresh, "append", known)

    def _begin(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Replace what was there with the first epochs of this incarnation."""
        with rewriting(self.location):
            table = self._table()
            if table is not None and not table.transaction_version(self.app):
                self._check(None)
                return self._replace(table, epochs)
        return self._write(epochs)

    def _replace(self, table: Any, epochs: Sequence[EpochRows]) -> Delivered:
        return self._commit(table, epochs, "overwrite", 0)

    def _joined(self) -> bool:
        """Join the small files when they are many; tells whether the table has a new version for it."""
        if self._small is None:
            self._small = small_files(str(self.location))
        self._small += 1
        if self._small < CROWDED_FILES:
            return False
        self._small = 0
        return compact(str(self.location), self.columns, SMALL_BYTES)["version"] is not None

    def _commit(self, table: Any, epochs: Sequence[EpochRows], how: str, known: int | None) -> Delivered:
        import pyarrow as pa
        from deltalake import CommitProperties, Transaction, write_deltalake

        if known is None:
            self._check(None)
        rows = self._physical(pa.concat_tables([item.rows for item in epochs]))
        last = epochs[-1].epoch
        note = {"dataset": self.name, "run_id": f"{self.app}@{last}", "mode": "replace" if how == "overwrite" else "append",
                "rows": rows.num_rows, "columns": self.columns}  # fmt: skip
        properties = CommitProperties(
            custom_metadata=noted(note), app_transactions=[Transaction(self.app, last)]
        )
        mode: Any = how
        write_deltalake(table, rows, mode=mode, schema_mode="overwrite" if how == "overwrite" else "merge",
                        configuration=LOG_SETTINGS if known is None else None, commit_properties=properties,
                        post_commithook_properties=hook())  # fmt: skip
        return Delivered(last, detail={"rows": rows.num_rows})

    def _check(self, known: Mapping[str, str] | None) -> None:
        """Find out which columns the table has after this write; the ones it has keep their place and type."""
        self.columns = dict(self.types)
        if known is None:
            return
        for name, type in self.types.items():
            if name in known and known[name] != type:
                what = f"`{name}` is {type}, but the dataset {self.name} has it as {known[name]}"
                raise AuthoringError("RNL-DATASET-003", what, "Put a table.cast before the sink, or write another dataset.")
        self.columns = {**known, **{name: type for name, type in self.types.items() if name not in known}}

    def _physical(self, rows: pa.Table) -> pa.Table:
        """Return the rows under the names and in the types that the table stores."""
        import pyarrow as pa

        places = {name: f"c{index}" for index, name in enumerate(self.columns)}
        fields = [pa.field(places[field.name], storable(field.type)) for field in rows.schema]
        return rows.rename_columns([field.name for field in fields]).cast(pa.schema(fields))
