"""API tokens and invitations: random, kept as hashes, shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runnel.store.moments import aware, text
from runnel.store.sessions import token_hash
from runnel.store.tables import api_tokens, invitations


@dataclass(frozen=True)
class ApiToken:
    """One API token as it is stored; `scopes` None means all that its owner may."""

    id: str
    user_id: str
    name: str
    token_hash: str
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return what its owner may see of it."""
        return {
            "id": self.id, "name": self.name, "user_id": self.user_id, "scopes": self.scopes,
            "created_at": text(self.created_at), "expires_at": text(self.expires_at), "used_at": text(self.used_at),
        }  # fmt: skip


@dataclass(frozen=True)
class Invitation:
    """One invitation to register, with the role that it gives; good once."""

    id: str
    token_hash: str
    role: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class ApiTokenStore:
    """The API tokens of every user."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add(self, token: ApiToken) -> None:
        """Write a new token."""
        with self.engine.begin() as connection:
            connection.execute(api_tokens.insert().values(**token.__dict__))

    def by_token(self, token: str) -> ApiToken | None:
        """Return the row of a token, revoked or not."""
        return self._one(api_tokens.c.token_hash == token_hash(token))

    def get(self, id: str) -> ApiToken | None:
        """Return a token by its public id."""
        return self._one(api_tokens.c.id == id)

    def list(self, user_id: str | None = None) -> list[ApiToken]:
        """Return the tokens that are not revoked, newest first."""
        query = sa.select(api_tokens).where(api_tokens.c.revoked_at.is_(None)).order_by(api_tokens.c.created_at.desc())
        if user_id is not None:
            query = query.where(api_tokens.c.user_id == user_id)
        with self.engine.connect() as connection:
            return [_token(row) for row in connection.execute(query).mappings()]

    def touch(self, id: str, moment: datetime) -> None:
        """Note that a token was used."""
        with self.engine.begin() as connection:
            connection.execute(api_tokens.update().where(api_tokens.c.id == id).values(used_at=moment))

    def revoke(self, id: str, moment: datetime) -> bool:
        """Revoke a token; tells whether it was in force."""
        where = (api_tokens.c.id == id, api_tokens.c.revoked_at.is_(None))
        with self.engine.begin() as connection:
            return connection.execute(api_tokens.update().where(*where).values(revoked_at=moment)).rowcount == 1

    def invite(self, invitation: Invitation) -> None:
        """Write a new invitation."""
        with self.engine.begin() as connection:
            connection.execute(invitations.insert().values(**invitation.__dict__))

    def use_invitation(self, token: str, moment: datetime) -> str | None:
        """Use an invitation up and return its role; None when it is none, used, or too old."""
        where = (
            invitations.c.token_hash == token_hash(token),
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > moment,
        )
        with self.engine.begin() as connection:
            if connection.execute(invitations.update().where(*where).values(used_at=moment)).rowcount != 1:
                return None
            query = sa.select(invitations.c.role).where(invitations.c.token_hash == token_hash(token))
            return connection.execute(query).scalar_one()

    def give_back(self, token: str) -> None:
        """Make an invitation good again that was used for nothing."""
        with self.engine.begin() as connection:
            where = invitations.c.token_hash == token_hash(token)
            connection.execute(invitations.update().where(where).values(used_at=None))

    def _one(self, where: sa.ColumnElement[bool]) -> ApiToken | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(api_tokens).where(where)).mappings().first()
        return None if row is None else _token(row)


def _token(row: Any) -> ApiToken:
    moments = {name: aware(row[name]) for name in ("created_at", "expires_at", "used_at", "revoked_at")}
    return ApiToken(**{**row, **moments})
