"""Shares: read-only links to named charts of one pipeline; the link is random and kept as a hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runnel.store.moments import aware, text
from runnel.store.sessions import token_hash
from runnel.store.tables import shares


@dataclass(frozen=True)
class Share:
    """One share as it is stored."""

    id: str
    token_hash: str
    pipeline: str
    nodes: list[str]
    mode: str
    title: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    views: int
    viewed_at: datetime | None
    columns: dict[str, list[str]] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what people of the project may see of it; never the link."""
        return {
            "id": self.id, "pipeline": self.pipeline, "nodes": list(self.nodes), "mode": self.mode, "title": self.title,
            "created_by": self.created_by, "created_at": text(self.created_at), "expires_at": text(self.expires_at),
            "revoked_at": text(self.revoked_at), "views": self.views, "viewed_at": text(self.viewed_at),
        }  # fmt: skip


class ShareStore:
    """The shares of a project."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add(self, share: Share) -> None:
        """Write a new share."""
        with self.engine.begin() as connection:
            connection.execute(shares.insert().values(**share.__dict__))

    def get(self, id: str) -> Share | None:
        """Return a share by its public id."""
        return self._one(shares.c.id == id)

    def by_token(self, token: str) -> Share | None:
        """Return the share of a link, in force or not."""
        return self._one(shares.c.token_hash == token_hash(token))

    def list(self, pipeline: str | None = None) -> list[Share]:
        """Return shares, newest first."""
        query = sa.select(shares).order_by(shares.c.created_at.desc())
        if pipeline is not None:
            query = query.where(shares.c.pipeline == pipeline)
        with self.engine.connect() as connection:
            return [_share(row) for row in connection.execute(query).mappings()]

    def count_view(self, id: str, moment: datetime) -> None:
        """Count one reading."""
        values = {"views": shares.c.views + 1, "viewed_at": moment}
        with self.engine.begin() as connection:
            connection.execute(shares.update().where(shares.c.id == id).values(**values))

    def revoke(self, id: str, moment: datetime) -> bool:
        """Revoke a share; tells whether it was in force."""
        where = (shares.c.id == id, shares.c.revoked_at.is_(None))
        with self.engine.begin() as connection:
            return connection.execute(shares.update().where(*where).values(revoked_at=moment)).rowcount == 1

    def _one(self, where: sa.ColumnElement[bool]) -> Share | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(shares).where(where)).mappings().first()
        return None if row is None else _share(row)


def _share(row: Any) -> Share:
    moments = {name: aware(row[name]) for name in ("created_at", "expires_at", "revoked_at", "viewed_at")}
    return Share(**{**row, **moments})
