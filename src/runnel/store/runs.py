"""Runs: durable from their first row to their last, with tasks, logs and ledger; what died is found and named."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from runnel.errors import AuthoringError
from runnel.store.ownership import is_dead, myself
from runnel.store.tables import ledger, runs, tasks

OPEN = ("pending", "running", "retrying", "paused")


@dataclass(frozen=True)
class Run:
    """One run as it is stored."""

    id: str
    pipeline: str
    version: str
    status: str
    cause: str | None
    params: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    error: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    actor: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row of a list of runs."""
        return {
            "run_id": self.id, "pipeline": self.pipeline, "version": self.version, "status": self.status,
            "cause": self.cause, "params": dict(self.params), "started_at": _text(self.started_at),
            "finished_at": _text(self.finished_at), "seconds": self.seconds, "error": self.error,
            "actor": self.actor,
        }  # fmt: skip


def _text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat().replace("+00:00", "Z")


def new_id() -> str:
    """Return an id that sorts by time: milliseconds since 1970 and randomness, both in hexadecimal."""
    return f"{int(time.time() * 1000):012x}{uuid.uuid4().hex[:12]}"


class RunStore:
    """The runs of a project."""

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine = engine
        self.home = home

    def start(
        self,
        pipeline: str,
        version: str,
        params: Mapping[str, Any],
        replays: str | None = None,
        actor: str | None = None,
    ) -> Run:
        """Write the row of a new running run, in one transaction; `replays` names the claim on what it replays."""
        id = new_id()
        row = {
            "id": id, "pipeline": pipeline, "version": version, "status": "running", "params": dict(params),
            "started_at": datetime.now(UTC), "owner": {**myself(), "replays": replays}, "token": time.time_ns() & (2**62 - 1),
            "cancel_requested": False, "actor": actor,
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(runs.insert().values(**row))
        return Run(id, pipeline, version, "running", None, params, row["started_at"], None, None, None, None, actor)

    def journal(self, run_id: str) -> RunJournal:
        """Return the journal of a run."""
        return RunJournal(self.engine, run_id, self.folder(run_id) / "log.ndjson")

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run's payloads."""
        return self.home / "runs" / run_id

    def finish(
        self,
        run_id: str,
        status: str,
        cause: str | None,
        result: Mapping[str, Any],
        error: Mapping[str, Any] | None,
        entries: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write how a run ended, with its ledger, in one transaction; a run that has ended stays as it is."""
        values = {
            "status": status, "cause": cause, "finished_at": datetime.now(UTC), "seconds": result.get("seconds"),
            "result": _jsonable(result), "error": _jsonable(error),
        }  # fmt: skip
        with self.engine.begin() as connection:
            changed = connection.execute(
                runs.update().where(runs.c.id == run_id, runs.c.status.in_(OPEN)).values(**values)
            )
            if changed.rowcount and entries:
                rows = [{"run_id": run_id, "epoch": 0, "node": entry["node"], "entry": entry} for entry in entries]
                connection.execute(ledger.insert(), rows)

    def get(self, run_id: str) -> Run:
        """Return a run by its id or by the beginning of it; raises AuthoringError when there is none."""
        query = sa.select(runs).where(runs.c.id.startswith(run_id, autoescape=True)).limit(2)
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        if len(found) != 1:
            what = f"there is no run `{run_id}`" if not found else f"`{run_id}` is the beginning of several runs"
            raise AuthoringError("RNL-RUN-001", what, "`runnel runs list` shows them.")
        return _run(found[0])

    def replaying(self, claim: str) -> Run | None:
        """Return the run that replays what a claim names, None when none was started."""
        query = sa.select(runs).where(runs.c.owner["replays"].as_string() == claim)
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().first()
        return None if found is None else _run(found)

    def list(self, limit: int = 50, pipeline: str | None = None) -> list[Run]:
        """Return the newest runs."""
        query = sa.select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if pipeline is not None:
            query = query.where(runs.c.pipeline == pipeline)
        with self.engine.connect() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def find(
        self, *, pipeline: str | None = None, status: str | None = None, since: str | None = None,
        until: str | None = None, search: str | None = None, names: Sequence[str] | None = None, offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[Run], int]:  # fmt: skip
        """Return the newest runs that fit, and how many fit; `search` is the beginning of an id, or one of `names`."""
        tests: list[Any] = []
        if pipeline:
            tests.append(runs.c.pipeline == pipeline)
        if status:
            tests.append(runs.c.status.in_(status.split(",")))
        if since:
            tests.append(runs.c.started_at >= _moment(since))
        if until:
            tests.append(runs.c.started_at < _moment(until))
        if search:
            tests.append(runs.c.id.startswith(search, autoescape=True) | runs.c.pipeline.in_(list(names or ())))
        query = sa.select(runs).where(*tests).order_by(runs.c.started_at.desc(), runs.c.id.desc())
        with self.engine.connect() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(runs).where(*tests)).scalar_one()
            return [_run(row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()], total

    def recent(self, most: int) -> dict[str, list[Run]]:
        """Return the newest runs of every pipeline, newest first."""
        place = sa.func.row_number().over(partition_by=runs.c.pipeline, order_by=(runs.c.started_at.desc(), runs.c.id.desc()))
        ranked = sa.select(runs.c.id, place.label("place")).subquery()
        query = (
            sa.select(runs).join(ranked, ranked.c.id == runs.c.id).where(ranked.c.place <= most)
            .order_by(runs.c.pipeline, ranked.c.place)
        )  # fmt: skip
        found: dict[str, list[Run]] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(query).mappings():
                found.setdefault(row["pipeline"], []).append(_run(row))
        return found

    def by_version(self, pipeline: str) -> dict[str, int]:
        """Return how often each version of a pipeline ran."""
        query = sa.select(runs.c.version, sa.func.count()).where(runs.c.pipeline == pipeline).group_by(runs.c.version)
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def last_result(self, pipeline: str, key: str, statuses: Sequence[str]) -> Any:
        """Return the value at a key of the stored result of the newest run that has one; None when none has."""
        value = runs.c.result[key]
        query = (
            sa.select(value)
            .where(runs.c.pipeline == pipeline, runs.c.status.in_(statuses), value.as_string().is_not(None))
            .order_by(runs.c.started_at.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def tasks(self, run_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a run in the order of their start."""
        query = sa.select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.started_at)
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        return [
            {**row, "started_at": _text(row["started_at"]), "finished_at": _text(row["finished_at"])} for row in found
        ]

    def logs(self, run_id: str) -> list[dict[str, Any]]:
        """Return the log lines of a run, also of one whose process died."""
        file = self.folder(run_id) / "log.ndjson"
        if not file.exists():
            return []
        lines = file.read_text("utf-8", "replace").split("\n")
        return [json.loads(line) for line in lines if line.endswith("}")]

    def request_cancel(self, run_id: str) -> bool:
        """Ask a running run to stop; returns whether it was still running."""
        query = runs.update().where(runs.c.id == run_id, runs.c.status.in_(OPEN)).values(cancel_requested=True)
        with self.engine.begin() as connection:
            return connection.execute(query).rowcount == 1

    def cancel_requested(self, run_id: str) -> bool:
        """Tell whether somebody asked a run to stop."""
        query = sa.select(runs.c.cancel_requested).where(runs.c.id == run_id)
        with self.engine.connect() as connection:
            return bool(connection.execute(query).scalar_one_or_none())

    def live_since(self) -> datetime | None:
        """Return when the oldest run that has not ended began, None when none is open."""
        query = sa.select(sa.func.min(runs.c.started_at)).where(runs.c.status.in_(OPEN))
        with self.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)

    def recover(self, clean: Callable[[Path], None] | None = None) -> list[Run]:
        """End the runs whose owner is gone, remove what they staged, and return them.

        `clean` is called with the staging folder of each before it is removed.
        """
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(runs).where(runs.c.status.in_(OPEN))).mappings().all()
        dead = [row for row in found if is_dead(row["owner"])]
        for row in dead:
            what = f"the process {row['owner']['pid']} that ran it is gone (killed, or the machine was restarted)"
            error = {"code": "RNL-RUN-002", "category": "engine", "what": what, "hint": "Run it again.", "where": {}}
            self.finish(row["id"], "failed", "lost worker", {}, error, [])
            if clean is not None:
                clean(self.folder(row["id"]) / "staging")
            shutil.rmtree(self.folder(row["id"]) / "staging", ignore_errors=True)
        return [self.get(row["id"]) for row in dead]


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        what = f"`{text}` is no time"
        raise AuthoringError("RNL-RUN-003", what, "Write it as 2026-01-31T12:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _jsonable(value: Any) -> Any:
    return None if value is None else json.loads(json.dumps(value, default=str))


def _run(row: Any) -> Run:
    return Run(
        row["id"], row["pipeline"], row["version"], row["status"], row["cause"], row["params"], row["started_at"],
        row["finished_at"], row["seconds"], row["error"], row["result"], row["actor"],
    )  # fmt: skip


class RunJournal:
    """The journal of one run (`runtime.Journal`): tasks as rows, log lines in a file that is flushed line by line."""

    def __init__(self, engine: sa.Engine, run_id: str, log_file: Path) -> None:
        self.engine = engine
        self.run_id = run_id
        self.log_file = log_file
        self.heard: Callable[[Mapping[str, Any]], None] | None = None
        self._lock = threading.Lock()

    def task_started(self, task: str, nodes: tuple[str, ...]) -> None:
        """Write the row of a running task."""
        row = {
            "run_id": self.run_id, "task": task, "nodes": list(nodes), "status": "running",
            "started_at": datetime.now(UTC),
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(tasks.insert().values(**row))
        self.log("info", nodes[-1] if nodes else None, f"{task} started")

    def task_finished(self, task: str, status: str, seconds: float, detail: Mapping[str, Any]) -> None:
        """Write how a task ended; a task that came out of the cache gets its row now."""
        now = datetime.now(UTC)
        values = {"status": status, "finished_at": now, "seconds": seconds, "output_metadata": _jsonable(detail)}
        with self.engine.begin() as connection:
            query = tasks.update().where(tasks.c.run_id == self.run_id, tasks.c.task == task).values(**values)
            if connection.execute(query).rowcount == 0:
                row = {"run_id": self.run_id, "task": task, "nodes": [], "started_at": now, **values}
                connection.execute(tasks.insert().values(**row))
        for node, port, rows in detail.get("counts", ()):
            self.log("info", node, f"{rows:,} rows" if port == "output" else f"{rows:,} rows through `{port}`")
        for node, refused in detail.get("letters", {}).items():
            self.log("warning", node, f"{refused:,} records refused, kept as dead letters")
        cached = " from the cache" if detail.get("cached") else f" after {seconds:.3f} s"
        self.log("info" if status == "success" else "error", None, f"{task} {status}{cached}")

    def log(self, level: str, node: str | None, message: str) -> None:
        """Append a line and flush it."""
        line = {"at": _text(datetime.now(UTC)), "level": level, "node": node, "message": message}
        with self._lock:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            finally:
                os.close(descriptor)
        if self.heard is not None:
            self.heard(line)
