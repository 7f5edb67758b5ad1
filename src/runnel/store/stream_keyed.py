"""A dataset that a stream keeps by key: epochs are appended as changes, each exactly once, and folded in from time to time."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runnel.errors import AuthoringError
from runnel.sdk.delivery import Delivered, EpochRows, Refused
from runnel.store.changing import ChangeRows, Keeping
from runnel.store.folding import fold
from runnel.store.merging import CURRENT, FROM, KEPT, SEQUENCE, TO, Merge, split_files
from runnel.store.notes import hook, newest_note, note_of_run, noted
from runnel.store.stream_delta import LOG_SETTINGS, DatasetDelivery
from runnel.store.table_locks import only_creator

FOLD_SECONDS, FOLD_SHARE, FOLD_FILES, FOLD_BYTES = 300.0, 0.1, 1000, 64 * 1024**2
"""Changes are folded in every five minutes, or when they are that much; folding takes at most that share of the time."""
LOOK_SECONDS = 5.0
MOST_REFUSED = 1000


class KeyedDelivery(DatasetDelivery):
    """Appends change rows to a Delta table; implements `sdk.Delivery`.

    `connect` opens a DuckDB connection that reads the table's folder and writes into `scratch`: it folds changes in. With
    `anew` the first epoch of an incarnation replaces what was there.
    """

    def __init__(
        self, name: str, location: Path, keeping: Keeping, app: str, types: Mapping[str, str],
        connect: Callable[[], Any], scratch: str, anew: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(name, location, "replace" if anew else keeping.mode, app, types)
        self.keeping = keeping.fitted(types)
        self.types = self.keeping.columns(types)
        self.connect = connect
        self.scratch = scratch
        self._connection: Any = None
        self._looked_at = self._folded_at = time.monotonic()
        self._fold_took = 0.0

    def open(self) -> Delivered:
        """Return the last epoch that the table's log names, and what of it was refused."""
        found = super().open()
        note = note_of_run(str(self.location), f"{self.app}@{found.epoch}") if found.epoch else None
        return replace(found, refused=tuple(Refused(*item) for item in (note or {}).get("refused", ())))

    def close(self) -> None:
        """Let go of the engine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, epochs: Sequence[EpochRows]) -> Delivered:
        table = self._table()
        if table is None:
            with only_creator(self.location):
                table = self._table()
                if table is None:
                    self._check(None)
                    return self._append(str(self.location), epochs, 0, None)
        known = table.transaction_version(self.app) or 0
        fresh = [item for item in epochs if item.epoch > known]
        if not fresh:
            return self.open()
        if known == 0 and self.mode == "replace":
            return self._begin(epochs)
        note = newest_note(str(self.location), table.version())
        if note is None:
            what = f"the dataset {self.name} was not written by Runnel"
            raise AuthoringError("RNL-DATASET-007", what, "Write another dataset, or begin this one anew with mode replace.")
        self._check_kind(note)
        if self._is_due(note, table) and self._fold():
            return self._write(epochs)
        self._check(note["columns"])
        return self._append(table, fresh, table.version() + 1, note)

    def _replace(self, table: Any, epochs: Sequence[EpochRows]) -> Delivered:
        return self._append(table, epochs, table.version() + 1, None)

    def _check_kind(self, note: Mapping[str, Any]) -> None:
        """Refuse to make a history of a table that is none, and the other way round."""
        is_history = {FROM, TO, CURRENT} <= set(note["columns"])
        if is_history != (self.keeping.mode == "history"):
            what = f"the dataset {self.name} is {'a' if is_history else 'no'} history"
            raise AuthoringError("RNL-DATASET-007", what, "Write another dataset, or remove this one first.")

    def _append(self, table: Any, epochs: Sequence[EpochRows], version: int, note: Mapping[str, Any] | None) -> Delivered:
        import pyarrow as pa
        from deltalake import CommitProperties, Transaction, write_deltalake

        refused: list[Refused] = []
        places = {name: f"c{index}" for index, name in enumerate(self.columns)}
        changes = ChangeRows(self.name, self.keeping, self.types, places, self._engine)
        rows = pa.concat_tables([changes.of(item, refused) for item in epochs], promote_options="default")
        numbers = pa.array(range(version << 32, (version << 32) + rows.num_rows), pa.int64())
        rows = rows.add_column(0, SEQUENCE, numbers)
        last = epochs[-1].epoch
        told = {"dataset": self.name, "run_id": f"{self.app}@{last}", "mode": self.keeping.mode, "rows": rows.num_rows,
                "columns": self.columns, "merge": self._merge(rows, note).to_json(),
                "refused": [[one.epoch, one.row, one.reason] for one in refused[:MOST_REFUSED]]}  # fmt: skip
        properties = CommitProperties(custom_metadata=noted(told), app_transactions=[Transaction(self.app, last)])
        how: Any = "append" if note is not None else "overwrite"
        write_deltalake(table, rows, mode=how, schema_mode="merge" if note is not None else "overwrite",
                        configuration=LOG_SETTINGS if isinstance(table, str) else None, commit_properties=properties,
                        post_commithook_properties=hook())  # fmt: skip
        return Delivered(last, tuple(refused), {"rows": rows.num_rows})

    def _merge(self, rows: Any, note: Mapping[str, Any] | None) -> Merge:
        """Return how the dataset is read from now on."""
        import pyarrow.compute

        pc: Any = pyarrow.compute
        kept = set(note["merge"]["kept"]) if note is not None and note.get("merge") else set[str]()
        if KEPT in rows.column_names:
            kept |= set(pc.unique(pc.list_flatten(rows.column(KEPT))).to_pylist())
        return replace(self.keeping.merge(self.columns), kept=tuple(sorted(kept)))

    def _is_due(self, note: Mapping[str, Any], table: Any) -> bool:
        """Tell whether changes are to be folded in: when they are many, after five minutes, or of another key."""
        kept = Merge.from_json(note["merge"]) if note.get("merge") else None
        if kept is None or not kept.agrees(self.keeping.merge(self.columns)):
            return kept is not None
        now = time.monotonic()
        waited = now - self._folded_at
        if now - self._looked_at < LOOK_SECONDS or waited < self._fold_took / FOLD_SHARE:
            return False
        self._looked_at = now
        _, changes, size, changed = split_files(table)
        many = len(changes) >= FOLD_FILES or changed >= max(FOLD_BYTES, size // 4)
        return bool(changes) and (waited >= FOLD_SECONDS or many)

    def _fold(self) -> bool:
        began = time.monotonic()
        made = fold(str(self.location), self._engine(), self.scratch)
        self._folded_at = time.monotonic()
        self._fold_took = self._folded_at - began
        return made is not None

    def _engine(self) -> Any:
        if self._connection is None:
            self._connection = self.connect()
        return self._connection
