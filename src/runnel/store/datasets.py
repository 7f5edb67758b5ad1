"""Datasets: named, versioned Delta tables; a write is visible whole or not at all, and counts once per run.

Delta cannot hold every DuckDB type or column name, so the exact names and types stand in the metadata database; columns
are stored under plain names (`c0`, `c1`, …) in types that Delta has.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.errors import AuthoringError, ConnectorError
from runnel.store.tables import dataset_versions, datasets

_SLUG = re.compile(r"[^a-z0-9_-]+")
TRIES = 5


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
        write = DeltaWrite(
            location, known["columns"] if known else None, columns, mode, list(key), f"runnel-{run_id}-{name}"
        )
        made = write.commit(list(parquet))
        self._record(name, location, write.columns, made, mode, run_id)
        return made

    def files(self, name: str, version: int | None = None) -> tuple[Sequence[str], Mapping[str, str], int]:
        """Return the Parquet files, the columns (name → DuckDB type) and the version of a dataset."""
        known = self.show(name)
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            table = DeltaTable(known["location"], version=version)
        except DeltaError as error:
            versions = [entry["version"] for entry in known["versions"]]
            hint = f"Versions: {', '.join(map(str, versions))}."
            raise AuthoringError("RNL-DATASET-002", f"{name} has no version {version}", hint) from error
        columns = known["columns"]
        for entry in known["versions"]:
            if entry["version"] <= table.version():
                columns = entry["columns"]
                break
        return table.file_uris(), columns, table.version()

    def query(self, name: str, version: int | None = None) -> tuple[str, Sequence[str], Mapping[str, str], int]:
        """Return the query that reads a dataset with its own names and types, its files, columns and version."""
        files, columns, found = self.files(name, version)
        casts = ", ".join(
            f"CAST({_column(index)} AS {type}) AS {_quoted(column)}"
            for index, (column, type) in enumerate(columns.items())
        )
        if not files:
            empty = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(column)}" for column, type in columns.items())
            return f"SELECT {empty} WHERE FALSE", (), columns, found
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        return f"SELECT {casts} FROM read_parquet([{listed}], union_by_name = true)", files, columns, found

    def list(self) -> list[dict[str, Any]]:
        """Return every dataset with its newest version and rows."""
        with self.engine.connect() as connection:
            names = connection.execute(sa.select(datasets.c.name).order_by(datasets.c.name)).scalars().all()
        made: list[dict[str, Any]] = []
        for name in names:
            found = self.show(name)
            newest = found["versions"][0] if found["versions"] else {}
            made.append({"name": name, "version": newest.get("version"), "columns": len(found["columns"]),
                         "mode": newest.get("mode"), "created_at": newest.get("created_at")})  # fmt: skip
        return made

    def show(self, name: str) -> dict[str, Any]:
        """Return a dataset with its versions, newest first; raises AuthoringError with the nearest name."""
        known = self._find(name)
        if known is None:
            raise self._missing(name)
        query = (
            sa.select(dataset_versions)
            .where(dataset_versions.c.dataset == name)
            .order_by(dataset_versions.c.version.desc())
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        versions = [
            {key: row[key] for key in ("version", "run_id", "mode", "rows", "columns")}
            | {"created_at": str(row["created_at"])}
            for row in rows
        ]
        return {**known, "versions": versions}

    def compact(self, name: str) -> dict[str, Any]:
        """Join small files of a dataset into few; the rows stay the same."""
        from deltalake import DeltaTable

        return dict(DeltaTable(self.show(name)["location"]).optimize.compact())

    def vacuum(self, name: str, retention_hours: int) -> list[str]:
        """Remove files that no version of the last hours needs; older versions cannot be read afterwards."""
        from deltalake import DeltaTable

        table = DeltaTable(self.show(name)["location"])
        return list(table.vacuum(retention_hours, dry_run=False, enforce_retention_duration=False))

    def delete(self, name: str) -> None:
        """Remove a dataset and its files."""
        known = self.show(name)
        with self.engine.begin() as connection:
            connection.execute(dataset_versions.delete().where(dataset_versions.c.dataset == name))
            connection.execute(datasets.delete().where(datasets.c.name == name))
        shutil.rmtree(known["location"], ignore_errors=True)

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
        return {"name": row["name"], "location": row["location"], "columns": row["columns"]}

    def _new_location(self, name: str) -> Path:
        slug = _SLUG.sub("-", name.lower()).strip("-")[:60] or "dataset"
        folder = self.home / "datasets"
        location = folder / slug
        number = 1
        while location.exists() and (location / "_delta_log").exists() and self._taken(str(location)):
            number += 1
            location = folder / f"{slug}-{number}"
        return location

    def _taken(self, location: str) -> bool:
        query = sa.select(datasets.c.name).where(datasets.c.location == location)
        with self.engine.connect() as connection:
            return connection.execute(query).first() is not None

    def _recorded(self, name: str, run_id: str) -> dict[str, Any] | None:
        query = sa.select(dataset_versions).where(
            dataset_versions.c.dataset == name, dataset_versions.c.run_id == run_id
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return {"rows": row["rows"], "version": row["version"]} if row else None

    def _record(
        self, name: str, location: Path, columns: Mapping[str, str], made: Mapping[str, Any], mode: str, run_id: str
    ) -> None:
        now = datetime.now(UTC)
        row = {"version": made["version"], "run_id": run_id, "mode": mode, "rows": made["rows"], "created_at": now}
        try:
            with self.engine.begin() as connection:
                found = connection.execute(sa.select(datasets.c.name).where(datasets.c.name == name)).first()
                if found is None:
                    values = {"name": name, "location": str(location), "columns": dict(columns), "created_at": now}
                    connection.execute(datasets.insert().values(**values))
                else:
                    query = datasets.update().where(datasets.c.name == name).values(columns=dict(columns))
                    connection.execute(query)
                connection.execute(dataset_versions.insert().values(dataset=name, columns=dict(columns), **row))
        except IntegrityError as error:
            what = f"recording version {made['version']} of the dataset {name}: another run wrote at the same time"
            raise ConnectorError("RNL-DATASET-005", what, "Run it again.", retryable=True) from error


def _column(index: int) -> str:
    return f'"c{index}"'


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
