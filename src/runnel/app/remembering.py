"""What the sources of a pipeline looked like in its last good run: kept with the run, read again when compiling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnel.compiler.compile import Compiled
from runnel.compiler.schema_policy import Seen
from runnel.errors import ConnectorError
from runnel.plan.shapes import Plan

if TYPE_CHECKING:
    from runnel.app.project import Project

KEY = "sources"
"""The key of a run's stored result that holds node → `Seen`."""
GOOD = ("success", "warning")


def kept_sources(compiled: Compiled, plan: Plan, run_id: str, at: str) -> dict[str, Any]:
    """Return what a good run keeps: its sources as they are, and those that it did not read as they were known."""
    read = {node.id for node in plan.nodes}
    kept = {id: seen for id, seen in compiled.earlier.items() if id in compiled.graph.nodes}
    for id, seen in compiled.seen.items():
        if id in read:
            kept[id] = Seen(seen.config, seen.columns, seen.found, run_id, at)
    return {id: seen.to_json() for id, seen in kept.items()}


class Remembering:
    """Finds the sources of the last good run (the compiler's `Recall`); a database that is not there stays so."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def __call__(self, pipeline: str) -> Mapping[str, Seen]:
        """Return node → what was seen of it, nothing where no run of the pipeline ended well."""
        file = self.project.database_file
        if file is None:
            text = self._from_server(pipeline)
        else:
            text = _from_file(str(file), pipeline) if file.exists() else None
        found = json.loads(text) if text else {}
        return {id: Seen.from_json(data) for id, data in found.items()}

    def _from_server(self, pipeline: str) -> str | None:
        found = self.project.store.runs.last_result(pipeline, KEY, GOOD)
        return None if found is None else json.dumps(found)


def _from_file(file: str, pipeline: str) -> str | None:
    """Ask SQLite itself: the store's own library takes longer to import than a whole pipeline to check."""
    import sqlite3
    from urllib.parse import quote

    query = (
        f"SELECT json_extract(result, '$.{KEY}') FROM runs WHERE pipeline = ? AND status IN (?, ?) "
        f"AND json_extract(result, '$.{KEY}') IS NOT NULL ORDER BY started_at DESC LIMIT 1"
    )
    connection = sqlite3.connect(f"file:{quote(file)}?mode=rw", uri=True, timeout=30)  # never makes a file
    try:
        row = connection.execute(query, (pipeline, *GOOD)).fetchone()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return None
        what = f"reading the last good run of {pipeline} in {file}: {error}"
        raise ConnectorError(
            "RNL-RUN-003", what, "Restore the file from `backups` beside it, or move it away."
        ) from error
    finally:
        connection.close()
    return None if row is None else str(row[0])
