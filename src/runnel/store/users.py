"""Users: who may log in, with which role; the built-in person `local` is the row without a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runnel.store.moments import aware, text
from runnel.store.tables import users


@dataclass(frozen=True)
class User:
    """One user as it is stored; `password_hash` never leaves the server."""

    id: str
    username: str
    first_name: str
    last_name: str
    email: str | None
    password_hash: str | None
    role: str
    is_active: bool
    timezone: str
    preferences: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return what others may see of a user."""
        return {
            "id": self.id, "username": self.username, "first_name": self.first_name, "last_name": self.last_name,
            "email": self.email, "role": self.role, "active": self.is_active, "timezone": self.timezone,
            "created_at": text(self.created_at), "updated_at": text(self.updated_at),
            "last_login_at": text(self.last_login_at),
        }  # fmt: skip


class UserStore:
    """The users of a project."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add(self, user: User) -> None:
        """Write a new user; raises IntegrityError when the name is taken."""
        with self.engine.begin() as connection:
            connection.execute(users.insert().values(**_row(user)))

    def get(self, id: str) -> User | None:
        """Return a user by id."""
        return self._one(users.c.id == id)

    def named(self, username: str) -> User | None:
        """Return a user by name; names are kept in small letters."""
        return self._one(users.c.username == username.casefold())

    def list(self) -> list[User]:
        """Return all users in the order of their names."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(users).order_by(users.c.username)).mappings().all()
        return [_user(row) for row in found]

    def change(self, id: str, expected: datetime | None = None, **values: Any) -> bool:
        """Change a user; with `expected` only when nobody changed it since. Tells whether a row was changed."""
        query = users.update().where(users.c.id == id)
        if expected is not None:
            query = query.where(users.c.updated_at == expected)
        with self.engine.begin() as connection:
            return connection.execute(query.values(**values)).rowcount == 1

    def change_keeping_an_admin(self, id: str, **values: Any) -> bool:
        """Change a user unless no active admin who can log in would be left; tells whether the change was made."""
        with self.engine.begin() as connection:
            connection.execute(users.update().where(users.c.id == id).values(**values))
            if _admins(connection) == 0:
                connection.rollback()
                return False
        return True

    def delete_keeping_an_admin(self, id: str) -> bool:
        """Remove a user unless no active admin would be left; tells whether it was done."""
        with self.engine.begin() as connection:
            connection.execute(users.delete().where(users.c.id == id))
            if _admins(connection) == 0:
                connection.rollback()
                return False
        return True

    def claim_local(self, id: str, **values: Any) -> bool:
        """Turn the person without a password into a user; of several who try at once one succeeds."""
        query = users.update().where(users.c.id == id, users.c.password_hash.is_(None))
        with self.engine.begin() as connection:
            return connection.execute(query.values(**values)).rowcount == 1

    def count_with_password(self) -> int:
        """Return how many users can log in with a password."""
        query = sa.select(sa.func.count()).select_from(users).where(users.c.password_hash.is_not(None))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def _one(self, where: sa.ColumnElement[bool]) -> User | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(users).where(where)).mappings().first()
        return None if row is None else _user(row)


def _admins(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).select_from(users).where(users.c.role == "admin", users.c.is_active)
    return int(connection.execute(query).scalar_one())


def _row(user: User) -> dict[str, Any]:
    return {**user.__dict__, "preferences": dict(user.preferences)}


def _user(row: Any) -> User:
    moments = {name: aware(row[name]) for name in ("created_at", "updated_at", "last_login_at")}
    return User(**{**row, **moments})
