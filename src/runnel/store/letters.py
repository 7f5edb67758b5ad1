"""Dead letters: counted per run and node in the database, kept as lines of JSON in files, settled one by one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from runnel.errors import AuthoringError
from runnel.store.tables import dead_letters


class LetterStore:
    """The dead letters of a project."""

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine = engine
        self.home = home

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run's letters."""
        return self.home / "letters" / run_id

    def add(self, run_id: str, pipeline: str, counts: Mapping[str, int], files: Sequence[str]) -> None:
        """Keep the letters of a run: how many each node refused, and the stored ones out of the workers' files."""
        folder = self.folder(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "letters.ndjson"
        stored: dict[str, list[int]] = {}
        with kept.open("wb") as target:
            for file in dict.fromkeys(files):
                for line in _lines(Path(file)):
                    node = json.loads(line)["node"]
                    entry = stored.setdefault(node, [0, 0])
                    entry[0] += 1
                    entry[1] += len(line)
                    target.write(line)
        now = datetime.now(UTC)
        rows = [
            {
                "run_id": run_id, "node": node, "pipeline": pipeline, "count": count, "file": str(kept), "settled": {},
                "stored": stored.get(node, [0, 0])[0], "bytes": stored.get(node, [0, 0])[1], "created_at": now,
            }
            for node, count in counts.items()
        ]  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(dead_letters.insert(), rows)

    def list(self, pipeline: str | None = None, run_id: str | None = None) -> list[dict[str, Any]]:
        """Return one entry per run and node, newest first."""
        query = sa.select(dead_letters).order_by(dead_letters.c.created_at.desc(), dead_letters.c.node)
        if pipeline is not None:
            query = query.where(dead_letters.c.pipeline == pipeline)
        if run_id is not None:
            query = query.where(dead_letters.c.run_id == run_id)
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        return [
            {
                "run_id": row["run_id"], "pipeline": row["pipeline"], "node": row["node"], "count": row["count"],
                "stored": row["stored"], "bytes": row["bytes"],
                "open": row["count"] - sum(int(value["count"]) for value in row["settled"].values()),
            }
            for row in found
        ]  # fmt: skip

    def show(self, run_id: str, node: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return the first stored letters of a run (and node), each with its number within the run."""
        file = self.folder(run_id) / "letters.ndjson"
        if not file.exists():
            return []
        settled = self._settled(run_id)
        found: list[dict[str, Any]] = []
        for number, line in enumerate(_lines(file)):
            letter = json.loads(line)
            if node is None or letter["node"] == node:
                state = settled.get(letter["node"], {})
                found.append({"number": number, "state": _state(state, number), **letter})
            if len(found) >= limit:
                break
        return found

    def settle(self, run_id: str, node: str, state: str, reason: str, numbers: Sequence[int] | None = None) -> int:
        """Mark letters as discarded or replayed (all open ones without `numbers`); returns how many."""
        with self.engine.begin() as connection:
            where = (dead_letters.c.run_id == run_id) & (dead_letters.c.node == node)
            row = connection.execute(sa.select(dead_letters).where(where).with_for_update()).mappings().first()
            if row is None:
                hint = "`runnel dead-letters list` shows them."
                raise AuthoringError("RNL-LETTER-001", f"run {run_id} has no dead letters of {node}", hint)
            settled = dict(row["settled"])
            done = {number for value in settled.values() for number in value.get("numbers") or []}
            rest = row["count"] - sum(int(value["count"]) for value in settled.values())
            fresh = None if numbers is None else [number for number in numbers if number not in done]
            count = rest if fresh is None else len(fresh)
            settled[f"{state}-{len(settled)}"] = {"state": state, "reason": reason, "count": count, "numbers": fresh}
            connection.execute(dead_letters.update().where(where).values(settled=settled))
        return count

    def _settled(self, run_id: str) -> dict[str, Mapping[str, Any]]:
        query = sa.select(dead_letters.c.node, dead_letters.c.settled).where(dead_letters.c.run_id == run_id)
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def remove(self, run_id: str) -> None:
        """Remove the letters of a run, rows and files."""
        with self.engine.begin() as connection:
            connection.execute(dead_letters.delete().where(dead_letters.c.run_id == run_id))
        shutil.rmtree(self.folder(run_id), ignore_errors=True)


def _state(settled: Mapping[str, Any], number: int) -> str:
    for value in settled.values():
        if value.get("numbers") is None or number in value["numbers"]:
            return str(value["state"])
    return "open"


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as handle:
        for line in handle:
            if line.endswith(b"\n"):
                yield line
