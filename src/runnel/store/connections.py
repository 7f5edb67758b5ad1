"""Connections: settings of external systems; secrets lie sealed beside them and leave through `reveal` alone."""

from __future__ import annotations

import json
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.errors import AuthoringError
from runnel.store.moments import aware, text
from runnel.store.sealing import Sealed, Sealer
from runnel.store.tables import connections


@dataclass(frozen=True)
class StoredConnection:
    """One connection without its secrets; `secret_fields` names the options that have one, `test` is the last one's result."""

    id: str
    name: str
    type: str
    config: dict[str, Any]
    secret_fields: tuple[str, ...]
    revision: int
    created_at: datetime
    updated_at: datetime
    created_by: str | None
    tested_at: datetime | None
    test: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """Return what people of the project may see; never a secret."""
        return {
            "id": self.id, "name": self.name, "type": self.type, "config": dict(self.config),
            "secret_fields": sorted(self.secret_fields), "revision": self.revision, "created_at": text(self.created_at),
            "updated_at": text(self.updated_at), "created_by": self.created_by, "tested_at": text(self.tested_at),
            "test": self.test,
        }  # fmt: skip


_SHOWN = [column for column in connections.c if column.name not in ("secrets", "key_id")]


class ConnectionStore:
    """The connections of a project."""

    def __init__(self, engine: sa.Engine, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.engine = engine
        self.sealer = Sealer(home, environ)

    def __repr__(self) -> str:
        return "<ConnectionStore>"

    def add(
        self, name: str, type: str, config: Mapping[str, Any], secrets: Mapping[str, Any], *, moment: datetime, actor: str | None
    ) -> StoredConnection:
        """Write a new connection; raises AuthoringError when the name is taken."""
        id = randomness.token_hex(16)
        row = {
            "id": id, "name": name, "type": type, "config": dict(config), **self._sealed(id, secrets), "revision": 1,
            "created_at": moment, "updated_at": moment, "created_by": actor, "tested_at": None, "test": None,
        }  # fmt: skip
        try:
            with self.engine.begin() as connection:
                connection.execute(connections.insert().values(**row))
        except IntegrityError as error:
            what = f"there is a connection `{name}` already"
            raise AuthoringError("RNL-CONN-005", what, "Choose another name.", {"field": "name"}) from error
        return self.get(name)

    def list(self) -> list[StoredConnection]:
        """Return every connection, by name."""
        with self.engine.connect() as connection:
            query = sa.select(*_SHOWN).order_by(connections.c.name)
            return [_stored(row) for row in connection.execute(query).mappings()]

    def find(self, name: str) -> StoredConnection | None:
        """Return a connection by its name, or None."""
        with self.engine.connect() as connection:
            query = sa.select(*_SHOWN).where(connections.c.name == name)
            row = connection.execute(query).mappings().first()
        return None if row is None else _stored(row)

    def get(self, name: str) -> StoredConnection:
        """Return a connection by its name; raises AuthoringError, with the nearest names, when there is none."""
        found = self.find(name)
        if found is None:
            raise missing(name, [item.name for item in self.list()])
        return found

    def reveal(self, name: str) -> dict[str, Any]:
        """Return the secrets of a connection by option; for workers alone."""
        query = sa.select(connections.c.id, connections.c.secrets, connections.c.key_id).where(connections.c.name == name)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise missing(name, [item.name for item in self.list()])
        if row.secrets is None:
            return {}
        words = f"the secret of the connection `{name}`"
        return json.loads(self.sealer.open(Sealed(row.key_id, row.secrets), _owner(row.id), words))

    def change(
        self, known: StoredConnection, name: str, config: Mapping[str, Any], secrets: Mapping[str, Any], moment: datetime
    ) -> StoredConnection:
        """Replace what a connection says; raises AuthoringError (409) when somebody changed it since `known` was read."""
        values = {
            "name": name, "config": dict(config), **self._sealed(known.id, secrets), "revision": known.revision + 1,
            "updated_at": moment, "tested_at": None, "test": None,
        }  # fmt: skip
        where = (connections.c.id == known.id, connections.c.revision == known.revision)
        try:
            with self.engine.begin() as connection:
                changed = connection.execute(connections.update().where(*where).values(**values)).rowcount
        except IntegrityError as error:
            what = f"there is a connection `{name}` already"
            raise AuthoringError("RNL-CONN-005", what, "Choose another name.", {"field": "name"}) from error
        if changed != 1:
            what = f"somebody else changed the connection `{known.name}` in between"
            raise AuthoringError("RNL-CONN-006", what, "Read it again and repeat your change.")
        return self.get(name)

    def tested(self, known: StoredConnection, moment: datetime, outcome: Mapping[str, Any]) -> None:
        """Keep the result of a test of this state of a connection."""
        where = (connections.c.id == known.id, connections.c.revision == known.revision)
        with self.engine.begin() as connection:
            connection.execute(connections.update().where(*where).values(tested_at=moment, test=dict(outcome)))

    def delete(self, name: str) -> StoredConnection:
        """Remove a connection and its secrets; returns what it was."""
        found = self.get(name)
        with self.engine.begin() as connection:
            connection.execute(connections.delete().where(connections.c.id == found.id))
        return found

    def _sealed(self, id: str, secrets: Mapping[str, Any]) -> dict[str, Any]:
        kept = {field: value for field, value in secrets.items() if value not in (None, "")}
        if not kept:
            return {"secret_fields": [], "secrets": None, "key_id": None}
        sealed = self.sealer.seal(json.dumps(kept), _owner(id))
        return {"secret_fields": sorted(kept), "secrets": sealed.ciphertext, "key_id": sealed.key_id}


def missing(name: str, known: list[str]) -> AuthoringError:
    """Return the error for a connection that is not there, with the nearest names."""
    return AuthoringError("RNL-CONN-002", f"there is no connection `{name[:200]}`", nearest(name, known))


def nearest(name: str, known: list[str]) -> str:
    """Return the hint that names what there is."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    names = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    there = f"Connections: {names}." if known else "`runnel connections add` or the page Connections makes one."
    return (f"Did you mean `{close[0]}`? " if close else "") + there


def _owner(id: str) -> str:
    """Return what sealed secrets are bound to: those of one connection do not open as another's."""
    return f"connection {id}"


def _stored(row: Any) -> StoredConnection:
    moments = {name: aware(row[name]) for name in ("created_at", "updated_at", "tested_at")}
    return StoredConnection(**{**row, **moments, "secret_fields": tuple(row["secret_fields"])})
