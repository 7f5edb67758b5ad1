"""The audit log: one entry per change, each with the hash of the one before, so that a missing or edited one shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from runnel.store.tables import audit, audit_head, audit_intents

HASHED = (
    "number", "at", "actor", "actor_name", "action", "object_kind", "object_id", "outcome", "status", "before", "after",
    "request_id", "address", "previous_hash",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What is to be written: who did what to which object, and what it was before and after."""

    at: str
    actor: Mapping[str, Any]
    actor_name: str
    action: str
    object_kind: str
    object_id: str
    outcome: str
    status: int
    request_id: str
    address: str | None = None
    before: Any = None
    after: Any = None


def entry_hash(row: Any) -> str:
    """Return the hash of an entry, over all that it says and the hash of the entry before."""
    text = json.dumps({name: row[name] for name in HASHED}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class AuditStore:
    """The audit log of a project; entries are added and never changed."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def begin(self, entry: Entry) -> None:
        """Note that a change begins, so that it has an entry also when the process ends before the change does."""
        row = {column.name: getattr(entry, column.name) for column in audit_intents.columns}
        with self.engine.begin() as connection:
            connection.execute(audit_intents.insert().values(**row))

    def forget(self, request_id: str) -> None:
        """Drop the note of a change that was not made."""
        with self.engine.begin() as connection:
            connection.execute(audit_intents.delete().where(audit_intents.c.request_id == request_id))

    def settle(self) -> int:
        """Write an entry for every change that began and never ended; returns how many. No change may be under way."""
        with self.engine.connect() as connection:
            begun = connection.execute(sa.select(audit_intents).order_by(audit_intents.c.at)).mappings().all()
        for row in begun:
            self.add(Entry(**row, actor_name=row["actor"]["name"], outcome="unknown", status=0))
        return len(begun)

    def add(self, entry: Entry) -> int:
        """Write an entry at the end of the chain, in place of the note of its beginning; returns its number."""
        with self.engine.begin() as connection:
            # The first statement writes, so that of two writers one waits here and both see the true end.
            advanced = audit_head.update().where(audit_head.c.id == 1).values(number=audit_head.c.number + 1)
            connection.execute(advanced)
            head = connection.execute(sa.select(audit_head)).mappings().one()
            row = json.loads(json.dumps(entry.__dict__, default=str))
            row |= {"number": int(head["number"]), "previous_hash": head["hash"]}
            row["hash"] = entry_hash(row)
            connection.execute(audit.insert().values(**row))
            connection.execute(audit_head.update().where(audit_head.c.id == 1).values(hash=row["hash"]))
            connection.execute(audit_intents.delete().where(audit_intents.c.request_id == entry.request_id))
            return row["number"]

    def list(self, *, below: int | None = None, limit: int = 50, **wanted: str | None) -> list[dict[str, Any]]:
        """Return entries, newest first; `actor`, `action`, `object`, `since` and `until` narrow them."""
        query = sa.select(audit).order_by(audit.c.number.desc()).limit(limit)
        if below is not None:
            query = query.where(audit.c.number < below)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query.where(*_narrowed(wanted))).mappings()]

    def count(self, **wanted: str | None) -> int:
        """Return how many entries there are of a kind."""
        query = sa.select(sa.func.count()).select_from(audit).where(*_narrowed(wanted))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def problems(self) -> Iterator[str]:
        """Walk the chain and yield what does not fit: an edited, a missing or a moved entry, or a cut end."""
        before, number = "", 0
        with self.engine.connect() as connection:
            for row in connection.execute(sa.select(audit).order_by(audit.c.number)).mappings():
                number += 1
                if row["number"] != number:
                    yield f"entry {number} is missing"
                    number = row["number"]
                elif row["previous_hash"] != before:
                    yield f"entry {number} does not follow the one before it"
                if row["hash"] != entry_hash(row):
                    yield f"entry {number} was changed"
                before = row["hash"]
            head = connection.execute(sa.select(audit_head)).mappings().one()
        if (head["number"], head["hash"]) != (number, before):
            yield f"the log ends at entry {number}, but {head['number']} were written"


def _narrowed(wanted: Mapping[str, str | None]) -> list[sa.ColumnElement[bool]]:
    made: list[sa.ColumnElement[bool]] = []
    if wanted.get("actor"):
        made.append(audit.c.actor_name == wanted["actor"])
    if wanted.get("action"):
        made.append(audit.c.action.startswith(wanted["action"], autoescape=True))
    if wanted.get("object"):
        made.append(sa.or_(audit.c.object_id == wanted["object"], audit.c.object_kind == wanted["object"]))
    if wanted.get("since"):
        made.append(audit.c.at >= wanted["since"])
    if wanted.get("until"):
        made.append(audit.c.at < wanted["until"])
    return made
