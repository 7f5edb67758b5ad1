"""Dead letters: counted per run and node in the database, kept as lines of JSON in one object per run, settled one by one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.objects import Objects
from runnel.store.files import forget, register, registered
from runnel.store.tables import dead_letters

PREFIX = "letters/"


class LetterStore:
    """The dead letters of a project.

    A row's `settled` holds one entry per settlement: `state` (replayed, discarded, replaying), `reason`, `count`, and
    the `numbers` of the letters within the run (None: every letter that was open).
    """

    def __init__(self, engine: sa.Engine, home: Path, objects: Objects) -> None:
        self.engine = engine
        self.home = home
        self.objects = objects

    def key(self, run_id: str) -> str:
        """Return the key of the object with a run's letters."""
        return f"{PREFIX}{run_id}.ndjson"

    def add(self, run_id: str, pipeline: str, counts: Mapping[str, int], files: Sequence[str]) -> None:
        """Keep the letters of a run: how many each node refused, and the stored ones out of the workers' files."""
        stored: dict[str, list[int]] = {}
        ref = self.objects.put(self.key(run_id), _gathered(files, stored))
        now = datetime.now(UTC)
        rows = [
            {
                "run_id": run_id, "node": node, "pipeline": pipeline, "count": count, "file": ref.key, "settled": {},
                "stored": stored.get(node, [0, 0])[0], "bytes": stored.get(node, [0, 0])[1], "created_at": now,
            }
            for node, count in counts.items()
        ]  # fmt: skip
        with self.engine.begin() as connection:
            register(connection, ref, run_id)
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

    def show(
        self, run_id: str, node: str | None = None, limit: int = 100, exact: bool = False
    ) -> list[dict[str, Any]]:
        """Return the first stored letters of a run (and node), each with its number within the run and its state.

        With `exact` there is `row_text` besides `row`: the JSON as it was kept, with every digit.
        """
        found: list[dict[str, Any]] = []
        with self._opened(run_id) as file:
            settled = self._settled(run_id)
            for number, line in enumerate(_lines(file)):
                letter = json.loads(line)
                if exact and "row" in letter:
                    letter["row_text"] = _row_text(line, letter["row"])
                if node is None or letter["node"] == node:
                    state = settled.get(letter["node"], {})
                    found.append({"number": number, "state": _state(state, number), **letter})
                if len(found) >= limit:
                    break
        return found

    def settle(self, run_id: str, node: str, state: str, reason: str, numbers: Sequence[int] | None = None) -> int:
        """Mark letters as discarded or replayed (all open ones without `numbers`); returns how many."""
        return len(self.claim(run_id, node, state, reason, numbers)) if numbers is not None else self._rest(
            run_id, node, state, reason
        )  # fmt: skip

    def claim(self, run_id: str, node: str, state: str, reason: str, numbers: Sequence[int]) -> list[int]:
        """Settle those of the given letters that are open, in one transaction; returns their numbers.

        Of two that claim the same letters at once, each letter goes to one.
        """
        with self.engine.begin() as connection:
            settled, rest = self._locked(connection, run_id, node)
            done = {number for value in settled.values() for number in value.get("numbers") or []}
            everything = any(value.get("numbers") is None for value in settled.values())
            fresh = [] if everything else [number for number in dict.fromkeys(numbers) if number not in done][:rest]
            if fresh:
                self._settle(connection, run_id, node, settled, _entry(state, reason, len(fresh), fresh))
        return fresh

    def resolve(self, run_id: str, node: str, reason: str, state: str | None, new_reason: str = "") -> None:
        """End a claim: its letters get a state, or are open again (None)."""
        with self.engine.begin() as connection:
            settled, _ = self._locked(connection, run_id, node)
            kept = {name: value for name, value in settled.items() if not _claims(value, reason)}
            for value in settled.values():
                if _claims(value, reason) and state is not None:
                    kept[_name(kept, state)] = {**value, "state": state, "reason": new_reason}
            where = (dead_letters.c.run_id == run_id) & (dead_letters.c.node == node)
            connection.execute(dead_letters.update().where(where).values(settled=kept))

    def claims(self) -> list[tuple[str, str, str]]:
        """Return (run, node, reason) of every claim that was not ended."""
        columns = dead_letters.c
        some = sa.cast(columns.settled, sa.Text).contains('"replaying"')
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(columns.run_id, columns.node, columns.settled).where(some)).all()
        return [
            (run_id, node, value["reason"])
            for run_id, node, settled in rows for value in settled.values() if value["state"] == "replaying"
        ]  # fmt: skip

    def drop(self, run_id: str) -> None:
        """Remove the stored letters of a run; how many there were stays known."""
        where = dead_letters.c.run_id == run_id
        with self.engine.begin() as connection:
            connection.execute(dead_letters.update().where(where).values(stored=0, bytes=0, file=None))
            forget(connection, self.key(run_id))
        self._delete(run_id)

    def remove(self, run_id: str) -> None:
        """Remove the letters of a run, rows and objects."""
        with self.engine.begin() as connection:
            connection.execute(dead_letters.delete().where(dead_letters.c.run_id == run_id))
            forget(connection, self.key(run_id))
        self._delete(run_id)

    def _delete(self, run_id: str) -> None:
        self.objects.delete(self.key(run_id))
        shutil.rmtree(self._old_file(run_id).parent, ignore_errors=True)

    def _old_file(self, run_id: str) -> Path:
        """Return where letters lay before there were objects."""
        return self.home / "letters" / run_id / "letters.ndjson"

    @contextmanager
    def _opened(self, run_id: str) -> Iterator[IO[bytes] | Sequence[bytes]]:
        with self.engine.connect() as connection:
            ref = registered(connection, self.key(run_id))
        if ref is not None:
            with self.objects.open(ref) as file:
                yield file
        elif self._old_file(run_id).exists():
            with self._old_file(run_id).open("rb") as file:
                yield file
        else:
            yield []

    def _rest(self, run_id: str, node: str, state: str, reason: str) -> int:
        with self.engine.begin() as connection:
            settled, rest = self._locked(connection, run_id, node)
            if rest:
                self._settle(connection, run_id, node, settled, _entry(state, reason, rest, None))
        return rest

    def _locked(self, connection: sa.Connection, run_id: str, node: str) -> tuple[dict[str, Any], int]:
        """Return what was settled and how many are open, and keep others from settling until the transaction ends."""
        where = (dead_letters.c.run_id == run_id) & (dead_letters.c.node == node)
        # SQLite has no row locks: a write takes the database's before anything is read.
        connection.execute(dead_letters.update().where(where).values(count=dead_letters.c.count))
        row = connection.execute(sa.select(dead_letters).where(where).with_for_update()).mappings().first()
        if row is None:
            hint = "`runnel dead-letters list` shows them."
            raise AuthoringError("RNL-LETTER-001", f"run {run_id} has no dead letters of {node}", hint)
        settled = dict(row["settled"])
        return settled, row["count"] - sum(int(value["count"]) for value in settled.values())

    def _settle(
        self, connection: sa.Connection, run_id: str, node: str, settled: dict[str, Any], entry: Mapping[str, Any]
    ) -> None:
        settled[_name(settled, entry["state"])] = entry
        where = (dead_letters.c.run_id == run_id) & (dead_letters.c.node == node)
        connection.execute(dead_letters.update().where(where).values(settled=settled))

    def _settled(self, run_id: str) -> dict[str, Mapping[str, Any]]:
        query = sa.select(dead_letters.c.node, dead_letters.c.settled).where(dead_letters.c.run_id == run_id)
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _entry(state: str, reason: str, count: int, numbers: Sequence[int] | None) -> dict[str, Any]:
    return {"state": state, "reason": reason, "count": count, "numbers": numbers}


