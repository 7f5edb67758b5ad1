"""Reads and writes files through the nodes on a plain locked connection, as a worker would."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from runnel.connectors.files import sql
from runnel.connectors.files.sink import FileSink
from runnel.connectors.files.source import FileSource
from runnel.sandbox import connect_locked
from runnel.sdk import Probe, SinkContext, Written

DATA = Path(__file__).parents[2] / "data"


@dataclass
class Read:
    """What reading a file gave."""

    probe: Probe
    rows: list[tuple[Any, ...]]
    letters: list[tuple[bytes, str, dict[str, Any]]] = field(default_factory=list)

    def add(self, raw: bytes, reason: str, position: Any) -> None:
        """Take a dead letter."""
        self.letters.append((raw, reason, dict(position)))

    @property
    def columns(self) -> list[str]:
        return list(self.probe.columns)

    @property
    def types(self) -> list[str]:
        return list(self.probe.columns.values())


def locked(folder: str, readable: list[str]) -> Any:
    """Return a connection that reads the given paths and writes into the folder."""
    return connect_locked(
        duckdb, memory_bytes=1 << 30, threads=2, spill_folder=folder, folders=[folder, *readable], files=readable
    )


def read(path: str | Path | list[str], wanted: list[str] | None = None, **config: Any) -> Read:
    """Probe a source, carry the probe through JSON, open it, run it, finish it."""
    made = str(path) if isinstance(path, Path) else path
    source = FileSource(FileSource.Config(path=made, **config), {}, "source")
    with tempfile.TemporaryDirectory() as staging:
        connection = locked(staging, list(source.reads("/")))
        probe = Probe.from_json(json.loads(json.dumps(source.probe(connection, "/").to_json())))
        result = Read(probe, [])
        columns = {name: type for name, type in probe.columns.items() if wanted is None or name in wanted}
        opened = source.open(connection, probe, columns, result)
        result.rows = connection.execute(f"SELECT {sql.names(columns)} FROM {opened.sql}").fetchall()
        source.finish(connection, probe, result)
        assert opened.rows is None or opened.rows == len(result.rows)
        connection.close()
    return result


def stage(query: str, path: Path, staging: str, **config: Any) -> tuple[FileSink, Written]:
    """Run the first half of a sink."""
    sink = FileSink(FileSink.Config(path=str(path), **config), {}, "sink")
    connection = locked(staging, [])
    types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {query}").fetchall()}
    written = sink.stage(connection, query, staging, types)
    connection.close()
    return sink, written


def write(query: str, path: Path, run: str = "run", **config: Any) -> Written:
    """Write the rows of a query to a file."""
    with tempfile.TemporaryDirectory() as staging:
        sink, written = stage(query, path, staging, **config)
        return sink.commit(written, staging, SinkContext(str(path.parent), run, None))  # type: ignore[arg-type]


def left_over(folder: Path) -> list[str]:
    """Return hidden files that a commit forgot."""
    return [name for name in os.listdir(folder) if name.startswith(".")]
