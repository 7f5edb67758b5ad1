"""Drafts: the text of a pipeline as somebody is editing it, durable from each change on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.store.moments import aware
from runnel.store.tables import drafts


@dataclass(frozen=True)
class Draft:
    """One draft; without `text` the file itself is what is edited next. `revision` rises with every change.

    `base_digest` is the SHA-256 of the file's text that the draft began from (None: there was no file).
    """

    name: str
    path: str
    text: str | None
    base_digest: str | None
    revision: int
    actor: str | None
    client: str | None
    updated_at: datetime


class DraftStore:
    """The drafts of a project."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def get(self, name: str) -> Draft | None:
        """Return the draft of a pipeline, None when nobody edited it here."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(drafts).where(drafts.c.name == name)).mappings().first()
        return None if found is None else Draft(**{**found, "updated_at": aware(found["updated_at"])})

    def put(self, draft: Draft, expected: int) -> bool:
        """Write a draft if its revision is still the expected one (0: there is none); returns whether it was written."""
        row = {**draft.__dict__, "updated_at": datetime.now(UTC)}
        changed = drafts.update().where(drafts.c.name == draft.name, drafts.c.revision == expected).values(**row)
        try:
            with self.engine.begin() as connection:
                if expected:
                    return connection.execute(changed).rowcount == 1
                connection.execute(drafts.insert().values(**row))
                return True
        except IntegrityError:  # somebody else's first change was faster
            return False

    def rename(self, old: str, new: str, path: str) -> None:
        """Give a draft the new name and file of its pipeline."""
        with self.engine.begin() as connection:
            connection.execute(drafts.update().where(drafts.c.name == old).values(name=new, path=path))

    def delete(self, name: str) -> None:
        """Remove a draft."""
        with self.engine.begin() as connection:
            connection.execute(drafts.delete().where(drafts.c.name == name))

    def open(self) -> dict[str, Draft]:
        """Return the drafts that differ from their files, by name."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(drafts).where(drafts.c.text.is_not(None))).mappings().all()
        return {row["name"]: Draft(**{**row, "updated_at": aware(row["updated_at"])}) for row in found}
