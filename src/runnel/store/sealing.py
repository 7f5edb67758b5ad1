"""Sealing: AES-256-GCM with a key beside the database; what is sealed is bound to what it belongs to, and names its key."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runnel.errors import AuthoringError

KEY_BYTES = 32


@dataclass(frozen=True)
class Sealed:
    """A sealed text and which key opens it."""

    key_id: str
    ciphertext: str


class Sealer:
    """Seals and opens texts with the project's key: from RUNNEL_SECRET_KEY_FILE, else in the state folder."""

    def __init__(self, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.environ = os.environ if environ is None else environ

    def __repr__(self) -> str:
        return "<Sealer>"

    def seal(self, text: str, owner: str) -> Sealed:
        """Seal a text for its owner; only the same owner opens it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key()
        nonce = os.urandom(12)
        sealed = AESGCM(key).encrypt(nonce, text.encode(), owner.encode())
        return Sealed(key_id(key), base64.b64encode(nonce + sealed).decode("ascii"))

    def open(self, sealed: Sealed, owner: str, words: str) -> str:
        """Return the text; raises AuthoringError, with `words` for what it is, when another key sealed it."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        data = base64.b64decode(sealed.ciphertext)
        try:
            return AESGCM(self._key()).decrypt(data[:12], data[12:], owner.encode()).decode()
        except InvalidTag as error:
            what = f"{words} was encrypted with the key {sealed.key_id}, which is not the one in use"
            raise AuthoringError("RNL-SECRET-003", what, "Restore the key file, or set the secret anew.") from error

    def _key(self) -> bytes:
        """Return the key; the one in the state folder is made at first use."""
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
    """Make the key whole under its name; of several processes one makes it, the others find it."""
    part = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError:
        return
    finally:
        part.unlink()


def key_id(key: bytes) -> str:
    """Return what tells a key from others without telling the key."""
    return hashlib.sha256(b"runnel key id" + key).hexdigest()[:12]
