"""Secrets: AES-256-GCM with a key beside the database; written and used, never shown."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from runnel.errors import AuthoringError
from runnel.store.tables import secrets

KEY_BYTES = 32


class SecretStore:
    """The secrets of a project; a value leaves only through `reveal`, which workers' configs use."""

    def __init__(self, engine: sa.Engine, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.engine = engine
        self.home = home
        self.environ = os.environ if environ is None else environ

    def __repr__(self) -> str:
        return "<SecretStore>"

    def set(self, name: str, value: str) -> None:
        """Encrypt and keep a value under a name, in place of an older one."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not name or any(character in name for character in "{}$\n"):
            raise AuthoringError("RNL-SECRET-002", f"`{name}` is no name of a secret", "Use letters, digits, - and _.")
        key = self._key()
        nonce = os.urandom(12)
        sealed = AESGCM(key).encrypt(nonce, value.encode(), name.encode())
        row = {
            "name": name, "key_id": key_id(key), "updated_at": datetime.now(UTC),
            "ciphertext": base64.b64encode(nonce + sealed).decode("ascii"),
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(secrets.delete().where(secrets.c.name == name))
            connection.execute(secrets.insert().values(**row))

    def reveal(self, name: str) -> str:
        """Return a value; raises AuthoringError when there is none or when the key is another one."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        with self.engine.connect() as connection:
            row = connection.execute(sa.select(secrets).where(secrets.c.name == name)).mappings().first()
        if row is None:
            raise AuthoringError("RNL-SECRET-001", f"there is no secret `{name}`", f"Set it: runnel secrets set {name}")
        sealed = base64.b64decode(row["ciphertext"])
        try:
            return AESGCM(self._key()).decrypt(sealed[:12], sealed[12:], name.encode()).decode()
        except InvalidTag as error:
            what = f"the secret `{name}` was encrypted with the key {row['key_id']}, which is not the one in use"
            raise AuthoringError("RNL-SECRET-003", what, "Restore the key file, or set the secret anew.") from error

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

    def _key(self) -> bytes:
        """Return the key: from RUNNEL_SECRET_KEY_FILE, else from the state folder, made at first use."""
        given = self.environ.get("RUNNEL_SECRET_KEY_FILE")
        path = Path(given) if given else self.home / "key"
        if not path.exists():
            if given:
                raise AuthoringError("RNL-SECRET-004", f"there is no key file {given}", "See RUNNEL_SECRET_KEY_FILE.")
            _make_key(path)
        key = base64.b64decode(path.read_text("ascii"))
        if len(key) != KEY_BYTES:
            raise AuthoringError("RNL-SECRET-004", f"{path} holds no key of {KEY_BYTES} bytes", "Restore the key file.")
        return key


def _make_key(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def key_id(key: bytes) -> str:
    """Return what tells a key from others without telling the key."""
    return hashlib.sha256(b"runnel key id" + key).hexdigest()[:12]