def _name(settled: Mapping[str, Any], state: str) -> str:
    number = len(settled)
    while f"{state}-{number}" in settled:
        number += 1
    return f"{state}-{number}"


def _claims(value: Mapping[str, Any], reason: str) -> bool:
    return value["state"] == "replaying" and value["reason"] == reason


def _state(settled: Mapping[str, Any], number: int) -> str:
    """Return the state of one letter: its own settlement first, then one of all that were open."""
    everything = "open"
    for value in settled.values():
        if value.get("numbers") is None:
            everything = str(value["state"])
        elif number in value["numbers"]:
            return str(value["state"])
    return everything


def _row_text(line: bytes, row: Any) -> str:
    """Return the text of the row, which stands first in a line; lines of an older version have it elsewhere."""
    text, first = line.decode("utf-8", "surrogatepass"), '{"row": '
    if not text.startswith(first):
        return json.dumps(row, ensure_ascii=False)
    return text[len(first) : json.JSONDecoder().raw_decode(text, len(first))[1]]


def _gathered(files: Sequence[str], stored: dict[str, list[int]]) -> Iterator[bytes]:
    """Return the whole lines of several files, and count lines and bytes per node on the way."""
    for file in dict.fromkeys(files):
        try:
            with Path(file).open("rb") as handle:
                for line in _lines(handle):
                    node = json.loads(line)["node"]
                    entry = stored.setdefault(node, [0, 0])
                    entry[0] += 1
                    entry[1] += len(line)
                    yield line
        except OSError as error:
            what = f"keeping dead letters: reading {file}: {error.strerror}"
            raise ConnectorError("RNL-LETTER-003", what, "Look at the state folder.") from error


def _lines(file: IO[bytes] | Sequence[bytes]) -> Iterator[bytes]:
    """Return the lines that are whole: a worker that was killed may leave half of one."""
    for line in file:
        if line.endswith(b"\n"):
            yield line
