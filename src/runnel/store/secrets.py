"""Secrets: sealed with a key beside the database; written and used, never shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from runnel.errors import AuthoringError
from runnel.store.sealing import Sealed, Sealer
from runnel.store.tables import secrets


class SecretStore:
    """The secrets of a project; a value leaves only through `reveal`, which workers' configs use."""

    def __init__(self, engine: sa.Engine, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.engine = engine
        self.sealer = Sealer(home, environ)

    def __repr__(self) -> str:
        return "<SecretStore>"

    def set(self, name: str, value: str) -> None:
        """Encrypt and keep a value under a name, in place of an older one."""
        if not name or any(character in name for character in "{}$\n"):
            raise AuthoringError("RNL-SECRET-002", f"`{name}` is no name of a secret", "Use letters, digits, - and _.")
        sealed = self.sealer.seal(value, name)
        row = {"name": name, "key_id": sealed.key_id, "ciphertext": sealed.ciphertext, "updated_at": datetime.now(UTC)}
        with self.engine.begin() as connection:
            connection.execute(secrets.delete().where(secrets.c.name == name))
            connection.execute(secrets.insert().values(**row))

    def reveal(self, name: str) -> str:
        """Return a value; raises AuthoringError when there is none or when the key is another one."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(secrets).where(secrets.c.name == name)).mappings().first()
        if row is None:
            raise AuthoringError("RNL-SECRET-001", f"there is no secret `{name}`", f"Set it: runnel secrets set {name}")
        return self.sealer.open(Sealed(row["key_id"], row["ciphertext"]), name, f"the secret `{name}`")

    def list(self) -> list[dict[str, str]]:
        """Return names and times, never values."""
        query = sa.select(secrets.c.name, secrets.c.key_id, secrets.c.updated_at).order_by(secrets.c.name)
        with self.engine.connect() as connection:
            return [{"name": row[0], "key_id": row[1], "updated_at": str(row[2])} for row in connection.execute(query)]

    def delete(self, name: str) -> None:
        """Remove a secret; raises AuthoringError when there is none."""
        with self.engine.begin() as connection:
            if connection.execute(secrets.delete().where(secrets.c.name == name)).rowcount == 0:
                raise AuthoringError(
                    "RNL-SECRET-001", f"there is no secret `{name}`", "`runnel secrets list` shows them."
                )
