"""Uploads: what somebody is sending in parts; the bytes lie in a file beside until they are whole."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from runnel.store.moments import aware
from runnel.store.tables import uploads


@dataclass(frozen=True)
class Upload:
    """One upload: `status` is receiving, processing, completed or failed; `target` is where the file went."""

    id: str
    name: str
    bytes: int
    status: str
    target: str | None
    actor: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime


class UploadStore:
    """The uploads of a project."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add(self, name: str, size: int, actor: str) -> Upload:
        """Write a new upload."""
        now = datetime.now(UTC)
        made = Upload(uuid.uuid4().hex, name, size, "receiving", None, actor, None, now, now)
        with self.engine.begin() as connection:
            connection.execute(uploads.insert().values(**made.__dict__))
        return made

    def get(self, id: str) -> Upload | None:
        """Return an upload, None when there is none."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(uploads).where(uploads.c.id == id)).mappings().first()
        return None if found is None else _upload(found)

    def unfinished(self, before: datetime) -> list[Upload]:
        """Return the uploads that are not completed and whose rows were written before a moment."""
        where = (uploads.c.status != "completed", uploads.c.updated_at < before)
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(uploads).where(*where)).mappings().all()
        return [_upload(row) for row in found]

    def list(self) -> list[Upload]:
        """Return every upload, newest first."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(uploads).order_by(uploads.c.created_at.desc())).mappings().all()
        return [_upload(row) for row in found]

    def change(self, id: str, status: str, target: str | None = None, error: str | None = None) -> None:
        """Write how far an upload is."""
        values = {"status": status, "updated_at": datetime.now(UTC), "error": error}
        if target is not None:
            values["target"] = target
        with self.engine.begin() as connection:
            connection.execute(uploads.update().where(uploads.c.id == id).values(**values))

    def delete(self, id: str) -> None:
        """Forget an upload."""
        with self.engine.begin() as connection:
            connection.execute(uploads.delete().where(uploads.c.id == id))


def _upload(row: sa.RowMapping) -> Upload:
    moments = {key: aware(row[key]) for key in ("created_at", "updated_at")}
    return Upload(**{**row, **moments})
