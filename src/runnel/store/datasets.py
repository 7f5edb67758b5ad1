"""Datasets: named, versioned Delta tables; a write is visible whole or not at all, and counts once per run.

Delta cannot hold every DuckDB type or column name, so the exact names and types stand in a note of each commit and, as a
copy, in the metadata database; columns are stored under plain names (`c0`, `c1`, …) in types that Delta has. Which
versions there are is decided by the log of the table: a commit whose row is missing (its writer was killed) gets it later.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.errors import AuthoringError, ConnectorError
from runnel.store.dataset_reading import is_keyed, reading_query
from runnel.store.delta_log import commit_file, log_folder
from runnel.store.notes import Note, dataset_of, epoch_of_run, notes
from runnel.store.removal import DELETED, sweep
from runnel.store.tables import dataset_versions, datasets

_SLUG = re.compile(r"[^a-z0-9_-]+")
TRIES = 10


class DatasetStore:
    """The datasets of a project; implements `sdk.Datasets`."""

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine = engine
        self.home = home

    def publish(
        self,
        name: str,
        parquet: Sequence[str],
        mode: str,
        key: Sequence[str],
        run_id: str,
        types: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Append, replace or upsert the rows of Parquet files; a second call for the same run changes nothing.

        `types` are the exact DuckDB types of the columns. Returns rows, version, and inserted and updated of an upsert.
        Raises AuthoringError when columns do not fit or a key stands twice, ConnectorError when the table cannot be
        written.
        """
        done = self._recorded(name, run_id)
        if done is not None:
            return done
        from runnel.store.delta import DeltaWrite

        known = self._find(name)
        location = Path(known["location"]) if known else self._new_location(name)
        columns: Mapping[str, str] = dict(types or {})
        write = DeltaWrite(name, location, known["columns"] if known else None, columns, mode, list(key), run_id)
        made = write.commit(list(parquet))
        if made["version"] == self._newest(name) + 1 or write.created:
            self._record(name, location, [Note(made["version"], run_id, mode, made["rows"], write.columns)], write.created)
        else:  # others wrote meanwhile, or were killed before they could write their rows
            self.catch_up({name: location})
        return made

    def place(self, name: str) -> Path:
        """Return the folder of a dataset's table, also of one that is not there yet."""
        known = self._find(name)
        return Path(known["location"]) if known else self._new_location(name)

    def files(self, name: str, version: int | None = None) -> tuple[Sequence[str], Mapping[str, str], int]:
        """Return the Parquet files, the columns (name → DuckDB type) and the version of a dataset."""
        table, columns, found = self._opened(name, version)
        return table.file_uris(), columns, found

    def _opened(self, name: str, version: int | None) -> tuple[Any, Mapping[str, str], int]:
        """Return a dataset's Delta table at a version, its columns and the version."""
        known = self._known(name)
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            table = DeltaTable(known["location"])
            if table.version() > self._newest(name):
                self._catch_up(name, Path(known["location"]))
            found = self._version(name, version)
            if version is not None:
                table.load_as_version(version)
        except (DeltaError, FileNotFoundError) as error:
            what = f"reading the dataset {name}: {error}"
            raise ConnectorError("RNL-DATASET-006", what, "Check the folder of the dataset.") from error
        return table, found["columns"], found["version"]

    def query(self, name: str, version: int | None = None) -> tuple[str, Sequence[str], Mapping[str, str], int]:
        """Return the query that reads a dataset with its own names and types, its files, columns and version."""
        table, columns, found = self._opened(name, version)
        return reading_query(table, columns, found), table.file_uris(), columns, found

    def names(self) -> Sequence[str]:
        """Return the names of every dataset."""
        self._discover()
        with self.engine.connect() as connection:
            return connection.execute(sa.select(datasets.c.name).order_by(datasets.c.name)).scalars().all()

    def list(self) -> list[dict[str, Any]]:
        """Return every dataset with its newest version and rows."""
        made: list[dict[str, Any]] = []
        for name in self.names():
            found = self.show(name, 1)
            newest = found["versions"][0] if found["versions"] else {}
            made.append({"name": name, "version": newest.get("version"), "columns": len(found["columns"]),
                         "mode": newest.get("mode"), "rows": newest.get("rows"),
                         "created_at": newest.get("created_at")})  # fmt: skip
        return made

    def show(self, name: str, most: int | None = None) -> dict[str, Any]:
        """Return a dataset with its versions, newest first and not more than `most`, and how many it has.

        Raises AuthoringError with the nearest name.
        """
        known = self._known(name)
        columns = dataset_versions.c
        query = sa.select(dataset_versions).where(columns.dataset == name).order_by(columns.version.desc()).limit(most)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            counted = sa.select(sa.func.count()).where(columns.dataset == name)
            total = int(connection.execute(counted).scalar_one())
        return {**known, "version_count": total, "versions": [_entry(row) for row in rows]}

    def _known(self, name: str) -> dict[str, Any]:
        """Return a dataset as it is now; a stream that writes it tells of its versions but now and then."""
        known = self._find(name)
        if known is None:
            self._discover()
            known = self._find(name)
        elif commit_file(known["location"], self._newest(name) + 1).exists():
            self._catch_up(name, Path(known["location"]))
            known = self._find(name)
        if known is None:
            raise self._missing(name)
        return known

    def _version(self, name: str, version: int | None) -> dict[str, Any]:
        """Return the entry of a version, of the newest without one; raises AuthoringError for one that is not kept."""
        columns = dataset_versions.c
        query = sa.select(dataset_versions).where(columns.dataset == name).order_by(columns.version.desc()).limit(1)
        if version is not None:
            query = query.where(columns.version == version)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            listed = [str(entry["version"]) for entry in self.show(name, 20)["versions"]]
            what = f"{name} has no version {version}"
            raise AuthoringError("RNL-DATASET-002", what, f"Versions: {', '.join(listed)}.", {"field": "version"})
        return _entry(row)

    def compact(self, name: str) -> dict[str, Any]:
        """Join the small files of a dataset into few; see `upkeep.compact`."""
        from runnel.store.upkeep import compact

        known = self._known(name)
        if is_keyed(known["location"]):
            return {"files_before": 0, "files_after": 0, "version": None}
        made = compact(known["location"], known["columns"])
        if made["version"] is not None:
            self.catch_up({name: Path(known["location"])})
        return made

    def fold(self, name: str, connection: Any, scratch: str) -> int | None:
        """Fold the changes of a dataset in; see `folding.fold`."""
        from runnel.store.folding import fold

        location = self._known(name)["location"]
        made = fold(location, connection, scratch)
        if made is not None:
            self.catch_up({name: Path(location)})
        return made

    def retire(
        self, name: str, before: datetime, pinned: Collection[int] | None = (), streamed: datetime | None = None
    ) -> dict[str, Any]:
        """Let the versions go that were superseded before a time; the newest and the pinned ones (None: all) stay.

        Those that a stream made go by the time `streamed`, and the log before the oldest version that stays goes too.
        Returns the versions and the bytes removed. Nobody is told of a version any more before its files go.
        """
        from runnel.store.upkeep import cut_log, expired, vacuum

        self.catch_up({name: Path(self._known(name)["location"])})
        known = self.show(name)
        gone = expired(known["versions"], before, pinned, streamed)
        with self.engine.begin() as connection:
            versions = dataset_versions.c
            for version in gone:
                where = (versions.dataset == name) & (versions.version == version)
                connection.execute(dataset_versions.delete().where(where))
        kept = [entry["version"] for entry in known["versions"] if entry["version"] not in gone]
        freed = vacuum(known["location"], before, kept)
        return {"versions": gone, "bytes": freed + (cut_log(known["location"], min(kept)) if kept else 0)}

    def catch_up(self, locations: Mapping[str, Path] | None = None) -> None:
        """Write the rows of versions that stand in the tables only, as after a kill; by default for every dataset."""
        from deltalake import DeltaTable

        if locations is None:
            locations = {name: self._location(stored) for name, stored in self._locations().items()}
            locations = {**self._unknown(set(locations.values())), **locations}
        for name, location in locations.items():
            if DeltaTable.is_deltatable(str(location)):
                self._catch_up(name, location)

    def _unknown(self, known: Collection[Path]) -> dict[str, Path]:
        """Return the tables that no row names: their first writer was killed before it could write one."""
        from deltalake import DeltaTable

        folder = self.home / "datasets"
        found: dict[str, Path] = {}
        for item in folder.iterdir() if folder.exists() else ():
            if item in known or item.name.startswith(".") or not DeltaTable.is_deltatable(str(item)):
                continue
            name = dataset_of(str(item))
            if name is not None:
                found[name] = item
        return found

    def _discover(self) -> None:
        """Write the rows of tables that no row names: a stream that runs has begun them."""
        folder = self.home / "datasets"
        known = {self._location(stored) for stored in self._locations().values()}
        fresh = [item for item in (folder.iterdir() if folder.exists() else ()) if item not in known]
        if any(log_folder(item).is_dir() for item in fresh if not item.name.startswith(".")):
            for name, location in self._unknown(known).items():
                self._catch_up(name, location)

    def sweep(self) -> None:
        """Remove what deletions left behind when they were killed."""
        sweep(self.home / "datasets")

    def delete(self, name: str) -> None:
        """Remove a dataset and its files."""
        known = self._known(name)
        location = Path(known["location"])
        gone = location.parent / f"{DELETED}{uuid.uuid4().hex}"
        if location.exists():
            os.rename(location, gone)
        with self.engine.begin() as connection:
            connection.execute(dataset_versions.delete().where(dataset_versions.c.dataset == name))
            connection.execute(datasets.delete().where(datasets.c.name == name))
        shutil.rmtree(gone, ignore_errors=True)

    def _missing(self, name: str) -> AuthoringError:
        import difflib

        with self.engine.connect() as connection:
            names = connection.execute(sa.select(datasets.c.name)).scalars().all()
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"Datasets: {', '.join(sorted(names)) or 'none yet'}."
        return AuthoringError("RNL-DATASET-001", f"there is no dataset `{name}`", hint, {"field": "name"})

    def _find(self, name: str) -> dict[str, Any] | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(datasets).where(datasets.c.name == name)).mappings().first()
        if row is None:
            return None
        return {"name": row["name"], "location": str(self._location(row["location"])), "columns": row["columns"]}

    def _location(self, stored: str) -> Path:
        """Return where a table lies; below the state folder the stored path is relative, so that the folder may move."""
        return self.home / stored

    def _locations(self) -> dict[str, str]:
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(sa.select(datasets.c.name, datasets.c.location))}

    def _new_location(self, name: str) -> Path:
        """Return the place of a new dataset: the same for the same name, also after a kill, and no other name's."""
        slug = _SLUG.sub("-", name.lower()).strip("-")[:60] or "dataset"
        if slug != name:
            slug = f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        taken = {self._location(stored) for stored in self._locations().values()}
        location, number = self.home / "datasets" / slug, 1
        while location in taken:
            number += 1
            location = self.home / "datasets" / f"{slug}-{number}"
        return location

    def _recorded(self, name: str, run_id: str) -> dict[str, Any] | None:
        query = sa.select(dataset_versions).where(
            dataset_versions.c.dataset == name, dataset_versions.c.run_id == run_id
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return {"rows": row["rows"], "version": row["version"]} if row else None

    def _catch_up(self, name: str, location: Path) -> None:
        later = list(notes(str(location), self._newest(name)))
        if later:
            self._record(name, location, later[::-1])

    def _newest(self, name: str) -> int:
        """Return the newest version that has a row, -1 when none has."""
        query = sa.select(sa.func.max(dataset_versions.c.version)).where(dataset_versions.c.dataset == name)
        with self.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return -1 if found is None else int(found)

    def _record(self, name: str, location: Path, made: Sequence[Note], created: bool = False) -> None:
        """Write the rows of versions, oldest first; those that are there stay. A table made anew begins its rows anew."""
        for attempt in range(TRIES):
            try:
                with self.engine.begin() as connection:
                    if created:
                        _forget(connection, name, made[0].run_id)
                    _write_dataset(connection, name, self._stored(location), made[-1])
                    _write_versions(connection, name, made)
            except IntegrityError as error:
                if attempt == TRIES - 1:
                    what = f"recording version {made[-1].version} of the dataset {name}: others wrote at the same time"
                    raise ConnectorError("RNL-DATASET-005", what, "Run it again.", retryable=True) from error
            else:
                return

    def _stored(self, location: Path) -> str:
        return str(location.relative_to(self.home)) if location.is_relative_to(self.home) else str(location)


def _forget(connection: sa.Connection, name: str, run_id: str | None) -> None:
    """Remove the rows of a table of the same name that is gone."""
    where = (dataset_versions.c.dataset == name) & (dataset_versions.c.run_id != run_id)
    first = dataset_versions.c.version == 0
    stale = connection.execute(sa.select(dataset_versions.c.version).where(where & first)).first()
    if stale is not None:
        connection.execute(dataset_versions.delete().where(dataset_versions.c.dataset == name))


def _write_dataset(connection: sa.Connection, name: str, location: str, newest: Note) -> None:
    found = connection.execute(sa.select(datasets.c.name).where(datasets.c.name == name)).first()
    columns = dict(newest.columns)
    if found is None:
        values = {"name": name, "location": location, "columns": columns, "created_at": newest.at}
        connection.execute(datasets.insert().values(**values))
        return
    query = sa.select(sa.func.max(dataset_versions.c.version)).where(dataset_versions.c.dataset == name)
    latest = connection.execute(query).scalar()
    if latest is None or latest < newest.version:
        connection.execute(datasets.update().where(datasets.c.name == name).values(columns=columns))


def _write_versions(connection: sa.Connection, name: str, made: Sequence[Note]) -> None:
    columns = dataset_versions.c
    query = sa.select(columns.version).where(columns.dataset == name, columns.version >= made[0].version)
    known = set(connection.execute(query).scalars())
    rows = [
        {"dataset": name, "version": note.version, "run_id": note.run_id, "mode": note.mode, "rows": note.rows,
         "columns": dict(note.columns), "created_at": note.at}
        for note in made if note.version not in known
    ]  # fmt: skip
    if rows:
        connection.execute(dataset_versions.insert(), rows)


def _entry(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a version as it is told."""
    told = {key: row[key] for key in ("version", "run_id", "mode", "rows", "columns")}
    return {**told, "epoch": epoch_of_run(row["run_id"]), "created_at": str(row["created_at"])}
