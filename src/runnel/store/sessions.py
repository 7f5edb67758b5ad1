"""Sessions: what a cookie or a refresh token stands for; kept as hashes, so that a copy of the database logs nobody in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runnel.store.moments import aware, text
from runnel.store.tables import sessions


def token_hash(token: str) -> str:
    """Return what is stored of a random token of 128 bits or more; such tokens need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Session:
    """One session: `link` and `login` are cookies, `api` is the family of a refresh token."""

    id: str
    user_id: str
    kind: str
    token_hash: str
    previous_hash: str | None
    address: str | None
    agent: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_why: str | None

    def to_json(self) -> dict[str, Any]:
        """Return what its owner may see of it."""
        return {
            "id": self.id, "user_id": self.user_id, "kind": self.kind, "address": self.address, "agent": self.agent,
            "created_at": text(self.created_at), "seen_at": text(self.seen_at), "expires_at": text(self.expires_at),
        }  # fmt: skip


class SessionStore:
    """The sessions of every user."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add(self, session: Session) -> None:
        """Write a new session."""
        with self.engine.begin() as connection:
            connection.execute(sessions.insert().values(**session.__dict__))

    def get(self, id: str) -> Session | None:
        """Return a session by its public id."""
        return self._one(sessions.c.id == id)

    def by_token(self, token: str) -> Session | None:
        """Return the session of a token."""
        return self._one(sessions.c.token_hash == token_hash(token))

    def by_previous_token(self, token: str) -> Session | None:
        """Return the session whose refresh token was rotated away: somebody used a stolen or an old one."""
        return self._one(sessions.c.previous_hash == token_hash(token))

    def open(self, user_id: str | None, moment: datetime) -> list[Session]:
        """Return the sessions that are in use, of one user or of all."""
        query = sa.select(sessions).where(sessions.c.ended_at.is_(None), sessions.c.expires_at > moment)
        if user_id is not None:
            query = query.where(sessions.c.user_id == user_id)
        with self.engine.connect() as connection:
            found = connection.execute(query.order_by(sessions.c.seen_at.desc())).mappings().all()
        return [_session(row) for row in found]

    def touch(self, id: str, moment: datetime) -> None:
        """Note that a session was used."""
        self._change(sessions.c.id == id, seen_at=moment)

    def rotate(self, session: Session, token: str, moment: datetime, expires_at: datetime) -> bool:
        """Replace a refresh token; of two who use the same one at once one succeeds."""
        where = sa.and_(sessions.c.id == session.id, sessions.c.token_hash == session.token_hash)
        values = {"token_hash": token_hash(token), "previous_hash": session.token_hash, "seen_at": moment}
        return self._change(where, **values, expires_at=expires_at) == 1

    def end(self, id: str, moment: datetime, why: str) -> bool:
        """End one session; tells whether it was open."""
        where = sa.and_(sessions.c.id == id, sessions.c.ended_at.is_(None))
        return self._change(where, ended_at=moment, ended_why=why) == 1

    def end_all(self, moment: datetime, why: str, *, user_id: str | None = None, but: str | None = None) -> list[str]:
        """End the sessions of a user, or all; returns their ids."""
        where = sessions.c.ended_at.is_(None)
        if user_id is not None:
            where = sa.and_(where, sessions.c.user_id == user_id)
        if but is not None:
            where = sa.and_(where, sessions.c.id != but)
        with self.engine.begin() as connection:
            ids = list(connection.execute(sa.select(sessions.c.id).where(where)).scalars())
            connection.execute(sessions.update().where(sessions.c.id.in_(ids)).values(ended_at=moment, ended_why=why))
        return ids

    def forget(self, before: datetime) -> int:
        """Remove the rows of sessions that ended or expired before a moment."""
        where = sa.or_(sessions.c.ended_at < before, sessions.c.expires_at < before)
        with self.engine.begin() as connection:
            return connection.execute(sessions.delete().where(where)).rowcount

    def _change(self, where: sa.ColumnElement[bool], **values: Any) -> int:
        with self.engine.begin() as connection:
            return connection.execute(sessions.update().where(where).values(**values)).rowcount

    def _one(self, where: sa.ColumnElement[bool]) -> Session | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(sessions).where(where)).mappings().first()
        return None if row is None else _session(row)


def _session(row: Any) -> Session:
    moments = {name: aware(row[name]) for name in ("created_at", "seen_at", "expires_at", "ended_at")}
    return Session(**{**row, **moments})
