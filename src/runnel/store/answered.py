"""Answers to requests with an `Idempotency-Key`: claimed before the work, kept for a day, given again to a repetition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.store.tables import answered_requests


@dataclass(frozen=True)
class Answered:
    """One claimed request; `status` is None while it is being answered."""

    key: str
    body_hash: str
    boot: str
    status: int | None
    headers: Mapping[str, str] | None
    body: str | None
    created_at: datetime


class AnsweredStore:
    """The answers that are kept."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def claim(self, key: str, body_hash: str, boot: str, moment: datetime) -> Answered | None:
        """Claim a key; returns None when it is ours now, else what stands there already."""
        row = {"key": key, "body_hash": body_hash, "boot": boot, "created_at": moment}
        try:
            with self.engine.begin() as connection:
                connection.execute(answered_requests.insert().values(**row))
            return None
        except IntegrityError:
            with self.engine.connect() as connection:
                found = connection.execute(sa.select(answered_requests).where(answered_requests.c.key == key))
                row = found.mappings().first()
        return self.claim(key, body_hash, boot, moment) if row is None else Answered(**row)

    def answer(self, key: str, status: int, headers: Mapping[str, Any], body: str) -> None:
        """Keep the answer of a claimed key."""
        values = {"status": status, "headers": dict(headers), "body": body}
        with self.engine.begin() as connection:
            connection.execute(answered_requests.update().where(answered_requests.c.key == key).values(**values))

    def release(self, key: str) -> None:
        """Give a key back whose work was not done."""
        with self.engine.begin() as connection:
            connection.execute(answered_requests.delete().where(answered_requests.c.key == key))

    def forget(self, before: datetime) -> int:
        """Remove answers that are older than a moment."""
        with self.engine.begin() as connection:
            return connection.execute(
                answered_requests.delete().where(answered_requests.c.created_at < before)
            ).rowcount
